"""The field-mapping table: what business and engineering sign before anything runs."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from crm.protocol import Field
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.syncs import Column, Sync

HEADINGS = (
    "sync", "CRM field", "label in the CRM", "type in the CRM", "longest", "required", "options",
    "our column", "type", "owner", "links to", "personal data", "meaning", "tests",
)  # fmt: skip
FORMATS = (".xlsx", ".md", ".csv")


def rows(sync: Sync, described: Sequence[Field] = ()) -> list[dict[str, str]]:
    """One row a field: those we write first, then those that are the CRM's own.

    `described` is what the CRM says of the object's fields; empty if it can't be asked.
    """
    by_name = {field.name: field for field in described}
    ours = [_row(sync, column, by_name.pop(column.field, None)) for column in sync.columns]
    theirs = [_row(sync, None, field) for field in by_name.values()]
    return ours + theirs


def write(table: Sequence[dict[str, str]], path: Path) -> None:
    """Write the table in the form that the file's name asks for.

    Raises:
        SyncConfigurationError: the name ends otherwise.
    """
    if path.suffix not in FORMATS:
        raise SyncConfigurationError(
            f"{path}: the mapping is written as {', '.join(FORMATS)}; end the name in one of them"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        _write_xlsx(table, path)
    else:
        render = markdown if path.suffix == ".md" else _csv
        path.write_text(render(table), encoding="utf-8")


def markdown(table: Sequence[dict[str, str]]) -> str:
    """The table as a page: one heading a sync."""
    lines: list[str] = []
    for sync in dict.fromkeys(row["sync"] for row in table):
        lines += [f"## {sync}", "", "| " + " | ".join(HEADINGS[1:]) + " |"]
        lines.append("|" + "---|" * len(HEADINGS[1:]))
        lines += [
            "| " + " | ".join(row[name].replace("|", "\\|") for name in HEADINGS[1:]) + " |"
            for row in table
            if row["sync"] == sync
        ]
        lines.append("")
    return "\n".join(lines)


def _row(sync: Sync, column: Column | None, field: Field | None) -> dict[str, str]:
    longest = field.max_length if field and field.max_length else column and column.max_length
    values = {
        "sync": sync.name,
        "CRM field": column.field if column else field.name if field else "",
        "label in the CRM": field.label if field else "",
        "type in the CRM": field.type if field else "",
        "longest": str(longest or ""),
        "required": "yes" if field and field.required else "",
        "options": ", ".join(field.options) if field else "",
        "our column": column.name if column else "",
        "type": column.data_type if column else "",
        "owner": column.owner if column else "crm",
        "links to": (column.links_to or "") if column else "",
        "personal data": (column.pii or "") if column else "",
        "meaning": " ".join(column.description.split()) if column else "the CRM's own; left alone",
        "tests": ", ".join(column.tests) if column else "",
    }
    return {name: values[name] for name in HEADINGS}


def _csv(table: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADINGS)
    writer.writeheader()
    writer.writerows(table)
    # the mark tells a spreadsheet that this is UTF-8
    return "\ufeff" + text.getvalue()


def _write_xlsx(table: Sequence[dict[str, str]], path: Path) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        bold = workbook.add_format({"bold": True, "text_wrap": True})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        for sync in dict.fromkeys(row["sync"] for row in table):
            # a sheet's name has at most 31 characters
            sheet = workbook.add_worksheet(sync[:31])
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, len(HEADINGS) - 2, 18, wrapped)
            sheet.write_row(0, 0, HEADINGS[1:], bold)
            of_sync = (row for row in table if row["sync"] == sync)
            for number, row in enumerate(of_sync, start=1):
                for place, name in enumerate(HEADINGS[1:]):
                    sheet.write_string(number, place, row[name])
