"""Make a plan: take the difference out of the warehouse, look at the CRM, decide."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import orjson

from crm.protocol import Crm, Value
from reverse_etl.errors import StoppedError
from reverse_etl.ledger import UNDOING, Ledger
from reverse_etl.ledger.reviews import Asked
from reverse_etl.plan import difference, room, tables
from reverse_etl.plan.fields import literal
from reverse_etl.plan.reading import read_theirs
from reverse_etl.plan.validation import Rules
from reverse_etl.syncs import Sync
from warehouse.connection import extension_path

FETCH_ROWS = 1_000
SENDING = ("create", "adopt", "update", "merge", "flag", *UNDOING, "archive", "delete")
"""The operations that write to the CRM, in the order in which they go out."""
NAMING = ("ambiguous", "doubled", "merged")
"""The causes whose reasons name records, and so differ from record to record."""
CHANGING = ("adopt", "update", "flag", "restore", "release")
"""Those that write fields of a record that is there."""


@dataclass(slots=True)  # made for every record: a frozen one takes five times as long to make
class Change:
    """What is to be done with one record, and why."""

    sync: str
    key: str
    operation: str
    reason: str | None
    cause: str | None
    """What holds a record: `invalid` (the CRM would refuse it), `rejected` (it did), `gone`,
    `ambiguous`, `doubled`, `merged` or `link`; None of what isn't held."""
    remote_id: str | None
    origin: str
    payload: Mapping[str, Value] = field(repr=False)
    """The fields to be written; a link holds our key of the other record."""
    before: Mapping[str, Value] | None = field(repr=False)
    """What the CRM holds in them now."""
    waits: tuple[str, ...]
    """Why the record is to be looked at again: links that can't be made yet, and fields that a
    person is to decide on, or has just decided on."""
    fingerprint: str | None
    sent: Mapping[str, Value] = field(repr=False)
    observed: Mapping[str, Value] = field(repr=False)
    winner: str | None = None
    """The key into which this one was merged, if it was."""
    payload_json: str = field(default="", repr=False)
    """The payload as JSON text."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to be written."""
        return tuple(self.payload)


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """In how many records a plan would write one field."""

    field: str
    creates: int
    """With a new record."""
    updates: int
    """With another value than the CRM holds."""
    clears: int
    """With no value: it would be emptied."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records a sync has, and how many of each operation its plan."""

    desired: int
    known: int
    unchanged: int
    operations: Mapping[str, int]
    refused: int = 0
    """Held because the CRM would refuse them as they are, or did."""
    clears: Mapping[str, int] = field(default_factory=dict)
    """In how many records a field would be emptied, by its name."""
    asks: Mapping[str, int] = field(default_factory=dict)
    """In how many records a person is to decide on a field, by its name; it isn't written."""

    @property
    def sending(self) -> int:
        """How many records would be written."""
        return sum(self.operations.get(name, 0) for name in SENDING)


class Plan:
    """The decided changes of some syncs, in a DuckDB connection of their own."""

    is_of_all: ClassVar[bool] = True
    """Whether, unless keys were chosen, every record that may need something is in it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def counts(self, sync: Sync) -> Counts:
        """The sync's numbers."""
        desired, known, unchanged = self.connection.execute(
            "select desired, known, unchanged from totals where sync = ?", [sync.name]
        ).fetchall()[0]
        rows = self.connection.execute(
            "select operation, count(*) from changes where sync = ? group by operation order by 1",
            [sync.name],
        ).fetchall()
        [(refused,)] = self.connection.execute(
            "select count(*) from changes where sync = ? and cause in ('invalid', 'rejected')",
            [sync.name],
        ).fetchall()
        clears = {each.field: each.clears for each in self.fields(sync, CHANGING) if each.clears}
        asks = Counter(sorted(each.field for page in self.asked(sync) for each in page))
        return Counts(desired, known, unchanged, dict(rows), refused, clears, asks)

    def asked(self, sync: Sync) -> Iterator[list[Asked]]:
        """The fields that a person is to decide on, some at a time in the order of the keys."""
        for rows in self._questions(sync, "is_asked and operation <> 'held'"):
            yield [Asked(*row) for row in rows]

    def settled(self, sync: Sync) -> Iterator[list[tuple[str, str]]]:
        """The keys and fields of the questions that need no answer any more, some at a time."""
        for rows in self._questions(sync, "not is_asked"):
            yield [(key, name) for key, name, *_ in rows]

    def _questions(self, sync: Sync, where: str) -> Iterator[list[tuple[Any, ...]]]:
        if not sync.contested:
            return
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"""
                select
                    questions.key, field, questions.ours, questions.theirs,
                    ours_hash, theirs_hash
                from questions
                inner join changes
                    on changes.sync = questions.sync and changes.key = questions.key
                where questions.sync = ? and operation <> 'conflict' and {where}
                order by questions.key, field
                """,
                [sync.name],
            )
            while rows := cursor.fetchmany(FETCH_ROWS):
                yield rows

    def fields(
        self, sync: Sync, operations: Sequence[str] = ("create", *CHANGING)
    ) -> list[FieldCounts]:
        """How often each field would be written, in the columns' order; without those never."""
        # a payload is JSON that we wrote ourselves: in a value, a quote never stands before a colon
        # without a backslash before it, so this can't be mistaken for a part of one
        names = [f"{orjson.dumps(column.field).decode()}:" for column in sync.columns]
        counted = ", ".join(
            f"count(*) filter (operation = 'create' and contains(payload, {literal(name)})), "
            f"count(*) filter (operation <> 'create' and contains(payload, {literal(name)})), "
            f"count(*) filter (contains(payload, {literal(name + 'null')}))"
            for name in names
        )
        [row] = self.connection.execute(
            f"select {counted} from changes where sync = ? and list_contains(?, operation)",
            [sync.name, list(operations)],
        ).fetchall()
        counts = [
            FieldCounts(column.field, creates, written - cleared, cleared)
            for column, creates, written, cleared in zip(
                sync.columns, row[::3], row[1::3], row[2::3], strict=True
            )
        ]
        return [each for each in counts if each.creates or each.updates or each.clears]

    def held(self, sync: Sync, limit: int) -> list[tuple[str, int]]:
        """Why records are held, and how many for that; the most frequent reasons first.

        Reasons that name records of the CRM stand for all of their kind.
        """
        return self.connection.execute(
            """
            select min(reason) as reason, count(*)
            from changes
            where sync = ? and operation = 'held'
            group by if(list_contains(?, cause), cause, reason)
            order by count(*) desc, reason
            limit ?
            """,
            [sync.name, list(NAMING), limit],
        ).fetchall()

    def changes(
        self, sync: Sync, operations: Sequence[str] = SENDING, *, limit: int | None = None
    ) -> Iterator[Change]:
        """The sync's changes with these operations, in their order and then by key."""
        rest = sys.maxsize if limit is None else limit
        for operation in operations:
            # by a connection of its own, whose result stays open and comes as it is fetched;
            # the other one may be asked something meanwhile
            with self.connection.cursor() as cursor:
                cursor.execute(
                    """
                    select
                        key, reason, cause, remote_id, origin, payload, before, waits,
                        fingerprint, sent, observed, winner
                    from changes
                    where sync = ? and operation = ?
                    """,
                    [sync.name, operation],
                )
                while rest > 0 and (rows := cursor.fetchmany(min(FETCH_ROWS, rest))):
                    rest -= len(rows)
                    for row in rows:
                        yield _change(sync.name, operation, row)


class Planner:
    """Makes the plans of one or more syncs, each when it is asked for.

    The warehouse is needed only by `take`; afterwards it can be let go. A sync that links
    to another is planned after it: what that one created has its id by then, or is in the
    same plan.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        ledger: Ledger,
        scratch: Path,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.plan = Plan(connection)
        self._connection = connection
        self._ledger = ledger
        self._is_stopping = is_stopping
        # a second thread takes twice the CPU for no less time, as long as rows aren't millions
        connection.execute("set threads = 1")
        # a time that names no zone is UTC, wherever this runs
        connection.execute("set TimeZone = 'UTC'")
        room.limit(connection, scratch)
        connection.load_extension(extension_path("sqlite_scanner"))
        connection.execute(tables.TABLES)

    def take(
        self,
        syncs: Sequence[Sync],
        *,
        keys: list[str] | None = None,
        forced: bool = False,
        again: bool = False,
    ) -> None:
        """Take the candidates of all syncs out of the attached warehouse.

        Args:
            syncs: whose.
            keys: only these.
            forced: look again at what was rejected and hasn't changed, and make anew what is gone.
            again: look at all of the keys, whether or not they have moved.

        Raises:
            StoppedError: a model's table has vanished, or a column of it.
        """
        vanished = [line for sync in syncs for line in difference.vanished(self._connection, sync)]
        if vanished:
            raise StoppedError("\n".join(vanished) + "\nrun `dbt build`, and mend what fails")
        with self._ledger_attached():
            for sync in syncs:
                difference.take_moved(self._connection, sync, keys, again=again)
                if sync.contested:
                    difference.take_asked(self._connection, sync)
        for sync in syncs:
            self._take_known(sync)
            difference.take_candidates(self._connection, sync, forced=forced)

    def decide(
        self, sync: Sync, crm: Crm, executor: Executor, in_flight: int, rules: Rules | None = None
    ) -> Counts:
        """Look at the CRM and decide what is to be done; writes nothing.

        `rules` are those of the CRM's fields; without them only the model's contract counts.
        """
        if difference.follows_merges(self._connection, sync):
            # carried out by now, they have moved links
            self._connection.execute("delete from known_values where sync = ?", [sync.name])
            self._take_known(sync)
            difference.take_observed(self._connection, sync)
        with self._ledger_attached():
            difference.take_links(self._connection, sync)
        read_theirs(self._connection, sync, crm, executor, in_flight, self._is_stopping)
        with self._ledger_attached():
            difference.decide(self._connection, sync, rules or Rules())
        return self.plan.counts(sync)

    def _take_known(self, sync: Sync) -> None:
        """Fetch what the ledger knows of the moved keys, and of those they were merged into.

        By their keys: DuckDB reads a table of SQLite whole, with the values of all records.
        """
        last = ""
        while keys := [
            key
            for (key,) in self._connection.execute(
                """
                select key from (
                    select key from moved where sync = $sync and state is not null
                    union
                    select winner as key from successors where sync = $sync
                )
                where key > $last
                order by key limit $most
                """,
                {"sync": sync.name, "last": last, "most": FETCH_ROWS},
            ).fetchall()
        ]:
            last = keys[-1]
            self._keep_known(self._ledger.known(sync.name, keys))

    def _keep_known(self, found: Sequence[Mapping[str, Any]]) -> None:
        self._connection.execute(
            "insert into known_values select unnest(from_json(?::json, "
            """'[{"sync": "VARCHAR", "key": "VARCHAR", "remote_id": "VARCHAR", """
            """"origin": "VARCHAR", "state": "VARCHAR", "sent": "VARCHAR", """
            """"observed": "VARCHAR"}]'), """
            "recursive := true)",
            [orjson.dumps(found).decode()],
        )

    @contextmanager
    def _ledger_attached(self) -> Iterator[None]:
        with self._ledger.let_go() as path:
            quoted = str(path).replace("'", "''")
            self._connection.execute(f"attach '{quoted}' as ledger (type sqlite, read_only)")
            try:
                yield
            finally:
                self._connection.execute("detach ledger")


def _change(sync: str, operation: str, row: tuple[Any, ...]) -> Change:
    key, reason, cause, remote_id, origin, payload, before, waits, *rest = row
    fingerprint, sent, observed, winner = rest
    return Change(
        sync,
        key,
        operation,
        reason,
        cause,
        remote_id,
        origin,
        orjson.loads(payload),
        None if before is None else orjson.loads(before),
        tuple(waits.split(", ")) if waits else (),
        fingerprint,
        {} if sent is None else orjson.loads(sent),
        {} if observed is None else orjson.loads(observed),
        winner,
        payload,
    )
