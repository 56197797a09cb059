"""A list of questions as a spreadsheet: out with empty columns for answers, in with them filled.

As .xlsx, or as .csv, in UTF-8 with the mark by which spreadsheets know it; a spreadsheet that
saves CSV in GB18030 is understood.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from ingestion.sources.documents import Document, DocumentError
from ingestion.sources.workbooks.xlsx import Workbook

NumberedRow = tuple[int, Sequence[str | None]]
"""A row of a file, with the number that a spreadsheet shows beside it."""

WIDTH = 14


class SheetError(Exception):
    """A file that isn't such a list; nothing was read."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a list looks like."""

    sheet: str
    headings: Sequence[str]
    needed: Sequence[str]
    """The headings without which a file isn't this list."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By heading: what an answer is chosen from."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """By heading, in characters."""


def write(form: Form, rows: Sequence[Sequence[object]], path: Path) -> None:
    """Write the questions, with a list to choose each answer from; columns that lack are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [
        [*("" if value is None else str(value) for value in row)]
        + [""] * (len(form.headings) - len(row))
        for row in rows
    ]
    if _is_csv(path):
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(form.headings)
            lines.writerows(texts)
        return
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet(form.sheet)
        bold = workbook.add_format({"bold": True})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        for column, heading in enumerate(form.headings):
            sheet.write_string(0, column, heading, bold)
            sheet.set_column(column, column, form.widths.get(heading, WIDTH), wrapped)
        for number, row in enumerate(texts, start=1):
            for column, text in enumerate(row):
                # as text: a spreadsheet must neither calculate with it nor shorten it
                sheet.write_string(number, column, text)
        for heading, words in form.choices.items():
            column = form.headings.index(heading)
            listed = {"validate": "list", "source": list(words)}
            sheet.data_validation(1, column, max(len(rows), 1), column, listed)
        sheet.freeze_panes(1, 0)


def read(form: Form, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's number and cells by heading; an empty cell is an empty text.

    Raises:
        SheetError: the file isn't such a list.
    """
    numbered = _csv_rows(path) if _is_csv(path) else _sheet_rows(form.sheet, path)
    if not numbered or not {*form.needed} <= set(numbered[0][1]):
        *others, last = form.needed
        raise SheetError(
            f"{path} has no sheet {form.sheet} with the columns {', '.join(others)} and {last}"
        )
    header = numbered[0][1]
    for number, row in numbered[1:]:
        yield (
            number,
            {name: value or "" for name, value in zip(header, row, strict=False) if name},
        )


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _csv_rows(path: Path) -> list[NumberedRow]:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            lines = csv.reader(content.decode(encoding).splitlines(keepends=True))
            return [(number, row) for number, row in enumerate(lines, start=1)]
        except UnicodeDecodeError:
            continue
    raise SheetError(f"{path} is neither UTF-8 nor GB18030")


def _sheet_rows(name: str, path: Path) -> list[NumberedRow]:
    modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    document = Document(path, path.read_bytes(), modified_at)
    try:
        for sheet in Workbook().sheets(document, frozenset({name})):
            if sheet.name == name:
                return list(zip(sheet.row_numbers, sheet.rows, strict=True))
    except DocumentError as error:
        raise SheetError(str(error)) from error
    return []
