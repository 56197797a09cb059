"""A folder into which files are dropped: which of them are new, and their rows as Arrow.

A kind of file (workbooks, CSV) only says how a file becomes sheets of text.
"""

import datetime as dt
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ingestion.errors import SourceError
from ingestion.landed import Landed
from ingestion.naming import clean
from ingestion.sources.documents import (
    Cells,
    Document,
    DocumentError,
    documents,
    exported_at,
    find_header,
    opened,
)
from ingestion.tables import Problem, Reading, Table


@dataclass(frozen=True, slots=True)
class DropTable:
    """How one raw table is filled: `[sources.<name>.tables.<raw table>]`."""

    key: str
    """The column, by its name in the warehouse, without which a sheet isn't this table."""
    files: str = "*"
    """Which of the files it is in."""
    sheet: str | None = None
    """Which sheet of a workbook it is in."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rectangle of text."""

    name: str | None
    rows: Sequence[Cells]
    row_numbers: Sequence[int]
    """The number that a person sees beside each row."""
    groups: Mapping[int, Cells] = field(default_factory=dict)
    """Rows whose merged cells are filled to the right, by index."""


class Format(Protocol):
    """A kind of file."""

    @property
    def pattern(self) -> str:
        """Which files of a folder are of this kind."""

    def sheets(self, document: Document, wanted: frozenset[str]) -> Iterator[Sheet]:
        """A file as sheets of text; of a workbook, those that are wanted.

        Raises:
            DocumentError: the file is damaged, or not what its name says.
        """


class DropSource:
    """The tables of one folder."""

    def __init__(
        self,
        name: str,
        folder: str,
        tables: Mapping[str, DropTable],
        headers: Mapping[str, str],
        format_: Format,
    ) -> None:
        self._name = name
        self._folder = Path(folder)
        self._tables = tables
        self._headers = {clean(header): column for header, column in headers.items()}
        self._format = format_
        self._problems: list[Problem] = []
        self._new: dict[str, list[pa.Table]] = {}

    def tables(self, landed: Landed) -> list[Table]:
        """The tables, with the columns that the new files have."""
        if not self._folder.is_dir():
            raise SourceError(
                f"{self._name}: there is no folder {self._folder.absolute()}; "
                f"mend [sources.{self._name}] folder"
            )
        self._problems, self._new = [], {table: [] for table in self._tables}
        known = {table: landed.values(table, "_file_hash") for table in self._tables}
        taken: set[str] = set()
        for path in documents(self._folder, self._format.pattern):
            wanted = [
                name
                for name, config in self._tables.items()
                if fnmatch.fnmatchcase(path.name, config.files)
            ]
            try:
                document = opened(path) if wanted else None
                # the same content under two names is one file
                if document and document.digest not in taken:
                    self._take(document, wanted, known)
                    taken.add(document.digest)
            except DocumentError as error:
                self._problems.append(Problem(None, f"{self._name}: {error}"))
        offered = (self._table(name, landed) for name in self._tables)
        return [table for table in offered if table is not None]

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows of the new files, a file at a time."""
        columns = reading.table.columns
        for rows in self._new[reading.table.name]:
            yield _aligned(rows, columns)

    def problems(self) -> list[Problem]:
        """The files that couldn't be read, and what others lack."""
        return list(self._problems)

    def close(self) -> None:
        """Forget the files."""
        self._new = {}

    def _take(
        self, document: Document, wanted: Sequence[str], known: Mapping[str, set[object]]
    ) -> None:
        """Read one file whole, or not at all; of a known one, what goes to an empty table.

        A file lands whole, so one table that has it is enough. Only a table that has nothing was
        dropped to have it anew, or is new in the settings.
        """
        is_known = any(document.digest in known[table] for table in wanted)
        names = {
            table: self._tables[table].sheet for table in wanted if not is_known or not known[table]
        }
        if not names:
            return
        sheets = {
            sheet.name: sheet
            for sheet in self._format.sheets(
                document, frozenset(name for name in names.values() if name is not None)
            )
        }
        read = {}
        for table, sheet in names.items():
            if sheet in sheets:
                read[table] = self._rows(document, sheets[sheet], table)
            elif not is_known:
                message = f"{self._name}: {document.path} has no sheet {sheet}"
                self._problems.append(Problem(table, message, is_error=False))
        for table, rows in read.items():
            self._new[table].append(rows)

    def _rows(self, document: Document, sheet: Sheet, table: str) -> pa.Table:
        """A sheet's rows under its header's names, with where each comes from."""
        where = f"{document.path}" + (f", sheet {sheet.name}" if sheet.name else "")
        header = find_header(sheet.rows, self._headers, groups=sheet.groups)
        key = self._tables[table].key
        if header is None or key not in header.names:
            written = [text for text, column in self._headers.items() if column == key]
            raise DocumentError(
                f"{where}: no header with {' or '.join(written) or key} in its first rows, so "
                "the file was left out. If it is called something else there, add it: "
                f'[sources.{self._name}.headers] "…" = "{key}"'
            )
        width = len(header.names)
        cells: list[Cells] = []
        numbers: list[int] = []
        body = zip(
            sheet.rows[header.last_row + 1 :], sheet.row_numbers[header.last_row + 1 :], strict=True
        )
        for row, number in body:
            if any(cell for cell in row[width:]):
                raise DocumentError(
                    f"{where}, row {number}: {len(row)} cells under {width} headers; is a "
                    "separator inside a value? Mend the row; the file was left out"
                )
            if any(cell and cell.strip() for cell in row):
                cells.append(row)
                numbers.append(number)
        columns = {
            name: pa.array([row[i] if i < len(row) else None for row in cells], pa.string())
            for i, name in enumerate(header.names)
            if name is not None
        }
        return pa.table(
            {
                **columns,
                **_origin(document, sheet.name, numbers, exported_at(header.titles)),
            }
        )

    def _table(self, name: str, landed: Landed) -> Table | None:
        """A table's columns: those of its new files, or else those it has."""
        columns: dict[str, pa.DataType] = {}
        for rows in self._new[name]:
            columns |= {field.name: field.type for field in rows.schema}
        there = [c for c in landed.columns(name) if not c.startswith("_dlt_")]
        if not columns:
            columns = {c: _type(c) for c in there}
        if not columns:
            return None
        for rows in self._new[name]:
            lacking = [c for c in columns if c not in rows.column_names]
            if lacking:
                file = rows["_file"][0].as_py() if rows.num_rows else "a file"
                message = f"{self._name}: {file} lacks {', '.join(lacking)}, which others have"
                self._problems.append(Problem(name, message, is_error=False))
        return Table(
            name,
            (self._tables[name].key,),
            # the columns of ours go last
            pa.schema(sorted(columns.items(), key=lambda column: column[0] in _TYPES)),
            by_file=True,
            may_lack=frozenset(_TYPES),
        )


_TYPES: Mapping[str, str] = {
    "_file": "string",
    "_file_hash": "string",
    "_sheet": "string",
    "_row": "int64",
    "_exported_at": "timestamp[us]",
    "_file_modified_at": "timestamp[us]",
}
"""The columns that say where a row comes from, by Arrow's names of their types."""


def _type(column: str) -> pa.DataType:
    return pa.type_for_alias(_TYPES.get(column, "string"))


def _origin(
    document: Document, sheet: str | None, numbers: list[int], exported: dt.datetime | None
) -> dict[str, pa.Array]:
    """The columns that say where a row comes from."""
    values: dict[str, object] = {
        "_file": document.path.name,
        "_file_hash": document.digest,
        "_exported_at": exported,
        "_file_modified_at": document.modified_at,
    }
    if sheet is not None:
        values["_sheet"] = sheet
    arrays = {
        name: pa.repeat(pa.scalar(value, _type(name)), len(numbers))
        for name, value in values.items()
    }
    return {**arrays, "_row": pa.array(numbers, pa.int64())}


def _aligned(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """The rows with all the columns of the table."""
    return pa.Table.from_arrays(
        [
            rows[field.name]
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in columns
        ],
        schema=columns,
    )
