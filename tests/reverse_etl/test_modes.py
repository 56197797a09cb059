"""The modes, what becomes of what is no longer wanted, and settings that contradict each other."""

from collections.abc import Callable
from typing import Any

import pytest
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.protocol import Operation
from reverse_etl import render
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.manifest import read_syncs
from reverse_etl.plan.planner import FieldCounts
from reverse_etl.syncs import Column, Guard, Limit, Sync

NewWorld = Callable[..., TestWorld]
ALL: frozenset[Operation] = frozenset({"create", "update", "archive", "delete"})


def decided(world: TestWorld) -> dict[str, tuple[str, str | None]]:
    """Each key's operation and reason, whatever it is."""
    names = (*render.SHOWN, "keep", "unchanged")
    with world.engine.planned(world.syncs) as (plan, _):
        return {c.key: (c.operation, c.reason) for s in world.syncs for c in plan.changes(s, names)}


def test_create_only_leaves_alone_what_is_there(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(mode="create_only", match=(("mobile",),))])
    world.crm.put("people", "typed", mobile="139")
    world.desire("people", person(1), person(2, mobile="139"))
    [applied] = world.apply()
    assert (applied.tally.written, applied.tally.created, applied.status) == (1, 1, "done")
    assert world.crm.objects["people"]["typed"] == {"mobile": "139"}
    world.desire("people", person(1, name="new"), person(2, mobile="139"), person(3))
    reason = "it is there, and the mode is create_only"
    assert decided(world) == {
        "p1": ("keep", reason),
        "p2": ("keep", reason),
        "p3": ("create", None),
    }
    [applied] = world.apply()
    assert (applied.status, world.crm.held("people")["p1"]["name"]) == ("done", "张三1")


def test_update_only_never_creates(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(mode="update_only", match=(("mobile",),))])
    world.crm.put("people", "typed", mobile="139")
    world.desire("people", person(1), person(2, mobile="139"))
    [applied] = world.apply()
    assert (applied.tally.written, applied.tally.adopted, applied.status) == (1, 1, "done")
    assert decided(world) == {"p1": ("keep", "it is not there, and the mode is update_only")}
    world.desire("people", person(1), person(2, mobile="139", name="new"))
    world.apply()
    assert world.crm.objects["people"].keys() == {"typed"}
    assert world.crm.objects["people"]["typed"]["name"] == "new"


@pytest.mark.parametrize(
    ("operations", "removal"),
    [(ALL, "archive"), (ALL - {"delete"}, "archive"), (ALL - {"archive"}, "delete")],
)
def test_a_mirror_removes_as_the_crm_can_what_it_created_and_nothing_else(
    new_world: NewWorld, operations: frozenset[Operation], removal: str
) -> None:
    mirror = read({"mode": "mirror", "match": [["name"]]})
    world = new_world(syncs=[mirror], crm=MemoryCrm(operations=operations))
    world.crm.put("people", "typed", name="x")
    world.desire("people", person(1), person(2), person(3, name="x"))
    world.apply()
    world.desire("people", person(2))
    assert decided(world) == {
        "p1": (removal, "no longer wanted"),
        "p3": ("keep", "no longer wanted, but people made it"),
    }
    world.apply()
    assert {"p2", "p3"} == set(world.crm.held("people"))


def test_what_a_crm_cannot_do_is_said_before_anything_is_planned(new_world: NewWorld) -> None:
    crm = MemoryCrm(operations=frozenset({"update", "archive"}))
    world = new_world(syncs=[make_sync(on_missing="delete"), make_sync("orders")], crm=crm)
    with pytest.raises(SyncConfigurationError) as raised:
        world.plan()
    assert str(raised.value).splitlines() == [
        "sync people: crm can't create people; it can archive, update",
        "sync people: crm can't delete people; it can archive, update",
        "sync orders: crm can't create orders; it can archive, update",
    ]
    assert (crm.finds, crm.scans) == (0, 0)


# flags

FLAGGING = (
    Column("person_id", "external_id", "varchar", ""),
    Column("name", "name", "varchar", ""),
    Column("is_customer", "is_customer", "boolean", ""),
    Column("stage", "stage", "varchar", ""),
)
MARK = (("is_customer", "false"), ("stage", "流失"))


def flagging(**changes: Any) -> Sync:
    return make_sync(columns=FLAGGING, on_missing="flag", flag=MARK, **changes)


def customer(number: int, **fields: Any) -> dict[str, Any]:
    return person(number, is_customer=True) | fields


def test_who_is_no_longer_wanted_is_flagged_once(new_world: NewWorld) -> None:
    world = new_world(syncs=[flagging()])
    world.desire("people", customer(1), customer(2))
    world.apply()
    world.desire("people", customer(2))
    assert world.plan() == {("people", "p1"): ("flag", ("is_customer", "stage"))}
    [applied] = world.apply()
    assert (applied.status, applied.tally.updated) == ("done", 1)
    flagged = {"external_id": "p1", "name": "张三1", "is_customer": False, "stage": "流失"}
    assert world.crm.held("people")["p1"] == flagged

    reads = world.crm.finds + world.crm.scans
    assert decided(world) == {"p1": ("keep", "no longer wanted, and flagged so")}
    assert world.crm.finds + world.crm.scans == reads, "it isn't looked at again"
    # what a person makes of it afterwards is theirs
    [remote] = [r for r, f in world.crm.objects["people"].items() if f["external_id"] == "p1"]
    world.crm.objects["people"][remote]["stage"] = "线索"
    world.apply()
    assert world.crm.held("people")["p1"]["stage"] == "线索"


def test_a_flag_is_taken_back_when_the_record_is_wanted_again(new_world: NewWorld) -> None:
    world = new_world(syncs=[flagging()])
    world.desire("people", customer(1))
    world.apply()
    world.desire("people")
    world.apply()
    world.desire("people", customer(1))
    assert world.plan() == {("people", "p1"): ("update", ("is_customer", "stage"))}
    world.apply()
    held = world.crm.held("people")["p1"]
    assert (held["is_customer"], held["stage"]) == (True, None)
    assert world.plan() == {}
    world.desire("people")
    assert world.plan() == {("people", "p1"): ("flag", ("is_customer", "stage"))}


def test_only_what_this_sync_created_is_flagged(new_world: NewWorld) -> None:
    world = new_world(syncs=[flagging(match=(("name",),))])
    world.crm.put("people", "typed", name="张三1")
    world.desire("people", customer(1))
    world.apply()
    world.desire("people")
    assert decided(world) == {"p1": ("keep", "no longer wanted, but people made it")}


def test_flags_are_guarded_as_removals_are(new_world: NewWorld) -> None:
    limit = Limit(1, 1000)
    guard = Guard(limit, limit, Limit(0.1, 2), 0)
    world = new_world(syncs=[flagging(guard=guard)])
    world.desire("people", *(customer(number) for number in range(6)))
    world.apply()
    world.desire("people", *(customer(number) for number in range(3)))
    [applied] = world.apply()
    assert (applied.status, "3 archives" in (applied.problem or "")) == ("stopped", True)


def test_a_flag_cut_off_after_the_write_is_found_written(new_world: NewWorld) -> None:
    world = new_world(syncs=[flagging()])
    world.desire("people", customer(1))
    world.apply()
    world.desire("people")
    world.crm.faults = ["after"]
    [applied] = world.apply()
    assert applied.status == "done"
    assert decided(world) == {"p1": ("keep", "no longer wanted, and flagged so")}


def test_a_flag_that_its_column_cannot_hold_is_refused(new_world: NewWorld) -> None:
    sync = make_sync(columns=FLAGGING, on_missing="flag", flag=(("is_customer", "gone"),))
    with pytest.raises(SyncConfigurationError, match="is_customer is boolean; gone isn't one"):
        new_world(syncs=[sync]).plan()


# what a plan shows


def test_a_merged_customers_record_is_shown_with_whom_it_went_to(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(redirects=("activation", "redirected"))])
    world.desire("people", person(1), person(2))
    world.apply()
    world.merged = {"p1": "p2"}
    world.desire("people", person(2))
    assert decided(world) == {"p1": ("redirect", "merged into p2")}
    with world.engine.planned(world.syncs) as (plan, planned):
        [data] = render.plan_as_data(plan, planned, None)["syncs"]
    assert data["operations"] == {"redirect": 1}
    assert [change["key"] for change in data["changes"]] == ["p1"]


def test_a_plan_says_how_often_each_field_is_written(new_world: NewWorld) -> None:
    world = new_world()
    # a value that looks like the JSON it travels in is still only a value
    tricky = '","mobile":null,"name":"x'
    world.desire("people", person(1, mobile="1", title=tricky), person(2, mobile="2"))
    world.apply()
    world.desire(
        "people", person(1, name=tricky, title=tricky), person(2, mobile="3"), person(3, title="t")
    )
    with world.engine.planned(world.syncs) as (plan, [planned]):
        assert plan.fields(world.syncs[0]) == [
            FieldCounts("external_id", 1, 0, 0),
            FieldCounts("name", 1, 1, 0),
            FieldCounts("mobile", 0, 1, 1),
            FieldCounts("amount", 1, 0, 0),
            FieldCounts("title", 1, 0, 0),
        ]
        assert planned.counts.clears == {"mobile": 1}
        [data] = render.plan_as_data(plan, [planned], None)["syncs"]
        console = render.new_console()
        with console.capture() as captured:
            render.print_plan(console, plan, [planned], None)
    assert data["fields"][2] == {"field": "mobile", "creates": 0, "updates": 1, "clears": 1}
    assert "people: records by field" in captured.get()


# settings


def read(settings: dict[str, Any], *, columns: dict[str, Any] | None = None) -> Sync:
    """The sync of an exposure with these settings, on a model with these columns' meta."""
    usual = {
        "person_id": {"field": "external_id"},
        "name": {"field": "name"},
        "mobile": {"field": "mobile"},
        "amount": {"field": "amount"},
        "title": {"field": "title", "owner": "fill_empty"},
    }
    meta = usual | (columns or {})
    model = {
        "unique_id": "model.tongke.sync_people",
        "name": "sync_people",
        "resource_type": "model",
        "schema": "activation",
        "alias": "sync_people",
        "columns": {
            **{name: {"config": {"meta": said}} for name, said in meta.items()},
            "fingerprint": {},
        },
    }
    sync = {"destination": "crm", "object": "people", "key": "person_id"} | settings
    exposure = {
        "name": "people",
        "depends_on": {"nodes": [model["unique_id"]]},
        "config": {"meta": {"sync": sync}},
    }
    manifest = {"nodes": {model["unique_id"]: model}, "exposures": {"e": exposure}}
    return read_syncs(manifest)["people"]


@pytest.mark.parametrize(
    ("settings", "on_missing"),
    [
        ({}, "keep"),
        ({"mode": "mirror"}, "archive"),
        ({"mode": "mirror", "on_missing": "delete"}, "delete"),
        ({"mode": "mirror", "on_missing": {"flag": {"name": "x"}}}, "flag"),
        ({"mode": "create_only", "on_missing": "archive"}, "archive"),
        ({"mode": "update_only"}, "keep"),
    ],
)
def test_on_missing_is_what_is_said_or_what_the_mode_means(
    settings: dict[str, Any], on_missing: str
) -> None:
    assert read(settings).on_missing == on_missing


@pytest.mark.parametrize("on_missing", ["archive", "delete"])
def test_what_a_mirror_says_explicitly_is_not_replaced(on_missing: str) -> None:
    sync = read({"mode": "mirror", "on_missing": on_missing})
    assert sync.suited(frozenset({"create", "update", "delete"})).on_missing == on_missing


def test_a_flag_is_read_with_its_values_as_text() -> None:
    sync = read({"on_missing": {"flag": {"mobile": False, "amount": 0, "name": "流失"}}})
    assert sync.flag == (("mobile", "false"), ("amount", "0"), ("name", "流失"))


def test_the_limits_of_a_guard_are_read() -> None:
    guard = read({"guard": {"rejects": {"share": "5%", "above": 7}, "clears": {"above": 1}}}).guard
    assert (guard.rejects, guard.clears, guard.min_rows) == (Limit(0.05, 7), Limit(0.1, 1), 1)


def test_what_becomes_of_a_merged_record_is_read() -> None:
    assert read({}).merged == "merge"
    assert read({"merged": "archive"}).merged == "archive"
    flagged = read({"merged": {"flag": {"name": "duplicate"}}})
    assert (flagged.merged, flagged.merged_flag) == ("flag", (("name", "duplicate"),))
    assert read({"guard": {"merges": {"above": 0}}}).guard.merges == Limit(0.01, 0)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"mode": "mirror", "on_missing": "keep"}, "mode mirror with on_missing keep"),
        ({"mode": "update_only", "on_missing": "delete"}, "it never creates a record"),
        ({"mode": "create_only", "on_missing": {"flag": {"name": "x"}}}, "a flag is an update"),
        ({"on_missing": "flag"}, "{flag: {is_customer: false}}"),
        ({"on_missing": {"flag": {"nowhere": 1}}}, "which no column of owner warehouse"),
        ({"on_missing": {"flag": {"title": "x"}}}, "which no column of owner warehouse"),
        ({"on_missing": {"flag": {"external_id": "x"}}}, "which no column of owner warehouse"),
        ({"on_missing": {"flag": {"name": None}}}, "the flag `name` wants a value"),
        ({"on_missing": {"flag": {}}}, "wants a word or {flag:"),
        ({"on_missing": ["delete"]}, "on_missing is `['delete']`"),
        ({"merged": "flag"}, "{flag: {status: merged}}"),
        ({"merged": {"flag": {"title": "x"}}}, "`merged` flags by the field `title`"),
        ({"merged": "delete"}, "merged is `delete`; it can be merge, keep, flag, archive"),
        ({"mode": "create_only", "merged": "archive"}, "`merged` can't either"),
        ({"mode": "merge"}, "mode is `merge`; it can be upsert"),
        ({"guard": 5}, "`guard` wants limits"),
        ({"guard": {"rejected": 5}}, "unknown limit `rejected`"),
        ({"guard": {"rejects": 5}}, "rejects wants {share: 20%, above: 50}"),
        ({"guard": {"rejects": {"share": "120%"}}}, "rejects wants"),
        ({"guard": {"rejects": {"shares": "10%"}}}, "rejects wants"),
        ({"guard": {"min_rows": "many"}}, "min_rows wants a number"),
        ({"removals": "int_people_erased"}, "`removals` can't be carried out yet"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SyncConfigurationError) as raised:
        read(settings)
    assert problem in str(raised.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SyncConfigurationError) as raised:
        read({"mode": "merge", "on_missing": "forget", "guard": {"clears": 1, "min_rows": -1}})
    assert len(str(raised.value).splitlines()) == 4
