"""The ledger of the syncs: what was sent to the CRMs, landed like any other system's data.

It is an SQLite file that reverse_etl makes at its first run; until then there is
nothing to land, which is said and is no error.

No value leaves it. What a record was sent comes as a digest of each field, by which
the models tell what they find in the CRM from what people typed there; and what was
erased in the ledger goes from the raw tables too, digests included.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import sqlalchemy as sa

from ingestion.config import Instance, ledger_path, settings
from ingestion.landed import Landed
from ingestion.sources.sql import SqlSettings, SqlSource, SqlTable
from ingestion.tables import Problem, Reading, Table

_TABLES = {
    # what a plan compares isn't news to the warehouse
    "records": SqlTable(cursor="changed_at", exclude=("fingerprint", "run_id")),
    "erasures": SqlTable(cursor="erased_at"),
    # a delivery gets its outcome some time after its intent; those without one are always read
    "deliveries": SqlTable(cursor="outcome_at"),
    "runs": SqlTable(exclude=("message",)),
    "rejects": SqlTable(exclude=("fingerprint",)),
}
_VALUES = ("sent", "observed")
"""The columns of `records` that hold values."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """`[sources.<name>]` of kind ledger."""

    path: str | None = None
    """The file; without it TONGKE_LEDGER, or var/ledger.sqlite."""


def open_source(instance: Instance) -> "LedgerSource":
    """The source of an instance."""
    return LedgerSource(instance.name, settings(instance, LedgerSettings))


class LedgerSource:
    """The ledger's tables, but for the values that were sent."""

    def __init__(self, name: str, config: LedgerSettings) -> None:
        self._path = ledger_path() if config.path is None else Path(config.path)
        self._name = name
        self._database: SqlSource | None = None
        self._problems: list[Problem] = []

    def tables(self, landed: Landed) -> list[Table]:
        """The tables that are there."""
        path = self._path
        self._problems = []
        if not path.exists():
            message = f"{self._name}: there is no ledger at {path} yet; no sync has run"
            self._problems = [Problem(None, message, is_error=False)]
            return []
        url = sa.URL.create("sqlite", database=str(path.resolve()))
        self._database = SqlSource(
            self._name, SqlSettings(url.render_as_string(hide_password=False), _TABLES)
        )
        found = self._database.tables(landed)
        self._problems = self._database.problems()
        return [_without_values(table) if table.name == "records" else table for table in found]

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows of a table."""
        if self._database is None:
            return
        for batch in self._database.read(reading):
            yield _digested(batch) if reading.table.name == "records" else batch

    def forget(self, connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
        """Take out of the raw tables what was landed of a record before its values were erased."""
        connection.execute(f"""
            delete from {dataset}.records as records
            using {dataset}.erasures as erasures
            where records.sync = erasures.sync and records.key = erasures.key
                and records.changed_at < erasures.erased_at
        """)

    def problems(self) -> list[Problem]:
        """That there is no ledger, or what is wrong with it."""
        return list(self._problems)

    def close(self) -> None:
        """End the connection."""
        if self._database is not None:
            self._database.close()


def digests(record_id: str, values: str | None) -> str | None:
    """The digest of each field of a record, as JSON; the macro `value_digest` makes the same.

    The record's id goes into it, so that equal values of two records don't look equal.
    """
    if values is None:
        return None
    return orjson.dumps(
        {name: _digest(record_id, name, value) for name, value in orjson.loads(values).items()}
    ).decode()


def _digest(record_id: str, name: str, value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    spelt = f"{record_id}\x1f{name}\x1f{text}".encode()
    return hashlib.md5(spelt, usedforsecurity=False).hexdigest()


def _without_values(table: Table) -> Table:
    """The table as it is landed."""
    names = [
        f"{each.name}_digests" if each.name in _VALUES else each.name for each in table.columns
    ]
    schema = pa.schema([(name, each.type) for name, each in zip(names, table.columns, strict=True)])
    return replace(table, columns=schema)


def _digested(batch: pa.Table) -> pa.Table:
    record_ids = batch["remote_id"].to_pylist()
    for name in _VALUES:
        found = [
            digests(record_id, values)
            for record_id, values in zip(record_ids, batch[name].to_pylist(), strict=True)
        ]
        place = batch.column_names.index(name)
        batch = batch.set_column(place, f"{name}_digests", pa.array(found, pa.string()))
    return batch
