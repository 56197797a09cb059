"""The mapping table as a file: a workbook, a page to print, Markdown or CSV."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

import xlsxwriter

from reverse_etl.errors import SyncConfigurationError
from reverse_etl.mapping.table import Sheet, headings
from reverse_etl.mapping.words import HEADINGS, Language, word

SHEET_NAME = 31
"""A sheet's name has at most so many characters."""
_WIDE = {"rule": 45, "sources": 45, "tests": 30}
"""Widths in characters, where it isn't `_WIDTH`."""
_WIDTH = 16
_STYLE = """
@page { size: A4 landscape; margin: 10mm }
body { font: 12px/1.4 "Helvetica Neue", "PingFang SC", "Microsoft YaHei", sans-serif }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #999; padding: 3px 5px; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
thead { display: table-header-group; background: #eee }
tr { break-inside: avoid }
section + section { break-before: page }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px }
dt { font-weight: bold }
dd { margin: 0 }
footer { display: flex; gap: 40px; margin-top: 24px; break-inside: avoid }
footer div { flex: 1; border-top: 1px solid #000; padding-top: 4px; margin-top: 40px }
"""


def write(sheets: Sequence[Sheet], path: Path, language: Language) -> None:
    """Write the tables in the form that the file's name asks for.

    Raises:
        SyncConfigurationError: the name ends otherwise.
    """
    if path.suffix != ".xlsx" and path.suffix not in _TEXTS:
        raise SyncConfigurationError(
            f"{path}: the mapping is written as .xlsx, {', '.join(_TEXTS)}; "
            "end the name in one of them"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        _write_xlsx(sheets, path, language)
    else:
        path.write_text(_TEXTS[path.suffix](sheets, language), encoding="utf-8", newline="")


def markdown(sheets: Sequence[Sheet], language: Language) -> str:
    """The tables one below the other."""
    lines: list[str] = []
    for sheet in sheets:
        lines += [f"## {sheet.sync}", ""]
        lines += [f"- {heading}: {text}" for heading, text in sheet.about]
        lines += ["", _line(headings(language)), "|" + "---|" * len(HEADINGS)]
        lines += [_line(list(row.values())) for row in sheet.rows]
        lines.append("")
    return "\n".join(lines)


def _html(sheets: Sequence[Sheet], language: Language) -> str:
    title = escape(word("title", language))
    signing = "".join(
        f"<div>{escape(word(who, language))}: {escape(word('signed_here', language))}</div>"
        for who in ("for_business", "for_engineering")
    )
    sections = "\n".join(_section(sheet, language, signing) for sheet in sheets)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{title}</h1>\n{sections}\n</body>\n</html>\n"
    )


def _section(sheet: Sheet, language: Language, signing: str) -> str:
    about = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in sheet.about)
    head = "".join(f"<th>{escape(each)}</th>" for each in headings(language))
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row.values()) + "</tr>"
        for row in sheet.rows
    )
    return (
        f"<section><h2>{escape(sheet.sync)}</h2>\n<dl>{about}</dl>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n"
        f"<footer>{signing}</footer></section>"
    )


def _csv(sheets: Sequence[Sheet], language: Language) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["sync", *headings(language)])
    writer.writerows([sheet.sync, *row.values()] for sheet in sheets for row in sheet.rows)
    # the mark tells a spreadsheet that this is UTF-8
    return "\ufeff" + text.getvalue()


_TEXTS: Mapping[str, Callable[[Sequence[Sheet], Language], str]] = {
    ".html": _html,
    ".md": markdown,
    ".csv": _csv,
}


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _write_xlsx(sheets: Sequence[Sheet], path: Path, language: Language) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        head = workbook.add_format({"bold": True, "text_wrap": True, "bg_color": "#EEEEEE"})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        plain = workbook.add_format({"valign": "top"})
        for number, sheet in enumerate(sheets, start=1):
            # numbered, for two long names may begin alike
            page = workbook.add_worksheet(f"{number} {sheet.sync}"[:SHEET_NAME])
            for place, name in enumerate(HEADINGS):
                page.set_column(place, place, _WIDE.get(name, _WIDTH))
            for line, (heading, text) in enumerate(sheet.about):
                page.write_string(line, 0, heading, bold)
                page.write_string(line, 1, text, plain)
            top = len(sheet.about) + 1
            for place, heading in enumerate(headings(language)):
                page.write_string(top, place, heading, head)
            for line, row in enumerate(sheet.rows, start=top + 1):
                for place, text in enumerate(row.values()):
                    # as a string, whatever it looks like: a CRM's words may begin with `=`
                    page.write_string(line, place, text, wrapped)
            page.freeze_panes(top + 1, 1)
            page.repeat_rows(top)
            page.set_landscape()
            page.set_paper(9)  # A4
            page.fit_to_pages(1, 0)
