"""Reconcile sees what people did in the CRM and nothing else, and goes on where it was cut off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.errors import RetryableError
from crm.protocol import RemoteRecord
from reverse_etl import queries
from reverse_etl.engine import Selection
from reverse_etl.errors import ExitCode
from reverse_etl.plan import saved as plans
from reverse_etl.reconciliation.reconcile import Reconciled, exit_code, reconciling

NewWorld = Callable[..., TestWorld]


@dataclass
class ScannedCrm(MemoryCrm):
    """Scans in the order of change, and may be cut off after some pages."""

    changed: dict[str, str] = field(default_factory=dict)
    """When each record was last changed."""
    pages_left: int | None = None
    since: list[str | None] = field(default_factory=list)

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        self.since.append(since)
        moment = "2026-01-01T00:00:00.000000Z"
        records = [
            RemoteRecord(each.remote_id, each.fields, self.changed.get(each.remote_id, moment))
            for each in self._records(object_name)
        ]
        records.sort(key=lambda each: each.updated_at or "")
        records = [each for each in records if since is None or (each.updated_at or "") >= since]
        for start in range(0, len(records), 2):
            if self.pages_left is not None:
                self.pages_left -= 1
                if self.pages_left < 0:
                    raise RetryableError("cut off")
            yield records[start : start + 2]


def reconcile(
    world: TestWorld, out: Path | None = None, is_stopping: Callable[[], bool] = lambda: False
) -> tuple[Reconciled, list[str]]:
    """Of the first sync: what came of it, and the keys to be planned."""
    with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
        result = reconciliation.reconcile(world.syncs[0], world.crm, is_stopping)
        if out is not None:
            reconciliation.write(out)
        return result, reconciliation.keys()


def rows(path: Path) -> list[tuple[Any, ...]]:
    found = duckdb.execute(
        f"select kind, key, remote_id, field, owner, other from '{path}' order by all"
    )
    return found.fetchall()


def remote_id(world: TestWorld, key: str) -> str:
    [found] = [r for r, f in world.crm.objects["people"].items() if f.get("external_id") == key]
    return found


@pytest.fixture
def world(new_world: NewWorld) -> TestWorld:
    """Seven people, delivered; their mobiles tell them."""
    made = new_world(syncs=[make_sync(match=(("mobile",),), on_missing="delete")])
    made.desire("people", *(person(n, mobile=f"13{n}", title="经理") for n in range(8)))
    made.apply()
    made.desire("people", *(person(n, mobile=f"13{n}", title="经理") for n in range(7)))
    made.apply()
    return made


def test_nothing_is_found_where_nobody_did_anything(world: TestWorld) -> None:
    result, keys = reconcile(world)
    assert (result.records, set(result.kinds.values()), keys) == (7, {0}, [])
    assert result.is_done


def test_each_thing_that_people_did_is_found_and_nothing_else(
    world: TestWorld, tmp_path: Path
) -> None:
    crm = world.crm
    ids = {n: remote_id(world, f"p{n}") for n in range(7)}
    people = crm.objects["people"]
    del people[ids[0]]
    people[ids[1]] |= {"name": "typed", "title": "总监"}
    people[ids[2]]["external_id"] = "theirs"
    crm.put("people", "copy", external_id="p3", name="x")
    crm.put("people", "r8", external_id="p7", name="back")
    crm.put("people", "lookalike", name="y", mobile="134")
    crm.put("people", "stranger", name="z", mobile="999")
    crm.put("people", "keyed", external_id="q", name="z")
    out = tmp_path / "drift.csv"
    result, keys = reconcile(world, out)
    assert rows(out) == [
        ("alike", "p4", "lookalike", None, None, "mobile"),
        ("changed", "p1", ids[1], "name", "warehouse", None),
        ("changed", "p1", ids[1], "title", "fill_empty", None),
        ("doubled", "p3", "copy", None, None, None),
        ("doubled", "p3", ids[3], None, None, None),
        ("missing", "p0", ids[0], None, None, None),
        ("rekeyed", "p2", ids[2], None, None, "theirs"),
        ("restored", "p7", "r8", None, None, "deleted"),
        ("unknown_key", "q", "keyed", None, None, None),
    ]
    assert (result.never_ours, result.records) == (2, 11)
    assert sorted(result.fields) == [("name", "warehouse", 1), ("title", "fill_empty", 1)]
    assert keys == ["p0", "p1", "p2", "p3", "p4", "p7"]
    assert out.stat().st_mode & 0o077 == 0
    assert "typed" not in out.read_text()


def test_a_parquet_file_is_written_as_well(world: TestWorld, tmp_path: Path) -> None:
    del world.crm.objects["people"][remote_id(world, "p0")]
    reconcile(world, tmp_path / "drift.parquet")
    assert [row[:2] for row in rows(tmp_path / "drift.parquet")] == [("missing", "p0")]
    assert (tmp_path / "drift.parquet").stat().st_mode & 0o077 == 0


def test_what_drifted_is_planned_and_put_back_by_its_owners_rule(
    world: TestWorld, tmp_path: Path
) -> None:
    people = world.crm.objects["people"]
    people[remote_id(world, "p1")] |= {"name": "typed", "title": "总监"}
    people[remote_id(world, "p2")]["external_id"] = None
    assert world.plan() == {}, "no fingerprint has moved"
    _, keys = reconcile(world)
    with world.engine.planned(world.syncs, Selection(keys, again=True)) as (made, _):
        kept = plans.save(made, world.syncs, {}, tmp_path / "plan", world.world)
    [applied] = world.apply(saved=kept)
    assert (applied.status, applied.tally.updated) == ("done", 2)
    held = world.crm.held("people")
    assert (held["p1"]["name"], held["p1"]["title"]) == ("张三1", "总监")
    assert "p2" in held
    # what the title's owner leaves to people is told again, the rest is as it was
    assert reconcile(world)[1] == ["p1"]


def test_what_is_missing_is_known_to_be_gone_and_waits_for_a_word(world: TestWorld) -> None:
    del world.crm.objects["people"][remote_id(world, "p0")]
    reconcile(world)
    assert [row["error_code"] for row in queries.errors(world.ledger)] == ["gone"]
    [applied] = world.apply()
    assert (applied.status, applied.held) == ("partial", (("it is gone from the CRM", 1),))
    [applied] = world.apply(selection=Selection(["p0"], forced=True))
    assert applied.tally.created == 1
    assert queries.errors(world.ledger) == []


def test_what_a_sync_writes_meanwhile_is_not_judged(world: TestWorld) -> None:
    crm = ScannedCrm(objects=world.crm.objects)
    # read before p9 was made, and before p1 was changed
    before = [*crm.scan("people")]

    def scan(_object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        yield before[0]
        rest = [person(n, mobile=f"13{n}", title="经理") for n in (0, 2, 3, 4, 5, 6, 9)]
        world.desire("people", person(1, name="new", mobile="131", title="经理"), *rest)
        world.apply()
        yield from before[1:]

    world.crm.scan = scan  # type: ignore[method-assign]
    result, keys = reconcile(world)
    assert (keys, result.unjudged) == ([], 2)


def test_a_run_is_noted_with_its_counts_and_is_no_delivery(world: TestWorld) -> None:
    del world.crm.objects["people"][remote_id(world, "p0")]
    reconcile(world)
    noted = queries.history(world.ledger)[0]
    assert (noted["command"], noted["status"]) == ("reconcile", "done")
    assert '"missing":1' in noted["counts"]
    assert queries.latest_runs(world.ledger)["people"]["command"] == "apply"


@pytest.fixture
def scanned(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> TestWorld:
    """Nine people in the order of their changes, written down two at a time."""
    monkeypatch.setattr("reverse_etl.reconciliation.reading.RECORDS_AT_ONCE", 2)
    world = new_world(crm=ScannedCrm())
    world.desire("people", *(person(n) for n in range(9)))
    world.apply()
    for n in range(9):
        world.crm.changed[remote_id(world, f"p{n}")] = f"2026-01-0{n + 1}T00:00:00.000000Z"
    return world


def test_a_reading_that_was_cut_off_goes_on_where_it_was(scanned: TestWorld) -> None:
    crm = scanned.crm
    assert isinstance(crm, ScannedCrm)
    crm.pages_left = 3
    result, _ = reconcile(scanned)
    assert (result.problem, exit_code([result])) == ("cut off", ExitCode.FAILED)
    assert queries.history(scanned.ledger)[0]["status"] == "partial"
    # changed meanwhile, so that it comes once more
    crm.objects["people"][remote_id(scanned, "p0")]["name"] = "typed"
    crm.changed[remote_id(scanned, "p0")] = "2026-02-01T00:00:00.000000Z"
    crm.pages_left, crm.since = None, []
    result, keys = reconcile(scanned)
    assert crm.since == ["2026-01-06T00:00:00.000000Z"]
    assert (result.records, keys, exit_code([result])) == (9, ["p0"], ExitCode.DONE)


def test_an_old_half_is_not_taken_for_now(scanned: TestWorld) -> None:
    crm = scanned.crm
    assert isinstance(crm, ScannedCrm)
    crm.pages_left = 3
    reconcile(scanned)
    del crm.objects["people"][remote_id(scanned, "p0")]
    scanned.clock.sleep(7 * 3600)
    crm.pages_left, crm.since = None, []
    _, keys = reconcile(scanned)
    assert (crm.since, keys) == ([None], ["p0"])


def test_without_times_of_change_it_begins_anew(scanned: TestWorld) -> None:
    crm = scanned.crm
    assert isinstance(crm, ScannedCrm)
    crm.changed = dict.fromkeys(crm.objects["people"], "")
    crm.pages_left = 3
    reconcile(scanned)
    crm.pages_left, crm.since = None, []
    assert (reconcile(scanned)[0].records, crm.since) == (9, [None])


def test_asked_to_stop_it_ends_after_a_page_and_goes_on(scanned: TestWorld) -> None:
    crm = scanned.crm
    assert isinstance(crm, ScannedCrm)
    result, _ = reconcile(scanned, is_stopping=lambda: True)
    assert result.problem == "asked to stop; what was under way has been seen through"
    crm.since = []
    assert reconcile(scanned)[0].records == 9
    assert crm.since == ["2026-01-02T00:00:00.000000Z"]
