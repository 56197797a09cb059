"""What another process sees of a run: how far it is, when it will be done, whether it lives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from worlds import MemoryCrm, TestWorld

from crm.budget_files import Account, open_store
from crm.protocol import Outcome, Write
from crm.quota import Left, Quota, Rate
from crm.runtime import Runtime
from reverse_etl import progress, queries
from reverse_etl.clock import World
from reverse_etl.engine import Selection
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import leases
from reverse_etl.progress import Forecast, Progress, forecast
from tests.conftest import Project

NewWorld = Callable[..., TestWorld]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLENTY = Left(
    in_window=100,
    per_second=10.0,
    today=None,
    day_ends=(NOON + timedelta(hours=12)).timestamp(),
    under_way=0,
    paused_for=0.0,
    refused_at=None,
)


@dataclass
class WatchedCrm(MemoryCrm):
    """A CRM during whose writes somebody looks."""

    look: Callable[[], None] = lambda: None

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        self.look()
        return super().write(object_name, writes, batch_id=batch_id)


def people(count: int) -> list[dict[str, Any]]:
    return [{"person_id": f"p{number:02d}", "name": f"n{number}"} for number in range(count)]


@pytest.mark.parametrize(("limit", "planned"), [(None, 10), (6, 6)])
def test_a_run_is_followed_from_outside(
    new_world: NewWorld, limit: int | None, planned: int
) -> None:
    seen: list[Progress] = []
    crm = WatchedCrm(max_batch=2)
    world = new_world(crm=crm)
    outside = Ledger(world.ledger.path, World())

    def look() -> None:
        [row] = queries.status(outside)
        assert row["status"] == "running"
        seen.append(progress.read(outside)[row["last_run"]])

    world.desire("people", *people(3))
    world.apply()
    assert progress.read(outside) == {}, "a run that has ended is no progress"
    crm.look = look
    world.desire("people", *people(13))
    crm.refuses = lambda write: "bad" if write.key == "p05" else None
    world.apply(selection=Selection(limit=limit))
    assert {each.planned for each in seen} == {planned}
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert seen[0] == Progress(planned, 0, 0, None)
    assert (seen[-1].done > 0, seen[-1].done < planned) == (True, True)
    assert seen[-1].batches >= seen[-1].done / 2
    assert seen[-1].began_at is not None
    outside.close()


def test_a_run_whose_process_died_is_shown_as_interrupted(new_world: NewWorld) -> None:
    world = new_world()
    run = world.ledger.start_run(world.syncs[0], "apply")
    world.ledger.plan_run(run, 7)
    assert queries.status(world.ledger)[0]["status"] == "running"
    with world.ledger.writing() as connection:
        connection.execute(update(leases).values(pid=2**22 + 1))
    assert queries.status(world.ledger)[0]["status"] == "interrupted"
    assert progress.read(world.ledger)[run.run_id].planned == 7


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        # 100 of 500 in 50 s, in 10 requests: 2 a second, 200 s for the rest, which is 40 requests
        ([], Forecast(2.0, NOON + timedelta(seconds=200), None)),
        ([PLENTY], Forecast(2.0, NOON + timedelta(seconds=200), None)),
        (
            [replace(PLENTY, in_window=0, per_second=0.2)],
            Forecast(2.0, NOON + timedelta(seconds=200), "quota"),
        ),
        (
            [replace(PLENTY, in_window=0, per_second=0.1)],
            Forecast(2.0, NOON + timedelta(seconds=400), "quota"),
        ),
        (
            [replace(PLENTY, paused_for=1000.0)],
            Forecast(2.0, NOON + timedelta(seconds=1000), "quota"),
        ),
        ([replace(PLENTY, today=40)], Forecast(2.0, NOON + timedelta(seconds=200), None)),
        ([replace(PLENTY, today=39)], Forecast(2.0, NOON + timedelta(hours=12), "day")),
    ],
)
def test_a_forecast_knows_what_holds_a_run_up(budgets: list[Left], expected: Forecast) -> None:
    done = Progress(500, 100, 10, NOON - timedelta(seconds=50))
    assert forecast(done, budgets, NOON) == expected


def test_nobody_foretells_a_run_that_has_just_begun() -> None:
    assert forecast(Progress(500, 0, 0, None), [PLENTY], NOON) is None
    assert forecast(Progress(500, 0, 1, NOON - timedelta(seconds=9)), [PLENTY], NOON) is None


@pytest.fixture
def project(linked_project: Project) -> Project:
    (linked_project.folder / "var").mkdir()
    return linked_project


def test_status_says_how_syncs_and_quotas_stand(
    project: Project, new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    run = world.ledger.start_run(world.syncs[0], "apply")
    world.ledger.plan_run(run, 7)
    monkeypatch.setenv("TONGKE_QUOTA", str(project.folder / "var" / "quota"))
    rate = Rate(per_window=10, window=100.0, per_day=50)
    store = open_store(Account("ours", "https://crm.example.com"), "", rate, Runtime())
    quota = Quota(rate, Runtime(), store)
    quota.take()
    quota.refused(after=500)
    ledger = {"TONGKE_LEDGER": str(world.ledger.path)}

    answer = project.run("reverse-etl", "status", "--format", "json", environment=ledger)
    data = json.loads(answer.stdout)
    [sync], [connection] = data["syncs"], data["connections"]
    assert (sync["sync"], sync["status"]) == ("people", "running")
    assert (sync["progress"]["planned"], sync["progress"]["done"]) == (7, 0)
    assert sync["progress"]["finishes_at"] is None
    assert (connection["connection"], connection["budget"]) == ("ours", "requests")
    assert (connection["left_in_window"], connection["left_today"]) == (9, 49)
    assert connection["under_way"] == 1
    assert connection["refused_at"] < connection["paused_until"]

    table = project.run("reverse-etl", "status", environment=ledger)
    assert "0 of 7" in table.stdout
    assert "paused_until" in table.stdout


def test_status_of_nothing_is_said_so(project: Project) -> None:
    assert "nothing was ever applied" in project.run("reverse-etl", "status").stdout
    answer = project.run("reverse-etl", "status", "--format", "json")
    assert json.loads(answer.stdout) == {"syncs": [], "connections": []}
