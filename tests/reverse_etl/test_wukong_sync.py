"""Syncs of companies and their contacts to a sandbox of 悟空, through the engine, over HTTP.

Its searches lag behind its writes by seconds that pass only when somebody sleeps.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from undoings import undone
from worlds import TestClock, TestWorld, make_sync

from crm.connections import connect
from crm.runtime import Runtime
from crm.wukong.writer import Writer
from reverse_etl import queries
from reverse_etl.engine import exit_code
from reverse_etl.reconciliation.reconcile import reconciling
from reverse_etl.syncs import Column
from sandbox.faults import Fault
from sandbox.serving import serving
from sandbox.wukong.api import Wukong as Sandbox
from sandbox.wukong.fields import BOOLEAN, DATETIME, DECIMAL, Field
from tests.connections import configure

LAG = 3.0
"""Seconds after which a search sees a write; the connection is told of 5."""

COMPANIES = make_sync(
    "customers",
    destination="wukong",
    object="customer",
    on_missing="delete",
    columns=(
        Column("company_id", "field_key", "varchar", ""),
        Column("name", "customerName", "varchar", ""),
    ),
)
CONTACTS = make_sync(
    "contacts",
    destination="wukong",
    after=("customers",),
    on_missing="delete",
    columns=(
        Column("person_id", "field_key", "varchar", ""),
        Column("company_id", "customerId", "varchar", "", links_to="customers", required_link=True),
        Column("name", "name", "varchar", ""),
        Column("mobile", "mobile", "varchar", ""),
        Column("lifetime_value", "field_value", "decimal(18,2)", ""),
        Column("last_seen_at", "field_seen", "timestamp", ""),
        Column("is_customer", "field_is", "boolean", ""),
    ),
)


class SharedClock(TestClock):
    """The engine's, the connection's and the sandbox's."""

    def seconds(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        # it counts microseconds: whoever waits for less would wait for ever
        super().sleep(max(seconds, 1e-5))


class WukongWorld:
    """A warehouse, a ledger and a sandbox behind real HTTP, which share one clock."""

    def __init__(self, world: TestWorld, sandbox: Sandbox) -> None:
        self.world = world
        self.sandbox = sandbox
        self.apply = world.apply
        self.plan = world.plan

    def held(self, name: str) -> dict[str, dict[str, Any]]:
        records = self.sandbox.account.module(name).records.values()
        keyed = {each["field_key"]: each for each in records}
        assert len(keyed) == len(records)
        return keyed

    def desire(self, people: int, **fields: Any) -> None:
        """Five companies, and so many people who work there."""
        rows = [{"company_id": f"c{n}", "name": f"公司 {n}"} for n in range(5)]
        self.world.desire("customers", *rows)
        self.world.desire("contacts", *(person(number, **fields) for number in range(people)))

    def switch(self, **switches: Any) -> None:
        self.sandbox.account.switches.change(switches)

    def fault(self, **fault: Any) -> None:
        self.sandbox.faults.add([Fault(**fault)])


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "person_id": f"p{number}",
        "company_id": f"c{number % 5}",
        "name": f"张三{number}",
        "mobile": f"138{number:08d}",
        "lifetime_value": Decimal("1234567890.10"),
        "last_seen_at": datetime(2026, 1, 2, 3, 4, 5, 678_000),  # noqa: DTZ001 - as DuckDB has it
        "is_customer": number % 2 == 0,
    } | fields


@pytest.fixture
def clock() -> SharedClock:
    return SharedClock()


@pytest.fixture
def sandbox(clock: SharedClock) -> Sandbox:
    made = Sandbox(clock=clock.seconds)
    key = Field(1, "field_key", "通客编号", is_unique=True)
    for name in ("customer", "contacts"):
        made.account.module(name).fields["field_key"] = key
    for number, (name, type_) in enumerate(
        [("field_value", DECIMAL), ("field_seen", DATETIME), ("field_is", BOOLEAN)], 2
    ):
        made.account.module("contacts").fields[name] = Field(number, name, name, type_)
    # nothing but our care keeps a key from being there twice
    made.account.switches.change({"index_lag": LAG, "unique_sees": "index"})
    return made


@pytest.fixture
def wukong(
    sandbox: Sandbox,
    clock: SharedClock,
    new_world: Callable[..., TestWorld],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[WukongWorld]:
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path / "quota"))
    with serving(sandbox) as url:
        settings = {"kind": "wukong", "base_url": url, **sandbox.ways_in}
        configure(monkeypatch.setenv, "wukong", **settings)
        runtime = Runtime(
            now=clock.seconds,
            monotonic=clock.seconds,
            sleep=clock.sleep,
            chance=lambda: 0.5,
        )
        crm = connect("wukong", runtime=runtime, shared=False)
        world = new_world(syncs=[COMPANIES, CONTACTS], clock=clock, crm=crm)
        yield WukongWorld(world, sandbox)


def test_companies_and_their_contacts_arrive_linked_and_a_second_plan_is_empty(
    wukong: WukongWorld,
) -> None:
    wukong.desire(30)
    companies, contacts = wukong.apply()
    assert (companies.tally.created, contacts.tally.created) == (5, 30)
    assert exit_code([companies, contacts]) == 0
    held = wukong.held("contacts")["p7"]
    assert held["customerId"] == wukong.held("customer")["c2"]["customerId"]
    assert held["field_value"] == "1234567890.10"
    assert (held["field_seen"], held["field_is"]) == ("2026-01-02 11:04:05", 0)
    assert wukong.plan() == {}


def test_what_changes_is_sent_and_what_people_typed_beside_it_stays(wukong: WukongWorld) -> None:
    wukong.desire(3)
    wukong.apply()
    for record in wukong.sandbox.account.module("contacts").records.values():
        record["post"] = "经理"
    wukong.desire(3, mobile=None, company_id="c4")
    assert wukong.plan() == {
        ("contacts", f"p{n}"): ("update", ("customerId", "mobile")) for n in range(3)
    }
    wukong.apply()
    held = wukong.held("contacts")["p1"]
    assert (held["mobile"], held["post"], held["field_value"]) == (None, "经理", "1234567890.10")
    assert held["customerId"] == wukong.held("customer")["c4"]["customerId"]
    assert wukong.plan() == {}


READS = ("/queryPageList", "/queryById")
FAULTS: list[dict[str, Any]] = [
    {"fault": "error", "status": 500},
    {"fault": "error_after", "status": 500},
    {"fault": "error", "status": 502},
    {"fault": "error_after", "status": 502},
    {"fault": "cut"},
    {"fault": "cut_after"},
    {"fault": "short"},
    {"fault": "busy"},
    {"fault": "expire_token"},
    {"fault": "expire_token", "times": 3},
]


CASES = [(fault, "/add") for fault in FAULTS]
CASES += [({"fault": kind}, address) for kind in ("cut", "short") for address in READS]


@pytest.mark.parametrize(("fault", "address"), CASES, ids=str)
def test_no_fault_loses_or_doubles_a_record(
    wukong: WukongWorld, fault: dict[str, Any], address: str
) -> None:
    wukong.desire(6)
    for module in ("crmCustomer", "crmContacts"):
        wukong.fault(**fault, on=f"{module}{address}")
    for applied in wukong.apply():
        assert applied.tally.is_whole
    # of a time that came back without its fraction nobody knows whether it was all we sent
    wukong.apply()
    assert len(wukong.held("customer")) == 5
    assert len(wukong.held("contacts")) == 6
    assert wukong.plan() == {}


@pytest.mark.parametrize(("step", "index_lag"), [("_pending", 3.0), ("collect", 8.0)])
def test_a_kill_before_the_new_id_is_known_doubles_nothing(
    wukong: WukongWorld, monkeypatch: pytest.MonkeyPatch, step: str, index_lag: float
) -> None:
    wukong.switch(index_lag=index_lag)
    wukong.desire(8)

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Writer, step, die)
        with pytest.raises(SystemExit):
            wukong.apply()
    assert wukong.held("customer")
    # the next start is at once, while searches see nothing of it yet
    assert wukong.sandbox.account.module("customer").indexed(wukong.sandbox.clock()) == []
    for _ in range(2):
        wukong.apply()
    assert (len(wukong.held("customer")), len(wukong.held("contacts"))) == (5, 8)
    assert wukong.plan() == {}


def test_an_index_that_is_behind_is_waited_for(wukong: WukongWorld) -> None:
    wukong.switch(index_lag=45.0)
    wukong.desire(4)
    companies, contacts = wukong.apply()
    assert (companies.tally.created, contacts.tally.created) == (5, 4)
    assert (len(wukong.held("customer")), len(wukong.held("contacts"))) == (5, 4)


def test_a_lost_answer_that_the_index_hides_longer_than_said_ends_in_one_record(
    wukong: WukongWorld,
) -> None:
    wukong.switch(index_lag=45.0, unique_sees="database")
    wukong.desire(0)
    wukong.fault(fault="cut_after", on="crmCustomer/add")
    (companies, _) = wukong.apply()
    assert companies.tally.created == 5
    assert len(wukong.held("customer")) == 5
    assert wukong.plan() == {}


def test_who_is_no_longer_wanted_is_deleted_for_good_after_what_hangs_on_it(
    wukong: WukongWorld,
) -> None:
    wukong.desire(5)
    wukong.apply()
    wukong.desire(5)
    del wukong.world.rows["customers"][4]
    del wukong.world.rows["contacts"][4]
    companies, contacts = wukong.apply()
    # 悟空 keeps a customer who has contacts
    assert (companies.tally.rejected, contacts.tally.deleted) == (1, 1)
    [waiting] = queries.errors(wukong.world.ledger, "customers")
    assert waiting["error_code"] == "2017"
    assert set(wukong.held("contacts")) == {"p0", "p1", "p2", "p3"}


def test_what_people_deleted_is_taken_note_of_and_not_doubled(wukong: WukongWorld) -> None:
    wukong.desire(3)
    wukong.apply()
    module = wukong.sandbox.account.module("contacts")
    module.remove(wukong.held("contacts")["p1"]["contactsId"], wukong.sandbox.clock())
    wukong.desire(3, name="李四")
    wukong.apply()
    held = wukong.held("contacts")
    assert {key: held[key]["name"] for key in ("p0", "p2")} == {"p0": "李四", "p2": "李四"}


def test_exactly_the_refused_records_wait_in_the_queue_with_their_field(
    wukong: WukongWorld,
) -> None:
    wukong.desire(6)
    wukong.world.rows["contacts"][2]["mobile"] = "no phone"
    _, contacts = wukong.apply()
    assert (contacts.tally.created, contacts.tally.rejected) == (5, 1)
    [waiting] = queries.errors(wukong.world.ledger, "contacts")
    assert (waiting["key"], waiting["error_code"], waiting["error_field"]) == (
        "p2",
        "2032",
        "mobile",
    )
    assert set(wukong.held("contacts")) == {"p0", "p1", "p3", "p4", "p5"}


def test_what_people_deleted_and_imported_is_told_and_never_doubled(wukong: WukongWorld) -> None:
    wukong.desire(6)
    wukong.apply()
    world, contacts = wukong.world, wukong.sandbox.account.module("contacts")
    ids = {each["field_key"]: number for number, each in contacts.records.items()}

    def told() -> dict[str, int]:
        with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
            result = reconciliation.reconcile(CONTACTS, wukong.world.crm)
        assert result.is_done
        return {kind: count for kind, count in result.kinds.items() if count}

    assert told() == {}
    values = {
        key: {name: contacts.records[number].get(name) for name in contacts.fields}
        for key, number in ids.items()
    }
    now = world.clock.now().timestamp()
    contacts.remove(ids["p1"], now)
    contacts.save(values["p2"] | {"name": "typed"}, ids["p2"], now, is_new=False)
    # p3 was deleted, and imported again with its key
    contacts.remove(ids["p3"], now)
    world.clock.sleep(2 * LAG)
    contacts.save(values["p3"], 999_999, world.clock.now().timestamp(), is_new=True)
    assert told() == {"changed": 1, "missing": 2}

    wukong.desire(6, name="new")
    wukong.apply()
    held = wukong.held("contacts")
    assert held.keys() == {"p0", "p2", "p3", "p4", "p5"}
    assert {each["name"] for each in held.values()} == {"new"}
    assert [row["key"] for row in queries.errors(world.ledger)] == ["p1"]


def test_an_undo_takes_back_fields_links_and_records(wukong: WukongWorld) -> None:
    wukong.desire(3)
    created = [applied.run.run_id for applied in wukong.apply()]
    written = [column.field for column in CONTACTS.columns]

    def shown() -> dict[str, dict[str, Any]]:
        held = wukong.held("contacts")
        return {key: {name: each[name] for name in written} for key, each in held.items()}

    before = shown()
    wukong.desire(4, name="李四", mobile=None, company_id="c4")
    [changed] = [each.run.run_id for each in wukong.apply() if each.tally.requests]
    [applied], left = undone(wukong.world, changed)
    assert (applied.tally.restored, applied.tally.withdrawn, left) == (3, 1, set())
    assert shown() == before
    assert wukong.plan() == {}

    # 悟空 keeps a customer who has contacts, so those go first
    runs = [*created, changed, applied.run.run_id]
    _, left = undone(wukong.world, *runs)
    assert left == set()
    assert (wukong.held("contacts"), wukong.held("customer")) == ({}, {})
    assert wukong.plan() == {}
