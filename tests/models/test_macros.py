"""What the macros' SQL makes of values, in DuckDB."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sources.ledger import digests

CALLS = {
    "fingerprint": "sync_fingerprint(['a', 'b', 'c'])",
    "cents": "to_cents('amount')",
    "day": "business_date('moment')",
    "today": "as_of()",
    "digest": "value_digest('record_id', 'field', 'value')",
}


@pytest.fixture(scope="module")
def sql(rendered: Callable[[Sequence[str]], list[str]]) -> dict[str, str]:
    """The SQL of each call."""
    return dict(zip(CALLS, rendered(list(CALLS.values())), strict=True))


def value(expression: str, columns: str, *values: object) -> Any:
    """What an expression gives over one row of the given values."""
    row = duckdb.execute(f"select {expression} from (select {columns})", values).fetchone()
    assert row is not None
    return row[0]


# few characters, so that one value often looks like two, or like the marks between them
cell = st.none() | st.text(alphabet="1:-", max_size=4)
row = st.tuples(cell, cell, cell)


@given(row, row)
def test_two_rows_share_a_fingerprint_only_if_they_are_equal(
    sql: dict[str, str], one: tuple[str | None, ...], other: tuple[str | None, ...]
) -> None:
    columns = "cast(? as varchar) as a, cast(? as varchar) as b, cast(? as varchar) as c"
    same = value(sql["fingerprint"], columns, *one) == value(sql["fingerprint"], columns, *other)
    assert same is (one == other)


def test_a_fingerprint_tells_null_from_empty_and_sees_a_null_move(sql: dict[str, str]) -> None:
    columns = "cast(? as varchar) as a, cast(? as varchar) as b, cast(? as bigint) as c"
    rows = [(None, "x", 1), ("x", None, 1), ("", "x", 1), (None, "x", None), (None, "x", 11)]
    assert len({value(sql["fingerprint"], columns, *row) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.00499999", "0.00"),
        ("2.675", "2.68"),
        ("1234567890123456.785", "1234567890123456.79"),
    ],
)
def test_halves_of_a_cent_are_rounded_away_from_zero(
    sql: dict[str, str], amount: str, cents: str
) -> None:
    found = value(sql["cents"], "cast(? as decimal(28, 8)) as amount", amount)
    assert found == Decimal(cents)
    assert str(found) == cents


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2025-12-31 15:59:59", "2025-12-31"), ("2025-12-31 16:00:00", "2026-01-01")],
)
def test_a_day_begins_at_midnight_where_the_business_is(
    sql: dict[str, str], moment: str, day: str
) -> None:
    assert str(value(sql["day"], "cast(? as timestamp) as moment", moment)) == day


def test_today_is_the_day_that_was_asked_for(sql: dict[str, str]) -> None:
    assert str(value(sql["today"], "1 as one")) == "2026-03-31"


@given(st.text(), st.text(), st.text())
def test_a_digest_is_the_one_that_ingestion_makes(
    sql: dict[str, str], record_id: str, field: str, text: str
) -> None:
    found = json.loads(digests(record_id, json.dumps({field: text})) or "")
    columns = (
        "cast(? as varchar) as record_id, cast(? as varchar) as field, cast(? as varchar) as value"
    )
    assert found == {field: value(sql["digest"], columns, record_id, field, text)}
