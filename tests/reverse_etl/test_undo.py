"""Undo: what a run wrote is taken back, as far as nobody has changed it since."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from undoings import erased, purged, undo_planned, undone
from worlds import Killed, MemoryCrm, TestWorld, make_linked, make_sync, person

from reverse_etl import queries
from reverse_etl.engine import exit_code
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.syncs import Guard, Limit

NewWorld = Callable[..., TestWorld]
Command = Callable[..., tuple[int, str, str]]
CHANGED = "a person changed it since"


def applied_twice(world: TestWorld, *second: dict[str, Any]) -> str:
    """Three people, then the same otherwise; the id of the second run."""
    world.desire("people", *(person(number, mobile="138") for number in range(3)))
    world.apply()
    world.desire("people", *second)
    [applied] = world.apply()
    run: str = applied.run.run_id
    return run


def test_each_field_holds_again_what_it_held_before(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, name=f"n{n}", mobile=None) for n in range(3)))
    [applied], left = undone(world, run)
    assert (applied.tally.restored, exit_code([applied]), left) == (3, 0, set())
    assert world.crm.held("people")["p1"]["name"] == "张三1"
    assert world.crm.held("people")["p1"]["mobile"] == "138"
    assert world.plan() == {}, "what was undone isn't done again"
    sent = len(world.crm.writes)
    world.apply()
    undone(world, run)
    assert len(world.crm.writes) == sent, "and what is undone already isn't undone again"


def test_what_was_undone_is_written_when_ours_changes_anew(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, name="new", mobile="139") for n in range(3)))
    undone(world, run)
    newest = [person(n, name="new", mobile="137" if n == 1 else "139") for n in range(3)]
    world.desire("people", *newest)
    assert world.plan() == {("people", "p1"): ("update", ("mobile",))}


def test_what_a_person_changed_since_stays_and_is_named(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, name=f"n{n}", mobile="139") for n in range(3)))
    world.crm.objects["people"]["r1"]["mobile"] = "typed"
    world.crm.objects["people"]["r2"].update(name="typed", mobile="typed")
    [applied], left = undone(world, run)
    assert left == {("p0", "mobile", CHANGED), ("p1", "name", CHANGED), ("p1", "mobile", CHANGED)}
    assert (applied.status, exit_code([applied])) == ("partial", 3)
    assert applied.held == ((CHANGED, 2),)
    held = world.crm.held("people")
    assert [held[f"p{n}"]["mobile"] for n in range(3)] == ["typed", "typed", "138"]
    assert [held[f"p{n}"]["name"] for n in range(3)] == ["张三0", "typed", "张三2"]
    assert world.plan() == {}


def test_the_crms_own_form_is_no_change(new_world: NewWorld) -> None:
    crm = MemoryCrm(normalises=lambda _name, value: str(value).replace(" ", "") if value else value)
    world = new_world(crm=crm)
    run = applied_twice(world, *(person(n, mobile="139 0000") for n in range(3)))
    assert world.crm.held("people")["p1"]["mobile"] == "1390000"
    [applied], left = undone(world, run)
    assert (applied.tally.restored, left) == (3, set())
    assert world.crm.held("people")["p1"]["mobile"] == "138"


def test_a_field_that_a_later_run_wrote_stays_and_the_run_is_named(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, name="second", mobile="139") for n in range(3)))
    world.desire("people", *(person(n, name="second", mobile="137") for n in range(3)))
    [third] = world.apply()
    _, left = undone(world, run)
    later = f"a later run ({third.run.run_id}) wrote it"
    assert left == {(f"p{n}", "mobile", later) for n in range(3)}
    assert world.crm.held("people")["p0"]["name"] == "张三0"
    assert world.crm.held("people")["p0"]["mobile"] == "137"


def test_of_several_runs_the_oldest_image_counts(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    world.desire("people", *(person(n, mobile="137") for n in range(3)))
    [third] = world.apply()
    _, left = undone(world, run, third.run.run_id)
    assert left == set()
    assert {each["mobile"] for each in world.crm.held("people").values()} == {"138"}
    assert world.plan() == {}


def test_what_was_created_is_removed_again_and_stays_away_until_its_row_changes(
    new_world: NewWorld,
) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(3)))
    [created] = world.apply()
    [applied], left = undone(world, created.run.run_id)
    assert (applied.tally.withdrawn, left) == (3, set())
    assert world.crm.objects["people"] == {}
    assert world.plan() == {}
    world.desire("people", person(0), person(1, name="changed"))
    assert world.plan() == {("people", "p1"): ("create", ("external_id", "name", "amount"))}
    world.apply()
    assert set(world.crm.held("people")) == {"p1"}


def test_a_record_that_people_have_touched_is_not_removed(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(4)))
    [created] = world.apply()
    people = world.crm.objects["people"]
    people["r1"]["notes"] = "called on Monday"
    people["r2"]["name"] = "typed"
    people["r3"] |= {"is_hot": False, "tags": "", "visits": 0}
    [applied], left = undone(world, created.run.run_id)
    assert left == {
        ("p0", "notes", "it holds something that isn't ours, so the record stays"),
        ("p1", "name", f"{CHANGED}, so the record stays"),
    }
    assert (applied.tally.withdrawn, set(world.crm.held("people"))) == (2, {"p0", "p1"})
    assert world.plan() == {}


def test_what_the_crm_notes_of_our_write_is_nobodys_touch(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1), person(2))
    [created] = world.apply()
    people = world.crm.objects["people"]
    people["r1"] |= {"created": "2026-01-01 00:00:03.123Z", "updated": "2026-01-01T00:00:03Z"}
    people["r2"] |= {"created": "2026-01-01 00:00:03.123Z", "updated": "2026-01-01T01:00:00Z"}
    _, left = undone(world, created.run.run_id)
    assert {(key, field) for key, field, _ in left} == {("p2", "updated")}


def test_a_record_that_a_later_run_wrote_is_not_removed(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    [created] = world.apply()
    world.desire("people", person(1, mobile="139"))
    [later] = world.apply()
    _, left = undone(world, created.run.run_id)
    words = f"a later run ({later.run.run_id}) wrote it, so the record stays"
    assert left == {("p1", "", words)}
    _, left = undone(world, created.run.run_id, later.run.run_id)
    assert (left, world.crm.objects["people"]) == (set(), {})


def test_what_others_of_ours_are_linked_to_is_not_removed(new_world: NewWorld) -> None:
    world = new_world(syncs=make_linked())
    world.desire("companies", {"company_id": "c1", "name": "华创"}, {"company_id": "c2"})
    world.desire(
        "people", {"person_id": "p1", "company_id": "c1"}, {"person_id": "p2", "company_id": "c2"}
    )
    companies, people = world.apply()
    world.crm.objects["people"]["r3"]["notes"] = "called"
    _, left = undone(world, companies.run.run_id, people.run.run_id)
    assert ("c1", "", "p1 of people is linked to it, so the record stays") in left
    assert set(world.crm.held("companies")) == {"c1"}
    assert set(world.crm.held("people")) == {"p1"}
    assert world.plan() == {}


def test_a_link_that_an_undo_put_back_counts_and_the_later_one_does_not(
    new_world: NewWorld,
) -> None:
    world = new_world(syncs=make_linked())
    world.desire("companies", {"company_id": "c1", "name": "华创"})
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    first, _ = world.apply()
    world.desire("companies", {"company_id": "c1", "name": "华创"}, {"company_id": "c2"})
    world.desire("people", {"person_id": "p1", "company_id": "c2"})
    second, moved = world.apply()
    assert undone(world, moved.run.run_id)[1] == set()
    assert undone(world, second.run.run_id)[1] == set()
    assert set(world.crm.held("companies")) == {"c1"}
    _, left = undone(world, first.run.run_id)
    assert left == {("c1", "", "p1 of people is linked to it, so the record stays")}


def test_what_was_adopted_is_let_go(new_world: NewWorld) -> None:
    sync = make_sync(match=(("mobile",),))
    world = new_world(syncs=[sync])
    world.crm.put("people", "typed", name="李四", mobile="138", notes="old")
    before = dict(world.crm.objects["people"]["typed"])
    world.desire("people", person(1, mobile="138"))
    [adopted] = world.apply()
    assert world.crm.held("people")["p1"]["name"] == "张三1"
    [applied], _ = undone(world, adopted.run.run_id)
    assert applied.tally.released == 1
    there = world.crm.objects["people"]["typed"]
    assert {name: value for name, value in there.items() if value is not None} == before
    assert world.plan() == {}
    [again], _ = undone(world, applied.run.run_id)
    assert again.tally.restored == 1
    assert world.crm.held("people")["p1"]["name"] == "张三1"
    assert world.plan() == {}
    world.desire("people", person(1, mobile="138", name="newer"))
    assert world.plan() == {("people", "p1"): ("update", ("name",))}


def test_a_key_that_another_record_has_by_now_is_not_given_back(new_world: NewWorld) -> None:
    sync = make_sync(record_id="crm_id", redirects=("activation", "redirected"))
    world = new_world(syncs=[sync])
    world.desire("people", person(1))
    world.apply()
    [remote] = world.crm.objects["people"]
    # p1 turns out to be p2, who gets the record, and then to be somebody else all the same
    world.merged = {"p1": "p2"}
    world.desire("people", person(2, crm_id=remote))
    [passed_on] = world.apply()
    world.merged = {}
    world.desire("people", person(1), person(2, crm_id=remote))
    [parted] = world.apply()
    assert set(world.crm.held("people")) == {"p1", "p2"}
    _, left = undone(world, passed_on.run.run_id)
    reason = "the key that it had is another record's by now"
    assert left == {("p2", field, reason) for field in ("external_id", "name")}
    assert set(world.crm.held("people")) == {"p1", "p2"}
    undone(world, parted.run.run_id)
    _, left = undone(world, passed_on.run.run_id)
    assert (set(world.crm.held("people")), left) == ({"p1"}, set())


def test_what_was_removed_cannot_be_undone_and_its_image_is_named(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(on_missing="delete")])
    world.desire("people", person(1), person(2))
    world.apply()
    world.desire("people", person(2))
    [removed] = world.apply()
    [applied], left = undone(world, removed.run.run_id)
    words = "it was deleted, which can't be undone; what it held is in delivery 3"
    assert left == {("p1", "", words)}
    assert (applied.tally.requests, exit_code([applied])) == (0, 3)


@pytest.mark.parametrize("forget", [purged, erased])
def test_of_what_was_removed_it_is_said_if_its_image_is_forgotten(
    new_world: NewWorld, forget: Callable[[TestWorld], object]
) -> None:
    world = new_world(syncs=[make_sync(on_missing="delete")])
    world.desire("people", person(1), person(2))
    world.apply()
    world.desire("people", person(2))
    [removed] = world.apply()
    forget(world)
    _, left = undone(world, removed.run.run_id)
    assert left == {("p1", "", "it was deleted, which can't be undone; what it held was forgotten")}


def test_what_was_undone_and_then_erased_stays_away_until_that_is_undone(
    new_world: NewWorld,
) -> None:
    world = new_world()
    world.desire("people", person(1), person(2))
    [created] = world.apply()
    [taken_back], _ = undone(world, created.run.run_id)
    erased(world)
    assert world.plan() == {}
    # whether it is another by now nobody can tell
    world.desire("people", person(1, name="new"), person(2, name="new"))
    assert world.plan() == {("people", "p2"): ("create", ("external_id", "name", "amount"))}
    undone(world, taken_back.run.run_id)
    assert set(world.crm.held("people")) == {"p1", "p2"}
    assert world.plan() == {}


def test_a_flag_is_taken_off_and_not_set_again(new_world: NewWorld) -> None:
    sync = make_sync(on_missing="flag", flag=(("title", "former"),))
    world = new_world(syncs=[sync])
    world.desire("people", person(1, title="经理"), person(2))
    world.apply()
    world.desire("people", person(2))
    [flagged] = world.apply()
    assert world.crm.held("people")["p1"]["title"] == "former"
    undone(world, flagged.run.run_id)
    assert world.crm.held("people")["p1"]["title"] == "经理"
    assert world.plan() == {}


def test_what_was_purged_is_named(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    purged(world)
    _, left = undone(world, run)
    assert left == {(f"p{n}", "mobile", "what it held before was forgotten") for n in range(3)}


def test_purged_or_not_what_was_undone_is_not_wanted_again(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    [created] = world.apply()
    undone(world, created.run.run_id)
    purged(world)
    assert world.plan() == {}


def test_a_record_that_is_gone_is_named(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    del world.crm.objects["people"]["r2"]
    [applied], left = undone(world, run)
    assert left == {("p1", "mobile", "it is gone from the CRM")}
    assert applied.tally.restored == 2


@pytest.mark.parametrize("times", [2, 3])
def test_undo_of_an_undo_puts_back_what_was_undone(new_world: NewWorld, times: int) -> None:
    world = new_world(syncs=make_linked())
    world.desire("companies", {"company_id": "c1", "name": "华创"})
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    runs = [applied.run.run_id for applied in world.apply()]
    world.desire("companies", {"company_id": "c1", "name": "华创科技"})
    runs += [applied.run.run_id for applied in world.apply() if applied.tally.requests]
    for number in range(1, times + 1):
        applied, left = undone(world, *runs)
        assert left == set()
        runs = [each.run.run_id for each in applied]
        assert len(world.crm.held("companies")) == len(world.crm.held("people")) == 1 - number % 2
        assert world.plan() == {}
    if times == 2:
        [(remote_id, company)] = world.crm.objects["companies"].items()
        assert company["name"] == "华创科技"
        assert world.crm.held("people")["p1"]["company"] == remote_id


def test_a_sync_is_undone_since_a_moment(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    world.clock.sleep(60.0)
    since = world.world.now()
    for name in ("a", "b"):
        world.desire("people", person(1, name=name), person(2, name=name))
        world.apply()
    [applied], left = undone(world, sync="people", since=since)
    assert (applied.tally.restored, applied.tally.withdrawn, left) == (1, 1, set())
    assert {key: each["name"] for key, each in world.crm.held("people").items()} == {"p1": "张三1"}


def test_chosen_keys_are_undone_alone(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    undone(world, run, keys=["p1"])
    mobiles = {key: each["mobile"] for key, each in world.crm.held("people").items()}
    assert mobiles == {"p0": "139", "p1": "138", "p2": "139"}
    undone(world, keys=["p1", "p2"])
    assert set(world.crm.held("people")) == {"p0"}, "all that ever wrote them"


def test_what_a_limit_leaves_is_undone_by_the_next(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    [applied], _ = undone(world, run, limit=2)
    assert (applied.tally.restored, applied.unreleased) == (2, 1)
    [applied], _ = undone(world, run)
    assert applied.tally.restored == 1
    assert {each["mobile"] for each in world.crm.held("people").values()} == {"138"}


def test_a_broken_model_does_not_keep_its_mistake_from_being_undone(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, name="nonsense") for n in range(3)))
    world.lost.add("name")
    [applied], _ = undone(world, run)
    assert applied.tally.restored == 3


def test_what_the_crm_refuses_is_no_record_of_ours_that_waits(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    world.crm.refuses = lambda _write: "closed on Mondays"
    [applied], _ = undone(world, run)
    assert (applied.tally.rejected, exit_code([applied])) == (3, 3)
    assert queries.errors(world.ledger) == []
    world.crm.refuses = lambda _write: None
    assert world.plan() == {}
    [applied], _ = undone(world, run)
    assert applied.tally.restored == 3


def test_a_run_says_which_runs_it_undoes(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    undone(world, run)
    latest = queries.latest_runs(world.ledger)["people"]
    assert (latest["command"], orjson.loads(latest["undoes"])) == ("undo", [run])


def test_a_plan_of_an_undo_writes_nothing(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    sent = len(world.crm.writes)
    changes = undo_planned(world, run)
    assert [(each.operation, each.fields) for each in changes] == [("restore", ("mobile",))] * 3
    assert len(world.crm.writes) == sent


def test_the_guard_stops_a_large_undo_and_a_saved_plan_lets_it_pass(
    new_world: NewWorld, command: Command, tmp_path: Path
) -> None:
    world = new_world(syncs=[make_sync(guard=Guard(Limit(1, 9), Limit(1, 9), Limit(0.01, 2)))])
    world.desire("people", *(person(number) for number in range(6)))
    [created] = world.apply()
    world.crm.objects["people"]["r2"]["notes"] = "called"
    run, out = created.run.run_id, str(tmp_path / "undo.plan")
    code, _, _ = command(world, "undo", run)
    assert (code, len(world.crm.held("people"))) == (4, 6)
    code, said, _ = command(world, "undo", run, "--preview", "--out", out, "--format", "json")
    [sync] = json.loads(said)["syncs"]
    assert (code, sync["operations"]) == (0, {"withdraw": 5, "held": 1})
    assert [(each["key"], each["field"]) for each in sync["left"]] == [("p1", "notes")]
    world.crm.objects["people"]["r3"]["notes"] = "called too"
    code, _, _ = command(world, "apply", "--plan", out)
    assert (code, set(world.crm.held("people"))) == (3, {"p1", "p2"})
    history = queries.history(world.ledger, limit=1)
    assert (history[0]["command"], orjson.loads(history[0]["undoes"])) == ("undo", [run])


@pytest.mark.parametrize("words", [(), ("--sync", "people"), ("no such run",)])
def test_it_must_be_said_what_is_to_be_undone(
    new_world: NewWorld, command: Command, words: tuple[str, ...]
) -> None:
    world = new_world()
    code, _, said = command(world, "undo", *words)
    assert code == 2
    assert said


def test_a_sync_that_is_gone_cannot_be_undone(new_world: NewWorld) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    world.syncs = [make_sync("others")]
    with pytest.raises(SyncConfigurationError, match="no sync people"):
        undone(world, run)


def test_the_command_names_what_it_left(new_world: NewWorld, command: Command) -> None:
    world = new_world()
    run = applied_twice(world, *(person(n, mobile="139") for n in range(3)))
    world.crm.objects["people"]["r1"]["mobile"] = "typed"
    code, said, _ = command(world, "undo", run, "--preview")
    assert code == 0
    assert "p0" in said
    assert CHANGED in said
    code, said, _ = command(world, "undo", run, "--format", "json")
    [sync] = json.loads(said)["syncs"]
    assert (code, sync["restored"]) == (3, 2)
    assert sync["left"] == [{"key": "p0", "field": "mobile", "reason": CHANGED}]


# whatever was applied, edited and killed

TEXTS = st.sampled_from([None, "a", "b", "c d"])
ROWS = st.dictionaries(
    st.integers(0, 4), st.fixed_dictionaries({"name": TEXTS, "mobile": TEXTS, "title": TEXTS})
)
EDITS = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from(["name", "mobile", "title", "notes"]),
              st.sampled_from(["typed", "", "a"])),
    max_size=3,
)  # fmt: skip


def state_of(world: TestWorld) -> dict[str, dict[str, Any]]:
    """What the CRM shows; empty and null are the same."""
    return {
        remote_id: {name: value for name, value in fields.items() if value not in {None, ""}}
        for remote_id, fields in world.crm.objects.get("people", {}).items()
    }


def edit(world: TestWorld, edits: list[tuple[int, str, str]]) -> set[tuple[str, str]]:
    """Let people type; gives what they typed into."""
    typed = set()
    for number, name, value in edits:
        record = world.crm.objects.get("people", {}).get(f"r{number}")
        if record is not None and (record.get(name) or "") != value:
            record[name] = value
            typed.add((f"r{number}", name))
    return typed


def rows(some: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [person(number, **fields) for number, fields in some.items()]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=ROWS, second=ROWS, edits=EDITS)
def test_what_nobody_changed_is_as_before_and_what_people_typed_stands(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[int, dict[str, Any]],
    second: dict[int, dict[str, Any]],
    edits: list[tuple[int, str, str]],
) -> None:
    world = TestWorld(tmp_path_factory.mktemp("undo"))
    world.desire("people", *rows(first))
    world.apply()
    before = state_of(world)
    world.desire("people", *rows(second))
    [applied] = world.apply()
    typed = edit(world, edits)
    typed_in = {remote_id for remote_id, _ in typed}
    edited = state_of(world)
    _, left = undone(world, applied.run.run_id)
    after = state_of(world)
    for remote_id, fields in edited.items():
        if remote_id not in before:
            assert (remote_id in after) == (remote_id in typed_in), "created, then removed"
            continue
        for name in {*fields, *before[remote_id]}:
            is_theirs = (remote_id, name) in typed
            expected = (fields if is_theirs else before[remote_id]).get(name)
            assert after[remote_id].get(name) == expected, (remote_id, name)
    sent = len(world.crm.writes)
    world.apply()
    assert len(world.crm.writes) == sent
    world.ledger.close()
    assert {key for key, *_ in left} <= {
        fields["external_id"] for fields in after.values() if "external_id" in fields
    }


def undo_and_die(world: TestWorld, run: str, die_at: int, *, is_after: bool) -> bool:
    """Undo a run, and die at a write to the ledger, before or after it; whether it came to that."""
    write, count = world.ledger.write, itertools.count()

    def dying(*args: Any, **named: Any) -> None:
        is_now = next(count) == die_at
        if is_now and not is_after:
            raise Killed
        write(*args, **named)
        if is_now:
            raise Killed

    world.ledger.write = dying  # type: ignore[method-assign]
    try:
        undone(world, run)
    except Killed:
        return True
    finally:
        world.ledger.write = write  # type: ignore[method-assign]
    return False


@pytest.mark.parametrize("batch", ["atomic", "per_record"])
@pytest.mark.parametrize("is_after", [False, True])
def test_killed_anywhere_an_undo_ends_as_if_nothing_had_happened(
    new_world: NewWorld, batch: str, is_after: bool
) -> None:
    for die_at in itertools.count():
        world = new_world(
            crm=MemoryCrm(batch=batch, max_batch=2), syncs=[make_sync(match=(("mobile",),))]
        )
        world.crm.put("people", "typed", name="李四", mobile="137")
        world.desire("people", *(person(n, mobile=f"{n}") for n in range(2)))
        world.apply()
        before = state_of(world)
        rows = [person(n, name="new", mobile=f"{n}0") for n in range(4)]
        world.desire("people", *rows, person(9, mobile="137"))
        [run] = world.apply()
        is_killed = undo_and_die(world, run.run.run_id, die_at, is_after=is_after)
        if is_killed:
            [recovering] = world.apply()
            assert recovering.tally.requests == 0, "an apply does nothing again"
            _, left = undone(world, run.run.run_id)
            assert left == set()
        assert state_of(world) == before
        assert world.plan() == {}
        if not is_killed:
            break
