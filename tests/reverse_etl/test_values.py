"""Where values go, and where they don't: exact through the queue, absent from logs and facts."""

import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import orjson
import pytest
from sqlalchemy.exc import IntegrityError
from worlds import MemoryCrm, TestWorld, make_sync

from crm.errors import FatalError, RetryableError
from crm.protocol import RemoteRecord, Write
from reverse_etl import queries
from reverse_etl.engine import Selection, exit_code
from reverse_etl.errors import LedgerError
from reverse_etl.ledger import schema
from reverse_etl.syncs import Column

NewWorld = Callable[..., TestWorld]
Command = Callable[..., tuple[int, str, str]]

EVERY_TYPE: dict[str, tuple[str, Any]] = {
    "cents": ("decimal(38,2)", Decimal("123456789012345678901234567890.12")),
    "fraction": ("decimal(38,37)", Decimal("-0.0000000000000000000000000000000000001")),
    "at": ("timestamp", datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC).replace(tzinfo=None)),
    "zoned": ("timestamptz", datetime(2026, 1, 2, 8, tzinfo=timezone(timedelta(hours=8)))),
    "born": ("date", date(1899, 12, 31)),
    "opens": ("time", time(23, 59, 59, 999_999)),
    "token": ("uuid", UUID("00000000-0000-4000-8000-00000000000f")),
    "raw": ("blob", b"\x00\xff'\""),
    "huge": ("hugeint", 2**126 + 1),
    "big": ("bigint", 2**63 - 1),
    "flag": ("boolean", False),
    "tags": ("varchar[]", ["a", "贝", None, '"']),
    "nested": ("struct(a integer, b varchar[])", {"a": 1, "b": ["x"]}),
    "pairs": ("map(varchar, decimal(18,2))", {"k": Decimal("1.10")}),
    "mood": ("enum('good', 'it''s so')", "it's so"),
    "lasts": ("interval", timedelta(days=40, microseconds=1)),
    "ratio": ("double", 0.1),
    "nan": ("double", float("nan")),
    "infinite": ("double", float("-inf")),
    "empty": ("varchar", ""),
    "nothing": ("varchar", None),
    "long": ("varchar", "𠮷👨‍👩‍👧\n\t\\'\"%/" * 50),
}


def test_every_type_comes_out_of_the_queue_as_it_went_in(new_world: NewWorld) -> None:
    columns = [Column("person_id", "external_id", "varchar", "")]
    columns += [Column(name, name, data_type, "") for name, (data_type, _) in EVERY_TYPE.items()]
    crm = MemoryCrm(refuses=lambda _write: "closed on Mondays")
    world = new_world(syncs=[make_sync(columns=tuple(columns))], crm=crm)
    world.desire("people", {"person_id": "p1"} | {n: v for n, (_, v) in EVERY_TYPE.items()})
    world.apply()
    [[first]] = crm.writes
    crm.refuses = lambda _write: None
    [applied] = world.apply(selection=Selection(["p1"], forced=True))
    assert applied.tally.created == 1
    [_, [again]] = crm.writes
    assert as_bytes(again.fields) == as_bytes(first.fields)

    # neither JSON nor a CRM has a NaN, an infinity, or an empty text that isn't nothing
    assert set(EVERY_TYPE) - set(first.fields) == {"nan", "infinite", "empty", "nothing"}
    assert first.fields["cents"] == "123456789012345678901234567890.12"
    assert first.fields["fraction"] == "-0.0000000000000000000000000000000000001"
    assert first.fields["huge"] == str(2**126 + 1)
    assert first.fields["big"] == 2**63 - 1
    assert first.fields["long"] == EVERY_TYPE["long"][1]
    with duckdb.connect() as connection:
        for name in ("cents", "fraction", "born", "opens", "token", "huge", "mood", "lasts"):
            data_type, value = EVERY_TYPE[name]
            [same] = connection.execute(
                f"select ?::varchar::{data_type} = ?::{data_type}", [first.fields[name], value]
            ).fetchall()
            assert same == (True,), name
    assert world.plan() == {}


def test_every_type_survives_a_crash_in_the_ledger(new_world: NewWorld) -> None:
    columns = [Column("person_id", "external_id", "varchar", "")]
    columns += [Column(name, name, data_type, "") for name, (data_type, _) in EVERY_TYPE.items()]
    world = new_world(syncs=[make_sync(columns=tuple(columns))])
    world.desire("people", {"person_id": "p1"} | {n: v for n, (_, v) in EVERY_TYPE.items()})
    world.apply_and_die()
    [[sent]] = world.crm.writes
    [intent] = world.ledger.unsettled("people")
    assert as_bytes(intent.attempts[0].payload) == as_bytes(sent.fields)
    world.apply()
    assert world.plan() == {}


def as_bytes(fields: Mapping[str, Any]) -> bytes:
    """The fields as they travel, whatever their order."""
    return orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)


@contextmanager
def full_disk(world: TestWorld) -> Iterator[None]:
    """No file of this process may grow beyond what the ledger has now."""
    world.ledger.close()
    sizes = [path.stat().st_size for path in world.ledger.path.parent.iterdir()]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max([4096, *sizes]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def person(number: int, **fields: Any) -> dict[str, Any]:
    values = {"name": f"canary-name-{number}", "mobile": f"canary-mobile-{number}" * 100}
    return {"person_id": f"p{number}", "amount": Decimal(1)} | values | fields


def test_a_queue_that_cannot_be_written_fails_the_run_and_loses_nothing(
    new_world: NewWorld, command: Command
) -> None:
    refused = {"p1"}
    crm = MemoryCrm(refuses=lambda w: "no" if w.key in refused else None, max_batch=50)
    world = new_world(crm=crm)
    world.desire("people", person(9))
    world.apply()
    world.desire("people", person(9), *(person(number, title="x" * 5000) for number in range(9)))
    with full_disk(world):
        code, out, err = command(world, "apply")
    assert code == 1
    said = " ".join((out + err).split())
    assert "ledger.sqlite: disk I/O error. Nothing is sent that it doesn't hold" in said
    assert "is the disk full" in said
    assert "Traceback" not in out + err
    assert "canary" not in out + err

    # the command ran in this process, which lives: one that has ended leaves a dead one's lease
    with closing(sqlite3.connect(world.ledger.path)) as ledger, ledger:
        ledger.execute("delete from leases")
    assert command(world, "apply")[0] == 3, "the disk has room again"
    assert set(crm.held("people")) == {f"p{number}" for number in (0, *range(2, 10))}
    assert [row["key"] for row in queries.errors(world.ledger)] == ["p1"]


def test_an_outcome_that_cannot_be_written_down_is_found_out_by_the_next_run(
    new_world: NewWorld,
) -> None:
    world = new_world()
    world.desire("people", person(1), person(2))
    write = world.ledger.write

    def failing(*args: Any, **named: Any) -> None:
        if named.get("settled"):
            raise LedgerError("database or disk is full")
        write(*args, **named)

    world.ledger.write = failing  # type: ignore[method-assign]  # full from here on
    [applied] = world.apply()
    assert exit_code([applied]) == 1
    assert applied.problem == "database or disk is full"
    world.ledger.write = write  # type: ignore[method-assign]
    [applied] = world.apply()
    assert (applied.recovered, applied.status) == (2, "done")
    assert len(world.crm.objects["people"]) == 2


def test_no_value_is_ever_told(
    new_world: NewWorld, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    """Rejects that quote, faults, a crash, a refusal, a broken ledger: only the queue may quote."""

    def refuses(write: Write) -> str | None:
        return f"{write.fields.get('name')} is no name" if write.key == "p2" else None

    crm = MemoryCrm(refuses=refuses, faults=["", "after", "cut", "retry", "before"])
    world = new_world(crm=crm)
    told: list[str] = []

    def run(*words: str) -> None:
        told.extend(map(str, command(world, *words)))

    caplog.set_level(0)
    world.desire("people", *(person(number) for number in range(9)))
    run("apply")
    run("apply", "--format", "json")
    world.desire("people", *(person(number, name=f"canary-new-{number}") for number in range(9)))
    world.apply_and_die()

    # an outcome that nobody knows, and a CRM that can't be asked
    find, crm.faults = crm.find, ["", "after"]

    def down(*_arguments: object) -> list[RemoteRecord]:
        raise RetryableError("503")

    crm.find = down  # type: ignore[method-assign]  # the CRM is down
    run("apply")
    crm.find = find  # type: ignore[method-assign]

    def refused(*_args: object, **_named: object) -> Any:
        raise FatalError("HTTP 403")

    write, crm.write = crm.write, refused  # type: ignore[method-assign]  # the refusal
    run("apply")
    crm.write = write  # type: ignore[method-assign]
    run("apply", "--plan", str(world.ledger.path))
    run("apply", "nobody")
    with full_disk(world):
        world.desire("people", *(person(number, name="canary" * 9999) for number in range(9)))
        run("apply")
    for words in (["status"], ["history"], ["history", "--key", "p2"], ["list"]):
        run(*words)
        run(*words, "--format", "json")
    run("purge", "--older-than", "0h", "--preview")
    run("erase", "--key", "p1", "--preview")
    told += [record.getMessage() for record in caplog.records]
    assert "p2" in "".join(told), "keys may be told"
    assert "is the disk full" in " ".join(" ".join(told).split())
    assert [text for text in told if "canary" in text] == []

    assert "canary-name-2 is no name" in command(world, "errors", "--format", "json")[1]
    # what a fault of ours in a statement would say, with its values
    row = {"delivery_id": 1, "payload": "canary"}
    with pytest.raises(IntegrityError) as broken, world.ledger.writing() as connection:
        connection.execute(schema.delivery_values.insert(), [row, row])
    assert "canary" not in str(broken.value)

    assert holding_values(world) <= {
        *("delivery_values.payload", "delivery_values.before", "delivery_values.message"),
        *("intents.attempts", "records.sent", "records.observed"),
    }


def holding_values(world: TestWorld) -> set[str]:
    """The columns of the ledger in which a value stands."""
    with world.ledger.reading() as connection:
        return {
            f"{table.name}.{name}"
            for table in schema.metadata.sorted_tables
            for row in connection.execute(table.select())
            for name, value in row._mapping.items()
            if "canary" in str(value)
        }
