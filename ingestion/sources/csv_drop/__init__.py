"""CSV files dropped into a folder, as shops export them."""

import codecs
import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ingestion.config import Instance, settings
from ingestion.sources.csv_drop.headers import HEADERS, TABLES
from ingestion.sources.documents import Document, DocumentError
from ingestion.sources.drop import DropSource, DropTable, Sheet

SETTLED = dt.timedelta(seconds=60)
"""A file that hasn't grown for so long is as it is meant to be, however it ends."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """`[sources.<name>]` of kind csv_drop."""

    folder: str
    tables: Mapping[str, DropTable] = field(default_factory=lambda: TABLES)
    """Raw table → its files and key; without it, all files hold a shop's orders."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header → column, besides those that are known."""
    encoding: str = "auto"
    """auto: UTF-8 where it is valid, else GB18030, which contains GBK and GB2312."""
    delimiter: str = ","


def open_source(instance: Instance) -> DropSource:
    """The source of an instance."""
    config = settings(instance, CsvSettings)
    return DropSource(
        instance.name,
        config.folder,
        config.tables,
        {**HEADERS, **config.headers},
        Csv(config.encoding, config.delimiter),
    )


@dataclass(frozen=True, slots=True)
class Csv:
    """The .csv format."""

    encoding: str = "auto"
    delimiter: str = ","
    pattern: str = "*.csv"
    now: Callable[[], dt.datetime] = _utc_now

    def sheets(self, document: Document, wanted: frozenset[str]) -> Iterator[Sheet]:  # noqa: ARG002 - a CSV file has no sheets to choose from
        """The file's one sheet."""
        text = decoded(document, self.encoding)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        line = 1
        try:
            for row in reader:
                # an empty cell of a CSV can't be told from an empty text
                rows.append([cell or None for cell in row])
                numbers.append(line)
                line = reader.line_num + 1
        except csv.Error as error:
            raise DocumentError(
                f"{document.path}, row {line}: {error}; left out. Is it still being written?"
            ) from None
        if self.now() - document.modified_at < SETTLED and _ends_within_a_row(text, rows):
            raise DocumentError(
                f"{document.path}, row {numbers[-1]}: the file ends within a row, so it is still "
                "being written; it is landed by the next run"
            )
        yield Sheet(None, rows, numbers)


def _ends_within_a_row(text: str, rows: list[list[str | None]]) -> bool:
    """Whether the last row is shorter than the one before, and no line break follows it."""
    return len(rows) > 1 and len(rows[-1]) < len(rows[-2]) and not text.endswith(("\n", "\r"))


def decoded(document: Document, encoding: str = "auto") -> str:
    """A file's text.

    Raises:
        DocumentError: its bytes are no text of that encoding.
    """
    candidates = ("utf-8-sig", "gb18030") if encoding == "auto" else (encoding,)
    try:
        for name in candidates:
            codecs.lookup(name)
    except LookupError:
        raise DocumentError(f"{encoding} is no encoding that Python knows") from None
    failure: UnicodeDecodeError | None = None
    for name in candidates:
        try:
            return document.content.decode(name)
        except UnicodeDecodeError as error:
            failure = error
    line = document.content[: failure.start].count(b"\n") + 1 if failure else 1
    raise DocumentError(
        f"{document.path}, row {line}: is no {' or '.join(candidates)}; left out. Name its "
        "encoding in the source's settings, or export it again"
    )
