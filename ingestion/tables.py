"""What a source offers, and what a kind of source has to know how to do."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import duckdb
import pyarrow as pa

from ingestion.landed import Landed

Cursor = dt.datetime | dt.date | int | str
"""A value of the column by which a source says what is new."""


@dataclass(frozen=True, slots=True)
class Table:
    """One raw table, as its source gives it now."""

    name: str
    key: tuple[str, ...]
    """The columns that tell one record from another."""
    columns: pa.Schema
    cursor: str | None = None
    """The column that grows with each change; without one, every run compares every row."""
    lag: float = 0.0
    """How far before the newest landed cursor a run begins again, in seconds or in steps.

    A transaction that commits late brings rows older than those already read.
    """
    by_file: bool = False
    """Whole files are new or known; their rows aren't compared one by one."""
    may_repeat: bool = False
    """One run may bring the same version of a row twice, because pages shift while it reads."""
    may_lack: frozenset[str] = field(default=frozenset())
    """Columns of ours that the source needn't give, such as the mark of a tombstone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one table is to be read in this run."""

    table: Table
    landed: Landed
    start: Cursor | None
    """Read from here on, this value included; None: everything."""
    full: bool
    """Whole, and look for what vanished."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that isn't as it should be, though the rest can go on."""

    table: str | None
    message: str
    is_error: bool = True


class Source(Protocol):
    """A system to be read. Opening one connects to nothing; `tables` does."""

    def tables(self, landed: Landed) -> list[Table]:
        """What can be read, by a look at the system.

        Raises:
            SourceError: the system can't be reached, or refuses us.
        """

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows of a table, in batches of its columns.

        Raises:
            TableError: this table can't be read.
            SourceError: nothing of this source can.
        """

    def problems(self) -> list[Problem]:
        """What was met since `tables` and didn't stop the reading, such as one bad file."""

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Erasing(Protocol):
    """A source that has had to erase records, which raw then may not keep either."""

    def forget(self, connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
        """Take what was erased out of the raw tables, which have just been loaded."""
