"""Column names out of the headers that people write.

A header that the settings map keeps the mapped name. Any other gets a readable
snake_case name: Chinese in pinyin (联系人备注 → lian_xi_ren_bei_zhu), Latin letters
as they are (CustomerID → customer_id), so that no column becomes a row of
underscores or a name that two headers share.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

MAX_LENGTH = 60

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=10_000)
def clean(header: str) -> str:
    """A header without the blanks, line breaks and full-width forms that people put into it."""
    text = unicodedata.normalize("NFKC", header)
    return re.sub(r"\s+", "", text) if _is_chinese(text) else re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=10_000)
def column_name(header: str) -> str:
    """A readable snake_case name for a header that nobody mapped."""
    spaced = _CAMEL.sub("_", "_".join(_syllables(clean(header)))).lower()
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode()
    name = _OTHER.sub("_", plain).strip("_")[:MAX_LENGTH].rstrip("_")
    if not name:
        return "column"
    return f"column_{name}" if name[0].isdigit() else name


def distinct(names: Iterable[str]) -> list[str]:
    """The names in order, with _2, _3 … after those that came before."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _syllables(text: str) -> list[str]:
    if not _is_chinese(text):
        return [text]
    # half a second of dictionaries, for the few headers that need them
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    return lazy_pinyin(text)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
