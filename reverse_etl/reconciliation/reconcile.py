"""Reconcile syncs, and note in the ledger what came of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import orjson
from sqlalchemy import insert, update

from crm.errors import CrmError
from crm.protocol import Crm
from reverse_etl.delivery import ASKED_TO_STOP
from reverse_etl.errors import ExitCode, SyncError
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import records, runs
from reverse_etl.plan import room
from reverse_etl.plan.fields import literal
from reverse_etl.queries import RECONCILE
from reverse_etl.reconciliation import findings
from reverse_etl.reconciliation.reading import Read, read_whole
from reverse_etl.syncs import Sync
from warehouse.connection import extension_path

KEYS_AT_ONCE = 500
"""Rows of the ledger in one transaction: a sync that is applied meanwhile hardly waits."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of reconciling one sync."""

    sync: Sync
    records: int = 0
    """In the CRM."""
    never_ours: int = 0
    """Of them, those that carry no key and that we never knew."""
    unjudged: int = 0
    """Records of ours that a sync wrote meanwhile, or of which it isn't known yet."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many keys or records were found of each kind."""
    fields: Sequence[tuple[str, str, int]] = ()
    """Fields that people changed: the field, its owner, in how many records."""
    problem: str | None = None
    """Why it wasn't read whole."""

    @property
    def is_done(self) -> bool:
        """Whether the CRM was read whole."""
        return self.problem is None

    @property
    def counts(self) -> dict[str, int]:
        """What the ledger notes of the run."""
        looked_at = {"records": self.records, "never_ours": self.never_ours}
        return {**looked_at, "unjudged": self.unjudged, **self.kinds}


class Reconciliation:
    """Reconciles syncs one after the other; what it found stays until its block ends."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger

    def reconcile(
        self, sync: Sync, crm: Crm, is_stopping: Callable[[], bool] = lambda: False
    ) -> Reconciled:
        """Read the CRM whole, and compare; notes the run, and what is gone."""
        ledger = self._ledger
        began_at = ledger.world.now()
        try:
            with read_whole(sync, crm, ledger.path.parent, ledger.world, is_stopping) as read:
                began_at = read.began_at
                if read.is_whole:
                    self._compare(sync, read)
                    result = self._result(sync)
                else:
                    result = Reconciled(sync, problem=ASKED_TO_STOP)
        except (CrmError, SyncError) as error:
            result = Reconciled(sync, problem=str(error))
        self._note(result, began_at)
        return result

    def keys(self) -> list[str]:
        """The keys about which a plan may have something to say."""
        rows = self._connection.execute(
            "select distinct key from findings where kind <> 'unknown_key' order by key"
        )
        return [key for (key,) in rows.fetchall()]

    def write(self, path: Path) -> None:
        """Write the findings into a file, readable by its owner alone: CSV by its name, or Parquet.

        It names keys, records and fields, and holds no values.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        unfinished.touch(mode=0o600)
        form = "csv, header" if path.suffix == ".csv" else "parquet"
        room.execute(
            self._connection,
            f"copy (select * from findings order by all) to {literal(str(unfinished))} "
            f"(format {form})",
        )
        unfinished.chmod(0o600)
        unfinished.replace(path)

    def _compare(self, sync: Sync, read: Read) -> None:
        unsettled = [
            attempt.key
            for intent in self._ledger.unsettled(sync.name)
            for attempt in intent.attempts
        ]
        with self._ledger.let_go() as path:
            self._connection.execute(
                f"attach {literal(str(path))} as ledger (type sqlite, read_only)"
            )
            try:
                findings.compare(self._connection, sync, read, unsettled)
            finally:
                self._connection.execute("detach ledger")

    def _result(self, sync: Sync) -> Reconciled:
        def rows(sql: str) -> list[Any]:
            return self._connection.execute(sql, [sync.name]).fetchall()

        [(count, never_ours, unjudged)] = rows(
            "select records, never_ours, unjudged from read_counts where sync = ?"
        )
        kinds = dict(
            rows(
                "select kind, count(distinct coalesce(key, remote_id)) from findings "
                "where sync = ? group by kind order by kind"
            )
        )
        fields = rows(
            "select field, owner, count(*) from findings where sync = ? and kind = 'changed' "
            "group by all order by count(*) desc, field"
        )
        return Reconciled(
            sync,
            count,
            never_ours,
            unjudged,
            {kind: kinds.get(kind, 0) for kind in findings.KINDS},
            fields,
        )

    def _note(self, result: Reconciled, began_at: str) -> None:
        """Put the run into the history, and know from now on what is gone.

        It takes no lease: it writes to no CRM, and a sync may be applied meanwhile.
        """
        world, sync = self._ledger.world, result.sync
        run_id, now = world.new_id(), world.now()
        with self._ledger.writing() as connection:
            connection.execute(
                insert(runs).values(
                    run_id=run_id,
                    sync=sync.name,
                    command=RECONCILE,
                    status="done" if result.is_done else "partial",
                    started_at=began_at,
                    finished_at=now,
                    mapping_hash=sync.mapping_hash,
                    counts=orjson.dumps(result.counts).decode(),
                    message=result.problem,
                )
            )
        if not result.is_done:
            return
        gone = self._connection.execute(
            "select key from findings where sync = ? and kind in ('missing', 'merged')",
            [sync.name],
        )
        r = records.c
        while rows := gone.fetchmany(KEYS_AT_ONCE):
            with self._ledger.writing() as connection:
                connection.execute(
                    update(records)
                    .where(
                        r.sync == sync.name,
                        r.key.in_([key for (key,) in rows]),
                        r.state == "live",
                        # what was written since is there
                        r.changed_at < began_at,
                    )
                    .values(state="gone", fingerprint=None, changed_at=now, run_id=run_id)
                )


@contextmanager
def reconciling(
    ledger: Ledger,
    syncs: Sequence[Sync],
    open_warehouse: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
) -> Iterator[Reconciliation]:
    """A reconciliation that knows what the models want; the warehouse is let go of at once."""
    with room.scratch(ledger.path.parent) as scratch, open_warehouse() as connection:
        connection.execute("set threads = 1")
        room.limit(connection, scratch)
        connection.load_extension(extension_path("sqlite_scanner"))
        connection.execute(findings.TABLES)
        for sync in syncs:
            findings.take_wanted(connection, sync)
        connection.execute("detach warehouse")
        yield Reconciliation(connection, ledger)


def exit_code(results: Sequence[Reconciled]) -> ExitCode:
    """What a reconciliation ends with: that people changed something is no failure of ours."""
    if all(each.is_done for each in results):
        return ExitCode.DONE
    return ExitCode.PARTLY if any(each.is_done for each in results) else ExitCode.FAILED
