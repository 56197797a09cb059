"""What plan and apply promise, seen from outside: what the CRM holds, what the ledger says."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from worlds import Killed, LateCrm, MemoryCrm, TestWorld, make_linked, make_sync, person

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import Outcome, Rejected, RemoteRecord, Value, Write
from reverse_etl import queries
from reverse_etl.engine import Selection, exit_code
from reverse_etl.errors import HeldByAnotherError, StoppedError
from reverse_etl.plan import saved as plans
from reverse_etl.syncs import Column, Guard, Limit

NewWorld = Callable[..., TestWorld]


def test_first_apply_creates_and_a_second_plan_is_empty(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(7)))
    [applied] = world.apply()
    assert (applied.tally.created, applied.status) == (7, "done")
    assert world.crm.held("people")["p3"] == {
        "external_id": "p3",
        "name": "张三3",
        "amount": "1.10",
    }
    assert world.plan() == {}
    sent = len(world.crm.writes)
    world.apply()
    assert sent == len(world.crm.writes)


def test_a_change_is_one_update_with_exactly_the_fields_that_changed(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1), person(2))
    world.apply()
    world.desire("people", person(1, mobile="+8613812345678"), person(2))
    assert world.plan() == {("people", "p1"): ("update", ("mobile",))}
    world.apply()
    [last] = world.crm.writes[-1]
    assert (last.operation, last.fields) == ("update", {"mobile": "+8613812345678"})


def test_money_and_times_travel_as_exact_text(new_world: NewWorld) -> None:
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("amount", "amount", "decimal(38,2)", ""),
        Column("at", "at", "timestamp", ""),
        Column("zoned", "zoned", "timestamptz", ""),
        Column("born", "born", "date", ""),
        Column("flag", "flag", "boolean", ""),
        Column("count", "count", "bigint", ""),
        Column("tags", "tags", "varchar[]", ""),
        Column("raw", "raw", "blob", ""),
        Column("ratio", "ratio", "double", ""),
    )
    world = new_world(syncs=[make_sync(columns=columns)])
    row = {
        "person_id": "p1",
        "amount": Decimal("123456789012345678901234567890.12"),
        "at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC).replace(tzinfo=None),
        "zoned": datetime(2026, 1, 2, 8, 0, tzinfo=timezone(timedelta(hours=8))),
        "born": date(1980, 2, 29),
        "flag": True,
        "count": 2**62,
        "tags": ["a", "贝"],
        "raw": b"\x00\xff",
        "ratio": float("nan"),
    }
    world.desire("people", row)
    world.apply()
    assert world.crm.held("people")["p1"] == {
        "external_id": "p1",
        "amount": "123456789012345678901234567890.12",
        "at": "2026-01-02T03:04:05.000006Z",
        "zoned": "2026-01-02T00:00:00.000000Z",
        "born": "1980-02-29",
        "flag": True,
        "count": 2**62,
        "tags": '["a","贝"]',
        "raw": "AP8=",
    }
    assert world.plan() == {}


@pytest.mark.parametrize("batch", ["atomic", "per_record"])
@pytest.mark.parametrize("names_the_bad", [True, False])
def test_a_bad_record_waits_in_the_queue_and_the_rest_goes_on(
    new_world: NewWorld, batch: str, names_the_bad: bool
) -> None:
    def refuses(write: Write) -> str | None:
        return "name is not allowed" if write.fields.get("name") == "bad" else None

    crm = MemoryCrm(batch=batch, refuses=refuses, max_batch=5, names_the_bad=names_the_bad)
    world = new_world(crm=crm)
    bad = {4, 7}
    world.desire("people", *(person(n, name="bad" if n in bad else f"n{n}") for n in range(12)))
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.rejected) == (10, 2)
    assert {f"p{n}" for n in range(12)} - {"p4", "p7"} == set(world.crm.held("people"))
    waiting = queries.errors(world.ledger, "people")
    assert sorted(row["key"] for row in waiting) == ["p4", "p7"]
    assert exit_code([applied]) == 3

    sent = len(world.crm.writes)
    [again] = world.apply()
    assert sent == len(world.crm.writes), "unchanged, it isn't sent again"
    assert exit_code([again]) == 3, "and it isn't called done"

    world.desire("people", *(person(n, name=f"n{n}") for n in range(12)))
    [mended] = world.apply()
    assert (mended.tally.created, exit_code([mended])) == (2, 0)
    assert queries.errors(world.ledger) == []


def test_a_rejected_record_is_sent_again_when_somebody_says_so(new_world: NewWorld) -> None:
    world = new_world()
    world.crm.refuses = lambda _write: "closed on Mondays"
    world.desire("people", person(1))
    world.apply()
    world.crm.refuses = lambda _write: None
    assert world.plan() == {}
    [applied] = world.apply(selection=Selection(["p1"], forced=True))
    assert applied.tally.created == 1


@pytest.mark.parametrize("fault", ["retry", "before", "after", "cut"])
@pytest.mark.parametrize("batch", ["atomic", "per_record"])
def test_no_fault_loses_or_doubles_a_record(new_world: NewWorld, fault: str, batch: str) -> None:
    world = new_world(crm=MemoryCrm(batch=batch, faults=["", fault, "", fault, fault]))
    world.desire("people", *(person(number) for number in range(10)))
    [applied] = world.apply()
    assert applied.status == "done"
    assert len(world.crm.held("people")) == 10
    assert len(world.crm.objects["people"]) == 10
    world.crm.faults = [fault]
    world.desire("people", *(person(number, name="new") for number in range(10)))
    world.apply()
    assert {"new"} == {each["name"] for each in world.crm.held("people").values()}
    assert world.plan() == {}


def test_retry_after_is_waited_for(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["retry"]))
    world.desire("people", person(1))
    started = world.clock.now()
    world.apply()
    assert world.clock.now() - started >= timedelta(seconds=3)


def test_a_crm_that_never_answers_ends_the_run_and_loses_nothing(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["retry"] * 100))
    world.desire("people", person(1))
    [applied] = world.apply()
    assert (applied.status, exit_code([applied])) == ("failed", 1)
    world.crm.faults = []
    [applied] = world.apply()
    assert applied.tally.created == 1


def test_after_a_crash_what_was_sent_is_read_back_first(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(6)))
    world.apply_and_die()
    assert len(world.crm.objects["people"]) == 6, "both batches arrived"
    [applied] = world.apply()
    assert (applied.recovered, applied.tally.created, applied.status) == (6, 0, "done")
    assert len(world.crm.objects["people"]) == 6


def test_what_people_typed_before_us_is_adopted_not_doubled(new_world: NewWorld) -> None:
    sync = make_sync(match=(("mobile", "name"),), record_id="crm_id")
    world = new_world(syncs=[sync])
    world.crm.put(
        "people", "typed1", name="张三", mobile="13812345678", title="经理", notes="老客户"
    )
    world.crm.put("people", "typed2", name="李四", mobile="", notes="")
    world.crm.put("people", "theirs", name="王五", mobile="13900000000")
    world.desire(
        "people",
        person(1, name="张三", mobile="13812345678", title="总监"),
        person(2, name="李四四", crm_id="typed2"),
        person(3),
    )
    assert world.plan() == {
        ("people", "p1"): ("adopt", ("external_id", "amount")),
        ("people", "p2"): ("adopt", ("external_id", "name", "amount")),
        ("people", "p3"): ("create", ("external_id", "name", "amount")),
    }
    world.apply()
    held = world.crm.held("people")
    assert held["p1"]["notes"] == "老客户"
    assert held["p1"]["title"] == "经理", "fill_empty leaves what a person typed"
    assert len(world.crm.objects["people"]) == 4
    assert world.plan() == {}


def test_two_records_that_could_be_it_are_held(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(match=(("mobile",),))])
    world.crm.put("people", "one", mobile="138")
    world.crm.put("people", "two", mobile="138")
    world.desire("people", person(1, mobile="138"))
    [applied] = world.apply()
    assert (applied.status, applied.tally.created) == ("partial", 0)
    assert len(world.crm.objects["people"]) == 2


def test_a_lost_ledger_finds_its_records_by_their_key(new_world: NewWorld) -> None:
    first = new_world()
    first.desire("people", *(person(number) for number in range(5)))
    first.apply()
    second = new_world(crm=first.crm)
    second.desire("people", *(person(number) for number in range(5)))
    second.apply()
    assert len(second.crm.objects["people"]) == 5
    assert second.plan() == {}


def test_removal_touches_only_what_this_sync_created(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(on_missing="delete", record_id="crm_id")])
    world.crm.put("people", "typed", name="x")
    world.crm.put("people", "never ours", name="y")
    world.desire("people", person(1), person(2, crm_id="typed"), person(3))
    world.apply()
    world.desire("people", person(3))
    assert world.plan() == {("people", "p1"): ("delete", ())}
    [applied] = world.apply()
    assert applied.tally.deleted == 1
    assert {"typed", "never ours"} <= set(world.crm.objects["people"])
    assert {"p2", "p3"} == set(world.crm.held("people"))
    world.desire("people", person(1), person(3))
    world.apply()
    assert {"p1", "p2", "p3"} == set(world.crm.held("people"))


def test_a_guard_stops_an_emptied_model_before_anything_is_sent(new_world: NewWorld) -> None:
    guard = Guard(Limit(1, 100), Limit(1, 100), Limit(0.01, 2), 1)
    world = new_world(syncs=[make_sync(on_missing="delete", guard=guard)])
    world.desire("people", *(person(number) for number in range(6)))
    world.apply()
    world.desire("people")
    sent = len(world.crm.writes)
    [applied] = world.apply()
    assert (applied.status, exit_code([applied])) == ("stopped", 4)
    assert sent == len(world.crm.writes)
    assert len(world.crm.held("people")) == 6


def test_a_first_sync_is_approved_by_applying_its_saved_plan(
    new_world: NewWorld, tmp_path: Any
) -> None:
    world = new_world(syncs=[make_sync(guard=Guard(creates=Limit(0.2, 3)))])
    world.desire("people", *(person(number) for number in range(6)))
    [stopped] = world.apply()
    assert stopped.status == "stopped"
    kept = save(world, tmp_path)
    [applied] = world.apply(saved=kept)
    assert (applied.status, applied.tally.created) == ("done", 6)
    assert world.plan() == {}
    [again] = world.apply(saved=kept)
    assert (again.status, again.tally.written) == ("done", 0), "a plan is done once"


def test_a_saved_plan_does_exactly_what_it_says(new_world: NewWorld, tmp_path: Any) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(5)))
    world.apply()
    world.desire("people", *(person(number, name=f"new {number}") for number in range(4)))
    kept = save(world, tmp_path)
    # afterwards: the model moves on for p1, a person types into p2, and p4 comes to want something
    world.desire(
        "people",
        person(0, name="new 0"),
        person(1, name="newer 1"),
        person(2, name="new 2"),
        person(3, name="new 3"),
        person(4, name="not in the plan"),
    )
    [remote] = [r for r, f in world.crm.objects["people"].items() if f["external_id"] == "p2"]
    world.crm.objects["people"][remote]["name"] = "typed"
    [applied] = world.apply(saved=kept)
    names = {key: fields["name"] for key, fields in world.crm.held("people").items()}
    assert names == {"p0": "new 0", "p1": "张三1", "p2": "typed", "p3": "new 3", "p4": "张三4"}
    assert (applied.status, applied.counts.operations["conflict"]) == ("partial", 2)


def test_links_go_out_as_the_crms_ids_after_what_they_point_at(
    new_world: NewWorld, tmp_path: Any
) -> None:
    world = linked(new_world)
    with world.engine.planned(world.syncs) as (made, _):
        [change] = made.changes(world.syncs[1])
        assert dict(change.payload) == {"external_id": "p1", "company": "c1"}
        kept = plans.save(made, world.syncs, {}, tmp_path / "plan", world.world)
    assert [each.status for each in world.apply(saved=kept)] == ["done", "done"]
    [company] = world.crm.objects["companies"]
    assert company == world.crm.held("people")["p1"]["company"]
    assert world.plan() == {}


def test_a_rejected_company_does_not_hold_up_its_people(new_world: NewWorld) -> None:
    world = linked(new_world)
    world.crm.refuses = lambda write: "no" if write.key == "c1" else None
    world.apply()
    assert {"p1"} == set(world.crm.held("people"))
    assert "company" not in world.crm.held("people")["p1"]
    assert world.plan() == {}, "nothing can be done until the company is there"
    world.crm.refuses = lambda _write: None
    world.apply(selection=Selection(forced=True))
    assert world.plan() == {("people", "p1"): ("update", ("company",))} or (
        world.crm.held("people")["p1"].get("company")
    )
    world.apply()
    [company] = world.crm.objects["companies"]
    assert company == world.crm.held("people")["p1"]["company"]


def test_a_record_that_needs_its_link_waits_for_it(new_world: NewWorld) -> None:
    world = linked(new_world, required_link=True)
    world.crm.refuses = lambda write: "no" if write.key == "c1" else None
    companies, people = world.apply()
    assert (companies.status, people.status) == ("partial", "partial")
    assert world.crm.held("people") == {}
    world.crm.refuses = lambda _write: None
    world.apply(selection=Selection(forced=True))
    assert {"p1"} == set(world.crm.held("people"))


def test_values_that_the_crm_reformats_are_no_difference(new_world: NewWorld) -> None:
    def normalises(name: str, value: Any) -> Any:
        return value.replace(" ", "") if name == "mobile" else value

    world = new_world(crm=MemoryCrm(normalises=normalises))
    world.desire("people", person(1, mobile="138 1234 5678"))
    world.apply()
    world.desire("people", person(1, mobile="138 1234 5678", name="new"))
    assert world.plan() == {("people", "p1"): ("update", ("name",))}


def test_a_record_deleted_by_hand_is_held_not_recreated(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    world.crm.objects["people"].clear()
    world.desire("people", person(1, name="new"))
    [applied] = world.apply()
    assert (applied.status, applied.counts.operations["held"]) == ("partial", 1)
    assert world.crm.objects["people"] == {}


def test_two_applies_of_one_sync_cannot_run_at_once(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    run = world.ledger.start_run(world.syncs[0], "apply")
    with pytest.raises(HeldByAnotherError, match="is being applied by process"):
        world.apply()
    world.ledger.finish_run(run, "done", {})
    assert world.apply()[0].tally.created == 1


def test_the_ledger_explains_every_write_and_keeps_values_apart(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1, mobile="secret"))
    world.apply()
    world.desire("people", person(1, mobile="other secret"))
    world.apply()
    facts = queries.history(world.ledger, "people", key="p1")
    assert [(row["operation"], row["outcome"]) for row in facts] == [
        ("update", "written"),
        ("create", "written"),
    ]
    assert orjson.loads(facts[0]["fields"]) == ["mobile"]
    told = [facts, queries.history(world.ledger), queries.status(world.ledger)]
    assert "secret" not in str(told)


def test_a_crm_that_refuses_us_altogether_fails_the_run(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))

    def refused(*_args: object, **_named: object) -> Any:
        raise FatalError("signed out")

    world.crm.write = refused  # type: ignore[method-assign]  # the refusal
    [applied] = world.apply()
    assert (applied.status, applied.problem) == ("failed", "signed out")


def test_when_the_read_back_fails_too_the_intent_stays_open(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["after"]))
    world.desire("people", person(1))
    find = world.crm.find

    def failing(*_args: object) -> list[RemoteRecord]:
        raise RetryableError("down")

    plan_finds = [find, failing]

    def first_fine(*args: Any) -> list[RemoteRecord]:
        return (plan_finds.pop(0) if len(plan_finds) > 1 else failing)(*args)

    world.crm.find = first_fine  # type: ignore[method-assign]
    world.crm.count = lambda _name: 100  # type: ignore[method-assign]
    [applied] = world.apply()
    assert applied.tally.unknown == 1
    assert len(world.ledger.unsettled("people")) == 1
    world.crm.find = find  # type: ignore[method-assign]
    [again] = world.apply()
    assert (again.recovered, again.status) == (1, "done")
    assert len(world.crm.objects["people"]) == 1


def test_a_model_that_was_not_built_stops_the_sync(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    engine = dataclasses.replace(world.engine, check_builds=True)
    with pytest.raises(StoppedError, match="was never built"):
        engine.apply(world.syncs)
    assert world.crm.writes == []


def test_a_merged_customers_record_goes_to_who_it_was_merged_into(new_world: NewWorld) -> None:
    sync = make_sync(record_id="crm_id", redirects=("activation", "redirected"))
    world = new_world(syncs=[sync])
    world.desire("people", person(1))
    world.apply()
    [remote] = world.crm.objects["people"]
    # p1 turns out to be p2, whom the CRM didn't have
    world.merged = {"p1": "p2"}
    world.desire("people", person(2, crm_id=remote))
    world.apply()
    assert set(world.crm.objects["people"]) == {remote}
    assert set(world.crm.held("people")) == {"p2"}
    assert world.plan() == {}


def test_a_merged_customers_record_stays_where_the_other_has_one(new_world: NewWorld) -> None:
    sync = make_sync(on_missing="delete", redirects=("activation", "redirected"))
    world = new_world(syncs=[sync])
    world.desire("people", person(1), person(2))
    world.apply()
    world.merged = {"p1": "p2"}
    world.desire("people", person(2))
    world.apply()
    assert len(world.crm.objects["people"]) == 2, "a merge is no vanished row"


def test_a_crm_whose_day_is_spent_ends_the_run_instead_of_sleeping(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))

    def spent(*_args: object, **_named: object) -> Any:
        raise RetryableError("the day's quota is spent", after=40_000.0)

    write = world.crm.write
    world.crm.write = spent  # type: ignore[method-assign]  # the refusal
    started = world.clock.now()
    [applied] = world.apply()
    assert applied.status == "failed"
    assert world.clock.now() - started < timedelta(minutes=1)
    world.crm.write = write  # type: ignore[method-assign]
    assert world.apply()[0].tally.created == 1


def test_what_a_found_record_lacks_is_sent_by_the_next_plan(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["after"]))
    world.desire("people", person(1, mobile="138"))
    find = world.crm.find

    def half(object_name: str, field_name: str, values: Any) -> list[RemoteRecord]:
        for fields in world.crm.objects.get(object_name, {}).values():
            fields.pop("mobile", None)
        return find(object_name, field_name, values)

    world.crm.find = half  # type: ignore[method-assign]  # it was cut off before the mobile
    world.apply()
    world.crm.find = find  # type: ignore[method-assign]
    assert world.plan() == {("people", "p1"): ("update", ("mobile",))}
    world.apply()
    assert world.crm.held("people")["p1"]["mobile"] == "138"


def test_what_comes_after_a_stopped_sync_is_stopped_too(new_world: NewWorld) -> None:
    world = linked(new_world)
    stopping = Guard(min_rows=2)
    world.syncs = [dataclasses.replace(world.syncs[0], guard=stopping), world.syncs[1]]
    applied = world.apply()
    assert [each.status for each in applied] == ["stopped", "stopped"]
    assert exit_code(applied) == 4
    assert world.crm.writes == []


def save(world: TestWorld, folder: Any) -> plans.SavedPlan:
    with world.engine.planned(world.syncs) as (made, planned):
        reasons = {each.sync.name: each.verdict.reasons for each in planned}
        plans.save(made, world.syncs, reasons, folder / "a.plan", world.world)
    assert (folder / "a.plan").stat().st_mode & 0o777 == 0o600
    kept = plans.load(folder / "a.plan")
    assert world.syncs == kept.check({sync.name: sync for sync in world.syncs})
    return kept


def linked(new_world: NewWorld, **link: Any) -> TestWorld:
    world = new_world(syncs=make_linked(**link))
    world.desire("companies", {"company_id": "c1", "name": "华创"})
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    return world


def test_a_job_is_collected_when_the_crm_has_come_to_it(new_world: NewWorld) -> None:
    crm = LateCrm(batch="per_record", refuses=lambda w: "no" if w.key == "p2" else None)
    world = new_world(crm=crm)
    world.desire("people", person(1), person(2), person(3), person(4))
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.rejected) == (3, 1)
    assert applied.tally.requests == len(crm.writes) == 2
    assert set(crm.held("people")) == {"p1", "p3", "p4"}
    assert world.ledger.unsettled("people") == []


class ForgetfulCrm(LateCrm):
    """Carries a job out when it is asked for it, and has forgotten it by then."""

    is_silent: bool = False

    def collect(self, object_name: str, receipt: str) -> list[Outcome]:
        super().collect(object_name, receipt)
        return []

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        if self.is_silent:
            raise RetryableError("busy")
        return super().find(object_name, field_name, values)


def test_a_job_that_the_crm_has_forgotten_is_read_back_later_and_not_made_once_more(
    new_world: NewWorld,
) -> None:
    crm = ForgetfulCrm(asks=0)
    world = new_world(crm=crm)
    world.desire("people", person(1), person(2))
    crm.is_silent = True
    [applied] = world.apply()
    assert (applied.tally.unknown, len(crm.writes)) == (2, 1)
    crm.is_silent = False
    [again] = world.apply()
    assert (again.status, again.recovered, len(crm.writes)) == ("done", 2, 1)
    assert set(crm.held("people")) == {"p1", "p2"}


def test_what_an_answer_left_open_is_asked_for_under_the_id_that_it_had(
    new_world: NewWorld,
) -> None:
    class ByIdCrm(ForgetfulCrm):
        """Answers at once and by half; a batch that it knows isn't carried out once more."""

        def write(
            self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
        ) -> list[Outcome]:
            self.writes.append(list(writes))
            known = self.jobs.get(str(batch_id))
            self.jobs[str(batch_id)] = (object_name, list(writes))
            return [] if known else self._carried_out(object_name, writes)[:1]

    crm = ByIdCrm()
    world = new_world(crm=crm)
    world.desire("people", person(1), person(2))
    crm.is_silent = True
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.unknown) == (1, 1)
    crm.is_silent = False
    world.apply()
    assert len(crm.jobs) == 1
    assert set(crm.held("people")) == {"p1", "p2"}


def test_a_job_that_takes_longer_than_the_run_is_collected_by_the_next(
    new_world: NewWorld,
) -> None:
    crm = LateCrm(asks=1_000_000)
    world = new_world(crm=crm)
    world.desire("people", person(1), person(2))
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.unknown) == (0, 2)
    assert "the next run collects it" in (applied.problem or "")

    [applied] = world.apply()
    assert applied.status == "failed", "what is under way isn't sent a second time"

    crm.is_down = True
    world.apply()
    assert [intent.receipt for intent in world.ledger.unsettled("people")] != [None]
    crm.asks, crm.is_down = 0, False
    [applied] = world.apply()
    assert (applied.recovered, applied.status) == (2, "done")
    assert len(crm.writes) == 1
    assert set(crm.held("people")) == {"p1", "p2"}


def test_a_job_whose_receipt_never_came_is_handed_over_again_under_its_own_id(
    new_world: NewWorld,
) -> None:
    crm = LateCrm(faults=["after"])
    world = new_world(crm=crm)
    world.desire("people", person(1), person(2))
    world.apply()
    assert len(crm.writes) == 2
    assert set(crm.held("people")) == {"p1", "p2"}


def test_a_receipt_that_the_crm_has_forgotten_is_read_back(new_world: NewWorld) -> None:
    crm = LateCrm(asks=1_000_000)
    world = new_world(crm=crm)
    world.desire("people", person(1))
    world.apply()
    crm.jobs.clear()
    crm.asks = 0
    [applied] = world.apply()
    assert (applied.recovered, applied.tally.created) == (1, 1)
    assert set(crm.held("people")) == {"p1"}


def test_two_failures_of_the_crm_put_nobody_into_the_queue(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["before", "before", "before"]))
    world.desire("people", person(1))
    [applied] = world.apply()
    assert (applied.status, applied.tally.created) == ("done", 1)
    assert queries.errors(world.ledger) == []


def test_a_record_at_which_the_crm_fails_waits_in_the_queue_and_the_rest_goes_on(
    new_world: NewWorld,
) -> None:
    world = new_world(crm=MemoryCrm(max_batch=5))
    world.desire("people", *(person(number) for number in range(12)))
    write = world.crm.write

    def fails_at_p3(object_name: str, writes: Any, **named: Any) -> Any:
        if any(each.key == "p3" for each in writes):
            raise UnknownOutcomeError("HTTP 500")
        return write(object_name, writes, **named)

    world.crm.write = fails_at_p3  # type: ignore[method-assign]
    [applied] = world.apply()
    assert (applied.status, applied.tally.created) == ("partial", 11)
    [waiting] = queries.errors(world.ledger)
    assert (waiting["key"], waiting["error_code"]) == ("p3", "unanswered")


def test_a_refused_record_whose_link_waits_is_not_sent_in_every_run(new_world: NewWorld) -> None:
    world = linked(new_world)
    world.crm.refuses = lambda _write: "no"
    world.apply()
    sent = len(world.crm.writes)
    [_, people] = world.apply()
    assert sent == len(world.crm.writes)
    assert people.status == "partial"


def test_what_was_refused_because_its_company_was_gone_is_sent_when_that_is_made_anew(
    new_world: NewWorld,
) -> None:
    world = linked(new_world)
    companies, people = world.syncs
    recreated = {"on_gone": "recreate", "linked_from": (("people", "company"),)}
    world.syncs = [dataclasses.replace(companies, **recreated), people]
    [row] = world.rows.pop("people")
    world.apply()

    def leads_nowhere(write: Write) -> str | None:
        company = write.fields.get("company")
        return "no such company" if company and company not in crm.objects["companies"] else None

    crm = world.crm
    crm.refuses = leads_nowhere
    crm.objects["companies"].clear()
    world.desire("people", row)
    world.apply()
    world.apply()
    assert [each["key"] for each in queries.errors(world.ledger)] == ["p1"]
    world.desire("companies", {**world.rows["companies"][0], "name": "another"})
    world.apply()
    world.apply()
    [company] = crm.objects["companies"]
    assert crm.held("people")["p1"]["company"] == company
    assert queries.errors(world.ledger) == []


def test_a_field_that_the_crm_refused_beside_its_record_waits_in_the_queue(
    new_world: NewWorld,
) -> None:
    world = linked(new_world)
    write = world.crm.write

    def without_links(object_name: str, writes: Any, **named: Any) -> Any:
        refused = {each.key for each in writes if "company" in each.fields}
        outcomes = write(
            object_name,
            [
                dataclasses.replace(
                    each, fields={k: v for k, v in each.fields.items() if k != "company"}
                )
                for each in writes
            ],
            **named,
        )
        return [
            dataclasses.replace(each, refused=(Rejected(each.key, "no", "no", "company"),))
            if each.key in refused
            else each
            for each in outcomes
        ]

    world.crm.write = without_links  # type: ignore[method-assign]
    [_, people] = world.apply()
    assert (people.tally.created, people.tally.rejected, people.status) == (1, 1, "partial")
    assert [row["error_field"] for row in queries.errors(world.ledger)] == ["company"]
    sent = len(world.crm.writes)
    world.apply()
    assert sent == len(world.crm.writes), "it waits in the queue"
    world.crm.write = write  # type: ignore[method-assign]
    world.apply(selection=Selection(forced=True))
    [company] = world.crm.objects["companies"]
    assert company == world.crm.held("people")["p1"]["company"]
    assert queries.errors(world.ledger) == []


def test_what_a_found_update_wrote_is_known_though_the_crm_reformats_a_part(
    new_world: NewWorld,
) -> None:
    def normalises(name: str, value: Any) -> Any:
        return value.replace(" ", "") if name == "mobile" and value else value

    sync = make_sync(record_id="crm_id")
    world = new_world(syncs=[sync], crm=MemoryCrm(normalises=normalises, faults=["after"]))
    world.crm.put("people", "typed", mobile="138", title="")
    world.desire("people", person(1, mobile="1 38", title="经理", crm_id="typed"))
    world.apply()
    world.desire("people", person(1, mobile="1 38", title="总监", crm_id="typed"))
    assert world.plan() == {("people", "p1"): ("update", ("title",))}, "the title is ours"


def test_an_edit_after_a_lost_update_is_not_taken_for_it(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    world.desire("people", person(1, name="ours"))

    def killed(*_args: object, **_named: object) -> Any:
        raise Killed

    send = world.crm.write
    world.crm.write = killed  # type: ignore[method-assign]  # it dies before the request leaves
    with pytest.raises(Killed):
        world.apply()
    world.crm.write = send  # type: ignore[method-assign]
    [remote] = world.crm.objects["people"]
    world.crm.objects["people"][remote]["name"] = "theirs"
    world.apply()
    assert world.crm.held("people")["p1"]["name"] == "ours"


def test_a_job_of_which_nobody_heard_stays_open_until_it_is_asked_for(new_world: NewWorld) -> None:
    crm = LateCrm(faults=["after"] * 8, asks=0)
    world = new_world(crm=crm)
    world.desire("people", person(1))
    [applied] = world.apply()
    assert (applied.tally.unknown, applied.tally.not_written) == (1, 0)
    crm.asks = 3
    [applied] = world.apply()
    assert (applied.recovered, applied.status) == (1, "done")
    assert len(crm.writes) == 8 + 1, "handed over once more, and then asked for"
    assert set(crm.held("people")) == {"p1"}


def test_what_a_person_typed_into_a_record_nobody_heard_of_stays_theirs(
    new_world: NewWorld,
) -> None:
    world = new_world(crm=MemoryCrm(faults=["after"]))
    world.desire("people", person(1, title="经理"))
    find = world.crm.find

    def after_an_edit(object_name: str, field_name: str, values: Any) -> list[RemoteRecord]:
        for fields in world.crm.objects.get(object_name, {}).values():
            fields["title"] = "typed"
        return find(object_name, field_name, values)

    world.crm.find = after_an_edit  # type: ignore[method-assign]
    world.apply()
    world.desire("people", person(1, title=None))
    world.apply()
    assert world.crm.held("people")["p1"]["title"] == "typed"


def meddled(crm: MemoryCrm, deed: Callable[[], object]) -> None:
    """Let people do something between a write and the first look at what became of it."""
    find, writes = crm.find, len(crm.writes)

    def meddled_find(object_name: str, field_name: str, values: Any) -> list[RemoteRecord]:
        if len(crm.writes) > writes:
            crm.find = find  # type: ignore[method-assign]
            deed()
        return find(object_name, field_name, values)

    crm.find = meddled_find  # type: ignore[method-assign]


@pytest.mark.parametrize("theirs", ["what they put back", "what they imported"])
def test_a_new_record_is_told_from_what_people_have_under_its_key(
    new_world: NewWorld, theirs: str
) -> None:
    crm = MemoryCrm()
    world = new_world(syncs=[make_sync(on_gone="recreate")], crm=crm)
    world.desire("people", person(1))
    world.apply()
    former = crm.objects["people"].pop("r1")
    imported = {"external_id": "p1", "name": "listed"}
    back = ("r1", former) if theirs == "what they put back" else ("theirs", imported)
    crm.faults.append("after")
    meddled(crm, lambda: crm.put("people", back[0], **back[1]))
    world.desire("people", person(1, name="another"))
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.rejected) == (1, 0)
    world.desire("people", person(1, name="and another"))
    world.apply()
    assert crm.objects["people"]["r2"]["name"] == "and another", "ours is the one that we made"
    assert crm.objects["people"][back[0]] == back[1]


def test_of_two_new_records_that_hold_what_we_sent_none_is_taken_for_ours(
    new_world: NewWorld,
) -> None:
    crm = MemoryCrm(faults=["after"])
    world = new_world(crm=crm)
    world.desire("people", person(1))
    meddled(crm, lambda: crm.put("people", "copy", **crm.objects["people"]["r1"]))
    [applied] = world.apply()
    assert (applied.tally.created, applied.tally.rejected) == (0, 1)


def test_a_record_that_people_made_with_our_key_is_never_removed(new_world: NewWorld) -> None:
    crm = MemoryCrm(faults=["before"])
    world = new_world(syncs=[make_sync(on_missing="delete")], crm=crm)
    world.desire("people", person(1), person(2))
    meddled(crm, lambda: crm.put("people", "theirs", external_id="p1", name="listed"))
    world.apply()
    assert set(crm.held("people")) == {"p1", "p2"}
    world.desire("people", person(2))
    world.apply()
    assert "theirs" in crm.objects["people"]


def test_a_record_that_is_another_keys_by_now_stays_when_the_row_that_had_it_goes(
    new_world: NewWorld,
) -> None:
    crm = MemoryCrm()
    world = new_world(syncs=[make_sync(on_missing="delete")], crm=crm)
    world.desire("people", person(1), person(2))
    world.apply()
    one, two = crm.objects["people"]
    # people delete one and give its key to the other; then they put the first key back
    del crm.objects["people"][two]
    crm.objects["people"][one]["external_id"] = "p2"
    world.desire("people", person(1), person(2, name="another"))
    world.apply()
    crm.objects["people"][one]["external_id"] = "p1"
    world.desire("people", person(2, name="another"))
    assert world.plan() == {}
    world.apply()
    assert one in crm.objects["people"]


def test_our_value_that_the_crm_cut_is_cleared_though_nobody_heard_of_its_record(
    new_world: NewWorld,
) -> None:
    def cut(name: str, value: Value) -> Value:
        return value[:20] if name == "name" and isinstance(value, str) else value

    world = new_world(crm=MemoryCrm(faults=["after"], normalises=cut))
    world.desire("people", person(1, name="华创科技信息咨询服务有限责任公司浦东新区张江分公司"))
    world.apply()
    assert world.crm.held("people")["p1"]["name"] == "华创科技信息咨询服务有限责任公司浦东新区"
    world.desire("people", person(1, name=None))
    world.apply()
    assert not world.crm.held("people")["p1"]["name"]
    assert world.plan() == {}


def without_spaces(name: str, value: Value) -> Value:
    return value.replace(" ", "") if name == "mobile" and isinstance(value, str) else value


def test_our_value_in_the_crms_form_is_cleared_though_nobody_heard_of_its_record(
    new_world: NewWorld,
) -> None:
    world = new_world(crm=MemoryCrm(faults=["after"], normalises=without_spaces))
    world.desire("people", person(1, mobile="138 0013 8000"))
    world.apply()
    assert world.crm.held("people")["p1"]["mobile"] == "13800138000"
    world.desire("people", person(1, mobile=None))
    world.apply()
    assert not world.crm.held("people")["p1"]["mobile"]
    assert world.plan() == {}


def test_our_value_in_the_crms_form_is_cleared_though_its_update_was_cut_off(
    new_world: NewWorld,
) -> None:
    world = new_world(crm=MemoryCrm(normalises=without_spaces))
    world.desire("people", person(1, mobile="1"))
    world.apply()
    world.desire("people", person(1, mobile="2 3"))
    world.apply_and_die()
    world.desire("people", person(1, mobile=None))
    world.apply()
    assert not world.crm.held("people")["p1"]["mobile"]
    assert world.plan() == {}


def test_our_value_in_the_crms_form_is_cleared_though_the_rest_of_its_update_went_out_again(
    new_world: NewWorld,
) -> None:
    def normalises(name: str, value: Value) -> Value:
        return "rounded" if name == "amount" else without_spaces(name, value)

    crm = MemoryCrm(normalises=normalises)
    world = new_world(crm=crm)
    world.desire("people", person(1, mobile="1"))
    world.apply()
    crm.faults.append("after")
    world.desire("people", person(1, mobile="2 3", amount=Decimal("2.20")))
    world.apply()
    assert [set(write.fields) for [write] in crm.writes[1:]] == [{"mobile", "amount"}, {"amount"}]
    world.desire("people", person(1, mobile=None, amount=Decimal("2.20")))
    world.apply()
    assert not crm.held("people")["p1"]["mobile"]
    assert world.plan() == {}
