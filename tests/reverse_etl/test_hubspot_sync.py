"""Syncs of companies and their contacts to a sandbox of HubSpot, through the engine, over HTTP."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from undoings import undone
from worlds import TestClock, TestWorld, make_sync

from crm.connections import connect
from crm.hubspot.links import Links
from crm.protocol import Outcome, Write
from reverse_etl import queries
from reverse_etl.engine import exit_code
from reverse_etl.reconciliation.reconcile import reconciling
from reverse_etl.syncs import Column, Sync
from sandbox.faults import Fault, Kind
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.connections import configure

COMPANIES = make_sync(
    "companies",
    destination="hubspot",
    columns=(
        Column("company_id", "tongke_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
    ),
)
CONTACTS = make_sync(
    "contacts",
    destination="hubspot",
    after=("companies",),
    on_missing="archive",
    columns=(
        Column("person_id", "tongke_id", "varchar", ""),
        Column("company_id", "associations.companies", "varchar", "", links_to="companies"),
        Column("name", "lastname", "varchar", ""),
        Column("email", "email", "varchar", ""),
        Column("lifetime_value", "lifetime_value", "decimal(18,2)", ""),
        Column("last_seen_at", "last_seen_at", "timestamp", ""),
        Column("open_tickets", "open_tickets", "bigint", ""),
        Column("is_customer", "is_customer", "boolean", ""),
    ),
)


class RealClock(TestClock):
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class HubSpotWorld:
    """A warehouse, a ledger and a sandbox behind real HTTP."""

    def __init__(self, world: TestWorld, sandbox: Sandbox) -> None:
        self.world = world
        self.sandbox = sandbox
        self.apply = world.apply
        self.plan = world.plan

    def held(self, name: str) -> dict[str, dict[str, str]]:
        records = self.sandbox.account.table(name).by_change.values()
        keyed = {each.properties["tongke_id"]: each.properties for each in records}
        assert len(keyed) == len(records)
        return keyed

    def companies_of(self, key: str) -> set[str]:
        by_id = {p["hs_object_id"]: key for key, p in self.held("companies").items()}
        person = self.held("contacts")[key]["hs_object_id"]
        found = self.sandbox.account.associations.of(("contacts", "companies"), person)
        return {by_id[each] for each in found}


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    for name in ("contacts", "companies"):
        made.account.table(name).add_property(Property("tongke_id", "ours", is_unique=True))
    contacts = made.account.table("contacts")
    for name, type_ in (
        ("lifetime_value", "number"),
        ("last_seen_at", "datetime"),
        ("open_tickets", "number"),
        ("is_customer", "bool"),
    ):
        contacts.add_property(Property(name, name, type_))
    made.account.switches.change({"search_per_second": 50, "shuffled": True})
    return made


@pytest.fixture
def hubspot(
    sandbox: Sandbox,
    new_world: Callable[..., TestWorld],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[HubSpotWorld]:
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path / "quota"))
    with serving(sandbox) as url:
        settings = {
            "kind": "hubspot",
            "base_url": url,
            "access_token": sandbox.account.tokens.private,
            "associations__contacts": "companies",
            "read_lag": "0",
            "search_rate__per_window": "50",
        }
        configure(monkeypatch.setenv, "hubspot", **settings)
        world = new_world(
            syncs=[COMPANIES, CONTACTS],
            clock=RealClock(),
            crm=connect("hubspot"),
            new_executor=ThreadPoolExecutor,
        )
        yield HubSpotWorld(world, sandbox)


def company(number: int, **fields: Any) -> dict[str, Any]:
    return {"company_id": f"c{number}", "name": f"公司 {number}"} | fields


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "person_id": f"p{number}",
        "company_id": f"c{number % 10}",
        "name": f"张三{number}",
        "email": f"p{number}@example.com",
        "lifetime_value": Decimal("1234567890.10"),
        "last_seen_at": datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC).replace(tzinfo=None),
        "open_tickets": number,
        "is_customer": number % 2 == 0,
    } | fields


def desire(hubspot: HubSpotWorld, *people: dict[str, Any], sync: Sync = CONTACTS) -> None:
    hubspot.world.desire("companies", *(company(number) for number in range(10)))
    hubspot.world.desire(sync.name, *people)


def test_companies_and_their_contacts_arrive_linked_and_a_second_plan_is_empty(
    hubspot: HubSpotWorld,
) -> None:
    desire(hubspot, *(person(number) for number in range(230)))
    companies, contacts = hubspot.apply()
    assert (companies.tally.created, contacts.tally.created) == (10, 230)
    assert exit_code([companies, contacts]) == 0
    held = hubspot.held("contacts")["p7"]
    assert held["lifetime_value"] == "1234567890.10"
    assert held["last_seen_at"] == "2026-01-02T03:04:05.678Z"
    assert (held["open_tickets"], held["is_customer"]) == ("7", "false")
    assert hubspot.companies_of("p7") == {"c7"}

    assert hubspot.plan() == {}
    writes = hubspot.sandbox.account.quotas.days["associations"]
    hubspot.apply()
    assert hubspot.sandbox.account.quotas.days["associations"] == writes


def test_a_person_who_changes_companies_leaves_the_old_one(hubspot: HubSpotWorld) -> None:
    desire(hubspot, person(1), person(2))
    hubspot.apply()
    desire(hubspot, person(1, company_id="c5"), person(2, email=None))
    assert hubspot.plan() == {
        ("contacts", "p1"): ("update", ("associations.companies",)),
        ("contacts", "p2"): ("update", ("email",)),
    }
    hubspot.apply()
    assert hubspot.companies_of("p1") == {"c5"}
    assert "email" not in hubspot.held("contacts")["p2"]
    assert hubspot.plan() == {}


def test_who_is_no_longer_wanted_is_archived(hubspot: HubSpotWorld) -> None:
    desire(hubspot, person(1), person(2))
    hubspot.apply()
    desire(hubspot, person(1))
    *_, contacts = hubspot.apply()
    assert contacts.tally.archived == 1
    assert set(hubspot.held("contacts")) == {"p1"}
    assert hubspot.plan() == {}


@pytest.mark.parametrize("batch_errors", ["each", "whole"])
def test_exactly_the_refused_records_wait_in_the_queue(
    hubspot: HubSpotWorld, batch_errors: str
) -> None:
    hubspot.sandbox.account.switches.change({"batch_errors": batch_errors, "burst": 10**6})
    bad = {3, 77, 100, 101, 149}
    desire(
        hubspot,
        *(
            person(number, email="no mail" if number in bad else f"p{number}@example.com")
            for number in range(150)
        ),
    )
    _, contacts = hubspot.apply()
    assert (contacts.tally.created, contacts.tally.rejected) == (145, 5)
    waiting = queries.errors(hubspot.world.ledger, "contacts")
    assert {row["key"] for row in waiting} == {f"p{number}" for number in bad}
    assert {(row["error_code"], row["error_field"]) for row in waiting} == {
        ("INVALID_EMAIL", "email")
    }
    assert set(hubspot.held("contacts")) == {f"p{n}" for n in range(150)} - {f"p{n}" for n in bad}
    assert exit_code([contacts]) == 3

    desire(hubspot, *(person(number) for number in range(150)))
    _, mended = hubspot.apply()
    assert (mended.tally.created, mended.tally.rejected) == (5, 0)
    assert queries.errors(hubspot.world.ledger) == []


FAULTS: tuple[Kind, ...] = ("error", "error_after", "cut", "cut_after", "short", "busy", "shuffle")


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_doubles_or_unlinks_a_record(hubspot: HubSpotWorld, fault: Kind) -> None:
    desire(hubspot, *(person(number) for number in range(130)))
    hubspot.sandbox.faults.add(
        [
            Fault(fault, on="companies/batch/upsert", retry_after=0.05),
            Fault(fault, on="contacts/batch/upsert", retry_after=0.05),
            Fault(fault, on="contacts/companies/batch/create", retry_after=0.05),
            Fault(fault, on="contacts/batch/read", retry_after=0.05),
        ]
    )
    hubspot.apply()
    assert len(hubspot.held("contacts")) == 130
    assert {key: hubspot.companies_of(key) for key in hubspot.held("contacts")} == {
        f"p{number}": {f"c{number % 10}"} for number in range(130)
    }
    assert hubspot.plan() == {}


def test_the_quota_is_never_exceeded_on_the_servers_own_count(hubspot: HubSpotWorld) -> None:
    switches = {"burst": 3, "burst_window": 0.5, "association_burst": 100, "latency": 0.01}
    hubspot.sandbox.account.switches.change(switches)
    desire(hubspot, *(person(number) for number in range(800)))
    hubspot.apply()
    said = hubspot.sandbox.account.quotas.said()
    assert 0 < said["most_in_a_window"] <= 3
    assert said["refused_in_bursts"] == said["refused_searches"] == 0
    assert len(hubspot.held("contacts")) == 800


def test_a_crash_between_a_record_and_its_link_costs_nothing(
    hubspot: HubSpotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    desire(hubspot, person(1))

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Links, "write", die)
        with pytest.raises(SystemExit):
            hubspot.apply()
    assert set(hubspot.held("contacts")) == {"p1"}
    hubspot.apply()
    hubspot.apply()
    assert hubspot.companies_of("p1") == {"c1"}


def test_a_crash_between_a_link_and_what_it_replaces_leaves_no_other(
    hubspot: HubSpotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    desire(hubspot, person(1))
    hubspot.apply()
    desire(hubspot, person(1, company_id="c5"))

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Links, "drop", die)
        with pytest.raises(SystemExit):
            hubspot.apply()
    assert hubspot.companies_of("p1") == {"c1", "c5"}
    hubspot.apply()
    assert hubspot.companies_of("p1") == {"c5"}
    assert hubspot.plan() == {}


def test_a_link_whose_former_one_could_not_be_taken_away_loses_it_within_the_run(
    hubspot: HubSpotWorld,
) -> None:
    desire(hubspot, person(1))
    hubspot.apply()
    desire(hubspot, person(1, company_id="c5"))
    refused = Fault("busy", on="contacts/companies/batch/archive", times=8, retry_after=0.01)
    hubspot.sandbox.faults.add([refused])
    hubspot.apply()
    assert hubspot.companies_of("p1") == {"c5"}
    assert hubspot.plan() == {}


# what people do in HubSpot


def record_id(hubspot: HubSpotWorld, name: str, key: str) -> str:
    return hubspot.held(name)[key]["hs_object_id"]


def by_hand(hubspot: HubSpotWorld, path: str, **body: Any) -> Any:
    """Do something with contacts as a person would."""
    url = f"{os.environ['CRM__HUBSPOT__BASE_URL']}/crm/v3/objects/contacts{path}"
    headers = {"Authorization": f"Bearer {hubspot.sandbox.account.tokens.private}"}
    answer = requests.post(url, json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()


def merge(hubspot: HubSpotWorld, loser: str, winner: str) -> None:
    by_hand(hubspot, "/merge", primaryObjectId=winner, objectIdToMerge=loser)


def reconciled(hubspot: HubSpotWorld) -> dict[str, int]:
    """What is found of the contacts, by kind; what isn't found isn't in it."""
    world = hubspot.world
    with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
        result = reconciliation.reconcile(CONTACTS, hubspot.world.crm)
    assert result.is_done
    return {kind: count for kind, count in result.kinds.items() if count}


def deliver(hubspot: HubSpotWorld, **fields: Any) -> None:
    hubspot.world.desire("companies", company(1))
    people = [person(n, company_id="c1", **fields) for n in range(1, 4)]
    hubspot.world.desire("contacts", *people)
    hubspot.apply()


def test_what_we_delivered_is_reconciled_with_nothing_found(hubspot: HubSpotWorld) -> None:
    deliver(hubspot)
    assert reconciled(hubspot) == {}


@pytest.mark.parametrize("leads_on", [True, False])
def test_a_record_that_people_merged_into_theirs_is_followed(
    hubspot: HubSpotWorld, leads_on: bool
) -> None:
    hubspot.sandbox.account.switches.change({"merged_ids_lead_on": leads_on})
    deliver(hubspot)
    ours = record_id(hubspot, "contacts", "p1")
    theirs = by_hand(hubspot, "", properties={"lastname": "x"}, associations=[])["id"]
    merge(hubspot, ours, theirs)
    assert reconciled(hubspot) == {"merged": 1}
    deliver(hubspot, name="new")
    assert record_id(hubspot, "contacts", "p1") == theirs
    assert {each["lastname"] for each in hubspot.held("contacts").values()} == {"new"}
    assert (hubspot.plan(), reconciled(hubspot)) == ({}, {})


@pytest.mark.parametrize("leads_on", [True, False])
def test_two_of_ours_that_people_merged_never_become_two_again(
    hubspot: HubSpotWorld, leads_on: bool
) -> None:
    hubspot.sandbox.account.switches.change({"merged_ids_lead_on": leads_on})
    deliver(hubspot)
    merge(hubspot, record_id(hubspot, "contacts", "p1"), record_id(hubspot, "contacts", "p2"))
    deliver(hubspot, name="new")
    assert hubspot.held("contacts").keys() == {"p2", "p3"}
    [waiting] = [row for row in queries.history(hubspot.world.ledger, "contacts") if row["message"]]
    assert "p2 and p1 are the same" in waiting["message"]


def merged_before(hubspot: HubSpotWorld, call: str) -> None:
    """Have people merge p1 into p2 right before the next call of this kind."""
    write = hubspot.world.crm.write

    def after_a_merge(object_name: str, writes: Sequence[Write], **named: Any) -> list[Outcome]:
        if object_name == "contacts" and writes[0].operation == call:
            hubspot.world.crm.write = write  # type: ignore[method-assign]
            loser, winner = (record_id(hubspot, "contacts", key) for key in ("p1", "p2"))
            merge(hubspot, loser, winner)
        return write(object_name, writes, **named)

    hubspot.world.crm.write = after_a_merge  # type: ignore[method-assign]


@pytest.mark.parametrize("leads_on", [True, False])
def test_what_people_merged_into_another_before_it_is_archived_leaves_the_other(
    hubspot: HubSpotWorld, leads_on: bool
) -> None:
    hubspot.sandbox.account.switches.change({"merged_ids_lead_on": leads_on})
    deliver(hubspot)
    hubspot.world.desire("contacts", person(2, company_id="c1"), person(3, company_id="c1"))
    merged_before(hubspot, "archive")
    hubspot.apply()
    assert hubspot.held("contacts").keys() == {"p2", "p3"}
    assert hubspot.plan() == {}


def test_what_was_written_by_an_id_that_leads_to_another_is_not_taken_for_ours(
    hubspot: HubSpotWorld,
) -> None:
    deliver(hubspot)
    ours = record_id(hubspot, "contacts", "p1")
    merged_before(hubspot, "update")
    deliver(hubspot, name="new")
    [row] = queries.errors(hubspot.world.ledger, "contacts", key="p1")
    assert row["error_code"] == "gone"
    ids = hubspot.world.ledger.remote_ids("contacts", ["p1", "p2"])
    assert ids == {"p2": record_id(hubspot, "contacts", "p2")}
    assert ours not in hubspot.sandbox.account.table("contacts").records


def test_a_record_that_people_restored_from_the_bin_is_ours_again(hubspot: HubSpotWorld) -> None:
    deliver(hubspot)
    table = hubspot.sandbox.account.table("contacts")
    record = table.records[record_id(hubspot, "contacts", "p1")]
    table.archive(record, 0)
    assert reconciled(hubspot) == {"missing": 1}
    deliver(hubspot, name="new")
    assert hubspot.held("contacts").keys() == {"p2", "p3"}
    record.archived_at = None
    table.touch(record, 0)
    table.rebuild()
    assert reconciled(hubspot) == {"restored": 1}
    hubspot.apply()
    assert hubspot.held("contacts")["p1"]["lastname"] == "new"
    assert len(table.by_change) == 3


def test_a_reading_of_hubspot_goes_on_by_its_own_place(
    hubspot: HubSpotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reverse_etl.reconciliation.reading.RECORDS_AT_ONCE", 100)
    hubspot.world.desire("companies")
    hubspot.world.desire("contacts", *(person(n, company_id=None) for n in range(250)))
    hubspot.apply()
    world = hubspot.world
    with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
        stopped = reconciliation.reconcile(CONTACTS, hubspot.world.crm, lambda: True)
        assert not stopped.is_done
        reads = hubspot.sandbox.account.reads
        result = reconciliation.reconcile(CONTACTS, hubspot.world.crm)
    assert (result.records, any(result.kinds.values())) == (250, False)
    # of two pages, and of the companies of each
    assert hubspot.sandbox.account.reads - reads == 4


def test_an_undo_takes_back_fields_links_and_records(hubspot: HubSpotWorld) -> None:
    desire(hubspot, person(1), person(2))
    created = [applied.run.run_id for applied in hubspot.apply()]
    before, employers = hubspot.held("contacts"), hubspot.companies_of("p1")
    written = [column.field for column in CONTACTS.columns if not column.links_to]
    before = {key: {name: each[name] for name in written} for key, each in before.items()}
    moved = person(1, name="new", open_tickets=9, company_id="c4")
    desire(hubspot, moved, person(2), person(3))
    [changed] = [each.run.run_id for each in hubspot.apply() if each.tally.requests]
    assert hubspot.companies_of("p1") == {"c4"}

    [applied], left = undone(hubspot.world, changed)
    assert (applied.tally.restored, applied.tally.withdrawn, left) == (1, 1, set())
    held = hubspot.held("contacts")
    assert {key: {name: each[name] for name in written} for key, each in held.items()} == before
    assert hubspot.companies_of("p1") == employers
    assert hubspot.plan() == {}

    runs = [*created, changed, applied.run.run_id]
    _, left = undone(hubspot.world, *runs)
    assert left == set()
    assert (hubspot.held("contacts"), hubspot.held("companies")) == ({}, {})
    assert hubspot.plan() == {}
