"""What workbooks and CSV files have in common: a header somewhere below a title, and copies.

A file's content is landed once, whatever its name and however often it is dropped; new
content under an old name is landed whole, and which version of a row is the newest is
for staging to say, by the source's own version.
"""

import datetime as dt
import fnmatch
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.naming import clean, column_name, distinct

HEADER_WITHIN = 20
"""The header is looked for in this many rows from the top."""

Cells = Sequence[str | None]


class DocumentError(IngestionError):
    """A file that can't be read; the other files can."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it is now."""

    path: Path
    content: bytes
    modified_at: dt.datetime

    @property
    def digest(self) -> str:
        """What its content is known by."""
        return hashlib.sha256(self.content).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header is, and what its columns are called."""

    last_row: int
    """Index of the last header row; the data begins below."""
    names: tuple[str | None, ...]
    """A column's name by its position; None where nothing stands above."""
    titles: tuple[str, ...]
    """The texts above the header."""


def documents(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder, by name; the lock files of office programs aren't any."""
    return sorted(
        path
        for path in folder.iterdir()
        # ORDERS.CSV as well, on every system
        if fnmatch.fnmatchcase(path.name.lower(), pattern)
        and path.is_file()
        and not path.name.startswith(("~$", "."))
    )


def opened(path: Path) -> Document:
    """A file's content, if nobody is writing it at this moment.

    Raises:
        DocumentError: it can't be read, or it changed while it was.
    """
    try:
        before = path.stat()
        content = path.read_bytes()
        after = path.stat()
    except OSError as error:
        raise DocumentError(f"{path}: can't be read: {error.strerror}") from None
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, len(content)):
        raise DocumentError(f"{path} is being written; it is landed by the next run")
    modified = dt.datetime.fromtimestamp(after.st_mtime, dt.UTC).replace(tzinfo=None)
    return Document(path, content, modified)


def find_header(
    rows: Sequence[Cells],
    known: Mapping[str, str],
    *,
    groups: Mapping[int, Cells] | None = None,
) -> Header | None:
    """The header: the row, or the row and its group row above, with the most known names.

    `groups` are rows in which merged cells are filled to the right, by index. A name under
    a group is known as `group/name` or as `name` alone.
    """
    best: tuple[int, int, bool, list[tuple[str, str]]] | None = None
    for index in range(min(len(rows), HEADER_WITHIN)):
        for is_double in (False, True) if index and groups is not None else (False,):
            above = (groups or {}).get(index - 1, rows[index - 1]) if is_double else ()
            cells = _header_cells(rows[index], above)
            score = sum(any(name in known for name in _candidates(*cell)) for cell in cells)
            if score and (best is None or score > best[0]):
                best = (score, index, is_double, cells)
    if best is None:
        return None
    _, index, is_double, cells = best
    above_header = rows[: index - is_double]
    titles = tuple(c.strip() for row in above_header for c in row if c and c.strip())
    return Header(index, _named(cells, known), titles)


_EXPORTED = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"[\sT]*(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?"
)


def exported_at(titles: Sequence[str]) -> dt.datetime | None:
    """When the file was exported, if a title says so: a date with a time, in the source's zone."""
    for title in titles:
        for found in _EXPORTED.finditer(title):
            year, month, day, hour, minute = (int(found[i]) for i in range(1, 6))
            try:
                return dt.datetime(year, month, day, hour, minute, int(found[6] or 0))  # noqa: DTZ001 - the source's zone isn't in the title
            except ValueError:
                continue
    return None


def _header_cells(leaves: Cells, above: Cells) -> list[tuple[str, str]]:
    """For each column what stands above it: the group, and the name."""
    width = max(len(leaves), len(above))
    return [
        (
            clean(above[position] or "") if position < len(above) else "",
            clean(leaves[position] or "") if position < len(leaves) else "",
        )
        for position in range(width)
    ]


def _candidates(group: str, leaf: str) -> tuple[str, ...]:
    """As what a column may be known: a name merged down stands where groups do."""
    if leaf:
        return (f"{group}/{leaf}", leaf) if group else (leaf,)
    return (group,) if group else ()


def _named(cells: Sequence[tuple[str, str]], known: Mapping[str, str]) -> tuple[str | None, ...]:
    """A name for each column under which something can stand."""
    plain = []
    for group, leaf in cells:
        mapped = (known[name] for name in _candidates(group, leaf) if name in known)
        plain.append(next(mapped, column_name(leaf or group) if leaf or group else None))
    unique = iter(distinct(name for name in plain if name is not None))
    return tuple(None if name is None else next(unique) for name in plain)
