"""The review queue as a spreadsheet: out with an empty column for answers, in with it filled.

As .xlsx, or as .csv, in UTF-8 with the mark by which spreadsheets know it; a spreadsheet that
saves CSV in GB18030 is understood.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from identity.decisions import Verdict
from identity.errors import IdentityError
from identity.reviews import Review
from ingestion.sources.documents import Document, DocumentError
from ingestion.sources.workbooks.xlsx import Workbook

NumberedRow = tuple[int, Sequence[str | None]]
"""A row of a file, with the number that a spreadsheet shows beside it."""

SHEET = "review"
ANSWERS = ("verdict", "reason")
HEADINGS = (*(each.name for each in fields(Review)), *ANSWERS)
WIDTHS = {"evidence": 100, "pair_key": 16, "record_key": 28, "other_record_key": 28, "reason": 40}
_VERDICTS = {
    **{verdict.value: verdict for verdict in Verdict},
    "同": Verdict.SAME,
    "是": Verdict.SAME,
    "异": Verdict.DIFFERENT,
    "否": Verdict.DIFFERENT,
}


def write(reviews: Sequence[Review], path: Path) -> None:
    """Write the questions, with a list to choose each answer from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_csv(path):
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(HEADINGS)
            lines.writerows((*astuple(review), *("" for _ in ANSWERS)) for review in reviews)
        return
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet(SHEET)
        bold = workbook.add_format({"bold": True})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(0, column, heading, bold)
            sheet.set_column(column, column, WIDTHS.get(heading, 14), wrapped)
        for row, review in enumerate(reviews, start=1):
            for column, value in enumerate(astuple(review)):
                # as text: a spreadsheet must neither calculate with it nor shorten it
                sheet.write_string(row, column, "" if value is None else str(value))
        answers = HEADINGS.index("verdict")
        sheet.data_validation(
            1,
            answers,
            max(len(reviews), 1),
            answers,
            {"validate": "list", "source": [verdict.value for verdict in Verdict]},
        )
        sheet.freeze_panes(1, 0)


def read(path: Path) -> Iterator[tuple[str, Verdict, str]]:
    """The pair key, the verdict and the reason of every row that is answered.

    Raises:
        IdentityError: the file isn't a review queue, or an answer is neither same nor different.
    """
    numbered = _csv_rows(path) if _is_csv(path) else _sheet_rows(path)
    if not numbered or not {"pair_key", *ANSWERS} <= set(numbered[0][1]):
        raise IdentityError(
            f"{path} has no sheet {SHEET} with the columns pair_key, verdict and reason"
        )
    header = numbered[0][1]
    for number, row in numbered[1:]:
        cells = dict(zip(header, row, strict=False))
        answer = (cells.get("verdict") or "").strip().lower()
        if not answer:
            continue
        if answer not in _VERDICTS:
            raise IdentityError(
                f"{path}, row {number}: the verdict has to be same or different; nothing was read"
            )
        yield cells["pair_key"] or "", _VERDICTS[answer], cells.get("reason") or ""


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
    raise IdentityError(f"{path} is neither UTF-8 nor GB18030")


def _sheet_rows(path: Path) -> list[NumberedRow]:
    modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    document = Document(path, path.read_bytes(), modified_at)
    try:
        for sheet in Workbook().sheets(document, frozenset({SHEET})):
            if sheet.name == SHEET:
                return list(zip(sheet.row_numbers, sheet.rows, strict=True))
    except DocumentError as error:
        raise IdentityError(str(error)) from error
    return []
