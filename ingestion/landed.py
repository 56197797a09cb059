"""What the warehouse already holds of a source.

The raw tables themselves are the memory of what was read: how far, which contents,
which files. dlt's own incremental state is not used for that, because it moves in
another file than the rows do, so that a crash between the two doubles or loses rows,
and because its deduplication ends where an overlap (`lag`) begins.

`_dlt_id` begins with a digest of the row's content, so a row is recognised without
comparing its columns.

Every question opens the warehouse for a moment and lets it go again.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.connection import DEFAULT_PATIENCE, WarehouseMissingError, attached_read_only

CONTENT_LENGTH = 24
"""How many characters of `_dlt_id` are the digest of the content: 96 bits of an md5."""

FUTURE = "interval 26 hours"
"""A cursor further ahead of its load than any time zone explains is a wrong clock, not news."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The raw tables of one source."""

    warehouse: Path
    dataset: str
    patience: float = DEFAULT_PATIENCE

    def columns(self, table: str) -> dict[str, str]:
        """The columns of a raw table and their DuckDB types; empty if there is no such table."""
        with self._opened() as connection:
            if connection is None:
                return {}
            rows = connection.execute(
                "select column_name, data_type from duckdb_columns() "
                "where database_name = 'warehouse' and schema_name = ? and table_name = ? "
                "order by column_index",
                [self.dataset, table],
            ).fetchall()
        return dict(rows)

    def high_water(self, table: str, cursor: str) -> dt.datetime | dt.date | int | str | None:
        """The newest cursor that was landed; those from the future don't count."""
        types = self.columns(table)
        if cursor not in types:
            return None
        sane = ""
        if types[cursor].startswith(("TIMESTAMP", "DATE")):
            sane = (
                f"where {_quoted(cursor)}::timestamp <= "
                f"make_timestamp((try_cast(_dlt_load_id as double) * 1000000)::bigint) + {FUTURE}"
            )
        with self._opened() as connection:
            if connection is None:
                return None
            row = connection.execute(
                f"select max({_quoted(cursor)}) from {self._name(table)} {sane}"
            ).fetchone()
        return row[0] if row else None

    def contents(
        self,
        table: str,
        key: Sequence[str],
        *,
        cursor: str | None = None,
        start: dt.datetime | dt.date | int | str | None = None,
    ) -> pa.Table:
        """The digests of the newest versions, by load, of the rows from `start` on.

        Only the newest: a row that went from A to B and back to A is news.
        """
        types = self.columns(table)
        empty = pa.table({"content": pa.array([], pa.string())})
        if not types or not set(key) <= set(types):
            return empty
        window, values = "", []
        if cursor is not None and start is not None and cursor in types:
            window = f"where {_quoted(cursor)} >= ? or {_quoted(cursor)} is null"
            values.append(start)
        keys = ", ".join(map(_quoted, key))
        with self._opened() as connection:
            if connection is None:
                return empty
            return connection.execute(
                f"select left(_dlt_id, {CONTENT_LENGTH}) as content "
                f"from {self._name(table)} {window} "
                f"qualify rank() over (partition by {keys} order by _dlt_load_id desc) = 1",
                values,
            ).to_arrow_table()

    def newest(
        self,
        table: str,
        key: str,
        order: Iterable[str] = (),
        *,
        columns: Sequence[str] | None = None,
    ) -> pa.Table | None:
        """The newest version of every record: by load, then by the columns of `order`."""
        if not self.columns(table):
            return None
        newest_first = (f"{_quoted(column)} desc nulls last" for column in order)
        ordering = ", ".join(["_dlt_load_id desc", *newest_first])
        chosen = "* exclude (_dlt_id, _dlt_load_id)"
        if columns is not None:
            chosen = ", ".join(map(_quoted, columns))
        with self._opened() as connection:
            if connection is None:
                return None
            return connection.execute(
                f"select {chosen} from {self._name(table)} "
                f"qualify row_number() over (partition by {_quoted(key)} order by {ordering}) = 1"
            ).to_arrow_table()

    def values(self, table: str, column: str, where: str = "true") -> set[object]:
        """The distinct values of a column."""
        if column not in self.columns(table):
            return set()
        with self._opened() as connection:
            if connection is None:
                return set()
            rows = connection.execute(
                f"select distinct {_quoted(column)} from {self._name(table)} where {where}"
            ).fetchall()
        return {row[0] for row in rows}

    def is_empty(self, table: str) -> bool:
        """Whether the raw table has no row (or isn't there)."""
        if not self.columns(table):
            return True
        with self._opened() as connection:
            if connection is None:
                return True
            return not connection.execute(f"select 1 from {self._name(table)} limit 1").fetchall()

    def half_loaded(self) -> dict[str, set[str]]:
        """The loads that began and never ended, by table.

        dlt notes a load in `_dlt_loads` when all of it is there. Only ids that dlt could
        have given count, so rows that somebody put there by hand are left alone.
        """
        with self._opened() as connection:
            if connection is None:
                return {}
            tables = {
                row[0]
                for row in connection.execute(
                    "select table_name from duckdb_columns() where database_name = 'warehouse' "
                    "and schema_name = ? and column_name = '_dlt_load_id'",
                    [self.dataset],
                ).fetchall()
            }
            noted = connection.execute(
                "select 1 from duckdb_tables() where database_name = 'warehouse' "
                "and schema_name = ? and table_name = '_dlt_loads'",
                [self.dataset],
            ).fetchall()
            if not noted:
                return {}
            found = {
                table: {
                    row[0]
                    for row in connection.execute(
                        f"select distinct _dlt_load_id from {self._name(table)} "
                        "where regexp_full_match(_dlt_load_id, '\\d{10}\\.\\d+') "
                        f"and _dlt_load_id not in "
                        f"(select load_id from {self._name('_dlt_loads')} where status = 0)"
                    ).fetchall()
                }
                for table in sorted(tables)
            }
        return {table: loads for table, loads in found.items() if loads}

    def _name(self, table: str) -> str:
        return f"warehouse.{_quoted(self.dataset)}.{_quoted(table)}"

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """The warehouse, or None where there is none yet."""
        if not self.warehouse.exists():
            yield None
            return
        try:
            with attached_read_only(self.warehouse, patience=self.patience) as connection:
                yield connection
        except WarehouseMissingError:
            yield None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
