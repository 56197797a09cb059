"""Search: conditions that all must hold, one order, pages, and no row beyond the ten-thousandth."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.wukong.problems import INVALID, Problem
from sandbox.wukong.store import Module, Record

USUAL_PER_PAGE = 15
MOST_PER_PAGE = 100
MOST_ROWS = 10_000
DESCENDING = 1

Values = Sequence[str]
Test = Callable[[Any, Values], bool]


def search(module: Module, said: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Answer a search.

    Raises:
        Problem: it asks for something that can't be asked.
    """
    tests = [_condition(module, each) for each in said.get("searchList") or []]
    rows = [each for each in module.indexed(now) if all(test(each) for test in tests)]
    if sort := said.get("sortField"):
        rows.sort(key=lambda row: (_comparable(row.get(sort)), row[module.id_name]))
        if said.get("order") == DESCENDING:
            rows.reverse()
    at_once = said.get("pageType") == 0
    limit = MOST_ROWS if at_once else min(int(said.get("limit") or USUAL_PER_PAGE), MOST_PER_PAGE)
    start = 0 if at_once else (int(said.get("page") or 1) - 1) * limit
    if start + limit > MOST_ROWS:
        raise Problem(500, f"only the first {MOST_ROWS} rows can be seen")
    page = [module.shown(each) for each in rows[start : start + limit]]
    return {"totalRow": len(rows), "list": page}


def _condition(module: Module, said: Mapping[str, Any]) -> Callable[[Record], bool]:
    name, values = str(said.get("name")), [str(each) for each in said.get("values") or []]
    test = _TESTS.get(said.get("type") or 0)
    known = {*module.fields, "createTime", "updateTime", module.id_name}
    if test is None or name not in known:
        raise Problem(INVALID, "there is no such condition")
    if said["type"] == 1 and not module.switches.is_takes_many:
        values = values[:1]
    return lambda row: test(row.get(name), values)


def _comparable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    try:
        return 1, Decimal(str(value))
    except InvalidOperation:
        return 2, str(value)


def _compared(compare: Callable[[Any, Any], bool]) -> Test:
    return lambda held, values: (
        held is not None and compare(_comparable(held), _comparable(values[0]))
    )


def _between(held: Any, values: Values) -> bool:
    low, high = (_comparable(each) for each in values)
    return held is not None and low <= _comparable(held) <= high


_TESTS: Mapping[int, Test] = {
    1: lambda held, values: held is not None and str(held) in values,
    2: lambda held, values: held is None or str(held) not in values,
    3: lambda held, values: held is not None and values[0] in str(held),
    4: lambda held, values: held is None or values[0] not in str(held),
    5: lambda held, _: held is None,
    6: lambda held, _: held is not None,
    7: _compared(lambda held, value: held > value),
    8: _compared(lambda held, value: held >= value),
    9: _compared(lambda held, value: held < value),
    10: _compared(lambda held, value: held <= value),
    11: lambda held, values: str(held) in values,
    12: lambda held, values: held is not None and str(held).startswith(values[0]),
    13: lambda held, values: held is not None and str(held).endswith(values[0]),
    14: _between,
}
