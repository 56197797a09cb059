"""Read .xlsx as the text of its cells.

The usual readers turn a number cell into a float, and with it the phone numbers and
the money. A workbook is a zip of XML, in which the cell's own digits stand; they are
taken from there. Only what is needed to land a table is understood: shared and inline
text, numbers, dates by their format, booleans, and merged cells.
ECMA-376, part 1, §18.3.
"""

import datetime as dt
import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from xml.etree import ElementTree as ET
from xml.parsers import expat

from ingestion.sources.documents import HEADER_WITHIN, Document, DocumentError
from ingestion.sources.drop import Sheet

MAX_UNPACKED = 2_000_000_000
"""A part of a workbook that unpacks to more than this is a bomb, not a ledger."""

_DAMAGES = (
    ET.ParseError,
    expat.ExpatError,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
    ArithmeticError,
    # a part that is encrypted, or compressed by another method
    RuntimeError,
    struct.error,
)
"""What a reader meets in a file that isn't what its name says, or only in part."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"


class Workbook:
    """The .xlsx format."""

    pattern = "*.xlsx"

    def sheets(self, document: Document, wanted: frozenset[str]) -> Iterator[Sheet]:
        """The wanted sheets."""
        try:
            with zipfile.ZipFile(io.BytesIO(document.content)) as archive:
                for part in archive.infolist():
                    if part.file_size > MAX_UNPACKED:
                        raise DocumentError(
                            f"{document.path}: its part {part.filename} unpacks to "
                            f"{part.file_size} bytes; left out"
                        )
                yield from _sheets(archive, wanted)
        except zipfile.BadZipFile:
            raise DocumentError(
                f"{document.path} is no .xlsx file, or still being copied; left out"
            ) from None
        except _DAMAGES as error:
            # what the error says may be what stands in a cell
            raise DocumentError(
                f"{document.path} is damaged ({type(error).__name__}); open it in a "
                "spreadsheet program, save it anew and drop it again"
            ) from None


def _sheets(archive: zipfile.ZipFile, wanted: frozenset[str]) -> Iterator[Sheet]:
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - see the import
    found = [s for s in book.iter(f"{_MAIN}sheet") if s.get("name", "").strip() in wanted]
    if not found:
        return
    properties = book.find(f"{_MAIN}workbookPr")
    is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - see the import
    targets = {r.get("Id"): r.get("Target", "") for r in relations.iter(f"{_PACKAGE}Relationship")}
    texts = _shared_texts(archive)
    dates = _date_styles(archive)
    for sheet in found:
        target = targets[sheet.get(_RELATION)]
        path = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
        reader = _SheetReader(texts, dates, is_1904=is_1904)
        content = archive.read(path.removeprefix("xl/xl/"))
        yield reader.read(content, sheet.get("name", "").strip())


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by number."""
    try:
        content = archive.open("xl/sharedStrings.xml")
    except KeyError:
        return []
    texts = []
    with content:
        for _event, element in ET.iterparse(content):  # noqa: S314 - see the import
            if element.tag == f"{_MAIN}si":
                # phonetic guides (rPh) stand beside the text, they aren't part of it
                guides = {t for r in element.iter(f"{_MAIN}rPh") for t in r.iter(f"{_MAIN}t")}
                texts.append(
                    "".join(t.text or "" for t in element.iter(f"{_MAIN}t") if t not in guides)
                )
                element.clear()
    return texts


def _is_built_in_date(number: int) -> bool:
    """Whether a number format is a date without being declared; some are only Chinese ones."""
    return 14 <= number <= 22 or 27 <= number <= 36 or 45 <= number <= 47 or 50 <= number <= 58


def _date_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """The indices of the cell styles that show a date."""
    try:
        styles = ET.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - see the import
    except KeyError:
        return frozenset()
    formats = {
        int(f.get("numFmtId", "0")): f.get("formatCode", "") for f in styles.iter(f"{_MAIN}numFmt")
    }
    cell_formats = styles.find(f"{_MAIN}cellXfs")
    result = set()
    for index, style in enumerate(cell_formats if cell_formats is not None else ()):
        number = int(style.get("numFmtId", "0"))
        if _is_built_in_date(number) or is_date_format(formats.get(number, "")):
            result.add(str(index))
    return frozenset(result)


def is_date_format(code: str) -> bool:
    """Whether a number format shows a date: it has a y, m, d, h or s outside quotes."""
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code)
    return bool(re.search(r"[ymdhs]", bare.lower())) and "general" not in bare.lower()


class _SheetReader:
    """Collects a sheet's cells while expat reads it."""

    def __init__(self, texts: list[str], dates: frozenset[str], *, is_1904: bool) -> None:
        self._texts = texts
        self._dates = dates
        self._is_1904 = is_1904
        self._rows: list[list[str | None]] = []
        self._numbers: list[int] = []
        self._merges: list[str] = []
        self._row: list[str | None] = []
        self._cell: dict[str, str] = {}
        self._text: list[str] = []
        self._in_text = False
        self._guides = 0

    def read(self, content: bytes, name: str) -> Sheet:
        """The sheet as text."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.Parse(content, True)  # noqa: FBT003 - expat takes it so
        return Sheet(name, self._rows, self._numbers, self._groups())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(" ")[2]
        if tag == "c":
            self._cell, self._text = attributes, []
        elif tag in ("v", "t") and not self._guides:
            self._in_text = True
        elif tag == "row":
            self._row = []
            after = self._numbers[-1] if self._numbers else 0
            self._numbers.append(int(attributes.get("r", after + 1)))
        elif tag == "rPh":
            self._guides += 1
        elif tag == "mergeCell":
            self._merges.append(attributes["ref"])

    def _data(self, text: str) -> None:
        if self._in_text:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(" ")[2]
        if tag in ("v", "t"):
            self._in_text = False
        elif tag == "c":
            position = column_index(self._cell["r"]) if "r" in self._cell else len(self._row)
            self._row += [None] * (position + 1 - len(self._row))
            self._row[position] = self._value("".join(self._text))
        elif tag == "row":
            self._rows.append(self._row)
        elif tag == "rPh":
            self._guides -= 1

    def _value(self, text: str) -> str | None:
        if not text:
            return None
        kind = self._cell.get("t", "n")
        if kind == "s":
            return self._texts[int(text)]
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind in ("str", "inlineStr", "e", "d"):
            return text
        if self._cell.get("s") in self._dates:
            return date_text(text, is_1904=self._is_1904)
        return number_text(text)

    def _groups(self) -> Mapping[int, list[str | None]]:
        """The rows among which a header may be, with merged cells filled to the right."""
        groups = {i: list(row) for i, row in enumerate(self._rows[:HEADER_WITHIN])}
        index_of = {number: i for i, number in enumerate(self._numbers[:HEADER_WITHIN])}
        for reference in self._merges:
            first, _, last = reference.partition(":")
            row = index_of.get(int(re.sub(r"\D", "", first)))
            left, right = column_index(first), column_index(last or first)
            if row is None or left >= len(groups[row]):
                continue
            filled = groups[row]
            filled += [None] * (right + 1 - len(filled))
            for position in range(left, right + 1):
                filled[position] = filled[left]
        return groups


def column_index(reference: str) -> int:
    """The position of a cell's column: A1 → 0, AB7 → 27."""
    index = 0
    for character in reference:
        if not character.isalpha():
            break
        index = index * 26 + ord(character.upper()) - 64
    return index - 1


def number_text(text: str) -> str:
    """A number cell as plain decimal digits.

    The file holds a binary number in 17 digits where 15 don't name it, so 1234.56 may
    stand there as 1234.5599999999999. Up to 15 digits are the cell's own and stay; of more,
    those are dropped that only spell out the binary fraction.
    """
    number = Decimal(text)
    digits = number.as_tuple().digits
    if len(digits) > 15 and number != number.to_integral_value() and len(digits) <= 17:
        shortest = Decimal(repr(float(text)))
        number = (
            shortest
            if len(shortest.as_tuple().digits) <= 16
            else number.quantize(Decimal(1).scaleb(number.adjusted() - 14)).normalize()
        )
    if number == number.to_integral_value():
        return f"{number.to_integral_value():f}"
    return f"{number:f}"


def date_text(text: str, *, is_1904: bool = False) -> str:
    """A date cell in ISO form: the day, and the time if there is any.

    Excel counts days from 1899-12-30, because it believes that 1900 was a leap year;
    days before March 1900 are one off, and nobody's invoice is so old.
    """
    epoch = dt.datetime(1904, 1, 1) if is_1904 else dt.datetime(1899, 12, 30)  # noqa: DTZ001 - cells have no zone
    days = Decimal(text)
    whole = int(days)
    seconds = round((days - whole) * 86400)
    try:
        moment = epoch + dt.timedelta(days=whole, seconds=seconds)
    except OverflowError:
        # 20261122 typed into a cell for dates: Excel shows ########, and so we give the number
        return number_text(text)
    if whole == 0:
        return moment.time().isoformat()
    return moment.isoformat(sep=" ") if seconds else moment.date().isoformat()
