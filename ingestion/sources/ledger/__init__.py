"""The ledger of the syncs: what was sent to the CRMs, landed like any other system's data.

It is an SQLite file that reverse_etl makes at its first run; until then there is
nothing to land, which is said and is no error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from ingestion.config import Instance, ledger_path, settings
from ingestion.landed import Landed
from ingestion.sources.sql import SqlSettings, SqlSource, SqlTable
from ingestion.tables import Problem, Reading, Table

_TABLES = {
    # what a plan compares isn't news to the warehouse
    "records": SqlTable(cursor="changed_at", exclude=("fingerprint", "run_id")),
    # a delivery gets its outcome some time after its intent; those without one are always read
    "deliveries": SqlTable(cursor="outcome_at"),
    "runs": SqlTable(exclude=("message",)),
    "rejects": SqlTable(),
}


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
        return found

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows of a table."""
        if self._database is not None:
            yield from self._database.read(reading)

    def problems(self) -> list[Problem]:
        """That there is no ledger, or what is wrong with it."""
        return list(self._problems)

    def close(self) -> None:
        """End the connection."""
        if self._database is not None:
            self._database.close()
