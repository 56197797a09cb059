"""Functions that SQL lacks, registered on every DuckDB connection of the project.

Each takes one value and gives one value, whatever was asked before, so that models may call
them on distinct values and join the answers. What can be said in SQL is in macros/normalise.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

import duckdb
import phonenumbers
import pyarrow as pa
from duckdb.func import PythonUDFType
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

HOME_REGION = "CN"
"""Where a phone number without a country code is taken to be."""

FOREIGN_REGIONS = ("US", "GB", "AU", "DE", "FR")
"""Where a number that HOME_REGION hasn't may be from; the country isn't guessed from it."""

LIBRARIES = ("opencc", "phonenumbers", "pypinyin")
"""What the functions' answers come from besides this file and Python's own tables."""

_SCIENTIFIC = re.compile(r"(?P<whole>\d)(?:\.(?P<rest>\d+))?[eE]\+?(?P<exponent>\d+)")
_MENDED = (
    # 13,812,345,678
    (re.compile(r"(?<=\d),(?=\d{3}(,|$))"), ""),
    # whose it is, in brackets behind it
    (re.compile(r"\([^()\d]*\)"), " "),
    (re.compile(r"转|轉|分机"), " ext "),
    # 010-62345678-801
    (re.compile(r"^(0\d{2,3}[ -]?\d{7,8}) ?[-*] ?(\d{1,6})$"), r"\1 ext \2"),
    # +1 650 253 0000-801
    (
        re.compile(
            r"^((?:\+?1[ .-]*)?(?:\([2-9]\d\d\)|[2-9]\d\d)[ .-]*[2-9]\d\d[ .-]?\d{4})"
            r" ?[-*] ?(\d{1,6})$"
        ),
        r"\1 ext \2",
    ),
    # 010-62345678/79 are two lines of one office
    (re.compile(r"^(.*\d{7,8})/\d{1,4}$"), r"\1"),
)
_NORTH_AMERICAN = re.compile(
    r"(1[ .-]*(?=\()|1[ .-]+)?(\([2-9]\d\d\)|(?!400|800)[2-9]\d\d[ .-])[ .-]*"
    r"[2-9]\d\d[ .-]?\d{4}(?!\d)"
)
"""Grouped by three, three and four, which no Chinese number is but those of 400 and 800."""
_PHONE_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    # North America doesn't tell the two apart
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
}


class Phone(TypedDict):
    """A phone number: in E.164 with its kind, or the reason why it is none."""

    e164: str | None
    kind: str | None
    reason: str | None


def plain_text(text: str) -> str:
    """Give a text in compatibility form, simplified characters and single spaces.

    `plain_text("張三　（ＶＩＰ）")` is `张三 (VIP)`.
    """
    compatible = unicodedata.normalize("NFKC", text)
    # translating looks up each character; nearly no text has one that changes
    if not _simplified().keys().isdisjoint(map(ord, compatible)):
        compatible = compatible.translate(_simplified())
    return " ".join(compatible.split())


def latin_text(text: str) -> str:
    """Give a text in lower-case letters a to z: Han characters as pinyin, accents removed.

    `latin_text("吕 Müller")` is `lv muller`.
    """
    return " ".join(_romanised(part) for part in plain_text(text).lower().split())


def parse_phone(raw: str) -> Phone:
    """Parse a phone number of any country; one without a country code is of HOME_REGION.

    `parse_phone("021-58881234转801")` is `+862158881234;ext=801`, an extension. A number that only
    another country has, `0412 345 678`, stays without one: `national:412345678`.
    """
    text = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", raw).strip())
    if found := _SCIENTIFIC.fullmatch(text):
        digits = found["whole"] + (found["rest"] or "")
        if len(digits) - 1 < int(found["exponent"]):
            return _no_phone("digits lost by a spreadsheet")
        text = digits
    for pattern, replacement in _MENDED:
        text = pattern.sub(replacement, text)
    region = "US" if _NORTH_AMERICAN.match(text) else HOME_REGION
    number = _parsed(text, region)
    if number is None:
        return _no_phone("not a phone number")
    if not phonenumbers.is_valid_number(number):
        return _national(text)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    kind = _PHONE_KINDS.get(phonenumbers.number_type(number), "other")
    return _phone(e164, kind, number.extension)


def _national(text: str) -> Phone:
    """Give a number that has no country code and isn't of HOME_REGION, if another country has it.

    Eleven digits after a 1 are a mistyped mobile, and fewer than nine lack their area code.
    """
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 9 and not re.match(r"[^\d(]*([+1]|00)", text):
        for region in FOREIGN_REGIONS:
            number = _parsed(text, region)
            if number is not None and phonenumbers.is_valid_number(number):
                significant = phonenumbers.national_significant_number(number)
                return _phone(f"national:{significant}", "national", number.extension)
    return _no_phone("no such phone number")


def _parsed(text: str, region: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _phone(number: str, kind: str, extension: str | None) -> Phone:
    if extension:
        return Phone(e164=f"{number};ext={extension}", kind="extension", reason=None)
    return Phone(e164=number, kind=kind, reason=None)


def _no_phone(reason: str) -> Phone:
    return Phone(e164=None, kind=None, reason=reason)


@cache
def functions_digest() -> str:
    """Digest all that the functions' answers depend on: what was kept under another may be stale.

    Another version of a library, or of Python, may read a phone or a character otherwise.
    """
    versions = [f"{name} {version(name)}" for name in LIBRARIES]
    said = "\n".join([Path(__file__).read_text("utf-8"), *versions, unicodedata.unidata_version])
    return hashlib.sha256(said.encode()).hexdigest()


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection, under the names that the models call.

    They take whole Arrow columns: value by value DuckDB would look for pandas at every call.
    """
    text = duckdb.sqltypes.VARCHAR
    for name, function in (("plain_text", plain_text), ("latin_text", latin_text)):
        connection.create_function(
            name, _over_one(function, pa.string()), [text], text, type=PythonUDFType.ARROW
        )
    connection.create_function(
        "parse_phone",
        _over_one(parse_phone, _ARROW_PHONE),
        [text],
        duckdb.sqltype("STRUCT(e164 VARCHAR, kind VARCHAR, reason VARCHAR)"),
        type=PythonUDFType.ARROW,
    )
    connection.create_function("functions_digest", functions_digest, [], text)


_ARROW_PHONE = pa.struct([("e164", pa.string()), ("kind", pa.string()), ("reason", pa.string())])


def _over_one(function: Callable[[str], Any], result: pa.DataType) -> Callable[..., pa.Array]:
    """Make a function of a value one of a column; DuckDB keeps nulls from it."""

    def over_one(column: pa.ChunkedArray) -> pa.Array:
        return pa.array([function(value) for value in column.to_pylist()], type=result)

    return over_one


def _romanised(text: str) -> str:
    return "".join(map(_romanised_character, text))


@cache
def _romanised_character(character: str) -> str:
    if reading := _readings().get(ord(character)):
        decomposed = unicodedata.normalize("NFD", reading.split(",")[0])
        # ü is typed as v, and only then do the tones go
        decomposed = decomposed.replace("u\u0308", "v")
    else:
        decomposed = unicodedata.normalize("NFD", _LETTERS.get(character, character))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_LETTERS = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
"""Letters that aren't a plain letter with an accent."""


@cache
def _simplified() -> dict[int, str]:
    """Make a table from traditional to simplified characters; loaded when first needed."""
    from opencc import OpenCC  # noqa: PLC0415 - costs a tenth of a second that few processes need

    characters = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simplified = OpenCC("t2s").convert("".join(characters))
    return {ord(old): new for old, new in zip(characters, simplified, strict=True) if old != new}


@cache
def _readings() -> dict[int, str]:
    """Give every Han character's readings, the usual one first; loaded when first needed."""
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415 - as above

    return dict(PINYIN_DICT)
