"""Read and write the ledger.

SQLite in WAL mode with synchronous=FULL: what was committed survives a kill
and a power cut, and others can read while a sync runs. Everything goes through
SQLAlchemy Core, so that another database can follow.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Row,
    create_engine,
    delete,
    event,
    exists,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

from crm.processes import Holder, is_alive, this_process
from crm.protocol import Value
from reverse_etl.clock import World
from reverse_etl.errors import HeldByAnotherError, LedgerError, SyncConfigurationError
from reverse_etl.ledger import schema, statements
from reverse_etl.ledger.upgrade import upgrade
from reverse_etl.syncs import Sync

Origin = Literal["created", "adopted"]
State = Literal["live", "gone", "archived", "deleted", "merged", "undone"]
DEFAULT_PATH = "var/ledger.sqlite"
ROWS_A_STATEMENT = 100


def ledger_path() -> Path:
    """The ledger's file: TONGKE_LEDGER, or var/ledger.sqlite."""
    return Path(os.environ.get("TONGKE_LEDGER", DEFAULT_PATH))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one sync: what every row it writes is marked with."""

    run_id: str
    sync: str
    destination: str
    object: str
    linked_from: Sequence[tuple[str, str]] = ()
    """The syncs that link to this one, each with the field of theirs that does."""


# one of each for every record that is sent, and a frozen one takes five times as long to make
@dataclass(slots=True)
class Attempt:
    """One record that is about to be sent."""

    key: str
    operation: str
    remote_id: str | None
    payload: Mapping[str, Value] = field(repr=False)
    before: Mapping[str, Value] | None = field(default=None, repr=False)
    origin: Origin = "created"
    fingerprint: str | None = None
    """The fingerprint of the record as we want it."""
    sent: Mapping[str, Value] = field(default_factory=dict, repr=False)
    """What we had sent of this record before."""
    observed: Mapping[str, Value] = field(default_factory=dict, repr=False)
    """Where the CRM showed something else than what we had sent."""
    is_part: bool = False
    """Something of the record isn't in it, and waits to be sent."""
    payload_json: str = field(default="", repr=False)
    """The payload as JSON text, where it is at hand; it is written three times."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A batch that is about to be sent, or whose outcome isn't known."""

    batch_id: str
    operation: str
    attempts: Sequence[Attempt]
    intent_at: str = ""
    receipt: str | None = None
    """What the CRM gave for it, if it answers later."""
    run_id: str = ""
    """Whose batch it was."""


@dataclass(slots=True)
class Known:
    """What a record in the CRM is known to hold, after a write or a look."""

    key: str
    remote_id: str
    origin: Origin
    fingerprint: str | None
    sent: Mapping[str, Value] = field(repr=False)
    observed: Mapping[str, Value] = field(repr=False)
    state: State = "live"
    sent_json: str = field(default="", repr=False)
    """`sent` as JSON text, where it is at hand."""


@dataclass(slots=True)
class Settled:
    """What became of one attempt."""

    attempt: Attempt
    outcome: Literal["written", "rejected", "not_written", "gone"]
    known: Known | None = None
    error_code: str | None = None
    error_field: str | None = None
    message: str | None = field(default=None, repr=False)
    sends: int = 1
    """How often it was sent until this was known."""
    batch_id: str = ""
    intent_at: str = ""
    lives_on: "Merged | None" = None
    """Of a merge: where the record went."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The key into which another was merged, and the id that its record has in the CRM since."""

    key: str
    remote_id: str


class Ledger:
    """The ledger of all syncs; used by one thread at a time.

    `me` says who takes leases, and `is_alive` whether another's holder still runs.
    """

    def __init__(
        self,
        path: Path,
        world: World,
        *,
        me: Callable[[], Holder] = this_process,
        is_alive: Callable[[Holder], bool] = is_alive,
    ) -> None:
        self.path = path
        self.world = world
        self._me = me
        self._is_alive = is_alive
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path)
        self._connection: Connection | None = None
        self._create()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    @contextmanager
    def let_go(self) -> Iterator[Path]:
        """The file, while nobody in this process has it open through us.

        DuckDB brings an SQLite of its own. Two SQLites in one process that hold
        one file open lose each other's locks when either closes it
        (https://www.sqlite.org/howtocorrupt.html, "multiple copies"), so they take turns.
        """
        self.close()
        yield self.path

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to query the ledger with; what it changed would be rolled back."""
        connection = self._connected()
        transaction = connection.begin()
        try:
            # it touches no file yet, so it can't fail, and nothing need look after it
            connection.connection.cursor().execute("begin")
            yield connection
        finally:
            transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of one's own; nobody else writes until it ends."""
        connection = self._connected()
        with connection.begin():
            # the driver begins a transaction too late for a lease, so we begin it ourselves
            connection.exec_driver_sql("begin immediate")
            yield connection

    def _connected(self) -> Connection:
        # one for all transactions: to take it from a pool takes as long as a short one
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    # runs

    def start_run(
        self,
        sync: Sync,
        command: str,
        *,
        plan_id: str | None = None,
        undoes: Sequence[str] | None = None,
    ) -> Run:
        """Open a run and take the sync's lease; `undoes` are the runs that it undoes.

        Raises:
            HeldByAnotherError: another living process is applying this sync.
        """
        run_id = self.world.new_id()
        now = self.world.now()
        me = self._me()
        with self.writing() as connection:
            self._take_lease(connection, sync.name, run_id, me)
            statements.OPEN_RUN.execute(
                connection,
                run_id=run_id,
                sync=sync.name,
                command=command,
                status="running",
                started_at=now,
                plan_id=plan_id,
                mapping_hash=sync.mapping_hash,
                undoes=None if undoes is None else _json(undoes),
            )
        return Run(run_id, sync.name, sync.destination, sync.object, sync.linked_from)

    def plan_run(self, run: Run, planned: int) -> None:
        """Write down how many records a run is about to send, so that others see how far it is.

        What it has sent is then told by the deliveries after the newest of now.
        """
        with self.writing() as connection:
            last = statements.LAST_DELIVERY.execute(connection).scalar()
            counts = {"planned": planned, "after_delivery": last or 0}
            statements.COUNT_RUN.execute(connection, the_run=run.run_id, counts=_json(counts))

    def finish_run(
        self, run: Run, status: str, counts: Mapping[str, int], message: str | None = None
    ) -> None:
        """Close a run and give its lease back."""
        with self.writing() as connection:
            statements.CLOSE_RUN.execute(
                connection,
                the_run=run.run_id,
                status=status,
                finished_at=self.world.now(),
                counts=orjson.dumps(dict(counts)).decode(),
                message=message,
            )
            statements.GIVE_BACK.execute(connection, the_run=run.run_id)

    # deliveries

    def write(
        self,
        run: Run,
        *,
        settled: Sequence[Settled] = (),
        closed: Sequence[str] = (),
        opened: Sequence[Intent] = (),
        known: Sequence[Known] = (),
    ) -> None:
        """One transaction: what became of records, which batches are closed, which may go out.

        A batch may leave when this has returned. `known` is what a look at the CRM showed.
        """
        now = self.world.now()
        with self.writing() as connection:
            if closed:
                statements.CLOSE_INTENTS.execute_many(connection, [(each,) for each in closed])
            if settled:
                self._deliver(connection, run, settled, now)
                self._queue_rejects(connection, run, settled, now)
            self._know(connection, run, known, now)
            if opened:
                self._open(connection, run, opened, now)

    def unsettled(self, sync: str) -> list[Intent]:
        """The batches of which nobody knows whether they were carried out, oldest first."""
        with self.reading() as connection:
            return [
                Intent(
                    row.batch_id,
                    row.operation,
                    [Attempt(*values) for values in orjson.loads(row.attempts)],
                    row.intent_at,
                    row.receipt,
                    row.run_id,
                )
                for row in statements.UNSETTLED.execute(connection, the_sync=sync)
            ]

    def known(self, sync: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        """What is known of a sync's records, those that were removed among them."""
        if not keys:
            return []
        query = statements.known(len(keys))
        with self.reading() as connection:
            names = ("sync", "key", "remote_id", "origin", "state", "sent", "observed")
            rows = query.execute(connection, the_sync=sync, **statements.the_keys(keys))
            return [dict(zip(names, row, strict=True)) for row in rows]

    def remote_ids(self, sync: str, keys: Sequence[str]) -> dict[str, str]:
        """The CRM's ids of those of a sync's records that are there."""
        if not keys:
            return {}
        query = statements.remote_ids(len(keys))
        with self.reading() as connection:
            rows = query.execute(connection, the_sync=sync, **statements.the_keys(keys))
            return {row.key: row.remote_id for row in rows}

    # inside a transaction

    def _take_lease(self, connection: Connection, sync: str, run_id: str, me: Holder) -> None:
        lease = schema.leases.c
        row = statements.LEASE.execute(connection, the_sync=sync).one_or_none()
        if row is not None:
            if self._is_alive(Holder(row.host, row.pid, row.process_started)):
                raise held_by(row)
            connection.execute(
                update(schema.runs)
                .where(schema.runs.c.run_id == row.run_id, schema.runs.c.status == "running")
                .values(
                    status="interrupted",
                    finished_at=self.world.now(),
                    message=f"its process {row.pid} ended; taken over by run {run_id}",
                )
            )
            connection.execute(schema.leases.delete().where(lease.sync == sync))
        statements.TAKE_LEASE.execute(
            connection,
            sync=sync,
            run_id=run_id,
            host=me.host,
            pid=me.pid,
            process_started=me.started,
            taken_at=self.world.now(),
        )

    def _open(self, connection: Connection, run: Run, opened: Sequence[Intent], now: str) -> None:
        statements.OPEN_INTENTS.execute_many(
            connection,
            [
                (
                    intent.batch_id, run.run_id, run.sync, intent.operation,
                    intent.intent_at or now, len(intent.attempts),
                    _json([_attempt_as_list(each) for each in intent.attempts]), intent.receipt,
                )
                for intent in opened
            ],
        )  # fmt: skip

    def _deliver(
        self, connection: Connection, run: Run, settled: Sequence[Settled], now: str
    ) -> None:
        last = statements.LAST_DELIVERY.execute(connection).scalar() or 0
        names_as_json = _NamesAsJson()
        self._many(
            connection,
            statements.INTO_DELIVERIES,
            [
                (
                    number, run.run_id, run.sync, each.attempt.key, each.attempt.operation,
                    each.known.remote_id if each.known else each.attempt.remote_id,
                    names_as_json(each.attempt.payload), each.batch_id, each.sends,
                    each.intent_at or now, each.outcome, now, each.error_code, each.error_field,
                )
                for number, each in enumerate(settled, start=last + 1)
            ],
        )  # fmt: skip
        self._many(
            connection,
            statements.INTO_VALUES,
            [
                (
                    number,
                    each.attempt.payload_json or _json(each.attempt.payload),
                    None if each.attempt.before is None else _json(each.attempt.before),
                    each.message,
                )
                for number, each in enumerate(settled, start=last + 1)
            ],
        )
        self._try_again_what_is_linked(connection, run, settled, now)
        self._know(connection, run, [each.known for each in settled if each.known], now)
        merges = [each for each in settled if each.lives_on is not None]
        if merges:
            self._live_on(connection, run, merges, now)
        adopted = {
            each.known.remote_id: each.known.key
            for each in settled
            if each.known and each.attempt.operation == "adopt"
        }
        if adopted:
            # of a customer merged into another, the record is now the other's alone
            r = schema.records.c
            connection.execute(
                update(schema.records)
                .where(
                    r.destination == run.destination,
                    r.object == run.object,
                    r.remote_id.in_(adopted),
                    r.key.not_in(adopted.values()),
                    r.state == "live",
                )
                .values(state="merged", changed_at=now, run_id=run.run_id)
            )

    def _many(
        self, connection: Connection, statement: Insert, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows, whose values stand in the order of the table's columns.

        SQLAlchemy writes the SQL; given the rows as well, it would spend most of the time on
        putting each into a dict and taking it out again. A hundred rows in one statement take
        SQLite half of what a statement for each takes. The driver takes longer over a value
        than SQLite, so what all rows have in common is handed over once, and columns in which
        no row has anything are left out.
        """
        # each column with its name on top
        columns = list(zip(statement.table.c.keys(), *rows, strict=True))
        common = {c[0]: c[1] for c in columns if c.count(c[1]) == len(rows)}
        filled = tuple(c[0] for c in columns if common.get(c[0], ...) is not None)
        shared = tuple(name for name in filled if name in common)
        values = [common[name] for name in shared]
        # a single row has nothing of its own
        own = list(zip(*(c[1:] for c in columns if c[0] not in common), strict=True)) or [()]
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            share = own[start : start + ROWS_A_STATEMENT]
            many = statements.inserted(statement, filled, shared, len(share))
            connection.exec_driver_sql(many, (*values, *chain.from_iterable(share)))

    def _queue_rejects(
        self, connection: Connection, run: Run, settled: Sequence[Settled], now: str
    ) -> None:
        # what an undo can't write back is no record of ours that waits to be sent
        settled = [each for each in settled if each.attempt.operation not in schema.UNDOING]
        for each in settled:
            # what was ours and is gone waits as such, and not for another try
            if each.outcome not in {"rejected", "gone"} or each.known is not None:
                continue
            delivery_id = statements.LAST_DELIVERY_OF.execute(
                connection, the_sync=run.sync, the_key=each.attempt.key
            ).scalar()
            statements.REJECT.execute(
                connection,
                sync=run.sync,
                key=each.attempt.key,
                state="waiting",
                since=now,
                last_at=now,
                attempts=1,
                operation=each.attempt.operation,
                error_code=each.error_code or each.outcome,
                error_field=each.error_field,
                fingerprint=each.attempt.fingerprint,
                run_id=run.run_id,
                delivery_id=delivery_id,
            )
        # mostly the queue is empty, and to look whether it is costs less than to name all keys
        if statements.WAITING.execute(connection, the_sync=run.sync).first() is None:
            return
        refused = {each.attempt.key for each in settled if each.outcome == "rejected"}
        written = [
            each.attempt.key
            for each in settled
            if each.outcome == "written" and each.attempt.key not in refused
        ]
        if written:
            statements.resolve(len(written)).execute(
                connection,
                the_sync=run.sync,
                state="resolved",
                last_at=now,
                **statements.the_keys(written),
            )

    def _know(self, connection: Connection, run: Run, known: Sequence[Known], now: str) -> None:
        if not known:
            return
        self._look_again_at_links(connection, run, {e.key: e.remote_id for e in known}, now)
        self._many(
            connection,
            statements.INTO_RECORDS,
            [
                (
                    run.sync, each.key, run.destination, run.object, each.remote_id, each.origin,
                    each.state, each.fingerprint, each.sent_json or _json(each.sent),
                    _json(each.observed) if each.observed else None, now, run.run_id,
                )
                for each in known
            ],
        )  # fmt: skip

    def _live_on(
        self, connection: Connection, run: Run, merges: Sequence[Settled], now: str
    ) -> None:
        """Know what lives on after merges, and that what pointed at either record points at it."""
        instead: dict[str, str] = {}
        for each in merges:
            if each.lives_on is None:
                continue
            key, lives_on = each.lives_on.key, each.lives_on.remote_id
            self._look_again_at_links(connection, run, {key: lives_on}, now)
            query = statements.remote_ids(1)
            former = query.execute(connection, the_sync=run.sync, **statements.the_keys([key]))
            gone = {str(each.attempt.remote_id), *(row.remote_id for row in former)} - {lives_on}
            # what an earlier one of these merges moved is moved on
            instead = {one: lives_on if to in gone else to for one, to in instead.items()}
            instead |= dict.fromkeys(gone, lives_on)
            # the CRM may have given it values of the other's: it is looked at again
            statements.LIVE_ON.execute(
                connection,
                the_sync=run.sync,
                the_key=key,
                remote_id=lives_on,
                fingerprint=None,
                changed_at=now,
                run_id=run.run_id,
            )
        self._follow_links(connection, run, instead, now)

    def _follow_links(
        self, connection: Connection, run: Run, instead: Mapping[str, str], now: str
    ) -> None:
        """Know that links of ours to records that were merged show, in the CRM, those they went to.

        Else a link that the CRM moved would look like one that people changed, and stay for good.
        """
        r = schema.records.c
        for sync, field_name in run.linked_from:
            pointing = connection.execute(
                select(r.key, r.sent, r.observed).where(
                    r.sync == sync, r.state == "live", _points_at(field_name, instead)
                )
            ).all()
            for row in pointing:
                sent, observed = orjson.loads(row.sent), orjson.loads(row.observed or "{}")
                to = instead.get(str(observed.get(field_name, sent.get(field_name))))
                if to is None:
                    continue
                connection.execute(
                    update(schema.records)
                    .where(r.sync == sync, r.key == row.key)
                    .values(
                        observed=_json({**observed, field_name: to}),
                        changed_at=now,
                        run_id=run.run_id,
                    )
                )

    def _look_again_at_links(
        self, connection: Connection, run: Run, ids: Mapping[str, str], now: str
    ) -> None:
        """Have what is linked to records that get another id in the CRM looked at again.

        Its own row hasn't changed, so nothing else would tell that its link leads nowhere.
        """
        if not run.linked_from:
            return
        query = statements.ids_ever(len(ids))
        before = query.execute(connection, the_sync=run.sync, **statements.the_keys([*ids]))
        left = [row.remote_id for row in before if row.remote_id != ids[row.key]]
        r = schema.records.c
        for sync, field_name in run.linked_from if left else ():
            connection.execute(
                update(schema.records)
                .where(r.sync == sync, r.state == "live", _points_at(field_name, left))
                .values(fingerprint=None, changed_at=now, run_id=run.run_id)
            )

    def _try_again_what_is_linked(
        self, connection: Connection, run: Run, settled: Sequence[Settled], now: str
    ) -> None:
        """Take out of the queue what was refused while its link led to a record that was gone.

        The record is made anew, perhaps under the id that it had; of what is linked to it no row
        has changed, so nothing else would tell that it may be taken now.
        """
        # mostly the queues are empty
        waiting = [
            (sync, field_name)
            for sync, field_name in run.linked_from
            if statements.WAITING.execute(connection, the_sync=sync).first() is not None
        ]
        made = {
            each.known.key: each.known.remote_id
            for each in (settled if waiting else ())
            if each.known and each.attempt.operation == "create"
        }
        if not made:
            return
        query = statements.ids_ever(len(made))
        before = query.execute(connection, the_sync=run.sync, **statements.the_keys([*made]))
        ids = {*made.values(), *(row.remote_id for row in before)}
        q, v = schema.rejects.c, schema.delivery_values.c
        for sync, field_name in waiting:
            link = type_coerce(v.payload, JSON)[field_name].as_string()
            led_there = exists().where(v.delivery_id == q.delivery_id, link.in_(ids))
            connection.execute(
                update(schema.rejects)
                .where(q.sync == sync, q.state == "waiting", led_there)
                .values(state="resolved", last_at=now)
            )

    def _create(self) -> None:
        with self.writing() as connection:
            schema.about.create(connection, checkfirst=True)
            version = int(
                connection.execute(
                    select(schema.about.c.value).where(schema.about.c.name == "version")
                ).scalar()
                or 0
            )
            if version > schema.VERSION:
                raise SyncConfigurationError(
                    f"the ledger {self.path} has version {version}, this program writes "
                    f"{schema.VERSION}; use the program that wrote it"
                )
            if version < schema.VERSION:
                upgrade(connection)
                connection.execute(delete(schema.about).where(schema.about.c.name == "version"))
                connection.execute(
                    insert(schema.about).values(name="version", value=str(schema.VERSION))
                )


def held_by(lease: Row[Any]) -> HeldByAnotherError:
    """What to say to whoever needs a sync that a living process holds."""
    return HeldByAnotherError(
        f"sync {lease.sync} is being applied by process {lease.pid} on {lease.host}, "
        f"since {lease.taken_at} (run {lease.run_id}); let it finish, or end it"
    )


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        # an error would quote the values of the statement that failed
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # before the first table: a row with its values is about 2 KB, a page of 4 KB holds one
        connection.execute("pragma page_size = 16384")
        # before it too: purged values leave room, which can then be given back page by page
        connection.execute("pragma auto_vacuum = incremental")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma busy_timeout = 30000")
        # in KB; with the 2 MB it has unasked, a long delivery reads the same pages again and again
        connection.execute("pragma cache_size = -8000")
        # what is deleted is overwritten: not every Python brings an SQLite that does it unasked
        connection.execute("pragma secure_delete = on")
        # we say when a transaction begins
        connection.isolation_level = None

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, IntegrityError):
            return  # the ledger is in order, our statement isn't
        if not isinstance(context.original_exception, Exception):
            return  # somebody ends the process; the ledger is in order
        raise LedgerError(
            f"the ledger {path}: {context.original_exception}. Nothing is sent that it doesn't "
            "hold; is the disk full, or the file another user's? When that is mended, the next "
            "apply finds out first what became of whatever was under way"
        )

    return engine


class _NamesAsJson(dict[tuple[str, ...], str]):
    """The names of a record's fields as JSON; most records of a batch have the same."""

    def __call__(self, payload: Mapping[str, Value]) -> str:
        names = tuple(payload)
        if names not in self:
            self[names] = _json(names)
        return self[names]


def _points_at(field_name: str, ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a link of a record was sent, or was seen, to lead to one of these of the CRM's."""
    links = [
        type_coerce(values, JSON)[field_name].as_string()
        for values in (schema.records.c.sent, schema.records.c.observed)
    ]
    return or_(*(link.in_(ids) for link in links))


def _attempt_as_list(attempt: Attempt) -> list[Any]:
    """What is needed to make it again; in the order of its fields."""
    return [
        attempt.key,
        attempt.operation,
        attempt.remote_id,
        orjson.Fragment(attempt.payload_json) if attempt.payload_json else attempt.payload,
        attempt.before,
        attempt.origin,
        attempt.fingerprint,
        attempt.sent,
        attempt.observed,
        attempt.is_part,
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
