"""What stops a plan or a delivery, and how a person lets it pass all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worlds import MemoryCrm, TestWorld, make_sync

from crm.protocol import Field
from reverse_etl import queries
from reverse_etl.engine import exit_code
from reverse_etl.errors import StoppedError
from reverse_etl.plan import saved as plans
from reverse_etl.syncs import Guard, Limit

NewWorld = Callable[..., TestWorld]
OPEN = Limit(1, 1000)


def guard(**limits: Limit) -> Guard:
    """Lets everything pass but for these."""
    usual = dict.fromkeys(("creates", "updates", "archives", "rejects", "clears"), OPEN)
    return Guard(min_rows=0, **(usual | limits))


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"person_id": f"p{number}", "name": f"张三{number}", "mobile": f"138{number}"} | fields


def save(world: TestWorld, folder: Path) -> plans.SavedPlan:
    with world.engine.planned(world.syncs) as (made, planned):
        reasons = {each.sync.name: each.verdict.reasons for each in planned}
        return plans.save(made, world.syncs, reasons, folder / "a.plan", world.world)


def test_a_plan_of_which_too_much_would_be_refused_stops(
    new_world: NewWorld, tmp_path: Path
) -> None:
    names = ("external_id", "name", "amount", "title")
    fields = [*(Field(n, n, "text") for n in names), Field("mobile", "手机", "text", max_length=4)]
    world = new_world(
        syncs=[make_sync(guard=guard(rejects=Limit(0.2, 2)))], crm=MemoryCrm(described=fields)
    )
    world.desire("people", *(person(n) for n in range(7)), *(person(n) for n in range(10, 13)))
    [applied] = world.apply()
    assert (applied.status, exit_code([applied])) == ("stopped", 4)
    assert "refuse, or has refused, 3 of the 10 records" in (applied.problem or "")
    assert world.crm.writes == []
    [approved] = world.apply(saved=save(world, tmp_path))
    assert approved.tally.created == 7


def test_what_waits_in_the_queue_counts_as_refused(new_world: NewWorld) -> None:
    crm = MemoryCrm(batch="per_record", refuses=lambda w: "no" if w.key < "p3" else None)
    world = new_world(syncs=[make_sync(guard=guard(rejects=Limit(0.5, 2)))], crm=crm)
    world.desire("people", *(person(number) for number in range(8)))
    [applied] = world.apply()
    assert (applied.tally.rejected, applied.status) == (3, "partial")
    world.desire("people", *(person(number) for number in range(5)))
    [applied] = world.apply()
    assert applied.status == "stopped"
    assert "refuse, or has refused, 3 of the 5 records" in (applied.problem or "")


def test_a_field_that_would_be_emptied_in_many_records_stops(
    new_world: NewWorld, tmp_path: Path
) -> None:
    world = new_world(syncs=[make_sync(guard=guard(clears=Limit(0.2, 2)))])
    world.desire("people", *(person(number) for number in range(9)))
    world.apply()
    world.desire(
        "people",
        *(person(number, mobile=None, name="new") for number in range(3)),
        *(person(number, title="new") for number in range(3, 9)),
    )
    sent = len(world.crm.writes)
    [applied] = world.apply()
    assert (applied.status, exit_code([applied])) == ("stopped", 4)
    assert "mobile would be emptied in 3 of 9 records" in (applied.problem or "")
    assert sent == len(world.crm.writes)
    [approved] = world.apply(saved=save(world, tmp_path))
    assert approved.tally.updated == 9
    assert world.crm.held("people")["p1"]["mobile"] is None


def test_a_few_emptied_fields_pass(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(guard=guard(clears=Limit(0.2, 2)))])
    world.desire("people", *(person(number) for number in range(9)))
    world.apply()
    # three values are lost, but no field loses more than two
    world.desire(
        "people",
        *(person(number, mobile=None) for number in range(2)),
        person(2, name=None),
        *(person(number) for number in range(3, 9)),
    )
    [applied] = world.apply()
    assert (applied.status, applied.tally.updated) == ("done", 3)


@pytest.mark.parametrize("lost", [{"mobile"}, {"mobile", "fingerprint"}])
def test_a_vanished_column_stops_before_anything_is_read_or_sent(
    new_world: NewWorld, lost: set[str]
) -> None:
    world = new_world(lost=lost)
    world.desire("people", person(1))
    with pytest.raises(StoppedError, match=r"activation\.sync_people has no column mobile") as why:
        world.apply()
    assert all(name in str(why.value) for name in lost)
    assert (world.crm.writes, world.crm.finds, world.crm.scans) == ([], 0, 0)


@pytest.mark.parametrize("is_saved", [False, True])
@pytest.mark.parametrize("batch", ["atomic", "per_record"])
def test_a_crm_that_refuses_too_much_stops_the_run(
    new_world: NewWorld, tmp_path: Path, is_saved: bool, batch: str
) -> None:
    crm = MemoryCrm(batch=batch, refuses=lambda _write: "a new rule")
    world = new_world(syncs=[make_sync(guard=guard(rejects=Limit(0.5, 5)))], crm=crm)
    world.desire("people", *(person(number) for number in range(60)))
    [applied] = world.apply(saved=save(world, tmp_path) if is_saved else None)
    assert 5 < applied.tally.rejected < 30, "what was under way is seen through, not the rest"
    assert (applied.status, exit_code([applied])) == ("failed", 1)
    assert "the CRM refused 6 of the first 6 records" in (applied.problem or "")
    assert sum(map(len, crm.writes)) < 60
    assert len(queries.errors(world.ledger)) == applied.tally.rejected
    assert world.ledger.unsettled("people") == []

    # the rule is mended: what was never sent goes out by itself, the refused when asked for
    crm.refuses = lambda _write: None
    [applied] = world.apply()
    assert applied.tally.created + len(queries.errors(world.ledger)) == 60


def test_a_crm_that_refuses_few_of_many_goes_on(new_world: NewWorld) -> None:
    crm = MemoryCrm(batch="per_record", refuses=lambda w: "no" if w.key[-1] == "7" else None)
    world = new_world(syncs=[make_sync(guard=guard(rejects=Limit(0.5, 2)))], crm=crm)
    world.desire("people", *(person(number) for number in range(60)))
    [applied] = world.apply()
    assert (applied.tally.rejected, applied.tally.created, applied.problem) == (6, 54, None)
