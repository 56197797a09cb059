"""Search: filters, one sort, pages, and no hit beyond the ten-thousandth."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.hubspot.problems import invalid
from sandbox.hubspot.properties import milliseconds
from sandbox.hubspot.store import Record, Table

MOST_HITS = 10_000
MOST_PER_PAGE = 200
MOST_GROUPS = 5
MOST_FILTERS = 6
MOST_FILTERS_IN_ALL = 18
MOST_VALUES = 100

Properties = Mapping[str, str]
Test = Callable[[Properties], bool]
Key = Callable[[str], Any]


def search(table: Table, said: Any, now: float) -> dict[str, Any]:
    """Answer a search.

    Raises:
        Problem: it asks for something that can't be asked.
    """
    if not isinstance(said, dict):
        raise invalid("a search is an object")
    limit = said.get("limit") or 10
    start = int(said.get("after") or 0)
    if not isinstance(limit, int) or not 0 < limit <= MOST_PER_PAGE:
        raise invalid(f"limit is a number up to {MOST_PER_PAGE}")
    if start + limit > MOST_HITS:
        raise invalid(f"only the first {MOST_HITS} hits can be paged through")
    hits = _hits(table, said, now)
    page = hits[start : start + limit]
    wanted = said.get("properties") or None
    usual = ["hs_object_id", "createdate", table.modified_name]
    names = None if wanted is None else [*dict.fromkeys([*wanted, *usual])]
    answer: dict[str, Any] = {
        "total": len(hits),
        "results": [_shown(record, seen, names or usual) for record, seen in page],
    }
    if start + limit < len(hits):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return answer


def _shown(record: Record, seen: Properties, names: Sequence[str]) -> dict[str, Any]:
    return {**record.shown(), "properties": {name: seen.get(name) for name in names}}


def _hits(table: Table, said: Mapping[str, Any], now: float) -> list[tuple[Record, Properties]]:
    test = _test(table, said.get("filterGroups") or [])
    words = str(said.get("query") or "").casefold().split()
    hits: list[tuple[Record, Properties]] = [
        (record, seen)
        for record, seen in table.indexed(now)
        if test(seen) and (not words or _mentions(seen, words))
    ]
    name, is_descending = _sort(said.get("sorts") or [])
    if name != table.modified_name:
        key = _key(table, name)
        hits.sort(key=lambda hit: _sortable(hit[1].get(name), key))
    if is_descending:
        hits.reverse()
    return hits


def _mentions(seen: Properties, words: Sequence[str]) -> bool:
    text = " ".join(seen.values()).casefold()
    return all(word in text for word in words)


def _sort(sorts: Sequence[Any]) -> tuple[str, bool]:
    if len(sorts) > 1:
        raise invalid("a search has one sort")
    if not sorts:
        return "hs_object_id", False
    if isinstance(sorts[0], str):
        return sorts[0].removeprefix("-"), sorts[0].startswith("-")
    return str(sorts[0].get("propertyName")), sorts[0].get("direction") == "DESCENDING"


def _sortable(value: str | None, key: Key) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, key(value))


def _key(table: Table, name: str) -> Key:
    """How values of a property are compared."""
    known = table.properties.get(name)
    if known is None:
        raise invalid(f"there is no property {name}")
    if known.type == "number":
        return float
    if known.type in {"date", "datetime"}:
        return _moment
    return str.casefold


def _moment(value: str) -> int:
    if value.lstrip("-").isdecimal():
        return int(value)
    text = value if "T" in value else f"{value}T00:00:00Z"
    return milliseconds(datetime.fromisoformat(text))


def _test(table: Table, groups: Sequence[Any]) -> Test:
    filters = [group.get("filters") or [] for group in groups]
    counts = [len(each) for each in filters]
    if len(groups) > MOST_GROUPS or sum(counts) > MOST_FILTERS_IN_ALL:
        raise invalid("too many filters")
    if any(not 0 < count <= MOST_FILTERS for count in counts):
        raise invalid(f"a group has one to {MOST_FILTERS} filters")
    alternatives = [[_filter(table, each) for each in group] for group in filters]
    if not alternatives:
        return lambda _seen: True
    return lambda seen: any(all(test(seen) for test in tests) for tests in alternatives)


def _filter(table: Table, said: Mapping[str, Any]) -> Test:
    name, operator = str(said.get("propertyName")), said.get("operator")
    key = _key(table, name)
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        is_there = operator == "HAS_PROPERTY"
        return lambda seen: (seen.get(name) is not None) == is_there
    if operator in {"IN", "NOT_IN"}:
        return _in(name, key, said.get("values"), is_in=operator == "IN")
    compare = _COMPARISONS.get(str(operator))
    if compare is None:
        raise invalid(f"there is no operator {operator}")
    try:
        value = key(str(said["value"]))
        high = key(str(said["highValue"])) if operator == "BETWEEN" else None
    except (KeyError, ValueError):
        raise invalid(f"{operator} on {name} wants another value") from None
    is_for_missing = operator in {"NEQ", "NOT_CONTAINS_TOKEN"}

    def test(seen: Properties) -> bool:
        held = seen.get(name)
        return is_for_missing if held is None else bool(compare(key(held), value, high))

    return test


def _in(name: str, key: Key, said: Any, *, is_in: bool) -> Test:
    if not isinstance(said, list) or not 0 < len(said) <= MOST_VALUES:
        raise invalid(f"IN and NOT_IN want one to {MOST_VALUES} values")
    values = frozenset(key(str(each)) for each in said)

    def test(seen: Properties) -> bool:
        held = seen.get(name)
        return (held is not None and key(held) in values) == is_in

    return test


_COMPARISONS: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "EQ": lambda held, value, _: held == value,
    "NEQ": lambda held, value, _: held != value,
    "LT": lambda held, value, _: held < value,
    "LTE": lambda held, value, _: held <= value,
    "GT": lambda held, value, _: held > value,
    "GTE": lambda held, value, _: held >= value,
    "BETWEEN": lambda held, value, high: value <= held <= high,
    "CONTAINS_TOKEN": lambda held, value, _: value.strip("*") in held,
    "NOT_CONTAINS_TOKEN": lambda held, value, _: value.strip("*") not in held,
}
