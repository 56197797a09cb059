"""Two keys become one, or one becomes two: what the CRM is told, and what the ledger knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from undoings import erased, purged, undone
from worlds import MemoryCrm, TestWorld, make_linked, make_sync, person

from crm.protocol import Capabilities, Gone, Outcome, Write, Written
from reverse_etl import render
from reverse_etl.engine import Selection
from reverse_etl.ledger.schema import deliveries, delivery_values, records
from reverse_etl.plan import saved
from reverse_etl.plan.release import Release
from reverse_etl.syncs import Guard, Limit, Sync

NewWorld = Callable[..., TestWorld]
REDIRECTS = ("activation", "redirected")
KEEPING = frozenset({"create", "update", "archive"})


@dataclass
class MergingCrm(MemoryCrm):
    """Merges records: what was empty is filled, and what pointed at one points at the other."""

    operations: Any = KEEPING | {"merge"}
    makes_an_id: bool = False
    """What lives on after a merge has a new id."""
    links: Sequence[tuple[str, str]] = (("people", "company"),)
    """Objects, and the field that points at a company."""
    merges: list[tuple[str | None, str | None]] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, repeatable_create=True)

    def _one(self, object_name: str, write: Write) -> Outcome:
        if write.operation != "merge":
            return super()._one(object_name, write)
        self.merges.append((write.remote_id, write.into))
        held = self.objects[object_name]
        if write.remote_id not in held or write.into not in held:
            return Gone(write.key)
        assert write.remote_id is not None
        assert write.into is not None
        loser, winner = held.pop(write.remote_id), held.pop(write.into)
        lives_on = f"{write.into}+" if self.makes_an_id else write.into
        held[lives_on] = {**loser, **{k: v for k, v in winner.items() if v is not None}}
        for other, name in self.links:
            for fields in self.objects.get(other, {}).values():
                if fields.get(name) in {write.remote_id, write.into}:
                    fields[name] = lives_on
        return Written(write.key, lives_on)


def merging(**settings: Any) -> Sync:
    return make_sync(redirects=REDIRECTS, **settings)


def decided(world: TestWorld) -> dict[str, tuple[str, str | None]]:
    operations = ("create", "adopt", "update", "merge", "flag", "archive", "redirect", "held")
    with world.engine.planned(world.syncs) as (plan, _):
        return {
            change.key: (change.operation, change.reason)
            for sync in world.syncs
            for change in plan.changes(sync, (*operations, "forget", "keep"))
        }


def states(world: TestWorld) -> dict[str, tuple[str, str]]:
    """By key: the state of its row, and the CRM's id in it."""
    with world.ledger.reading() as connection:
        rows = connection.execute(select(records).where(records.c.sync == "people"))
        return {row.key: (row.state, row.remote_id) for row in rows}


def merged_world(new_world: NewWorld, crm: MemoryCrm, *keys: int, **settings: Any) -> TestWorld:
    """People are in the CRM; then all of them turn out to be the last of them."""
    world = new_world(crm=crm, syncs=[merging(**settings)])
    world.desire("people", *(person(key) for key in keys))
    world.apply()
    *losers, winner = keys
    world.merged = {f"p{key}": f"p{winner}" for key in losers}
    world.desire("people", person(winner))
    return world


@pytest.fixture
def new_world(tmp_path: Path) -> NewWorld:
    return lambda **parts: TestWorld(tmp_path, **parts)


# where the CRM merges


@pytest.mark.parametrize("makes_an_id", [False, True])
def test_two_records_become_one_where_the_crm_merges(
    new_world: NewWorld, makes_an_id: bool
) -> None:
    world = merged_world(new_world, MergingCrm(makes_an_id=makes_an_id), 1, 2)
    assert decided(world) == {"p1": ("merge", "merged into p2")}
    [applied] = world.apply()
    assert (applied.status, applied.tally.merged) == ("done", 1)
    [remote] = world.crm.objects["people"]
    assert set(world.crm.held("people")) == {"p2"}
    assert states(world) == {"p1": ("merged", "r1"), "p2": ("live", remote)}
    world.apply()
    assert decided(world) == {}


def test_a_merge_names_both_keys_and_keeps_the_whole_record_that_goes(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.crm.objects["people"]["r1"]["notes"] = "a salesperson's"
    with world.engine.planned(world.syncs) as (plan, planned):
        [data] = render.plan_as_data(plan, planned, None)["syncs"]
    [change] = data["changes"]
    assert (change["key"], change["operation"]) == ("p1", "merge")
    assert change["merged_into"] == "p2"
    world.apply()
    with world.ledger.reading() as connection:
        [row] = connection.execute(
            select(deliveries.c.key, deliveries.c.outcome, delivery_values)
            .join(delivery_values, delivery_values.c.delivery_id == deliveries.c.delivery_id)
            .where(deliveries.c.operation == "merge")
        )
    assert (row.key, row.outcome) == ("p1", "written")
    assert orjson.loads(row.payload)["merged_into"] == "p2"
    assert orjson.loads(row.before)["notes"] == "a salesperson's"


def test_an_undo_names_what_was_merged_and_takes_the_rest_back(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.desire("people", person(2, name="new"), person(3))
    [run] = world.apply()
    with world.ledger.reading() as connection:
        is_merge = deliveries.c.operation == "merge"
        [merge] = connection.scalars(select(deliveries.c.delivery_id).where(is_merge))
    _, left = undone(world, run.run.run_id)
    words = "it was merged, which can't be undone; what it held is in delivery"
    assert left == {("p1", "", f"{words} {merge}")}
    assert {key: each["name"] for key, each in world.crm.held("people").items()} == {"p2": "张三2"}
    assert decided(world) == {}


@pytest.mark.parametrize("forget", [purged, erased])
def test_an_undo_says_if_what_was_merged_is_forgotten(
    new_world: NewWorld, forget: Callable[[TestWorld], None]
) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    [run] = world.apply()
    forget(world)
    _, left = undone(world, run.run.run_id)
    assert left == {("p1", "", "it was merged, which can't be undone; what it held was forgotten")}


def test_several_become_one_even_if_each_merge_makes_a_new_id(new_world: NewWorld) -> None:
    crm = MergingCrm(makes_an_id=True, max_batch=1)
    world = merged_world(new_world, crm, 1, 2, 3, 4)
    for _ in range(4):
        world.apply()
    assert set(world.crm.held("people")) == {"p4"}
    assert len(world.crm.objects["people"]) == 1
    assert decided(world) == {}


def test_a_chain_of_merges_ends_where_it_leads(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2, 3)
    world.merged = {"p1": "p2", "p2": "p3"}
    assert decided(world) == {
        "p1": ("merge", "merged into p3"),
        "p2": ("merge", "merged into p3"),
    }
    world.apply()
    assert set(world.crm.held("people")) == {"p3"}
    world.apply()
    assert decided(world) == {}


def test_merges_that_go_round_in_a_circle_lead_nowhere(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2, 3)
    world.merged = {"p1": "p2", "p2": "p1"}
    assert {operation for operation, _ in decided(world).values()} == {"keep"}


def test_a_new_key_takes_over_one_record_and_the_others_go_into_it(new_world: NewWorld) -> None:
    world = new_world(crm=MergingCrm(), syncs=[merging()])
    world.desire("people", person(1), person(2))
    world.apply()
    world.merged = {"p1": "p9", "p2": "p9"}
    world.desire("people", person(9))
    assert decided(world) == {
        "p9": ("adopt", "it was that of another, merged into this one"),
        "p1": ("redirect", "merged into p9, whose record it is"),
        "p2": ("merge", "merged into p9"),
    }
    world.apply()
    assert set(world.crm.held("people")) == {"p9"}
    assert states(world) == {
        "p1": ("merged", "r1"),
        "p2": ("merged", "r2"),
        "p9": ("live", "r1"),
    }


def test_a_merge_waits_until_the_other_has_a_record(new_world: NewWorld) -> None:
    world = new_world(crm=MergingCrm(), syncs=[merging()])
    world.desire("people", person(1), person(2))
    world.apply()
    world.merged = {"p1": "p3", "p2": "p3"}
    world.desire("people", person(3))
    world.crm.refuses = lambda write: "no" if write.key == "p3" else None
    world.apply()
    assert decided(world) == {
        "p3": ("held", "the CRM rejected it, invalid (name), and it has not changed since"),
        "p1": ("redirect", "merged into p3, whose record it is"),
        "p2": ("held", "it waits for p3, into which it is to be merged"),
    }
    assert set(world.crm.held("people")) == {"p1", "p2"}
    world.crm.refuses = lambda _write: None
    world.apply(selection=Selection(forced=True))
    assert set(world.crm.held("people")) == {"p3"}


def test_a_record_that_people_deleted_is_not_merged(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    del world.crm.objects["people"]["r1"]
    assert decided(world) == {"p1": ("forget", "merged into p2, and gone from the CRM")}
    world.apply()
    assert states(world)["p1"][0] == "deleted"
    assert decided(world) == {}


def test_nothing_goes_into_a_record_that_people_deleted(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    del world.crm.objects["people"]["r2"]
    words = "merged into p2, whose record is gone from the CRM"
    assert decided(world) == {"p1": ("held", words)}
    world.apply()
    assert set(world.crm.objects["people"]) == {"r1"}


def test_a_key_that_led_to_one_that_is_not_wanted_has_vanished_like_it(
    new_world: NewWorld,
) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.desire("people")
    words = "no longer wanted; on_missing is keep"
    assert decided(world) == {"p1": ("keep", words), "p2": ("keep", words)}


def test_what_people_changed_meanwhile_in_either_record_stays(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.crm.objects["people"]["r1"]["notes"] = "of the one that goes"
    world.crm.objects["people"]["r2"]["title"] = "of the one that lives on"
    world.apply()
    world.apply()
    held = world.crm.held("people")["p2"]
    assert held["notes"] == "of the one that goes"
    assert held["title"] == "of the one that lives on"


def test_both_keys_are_in_a_release_or_neither(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    for named in ({"p1"}, {"p2"}):
        world.apply(selection=Selection(release=Release(keys=named)))
        assert len(world.crm.objects["people"]) == 2
    world.apply(selection=Selection(release=Release(keys={"p1", "p2"})))
    assert len(world.crm.objects["people"]) == 1


def test_a_share_of_the_keys_takes_a_merge_with_the_key_it_goes_into(new_world: NewWorld) -> None:
    wide = Limit(1, 1000)
    guard = replace(Guard(wide, wide, wide, 0), merges=wide)
    world = merged_world(new_world, MergingCrm(max_batch=50), *range(40), guard=guard)
    world.merged = {f"p{number}": f"p{number + 20}" for number in range(20)}
    world.desire("people", *(person(number, name="new") for number in range(20, 40)))
    world.apply(selection=Selection(release=Release(percent=50)))
    merged = {key for key, (state, _) in states(world).items() if state == "merged"}
    named = {key for key, each in world.crm.held("people").items() if each["name"] == "new"}
    assert {world.merged[key] for key in merged} == named
    assert 0 < len(named) < 20


def test_merges_are_counted_by_a_guard_of_their_own(new_world: NewWorld) -> None:
    strict = replace(
        Guard(Limit(1, 1000), Limit(1, 1000), Limit(1, 1000), 0), merges=Limit(0.01, 1)
    )
    world = merged_world(new_world, MergingCrm(), 1, 2, 3, guard=strict)
    [applied] = world.apply()
    assert applied.status == "stopped"
    assert "2 merges" in applied.problem
    assert world.crm.merges == []


def test_a_saved_plan_carries_its_merges_out_and_no_others(
    new_world: NewWorld, tmp_path: Path
) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2, 3)
    world.merged = {"p1": "p3"}
    world.desire("people", person(2), person(3))
    with world.engine.planned(world.syncs) as (plan, _):
        saved.save(plan, world.syncs, {}, tmp_path / "plan.parquet", world.world)
    world.merged["p2"] = "p3"
    world.desire("people", person(3))
    world.apply(saved=saved.load(tmp_path / "plan.parquet"))
    assert set(world.crm.held("people")) == {"p2", "p3"}


def test_a_saved_merge_into_another_key_is_a_conflict(new_world: NewWorld, tmp_path: Path) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2, 3)
    world.merged = {"p1": "p3"}
    world.desire("people", person(2), person(3))
    with world.engine.planned(world.syncs) as (plan, _):
        saved.save(plan, world.syncs, {}, tmp_path / "plan.parquet", world.world)
    world.merged = {"p1": "p2"}
    [applied] = world.apply(saved=saved.load(tmp_path / "plan.parquet"))
    assert applied.counts.operations["conflict"] == 1
    assert world.crm.merges == []


# what nobody heard of


@pytest.mark.parametrize("makes_an_id", [False, True])
@pytest.mark.parametrize("fault", ["after", "before", "cut"])
def test_a_merge_that_nobody_heard_of_is_read_back(
    new_world: NewWorld, fault: str, makes_an_id: bool
) -> None:
    world = merged_world(new_world, MergingCrm(makes_an_id=makes_an_id), 1, 2)
    world.crm.faults = [fault]
    world.apply()
    # sent again only if it surely wasn't carried out
    assert len(world.crm.merges) == 1
    [remote] = world.crm.objects["people"]
    assert states(world) == {"p1": ("merged", "r1"), "p2": ("live", remote)}
    world.apply()
    assert decided(world) == {}


@pytest.mark.parametrize("makes_an_id", [False, True])
def test_a_merge_of_a_run_that_died_is_read_back_by_the_next(
    new_world: NewWorld, makes_an_id: bool
) -> None:
    world = merged_world(new_world, MergingCrm(makes_an_id=makes_an_id), 1, 2)
    world.apply_and_die()
    [applied] = world.apply()
    assert applied.recovered == 1
    assert len(world.crm.merges) == 1
    [remote] = world.crm.objects["people"]
    assert states(world) == {"p1": ("merged", "r1"), "p2": ("live", remote)}


def test_a_merge_of_which_both_are_gone_is_left_to_the_next_plan(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.apply_and_die()
    world.crm.objects["people"].clear()
    world.apply()
    assert len(world.crm.merges) == 1
    assert states(world)["p1"][0] == "deleted"


def test_a_refused_merge_waits_in_the_queue(new_world: NewWorld) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.crm.refuses = lambda write: "no" if write.operation == "merge" else None
    [applied] = world.apply()
    assert applied.tally.rejected == 1
    assert decided(world)["p1"][0] == "held"
    world.crm.refuses = lambda _write: None
    world.apply(selection=Selection(keys=["p1"], forced=True))
    assert set(world.crm.held("people")) == {"p2"}


# where it doesn't


def linked_world(new_world: NewWorld, crm: MemoryCrm, **settings: Any) -> TestWorld:
    """Two companies with a person each; then the first company turns out to be the second."""
    companies, people = make_linked()
    companies = replace(
        companies, redirects=REDIRECTS, linked_from=(("people", "company"),), **settings
    )
    world = new_world(crm=crm, syncs=[companies, people])
    rows = [{"company_id": "c1", "name": "华创"}, {"company_id": "c2", "name": "华创科技"}]
    world.desire("companies", *rows)
    world.desire(
        "people",
        {"person_id": "p1", "company_id": "c1"},
        {"person_id": "p2", "company_id": "c2"},
    )
    world.apply()
    world.merged = {"c1": "c2"}
    world.desire("companies", rows[1])
    world.desire(
        "people",
        {"person_id": "p1", "company_id": "c2"},
        {"person_id": "p2", "company_id": "c2"},
    )
    return world


@pytest.mark.parametrize("crm", [MemoryCrm(), MergingCrm(), MergingCrm(makes_an_id=True)])
def test_what_points_at_a_merged_record_points_at_the_other_in_the_same_run(
    new_world: NewWorld, crm: MemoryCrm
) -> None:
    world = linked_world(new_world, crm)
    world.apply()
    companies = world.crm.objects["companies"]
    [winner] = [each for each, fields in companies.items() if fields["external_id"] == "c2"]
    assert {each["company"] for each in world.crm.held("people").values()} == {winner}
    world.apply()
    assert decided(world) == {}


MERGING = pytest.mark.parametrize("makes_an_id", [False, True])


@MERGING
@pytest.mark.parametrize("is_at_once", [False, True])
def test_a_link_that_a_merge_moved_is_ours_to_empty(
    new_world: NewWorld, makes_an_id: bool, is_at_once: bool
) -> None:
    world = linked_world(new_world, MergingCrm(makes_an_id=makes_an_id))
    if not is_at_once:
        world.apply()
        world.apply()
    world.desire("people", *({"person_id": p, "company_id": None} for p in ("p1", "p2")))
    world.apply()
    world.apply()
    assert {each["company"] for each in world.crm.held("people").values()} == {None}
    assert decided(world) == {}


@MERGING
def test_a_link_that_people_changed_before_a_merge_is_not_ours_to_empty(
    new_world: NewWorld, makes_an_id: bool
) -> None:
    world = linked_world(new_world, MergingCrm(makes_an_id=makes_an_id))
    world.crm.objects["companies"]["theirs"] = {"name": "another"}
    [first] = [k for k, v in world.crm.objects["people"].items() if v["external_id"] == "p1"]
    world.crm.objects["people"][first]["company"] = "theirs"
    world.desire("people", *({"person_id": p, "company_id": None} for p in ("p1", "p2")))
    world.apply()
    world.apply()
    links = {key: each["company"] for key, each in world.crm.held("people").items()}
    assert links == {"p1": "theirs", "p2": None}


@MERGING
def test_a_link_is_taken_back_after_a_merge_moved_it(
    new_world: NewWorld, makes_an_id: bool
) -> None:
    companies, people = make_linked()
    companies = replace(companies, redirects=REDIRECTS, linked_from=(("people", "company"),))
    world = new_world(crm=MergingCrm(makes_an_id=makes_an_id), syncs=[companies, people])
    rows = [{"company_id": c, "name": c} for c in ("c1", "c2")]
    world.desire("companies", *rows)
    world.desire("people", {"person_id": "p1", "company_id": None})
    world.apply()
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    [_, linked] = world.apply()
    world.merged = {"c1": "c2"}
    world.desire("companies", rows[1])
    world.apply()
    _, left = undone(world, linked.run.run_id)
    assert left == set()
    assert world.crm.held("people")["p1"]["company"] is None


def test_a_link_moves_after_the_new_key_has_its_record(new_world: NewWorld) -> None:
    world = linked_world(new_world, MemoryCrm())
    world.merged = {"c1": "c9", "c2": "c9"}
    world.desire("companies", {"company_id": "c9", "name": "华创科技"})
    world.desire("people", *({"person_id": p, "company_id": "c9"} for p in ("p1", "p2")))
    world.apply()
    taken = {k: v["external_id"] for k, v in world.crm.objects["companies"].items()}
    assert taken == {"r1": "c9", "r2": "c2"}
    assert {each["company"] for each in world.crm.held("people").values()} == {"r1"}


@pytest.mark.parametrize("instead", [None, "r8"])
def test_a_link_follows_a_record_that_has_another_id_since(
    new_world: NewWorld, instead: str | None
) -> None:
    companies, people = make_linked()
    companies = replace(companies, linked_from=(("people", "company"),), on_gone="recreate")
    world = new_world(syncs=[companies, people])
    world.desire("companies", {"company_id": "c1", "name": "华创"})
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    world.apply()
    # people delete the company, and one of them may have made it again
    del world.crm.objects["companies"]["r1"]
    if instead is not None:
        world.crm.put("companies", instead, external_id="c1", name="华创")
    world.desire("companies", {"company_id": "c1", "name": "华创科技"})
    world.apply()
    # who works there hasn't changed, and is looked at again in the run after
    world.apply()
    [now] = world.crm.objects["companies"]
    assert {each["company"] for each in world.crm.held("people").values()} == {now}
    world.apply()
    assert decided(world) == {}


def test_a_merged_record_is_kept_by_default(new_world: NewWorld) -> None:
    world = linked_world(new_world, MemoryCrm())
    assert decided(world)["c1"] == ("redirect", "merged into c2")
    world.apply()
    assert set(world.crm.held("companies")) == {"c1", "c2"}
    assert decided(world) == {}, "it isn't planned again"


def test_a_merged_record_is_marked_as_the_sync_says(new_world: NewWorld) -> None:
    flag = (("name", "duplicate"),)
    world = linked_world(new_world, MemoryCrm(), merged="flag", merged_flag=flag)
    assert decided(world)["c1"] == ("flag", "merged into c2")
    world.apply()
    assert world.crm.held("companies")["c1"]["name"] == "duplicate"
    assert world.crm.held("companies")["c2"]["name"] == "华创科技"
    world.apply()
    assert decided(world) == {}


def test_a_merged_record_is_archived_once_nothing_points_at_it(new_world: NewWorld) -> None:
    world = linked_world(new_world, MemoryCrm(operations=KEEPING), merged="archive")
    words = "merged into c2; kept while others point at it"
    assert decided(world)["c1"] == ("keep", words)
    world.apply()
    assert set(world.crm.held("companies")) == {"c1", "c2"}
    assert decided(world)["c1"] == ("archive", "merged into c2")
    world.apply()
    assert set(world.crm.held("companies")) == {"c2"}


def test_a_link_that_an_undo_put_back_keeps_a_merged_record(new_world: NewWorld) -> None:
    world = linked_world(new_world, MemoryCrm(operations=KEEPING), merged="archive")
    merged, world.merged = world.merged, {}
    both = [{"company_id": "c1", "name": "华创"}, {"company_id": "c2", "name": "华创科技"}]
    world.desire("companies", *both)
    moved = world.apply()
    assert {each["company"] for each in world.crm.held("people").values()} == {"r2"}
    undone(world, *(each.run.run_id for each in moved))
    assert world.crm.held("people")["p1"]["company"] == "r1"
    world.merged = merged
    world.desire("companies", both[1])
    assert decided(world)["c1"] == ("keep", "merged into c2; kept while others point at it")


def test_a_merged_record_that_people_made_is_never_archived(new_world: NewWorld) -> None:
    sync = merging(merged="archive", match=(("mobile",),))
    world = new_world(crm=MemoryCrm(operations=KEEPING), syncs=[sync])
    world.crm.put("people", "theirs", mobile="138")
    world.desire("people", person(1, mobile="138"), person(2))
    world.apply()
    world.merged = {"p1": "p2"}
    world.desire("people", person(2))
    assert decided(world) == {"p1": ("redirect", "merged into p2, but people made it")}
    world.apply()
    assert "theirs" in world.crm.objects["people"]


# splits, and merges that were none


def test_of_a_split_the_part_with_the_id_keeps_the_record(new_world: NewWorld) -> None:
    world = linked_world(new_world, MergingCrm())
    world.apply()
    [kept] = world.crm.objects["companies"]
    world.merged, world.split = {}, {"c2": "c3"}
    world.desire(
        "companies",
        {"company_id": "c2", "name": "华创科技"},
        {"company_id": "c3", "name": "华创科技上海"},
    )
    world.desire(
        "people",
        {"person_id": "p1", "company_id": "c3"},
        {"person_id": "p2", "company_id": "c2"},
    )
    assert decided(world)["c3"] == ("create", "split from c2")
    world.apply()
    held = world.crm.held("companies")
    [new] = set(world.crm.objects["companies"]) - {kept}
    assert set(held) == {"c2", "c3"}
    people = world.crm.held("people")
    assert (people["p1"]["company"], people["p2"]["company"]) == (new, kept)
    world.apply()
    assert decided(world) == {}


def test_a_merge_that_was_none_makes_a_new_record_where_it_cannot_be_taken_apart(
    new_world: NewWorld,
) -> None:
    world = merged_world(new_world, MergingCrm(), 1, 2)
    world.apply()
    [kept] = world.crm.objects["people"]
    world.merged = {}
    world.desire("people", person(1), person(2))
    world.apply()
    held = world.crm.held("people")
    assert set(held) == {"p1", "p2"}
    assert world.crm.objects["people"][kept]["external_id"] == "p2"


def test_a_merge_that_was_none_takes_up_the_record_that_was_kept(new_world: NewWorld) -> None:
    world = merged_world(
        new_world, MemoryCrm(), 1, 2, merged="flag", merged_flag=(("name", "duplicate"),)
    )
    world.apply()
    world.apply()
    world.merged = {}
    world.desire("people", person(1), person(2))
    world.apply()
    assert set(world.crm.objects["people"]) == {"r1", "r2"}
    assert world.crm.held("people")["p1"]["name"] == "张三1"


def test_a_rejection_says_which_record(new_world: NewWorld) -> None:
    """The outcome of a merge is matched by the key of the record that goes."""
    world = merged_world(new_world, MergingCrm(batch="per_record"), 1, 2, 3)
    world.crm.refuses = lambda write: "no" if write.key == "p1" else None
    [applied] = world.apply()
    assert (applied.tally.merged, applied.tally.rejected) == (1, 1)
    assert set(world.crm.held("people")) == {"p1", "p3"}
