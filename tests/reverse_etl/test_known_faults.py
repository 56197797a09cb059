"""The faults that tools of this kind are known for, each as a test that would find it here.

docs/explanation/known-faults.md lists them all, with those that other tests look for.
Where it matters what a server sees, there is a server: the HubSpot sandbox, or a home-made CRM.
"""

import dataclasses
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.connections import connect
from crm.runtime import Runtime
from reverse_etl import queries
from reverse_etl.engine import Applied, Selection, exit_code
from reverse_etl.errors import ExitCode
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import delivery_values
from reverse_etl.syncs import Column, Guard, Limit
from sandbox.faults import Fault as Step
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.messages import Answer, Request
from sandbox.serving import _Connection, serving
from tests.connections import configure
from tests.crm.faults import Fault, Proxy
from tests.crm.homemade import Envelope, HomeMade, Reference
from tests.crm.suite import PROFILES, Clock

NewWorld = Callable[..., TestWorld]
Spoilt = Literal["", "before", "after"]

CONTACTS = make_sync(
    "contacts",
    destination="hubspot",
    guard=Guard(Limit(1, 10_000), Limit(1, 10_000), Limit(1, 10_000)),
    columns=(
        Column("person_id", "tongke_id", "varchar", ""),
        Column("name", "lastname", "varchar", ""),
        Column("email", "email", "varchar", ""),
    ),
)
COMPANIES = make_sync(
    "companies",
    columns=(
        Column("company_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
        Column("notes", "notes", "varchar", ""),
    ),
)


class Watched:
    """A sandbox of HubSpot that says when requests came, and how often each record was written."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.account = self.sandbox.account
        self.account.table("contacts").add_property(Property("tongke_id", "ours", is_unique=True))
        self.account.switches.change({"burst": 10**6, "search_per_second": 10**6})
        self.arrived: list[tuple[float, str, int]] = []
        """When, what for, and the status of the answer."""
        self.applied: Counter[str] = Counter()
        self.spoils: Callable[[int], Spoilt] = lambda _number: ""
        """What becomes of the request of that number."""

    def __call__(self, request: Request) -> Answer:
        at = time.monotonic()
        spoilt = self.spoils(len(self.arrived) + 1)
        error = Answer(500, {"status": "error", "message": "as planned"})
        answer = error if spoilt == "before" else self.sandbox(request)
        if request.path.endswith(("/batch/upsert", "/batch/update")) and answer.status < 300:
            self.applied.update(each["properties"]["tongke_id"] for each in answer.data["results"])
        if spoilt == "after":
            answer = error
        self.arrived.append((at, request.path, answer.status))
        return answer

    def requests(self, what: str = "") -> int:
        """How many requests came for that."""
        return sum(what in path for _, path, _ in self.arrived)

    def keys(self) -> set[str]:
        """The records that are there, by our key; asserts that none is doubled."""
        records = self.account.table("contacts").by_change.values()
        keys = {each.properties["tongke_id"] for each in records}
        assert len(keys) == len(records)
        return keys


@dataclasses.dataclass
class Synced:
    """A world of one sync, whose CRM is behind HTTP."""

    world: TestWorld

    def apply(self, **options: Any) -> Applied:
        [applied] = self.world.apply(**options)
        return applied


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def hubspot(
    watched: Watched, new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Synced]]:
    with serving(watched) as url:

        def new(*, runtime: Runtime | None = None, **given: str) -> Synced:
            common = {"kind": "hubspot", "base_url": url, "read_lag": "0"}
            secret = {"access_token": watched.account.tokens.private}
            configure(monkeypatch.setenv, "hubspot", **common | secret | given)
            # time passes by sleeping, so that a test of waits doesn't wait
            crm = connect("hubspot", runtime=runtime or Clock().runtime())
            return Synced(new_world(syncs=[CONTACTS], crm=crm, new_executor=ThreadPoolExecutor))

        yield new


# -- what is sent -------------------------------------------------------------------------------


def test_a_change_is_seen_though_its_time_of_change_stands_still(new_world: NewWorld) -> None:
    """Elsewhere a cursor on `updated_at` never sees a row that was changed without moving it."""
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
        Column("updated_at", "updated_at", "timestamp", ""),
    )
    world = new_world(syncs=[make_sync(columns=columns)])
    at = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    world.desire("people", *(person(number, updated_at=at) for number in range(5)))
    world.apply()
    changed = [person(n, updated_at=at, name="new" if n == 3 else f"张三{n}") for n in range(5)]
    world.desire("people", *changed)
    assert world.plan() == {("people", "p3"): ("update", ("name",))}


def test_records_travel_in_the_apis_largest_batches_and_unchanged_ones_not_at_all(
    watched: Watched, hubspot: Callable[..., Synced]
) -> None:
    """Elsewhere each record is a request of its own, or two, and a second run sends all again."""
    synced = hubspot()
    synced.world.desire("contacts", *(person(number) for number in range(1_000)))
    assert synced.apply().tally.created == 1_000
    assert watched.requests("/batch/upsert") == 10
    before = len(watched.arrived)
    assert synced.apply().status == "done"
    assert len(watched.arrived) == before
    synced.world.desire("contacts", *(person(n, name=f"{n % 100}") for n in range(1_000)))
    synced.apply()
    assert watched.requests("/batch/update") == 10
    assert watched.applied == Counter({f"p{number}": 2 for number in range(1_000)})


def test_connections_are_kept(
    watched: Watched, hubspot: Callable[..., Synced], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere each batch opens a connection and reads all certificates for it."""
    opened = []
    made = _Connection.connection_made

    def counted(self: _Connection, transport: Any) -> None:
        opened.append(transport)
        made(self, transport)

    monkeypatch.setattr(_Connection, "connection_made", counted)
    synced = hubspot(rate__in_flight="3")
    synced.world.desire("contacts", *(person(number) for number in range(3_000)))
    synced.apply()
    assert len(watched.arrived) > 30
    assert len(opened) <= 3


# -- what the CRM answers -----------------------------------------------------------------------


def test_nobody_asks_before_retry_after_is_over(
    watched: Watched, hubspot: Callable[..., Synced]
) -> None:
    """Elsewhere a 429 is followed by a fixed pause, whatever the CRM asked for."""
    pause = 0.3
    # one at a time: what is under way when a 429 comes can't be called back
    synced = hubspot(runtime=Runtime(), rate__in_flight="1")
    watched.sandbox.faults.add(
        [
            Step("busy", on="read", retry_after=pause),
            Step("busy", on="batch/upsert", times=2, retry_after=pause),
        ]
    )
    synced.world.desire("contacts", *(person(number) for number in range(250)))
    assert synced.apply().status == "done"
    refused = [at for at, _, status in watched.arrived if status == 429]
    assert len(refused) == 3
    for moment in refused:
        assert not [at for at, _, _ in watched.arrived if moment < at < moment + pause]


@pytest.mark.parametrize("spoilt", ["before", "after"])
def test_every_tenth_request_may_fail(
    watched: Watched, hubspot: Callable[..., Synced], spoilt: Spoilt
) -> None:
    """Elsewhere a write that was carried out and then answered 500 is carried out twice."""
    synced = hubspot()
    watched.spoils = lambda number: spoilt if number % 10 == 0 else ""
    synced.world.desire("contacts", *(person(number) for number in range(2_500)))
    applied = synced.apply()
    assert (applied.status, applied.tally.created) == ("done", 2_500)
    assert watched.applied == Counter(watched.keys()) == Counter(f"p{n}" for n in range(2_500))
    # and nothing of a finished run stays pending
    assert synced.world.ledger.unsettled("contacts") == []
    [status] = queries.status(synced.world.ledger)
    assert (status["status"], status["unknown"], status["records"]) == ("done", 0, 2_500)


@contextmanager
def homemade(server: HomeMade) -> Iterator[Proxy]:
    proxy = Proxy(server.url)
    try:
        yield proxy
    finally:
        proxy.close()
        server.close()


@pytest.fixture
def selfbuilt(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[HomeMade], tuple[Synced, Proxy]]]:
    with ExitStack() as stack:

        def new(server: HomeMade) -> tuple[Synced, Proxy]:
            proxy = stack.enter_context(homemade(server))
            name = type(server).__name__.lower()
            given = {
                "kind": "selfbuilt",
                "profile": str(PROFILES / f"{name}.yml"),
                "base_url": proxy.url,
                "client_id": "tongke",
                "client_secret": "a-secret-of-one-test",
                "username": "tongke",
                "password": "a-secret-of-one-test",
            }
            configure(monkeypatch.setenv, "selfbuilt", **given)
            crm = connect("selfbuilt", runtime=Clock().runtime())
            return Synced(new_world(syncs=[COMPANIES], crm=crm)), proxy

        yield new


def company(number: int, **fields: Any) -> dict[str, Any]:
    return {"company_id": f"c{number}", "name": f"公司{number}"} | fields


def test_where_nothing_stops_a_double_a_write_of_unknown_outcome_is_done_once(
    selfbuilt: Callable[[HomeMade], tuple[Synced, Proxy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere a keyed upsert hides that it was sent twice; a CRM without one then holds two."""
    added: Counter[str] = Counter()
    server = Envelope()
    put = server._put

    def counted(table: Any, entity: dict[str, Any], key: str | None = None) -> None:
        added[entity["external_id"]] += 1
        put(table, entity, key)

    monkeypatch.setattr(server, "_put", counted)
    synced, proxy = selfbuilt(server)
    numbers = iter(range(1, 10**6))
    proxy.inject(
        Fault(
            "answer_after",
            500,
            hits=lambda _method, path: path.endswith("/add") and next(numbers) % 4 == 0,
            times=5,
        )
    )
    synced.world.desire("companies", *(company(number) for number in range(20)))
    applied = synced.apply()
    assert (applied.status, applied.tally.created) == ("done", 20)
    assert added == Counter(f"c{number}" for number in range(20))


@pytest.mark.parametrize("made", [Envelope, Reference])
def test_an_answer_200_full_of_errors_is_no_success(
    selfbuilt: Callable[[HomeMade], tuple[Synced, Proxy]],
    made: type[HomeMade],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere HTTP 200 counts as success, whatever the body says of the records."""
    server = made()
    synced, _ = selfbuilt(server)
    # what the CRM says of its fields would be held, not sent
    monkeypatch.setattr(type(synced.world.crm), "describe", lambda _crm, _object: [])
    bad = {2, 11, 12, 23}
    synced.world.desire(
        "companies", *(company(n, name="长" * 101 if n in bad else "短") for n in range(24))
    )
    applied = synced.apply()
    assert (applied.status, exit_code([applied])) == ("partial", ExitCode.PARTLY)
    waiting = queries.errors(synced.world.ledger, "companies")
    assert {row["key"] for row in waiting} == {f"c{number}" for number in bad}
    # what is reported is what the CRM holds, not what was meant
    assert applied.tally.created == len(server.tables["companies"].rows) == 20


# -- the queue ----------------------------------------------------------------------------------


EVERY_TYPE = (
    ("varchar", "张三 𠮷 'quoted' \\ \n"),
    ("decimal(38,10)", Decimal("1234567890123456789012345678.0123456789")),
    ("timestamp", datetime(2026, 1, 2, 3, 4, 5, 6, UTC).replace(tzinfo=None)),
    ("timestamptz", datetime(2026, 1, 2, 3, 4, 5, 6, UTC)),
    ("date", date(1980, 2, 29)),
    ("uuid", UUID("0192f0c1-2345-7abc-8def-0123456789ab")),
    ("blob", b"\x00\xff"),
    ("varchar[]", ["a", "贝"]),
    ("struct(x integer, y decimal(9,2))", {"x": 1, "y": Decimal("2.50")}),
    ("double", float("nan")),
    ("double", 0.1),
    ("hugeint", 2**100),
    ("boolean", True),
)


def test_every_type_survives_the_queue(new_world: NewWorld) -> None:
    """Elsewhere a DECIMAL or a TIMESTAMP can't be written to the queue, and its record is lost."""
    columns = tuple(
        Column(f"column_{number}", f"field_{number}", type_, "")
        for number, (type_, _) in enumerate(EVERY_TYPE)
    )
    sync = make_sync(columns=(Column("person_id", "external_id", "varchar", ""), *columns))
    world = new_world(syncs=[sync])
    row = {f"column_{number}": value for number, (_, value) in enumerate(EVERY_TYPE)}
    world.desire("people", {"person_id": "p1", **row})
    world.crm.refuses = lambda _write: "closed on Mondays"
    world.apply()
    [[refused]] = world.crm.writes[:1]
    assert len(refused.fields) == len(EVERY_TYPE), "all but NaN, and the key"
    [waiting] = queries.errors(world.ledger)
    with world.ledger.reading() as connection:
        query = select(delivery_values.c.payload).where(
            delivery_values.c.delivery_id == waiting["delivery_id"]
        )
        assert orjson.loads(connection.execute(query).scalar_one()) == refused.fields
    world.crm.refuses = lambda _write: None
    world.apply(selection=Selection(["p1"], forced=True))
    assert world.crm.held("people")["p1"] == refused.fields


def refusing(*bad: int, **settings: Any) -> MemoryCrm:
    keys = {f"p{number}" for number in bad}
    return MemoryCrm("per_record", refuses=lambda w: "no" if w.key in keys else None, **settings)


def test_a_queue_that_cannot_be_written_fails_the_run(new_world: NewWorld) -> None:
    """Elsewhere a failed write to the queue is logged, the run is green, and the rows are gone."""
    world = new_world(crm=refusing(1, 2))
    world.desire("people", *(person(number, mobile="secret") for number in range(3)))
    _change_ledger(
        world,
        "create trigger full before insert on rejects "
        "begin select raise(abort, 'the disk is full'); end",
    )
    with pytest.raises(SQLAlchemyError, match="the disk is full") as error:
        world.apply()
    assert "secret" not in str(error.value)
    assert queries.status(world.ledger)[0]["status"] == "failed"
    _change_ledger(world, "drop trigger full")
    [applied] = world.apply()
    assert {row["key"] for row in queries.errors(world.ledger)} == {"p1", "p2"}
    assert applied.status == "partial"
    assert set(world.crm.held("people")) == {"p0"}


def test_the_queue_is_written_with_each_batch_and_not_at_the_end(new_world: NewWorld) -> None:
    """Elsewhere rejected rows wait in memory until the run ends, and a kill takes them along."""
    world = new_world(crm=refusing(1, 2, max_batch=3))
    world.desire("people", *(person(number) for number in range(12)))
    world.apply_and_die(settled=1)
    world.ledger.close()
    reopened = Ledger(world.ledger.path, world.world)
    assert {row["key"] for row in queries.errors(reopened)} == {"p1", "p2"}
    reopened.close()


# -- breaking off -------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    order=st.permutations(range(13)),
    stops=st.lists(st.integers(0, 12), max_size=3),
    faults=st.lists(st.sampled_from(["", "retry", "before", "after", "cut"]), max_size=4),
)
@example(order=range(13), stops=[0, 1, 2, 3], faults=[])
def test_a_stop_at_any_point_with_rows_in_any_order_loses_nothing(
    order: Sequence[int], stops: Sequence[int], faults: list[str]
) -> None:
    """Elsewhere a graceful stop keeps the largest cursor seen, and smaller rows never go out."""
    with tempfile.TemporaryDirectory() as folder:
        world = TestWorld(Path(folder), crm=MemoryCrm(faults=list(faults)))
        try:
            world.desire("people", *(person(number) for number in order))
            for stop in stops:
                asked = iter(range(stop))
                engine = dataclasses.replace(
                    world.engine, is_stopping=lambda asked=asked: next(asked, None) is None
                )
                [applied] = engine.apply(world.syncs)
                assert exit_code([applied]) in {ExitCode.DONE, ExitCode.PARTLY}
                assert world.ledger.unsettled("people") == []
                there = set(world.crm.held("people"))
                left = {key for _, key in world.plan()}
                assert (there | left, there & left) == ({f"p{n}" for n in order}, set())
            [applied] = world.apply()
            assert applied.status == "done"
            assert set(world.crm.held("people")) == {f"p{number}" for number in order}
            assert len(world.crm.objects["people"]) == len(order)
        finally:
            world.ledger.close()


def _change_ledger(world: TestWorld, statement: str) -> None:
    with world.ledger.writing() as connection:
        connection.exec_driver_sql(statement)
