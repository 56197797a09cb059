"""A small world for the engine: a CRM in memory with faults, a warehouse, a ledger, a clock."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from crm.errors import RetryableError, UnknownOutcomeError
from crm.protocol import (
    Capabilities,
    Crm,
    Field,
    Gone,
    LengthUnit,
    NotWritten,
    Operation,
    Outcome,
    Pending,
    Rejected,
    RemoteRecord,
    Value,
    Write,
    Written,
)
from reverse_etl.clock import World
from reverse_etl.engine import Engine
from reverse_etl.ledger import Ledger
from reverse_etl.syncs import Column, Guard, Limit, Sync


class TestClock:
    """Time that passes only when somebody sleeps."""

    __test__ = False

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Killed(BaseException):
    """Ends the process at this point."""


class HereAndNow(Executor):
    """Runs what it is given at once, in this thread."""

    def __init__(self, _workers: int = 1) -> None:
        pass

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class MemoryCrm:
    """A CRM in memory: unique keys, a rule that rejects, atomic or per-record batches, faults."""

    batch: str = "atomic"
    max_batch: int = 3
    refuses: Callable[[Write], str | None] = lambda _write: None
    normalises: Callable[[str, Value], Value] = lambda _field, value: value
    key_field: str = "external_id"
    objects: dict[str, dict[str, dict[str, Value]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """One for each write request to come: '', 'retry', 'before', 'after', 'cut', 'silent'."""
    writes: list[list[Write]] = field(default_factory=list)
    finds: int = 0
    scans: int = 0
    names_the_bad: bool = True
    operations: frozenset[Operation] = frozenset({"create", "update", "delete"})
    described: Sequence[Field] = ()
    length_unit: LengthUnit = "characters"
    describes: int = 0
    _next: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            operations=self.operations,
            batch="atomic" if self.batch == "atomic" else "per_record",
            max_batch=self.max_batch,
            max_find=2,
            page_size=2,
            repeatable_create=False,
            in_flight=1,
            length_unit=self.length_unit,
        )

    def describe(self, object_name: str) -> list[Field]:
        self.describes += 1
        return list(self.described)

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        self.scans += 1
        records = self._records(object_name)
        for start in range(0, len(records), 2):
            yield records[start : start + 2]

    def count(self, object_name: str) -> int | None:
        return len(self.objects.get(object_name, {}))

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        assert len(values) <= self.capabilities.max_find
        self.finds += 1
        return [
            record
            for record in self._records(object_name)
            if (record.remote_id if field_name == "id" else record.fields.get(field_name)) in values
        ]

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        assert writes
        assert len(writes) <= self.max_batch
        self.writes.append(list(writes))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "retry":
            raise RetryableError("429", after=3.0)
        if fault == "before":
            raise UnknownOutcomeError("cut before it arrived")
        outcomes = self._carried_out(object_name, writes)
        if fault == "after":
            raise UnknownOutcomeError("cut before the answer came")
        if fault == "cut":
            return outcomes[: len(outcomes) // 2]
        return outcomes[::-1]

    def put(self, object_name: str, remote_id: str, **fields: Value) -> None:
        self.objects.setdefault(object_name, {})[remote_id] = fields

    def held(self, object_name: str) -> dict[Any, dict[str, Value]]:
        """The records by our key; asserts that no key is there twice."""
        records = list(self.objects.get(object_name, {}).values())
        keyed = {each.get(self.key_field): each for each in records if each.get(self.key_field)}
        assert len(keyed) == sum(1 for each in records if each.get(self.key_field))
        return keyed

    def _records(self, object_name: str) -> list[RemoteRecord]:
        return [
            RemoteRecord(remote_id, dict(fields))
            for remote_id, fields in self.objects.get(object_name, {}).items()
        ]

    def _carried_out(self, object_name: str, writes: Sequence[Write]) -> list[Outcome]:
        bad = {write.key: why for write in writes if (why := self.refuses(write)) is not None}
        if bad and self.batch == "atomic":
            if not self.names_the_bad:
                return [NotWritten(write.key) for write in writes]
            first = next(write.key for write in writes if write.key in bad)
            return [
                Rejected(write.key, "invalid", bad[first], "name")
                if write.key == first
                else NotWritten(write.key)
                for write in writes
            ]
        return [
            Rejected(write.key, "invalid", bad[write.key], "name")
            if write.key in bad
            else self._one(object_name, write)
            for write in writes
        ]

    def _one(self, object_name: str, write: Write) -> Outcome:
        records = self.objects.setdefault(object_name, {})
        fields = {name: self.normalises(name, value) for name, value in write.fields.items()}
        if write.operation == "create":
            self._next += 1
            remote_id = f"r{self._next}"
            records[remote_id] = fields
            return Written(write.key, remote_id, dict(fields))
        assert write.remote_id is not None
        if write.remote_id not in records:
            return Gone(write.key)
        if write.operation in {"archive", "delete"}:
            del records[write.remote_id]
            return Written(write.key, write.remote_id)
        records[write.remote_id] |= fields
        return Written(write.key, write.remote_id, dict(records[write.remote_id]))


def make_sync(name: str = "people", **changes: Any) -> Sync:
    """A sync of a model with a key, a name, a mobile, an amount and a title."""
    columns = changes.pop(
        "columns",
        (
            Column("person_id", "external_id", "varchar", ""),
            Column("name", "name", "varchar", ""),
            Column("mobile", "mobile", "varchar", ""),
            Column("amount", "amount", "decimal(18,2)", ""),
            Column("title", "title", "varchar", "", owner="fill_empty"),
        ),
    )
    settings: dict[str, Any] = {
        "destination": "crm",
        "object": name,
        "model": f"model.tongke.sync_{name}",
        "schema": "activation",
        "table": f"sync_{name}",
        "key": columns[0].name,
        "guard": Guard(Limit(1, 1000), Limit(1, 1000), Limit(1, 1000), 0),
    }
    return Sync(name, columns=columns, **(settings | changes))


def make_linked(**link: Any) -> list[Sync]:
    """Syncs of companies, and of people who are linked to them; `link` sets up that column."""
    key, name = (
        Column("company_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
    )
    companies = make_sync("companies", columns=(key, name))
    people = make_sync(
        columns=(
            Column("person_id", "external_id", "varchar", ""),
            Column("company_id", "company", "varchar", "", links_to="companies", **link),
        ),
        after=("companies",),
    )
    return [companies, people]


def person(number: int, **fields: Any) -> dict[str, Any]:
    """A row of that sync's model."""
    return {"person_id": f"p{number}", "name": f"张三{number}", "amount": Decimal("1.10")} | fields


@dataclass
class LateCrm(MemoryCrm):
    """Takes jobs, and answers later: a receipt is asked for `asks` times before it is done."""

    asks: int = 2
    jobs: dict[str, tuple[str, list[Write]]] = field(default_factory=dict)
    collects: int = 0
    is_down: bool = False

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, repeatable_batch=True)

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        assert batch_id is not None
        self.writes.append(list(writes))
        self.jobs.setdefault(f"job {batch_id}", (object_name, list(writes)))
        if self.faults and self.faults.pop(0) == "after":
            raise UnknownOutcomeError("cut before the answer came")
        return [Pending(write.key, f"job {batch_id}", after=60.0) for write in writes]

    def collect(self, object_name: str, receipt: str) -> list[Outcome]:
        self.collects += 1
        if self.is_down:
            raise RetryableError("down")
        if receipt not in self.jobs:
            return []
        if self.asks > 0:
            self.asks -= 1
            return [Pending(write.key, receipt, after=60.0) for write in self.jobs[receipt][1]]
        return self._carried_out(*self.jobs.pop(receipt))


@dataclass
class TestWorld:
    """A warehouse with tables set at will, a ledger in a file, a CRM in memory or behind HTTP."""

    __test__ = False

    folder: Path
    crm: Crm = field(default_factory=MemoryCrm)
    syncs: list[Sync] = field(default_factory=lambda: [make_sync()])
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    """Keys that were merged into others."""
    split: dict[str, str] = field(default_factory=dict)
    """Keys from which others were split."""
    lost: set[str] = field(default_factory=set)
    """Columns that the warehouse's tables don't have any more."""
    seed: int = 0
    clock: TestClock = field(default_factory=TestClock)
    new_executor: Callable[[int], Executor] = HereAndNow

    def __post_init__(self) -> None:
        self.world = World(self.clock, random.Random(self.seed))
        self.ledger = Ledger(self.folder / "ledger.sqlite", self.world)

    @property
    def engine(self) -> Engine:
        return Engine(
            {"parent_map": {}, "child_map": {}},
            self.ledger,
            lambda _name: self.crm,
            self.warehouse,
            self.world,
            new_executor=self.new_executor,
            check_builds=False,
        )

    def desire(self, sync: str = "people", *rows: dict[str, Any]) -> None:
        """Set a model's rows; fingerprints come of themselves."""
        self.rows[sync] = list(rows)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(":memory:") as connection:
            connection.execute("attach ':memory:' as warehouse")
            connection.execute("create schema warehouse.activation")
            connection.execute(
                "create table warehouse.activation.redirected "
                "(old_key varchar, new_key varchar, kind varchar)"
            )
            for kind, redirected in (("merged", self.merged), ("split", self.split)):
                for keys in redirected.items():
                    connection.execute(
                        "insert into warehouse.activation.redirected values (?, ?, ?)",
                        [*keys, kind],
                    )
            for sync in self.syncs:
                names = [f'"{column.name}" {column.data_type}' for column in sync.columns]
                if sync.record_id:
                    names.append(f"{sync.record_id} varchar")
                times = [column.changed_at for column in sync.columns if column.changed_at]
                names += [f"{name} timestamp" for name in times]
                table = f"warehouse.{sync.schema}.{sync.table}"
                connection.execute(
                    f"create table {table} ({', '.join(names)}, fingerprint varchar)"
                )
                wanted = [column.name for column in sync.columns]
                wanted += [sync.record_id] if sync.record_id else []
                wanted += times
                rows = [[row.get(name) for name in wanted] for row in self.rows.get(sync.name, [])]
                rows = [[*row, hashlib.sha256(repr(row).encode()).hexdigest()] for row in rows]
                marks = f"({', '.join('?' * (len(wanted) + 1))})"
                # a statement a row would take most of a test's time
                for start in range(0, len(rows), 500):
                    some = rows[start : start + 500]
                    connection.execute(
                        f"insert into {table} values {', '.join([marks] * len(some))}",
                        [value for row in some for value in row],
                    )
                for name in self.lost:
                    connection.execute(f'alter table {table} drop column "{name}"')
            yield connection

    def plan(self) -> dict[tuple[str, str], tuple[str, tuple[str, ...]]]:
        """What would be done: (sync, key) → (operation, fields)."""
        with self.engine.planned(self.syncs) as (plan, _):
            return {
                (sync.name, change.key): (change.operation, change.fields)
                for sync in self.syncs
                for change in plan.changes(sync)
            }

    def apply(self, **options: Any) -> Any:
        return self.engine.apply(self.syncs, **options)

    def apply_and_die(self, *, settled: int = 0) -> None:
        """Apply, and die when the CRM has answered, before its answer is written down.

        The answers for the first `settled` records are.
        """
        write = self.ledger.write
        written = 0

        def dying(*args: Any, **named: Any) -> None:
            nonlocal written
            if named.get("settled") and written >= settled:
                raise Killed
            write(*args, **named)
            written += len(named.get("settled", ()))

        self.ledger.write = dying  # type: ignore[method-assign]
        try:
            self.apply()
        except Killed:
            return
        finally:
            self.ledger.write = write  # type: ignore[method-assign]
        raise AssertionError("nothing was sent, so that it had nothing to die of")
