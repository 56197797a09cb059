"""Land one source: read what is new, and hand it to dlt as one package.

The order of things is what makes a run safe to break off and to repeat:

1. What an earlier run left half loaded is taken out again, so that the raw tables
   hold whole packages only.
2. What is new is found by looking at those tables, not at a state beside them.
3. Reading and writing to dlt's package happen without the warehouse; its lock is
   taken for the load alone.
"""

import datetime as dt
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import dlt
import duckdb
import pyarrow as pa
from dlt.common.schema.exceptions import DataValidationError
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion import contract
from ingestion.errors import IngestionError, SourceError, TableError, told
from ingestion.fresh import ID, Fresh
from ingestion.landed import Landed
from ingestion.lock import held
from ingestion.tables import Cursor, Erasing, Problem, Reading, Source, Table
from warehouse.connection import DEFAULT_PATIENCE, waiting

SCHEMA_CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""A new column is news worth having; a column whose type changed would be wrong in silence."""

BATCH_ROWS = 50_000
"""How many rows are handed to dlt at once: enough for its speed, and no burden to memory."""

OnRows = Callable[[str, int], None]
Status = Literal["done", "partly", "failed", "misconfigured"]


@dataclass(frozen=True, slots=True)
class TableSummary:
    """What became of one table."""

    name: str
    rows: int = 0
    bytes: int = 0
    new_columns: tuple[str, ...] = ()
    vanished_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What became of one source."""

    source: str
    kind: str
    status: Status
    tables: tuple[TableSummary, ...] = ()
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Landing:
    """Where sources are landed."""

    warehouse: Path
    pipelines: Path
    patience: float = DEFAULT_PATIENCE
    now: Callable[[], float] = time.monotonic
    on_rows: OnRows = field(default=lambda _table, _rows: None)

    def run(self, name: str, kind: str, source: Source, *, full: bool = False) -> SourceSummary:
        """Read what is new in a source, and land it.

        Raises:
            IngestionError: nothing of the source was landed.
        """
        started = self.now()
        quieten_dlt()
        with held(self.pipelines / f"{name}.lock", f"the source {name}", self.patience):
            try:
                return self._run(name, kind, source, full=full, started=started)
            finally:
                source.close()

    def _run(
        self, name: str, kind: str, source: Source, *, full: bool, started: float
    ) -> SourceSummary:
        landed = Landed(self.warehouse, f"raw_{name}", self.patience)
        pipeline = self._pipeline(name, landed)
        offered = source.tables(landed)
        problems = list(source.problems())
        works, refused = _compared(name, offered, landed)
        problems += refused
        full = full or self._is_full_due(pipeline, source)
        while True:
            for work in works:
                work.rows = work.bytes = 0
            try:
                has_news = self._extract(pipeline, name, works, source, landed, full=full)
                break
            except TableError as error:
                # nothing of the package was kept: the other tables are read once more
                problems.append(Problem(error.table, str(error)))
                works = [work for work in works if work.table.name != error.table]
        if has_news:
            self._load(pipeline, landed, works, source)
        pipeline.set_local_state_val(_RUNS, 0 if full else _runs_since_full(pipeline) + 1)
        problems += [p for p in source.problems() if p not in problems]
        return SourceSummary(
            name,
            kind,
            _status(works, problems),
            tuple(
                TableSummary(w.table.name, w.rows, w.bytes, w.new_columns, w.vanished_columns)
                for w in works
            ),
            tuple(problems),
            self.now() - started,
        )

    def _pipeline(self, name: str, landed: Landed) -> dlt.Pipeline:
        """The source's pipeline, with nothing of an earlier run hanging in it."""
        pipeline = self._new_pipeline(name)
        self._take_out_half_loaded(landed)
        tables = _known_tables(pipeline)
        # where somebody dropped a raw table to have it anew, dlt would think it is still there
        if pipeline.has_pending_data or any(not landed.columns(table) for table in tables):
            pipeline = self._afresh(pipeline)
        return pipeline

    def _afresh(self, pipeline: dlt.Pipeline) -> dlt.Pipeline:
        """The pipeline without dlt's working files: what was read, the raw tables know."""
        runs = _runs_since_full(pipeline)
        pipeline.drop()
        afresh = self._new_pipeline(pipeline.pipeline_name)
        afresh.set_local_state_val(_RUNS, runs)
        return afresh

    def _new_pipeline(self, name: str) -> dlt.Pipeline:
        return dlt.pipeline(
            name,
            pipelines_dir=str(self.pipelines),
            destination=dlt.destinations.duckdb(str(self.warehouse)),
            dataset_name=f"raw_{name}",
        )

    def _take_out_half_loaded(self, landed: Landed) -> None:
        """Remove the rows of a load that never ended, from all tables of the source."""
        halves = landed.half_loaded()
        if not halves:
            return
        with self._opened() as connection:
            for table, loads in halves.items():
                connection.execute(
                    f'delete from "{landed.dataset}"."{table}" '
                    "where _dlt_load_id in (select unnest(?))",
                    [sorted(loads)],
                )

    def _extract(
        self,
        pipeline: dlt.Pipeline,
        name: str,
        works: list["Work"],
        source: Source,
        landed: Landed,
        *,
        full: bool,
    ) -> bool:
        """Write what is new into a package of dlt's; whether there is anything."""
        mark = secrets.token_hex(4)
        reads = [(work, self._batches(work, source, landed, mark, full=full)) for work in works]
        # a package costs half a second, and most runs of most sources find nothing
        while reads:
            work, batches = reads.pop(0)
            first = next(batches, None)
            if first is not None:
                reads.insert(0, (work, chain([first], batches)))
                break
        if not reads:
            return False
        resources = [
            dlt.resource(
                batches,
                name=work.table.name,
                write_disposition="append",
                schema_contract=SCHEMA_CONTRACT,
                columns=contract.hints(work.table.columns),
            )
            for work, batches in reads
        ]
        try:
            pipeline.extract(_dlt_source(name, resources), loader_file_format="parquet", workers=1)
        except PipelineStepFailed as error:
            raise _ours(error, name) from error
        return True

    def _batches(
        self, work: "Work", source: Source, landed: Landed, mark: str, *, full: bool
    ) -> Iterator[pa.Table]:
        table = work.table
        if work.is_new or work.new_columns:
            yield work.written(_with_id(table.columns.empty_table()))
        start = None
        if table.cursor is not None and not full:
            start = earlier(landed.high_water(table.name, table.cursor), table.lag)
        known = None
        if not table.by_file:
            known = landed.contents(table.name, table.key, cursor=table.cursor, start=start)
        fresh = Fresh(known, mark, may_repeat=table.may_repeat)
        try:
            for batch in _coalesced(source.read(Reading(table, landed, start, full))):
                new = fresh.only_new(batch.select(table.columns.names).cast(table.columns))
                if new.num_rows:
                    yield work.written(new)
                    self.on_rows(table.name, new.num_rows)
        finally:
            fresh.close()

    def _load(
        self, pipeline: dlt.Pipeline, landed: Landed, works: list["Work"], source: Source
    ) -> None:
        """Load the package, holding the warehouse only now."""
        try:
            pipeline.normalize()
            with self._opened() as connection:
                _make_way(connection, landed.dataset, works)
                pipeline.load(destination=dlt.destinations.duckdb(connection))
                # raw keeps every version, but for those that its source has had to erase
                if isinstance(source, Erasing):
                    source.forget(connection, landed.dataset)
        except PipelineStepFailed as error:
            self._afresh(pipeline)
            self._take_out_half_loaded(landed)
            raise _ours(error, pipeline.pipeline_name) from error
        except BaseException:
            self._afresh(pipeline)
            raise

    def _opened(self) -> duckdb.DuckDBPyConnection:
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        return waiting(
            lambda: duckdb.connect(
                str(self.warehouse), config={"autoinstall_known_extensions": "false"}
            ),
            path=self.warehouse,
            patience=self.patience,
        )

    def _is_full_due(self, pipeline: dlt.Pipeline, source: Source) -> bool:
        every: int | None = getattr(source, "full_every", None)
        return bool(every) and _runs_since_full(pipeline) + 1 >= int(every or 0)


@dataclass(slots=True)
class Work:
    """A table on its way."""

    table: Table
    is_new: bool
    new_columns: tuple[str, ...]
    vanished_columns: tuple[str, ...]
    changed_types: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0

    def written(self, batch: pa.Table) -> pa.Table:
        """Count a batch that goes into the package."""
        self.rows += batch.num_rows
        self.bytes += batch.nbytes
        return batch


_RUNS = "runs_since_full"


def quieten_dlt() -> None:
    """Keep dlt from calling home and from chattering; what the environment says wins."""
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
    os.environ.setdefault("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "true")
    # one table after the other: not every database reads two result sets at once
    os.environ.setdefault("EXTRACT__NEXT_ITEM_MODE", "fifo")


def earlier(cursor: Cursor | None, lag: float) -> Cursor | None:
    """The cursor, `lag` seconds or steps before."""
    if cursor is None or not lag:
        return cursor
    if isinstance(cursor, dt.datetime):
        return cursor - dt.timedelta(seconds=lag)
    if isinstance(cursor, dt.date):
        return cursor - dt.timedelta(days=-(-lag // 86400))
    if isinstance(cursor, int):
        return cursor - int(lag)
    with suppress(ValueError):
        moment = dt.datetime.fromisoformat(cursor) - dt.timedelta(seconds=lag)
        # text compares as text: the earlier moment has to look like the others
        return _as_written(moment, cursor)
    return cursor


def _as_written(moment: dt.datetime, example: str) -> str:
    """A moment in the form of another text: its separator, fraction and Z."""
    digits = len(example.partition(".")[2].rstrip("Z")) if "." in example else 0
    text = moment.strftime("%Y-%m-%d" + (example[10] if len(example) > 10 else "") + "%H:%M:%S")
    if len(example) <= 10:
        return text[:10]
    if digits:
        text += f".{moment.microsecond:06d}"[: digits + 1]
    return text + ("Z" if example.endswith("Z") else "")


def _compared(name: str, offered: list[Table], landed: Landed) -> tuple[list[Work], list[Problem]]:
    """The tables beside what was landed of them; those whose types changed are refused."""
    works, problems = [], []
    for table in offered:
        there = {
            column: type_
            for column, type_ in landed.columns(table.name).items()
            if not column.startswith("_dlt_")
        }
        changes = contract.changed_types(table.columns, there)
        if changes and not landed.is_empty(table.name):
            problems += [
                Problem(
                    table.name,
                    f"{name}: the column {change.column} of {table.name} was "
                    f"{change.landed} and is {change.offered} now. Nothing of the table was "
                    f"landed. If the change is meant, rename or drop raw_{name}.{table.name} in "
                    "the warehouse and run again: the table then comes whole in its new form",
                )
                for change in changes
            ]
            continue
        names = set(table.columns.names)
        vanished = [column for column in there if column not in names | table.may_lack]
        works.append(
            Work(
                table,
                is_new=not there,
                new_columns=tuple(c for c in table.columns.names if there and c not in there),
                vanished_columns=tuple(vanished),
                changed_types=tuple(change.column for change in changes),
            )
        )
    return works, problems


def _make_way(connection: duckdb.DuckDBPyConnection, dataset: str, works: list[Work]) -> None:
    """Let dlt see what is really there.

    `dbt build` makes raw tables that aren't there yet; where such an empty table has other
    types than the source, the source is right. And dlt trusts its record of the last schema
    more than the tables, so that record goes where the two disagree.
    """
    for work in works:
        if work.changed_types:
            connection.execute(f'drop table if exists "{dataset}"."{work.table.name}"')
    tables = {
        row[0]
        for row in connection.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [dataset]
        ).fetchall()
    }
    missing = any(work.table.name not in tables for work in works)
    if "_dlt_version" in tables and (missing or any(w.new_columns for w in works)):
        connection.execute(f'delete from "{dataset}"._dlt_version')


def _dlt_source(name: str, resources: list[Any]) -> Any:
    return dlt.source(lambda: resources, name=name)()


def _with_id(table: pa.Table) -> pa.Table:
    return table.append_column(ID, pa.array([], pa.string()))


def _ours(error: PipelineStepFailed, name: str) -> IngestionError:
    """What went wrong, out of dlt's wrappings."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, IngestionError):
            return cause
        if isinstance(cause, DataValidationError):
            return TableError(
                cause.table_name,
                f"{name}: the type of the column {cause.column_name} of {cause.table_name} "
                "changed; nothing of the table was landed",
            )
        last, cause = cause, cause.__cause__ or getattr(cause, "exception", None)
    return SourceError(f"{name}: while landing: {told(last)}")


def _coalesced(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Fewer, larger batches: a hundred small files cost as much as a hundred large ones."""
    gathered: list[pa.Table] = []
    rows = 0
    for batch in batches:
        gathered.append(batch)
        rows += batch.num_rows
        if rows >= BATCH_ROWS:
            yield pa.concat_tables(gathered)
            gathered, rows = [], 0
    if gathered:
        yield pa.concat_tables(gathered)


def _known_tables(pipeline: dlt.Pipeline) -> list[str]:
    """The raw tables that dlt believes to be there."""
    if not pipeline.default_schema_name:
        return []
    return [table["name"] for table in pipeline.default_schema.data_tables()]


def _runs_since_full(pipeline: dlt.Pipeline) -> int:
    with suppress(KeyError):
        return int(pipeline.get_local_state_val(_RUNS))
    return 0


def _status(works: list[Work], problems: list[Problem]) -> Status:
    if not any(problem.is_error for problem in problems):
        return "done"
    return "partly" if works else "failed"
