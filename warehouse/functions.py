"""Functions that SQL lacks, registered on every DuckDB connection of the project.

Each takes one value and gives one value, whatever was asked before, so that models may call
them on distinct values and join the answers. What can be said in SQL is in macros/normalise.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, TypedDict

import duckdb
import phonenumbers
import pyarrow as pa
from duckdb.func import PythonUDFType
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

HOME_REGION = "CN"
"""Where a phone number without a country code is taken to be."""

SURNAME_READINGS = {
    "曾": "zeng",
    "仇": "qiu",
    "区": "ou",
    "单": "shan",
    "召": "shao",
    "尉迟": "yuchi",
    "折": "she",
    "晟": "cheng",
    "朴": "piao",
    "查": "zha",
    "澹台": "tantai",
    "盖": "ge",
    "缪": "miao",
    "翟": "zhai",
    "秘": "bi",
    "繁": "po",
    "能": "nai",
    "覃": "qin",
    "解": "xie",
    "重": "chong",
    "长孙": "zhangsun",
    "单于": "chanyu",
    "万俟": "moqi",
    "乐": "yue",
    "員": "yun",
    "员": "yun",
    "黑": "he",
    "冼": "xian",
    "种": "chong",
    "么": "yao",
    "宓": "mi",
    "逄": "pang",
}
"""Characters that are read otherwise where they are surnames."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇]")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】")
_SCIENTIFIC = re.compile(r"(?P<whole>\d)(?:\.(?P<rest>\d+))?[eE]\+?(?P<exponent>\d+)")
_UMLAUT_OF_PINYIN = re.compile(r"^([ln])(?:ü|yu)(?=e?$)")
"""Lü, Nü and Lüe, which passports spell Lyu; not the ü of Müller."""
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


class Name(TypedDict):
    """What the names of people are compared by."""

    key: str | None
    """The same for every order of the parts, script, case and accent."""
    first_part: str | None
    last_part: str | None
    part_count: int
    """How many parts of more than one letter the name has."""


def plain_text(text: str) -> str:
    """Give a text in compatibility form, simplified characters and single spaces.

    `plain_text("張三　（ＶＩＰ）")` is `张三 (VIP)`.
    """
    compatible = unicodedata.normalize("NFKC", text)
    return " ".join(compatible.translate(_simplified()).split())


def latin_text(text: str) -> str:
    """Give a text in lower-case letters a to z: Han characters as pinyin, accents removed.

    `latin_text("吕 Müller")` is `lv muller`.
    """
    return " ".join(_romanised(part) for part in plain_text(text).lower().split())


def person_name(name: str, surname_length: int) -> Name:
    """Give what a person's name is compared by.

    `surname_length` is how many characters a Han name's surname has. The name should be plain
    text without titles. `张三`, `Zhang San`, `SAN ZHANG` and `zhangsan` have one key.
    """
    name = re.sub(r"[\d_]+", " ", _BRACKETED.sub(" ", name))
    han = "".join(_HAN.findall(name))
    if len(han) > 1 or (han and not re.search(r"[A-Za-z]", name)):
        parts = _han_parts(name, han, surname_length)
    else:
        letters = re.sub(r"['’`]", "", name.lower())
        parts = [
            _romanised(_UMLAUT_OF_PINYIN.sub(r"\1v", part))
            for part in re.split(r"[\W_]+", letters)
            if part
        ]
    whole = [part for part in parts if len(part) > 1]
    # a middle initial is seldom typed twice
    kept = whole if len(whole) > 1 else parts
    if not kept:
        return Name(key=None, first_part=None, last_part=None, part_count=0)
    return Name(
        key=_least_rotation("".join(kept)),
        first_part=kept[0],
        last_part=kept[-1],
        part_count=len(whole),
    )


def parse_phone(raw: str) -> Phone:
    """Parse a phone number of any country; one without a country code is of HOME_REGION.

    `parse_phone("021-58881234转801")` is `+862158881234;ext=801`, an extension.
    """
    text = re.sub(r"\.0$", "", unicodedata.normalize("NFKC", raw).strip())
    if found := _SCIENTIFIC.fullmatch(text):
        digits = found["whole"] + (found["rest"] or "")
        if len(digits) - 1 < int(found["exponent"]):
            return Phone(e164=None, kind=None, reason="digits lost by a spreadsheet")
        text = digits
    text = re.sub(r"转|轉|分机", " ext ", text)
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except NumberParseException:
        return Phone(e164=None, kind=None, reason="not a phone number")
    if not phonenumbers.is_valid_number(number):
        return Phone(e164=None, kind=None, reason="no such phone number")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if number.extension:
        return Phone(e164=f"{e164};ext={number.extension}", kind="extension", reason=None)
    kind = _PHONE_KINDS.get(phonenumbers.number_type(number), "other")
    return Phone(e164=e164, kind=kind, reason=None)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection, under the names that the models call.

    They take whole Arrow columns: value by value DuckDB would look for pandas at every call.
    """
    text, number = duckdb.sqltypes.VARCHAR, duckdb.sqltypes.INTEGER
    for name, function in (("plain_text", plain_text), ("latin_text", latin_text)):
        connection.create_function(
            name, _over_one(function, pa.string()), [text], text, type=PythonUDFType.ARROW
        )
    connection.create_function(
        "person_name",
        _over_two(person_name, _ARROW_NAME),
        [text, number],
        duckdb.sqltype(
            "STRUCT(key VARCHAR, first_part VARCHAR, last_part VARCHAR, part_count INTEGER)"
        ),
        type=PythonUDFType.ARROW,
    )
    connection.create_function(
        "parse_phone",
        _over_one(parse_phone, _ARROW_PHONE),
        [text],
        duckdb.sqltype("STRUCT(e164 VARCHAR, kind VARCHAR, reason VARCHAR)"),
        type=PythonUDFType.ARROW,
    )


_ARROW_NAME = pa.struct(
    [
        ("key", pa.string()),
        ("first_part", pa.string()),
        ("last_part", pa.string()),
        ("part_count", pa.int32()),
    ]
)
_ARROW_PHONE = pa.struct([("e164", pa.string()), ("kind", pa.string()), ("reason", pa.string())])


def _over_one(function: Callable[[str], Any], result: pa.DataType) -> Callable[..., pa.Array]:
    """Make a function of a value one of a column; DuckDB keeps nulls from it."""

    def over_one(column: pa.ChunkedArray) -> pa.Array:
        return pa.array([function(value) for value in column.to_pylist()], type=result)

    return over_one


def _over_two(function: Callable[[str, int], Any], result: pa.DataType) -> Callable[..., pa.Array]:
    """Make a function of two values one of two columns."""

    def over_two(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.Array:
        rows = zip(first.to_pylist(), second.to_pylist(), strict=True)
        return pa.array([function(*row) for row in rows], type=result)

    return over_two


def _han_parts(name: str, han: str, surname_length: int) -> list[str]:
    """Spell a Han name in two parts; a name of a people that parts names by dots, in its own."""
    dotted = [part for part in re.split(r"[·•・.]", name) if _HAN.search(part)]
    if len(dotted) > 1:
        return [_romanised("".join(_HAN.findall(part))) for part in dotted]
    surname, given = han[:surname_length], han[surname_length:]
    spelled = SURNAME_READINGS.get(surname) or _romanised(surname)
    return [spelled, _romanised(given)] if given else [spelled]


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


def _least_rotation(text: str) -> str:
    """Give the first in the alphabet of all rotations: the same for `zhangsan` and `sanzhang`."""
    return min(text[start:] + text[:start] for start in range(len(text)))


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
