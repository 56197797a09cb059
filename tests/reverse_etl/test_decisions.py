"""The table of cases: owner × ours changed × theirs changed × empty × first contact."""

import duckdb
import pytest

from reverse_etl.plan.fields import Sides, is_written
from reverse_etl.syncs import Column, Owner

SIDES = Sides("ours", "theirs", "sent", "expected")

# owner, ours, theirs, sent, expected, written?, the case in words
CASES: list[tuple[Owner, str | None, str | None, str | None, str | None, bool, str]] = [
    ("warehouse", "a", "a", "a", "a", False, "nothing moved"),
    ("warehouse", "b", "a", "a", "a", True, "ours changed"),
    ("warehouse", "a", "x", "a", "a", True, "a person changed it, and it is ours to decide"),
    ("warehouse", "b", "x", "a", "a", True, "both changed"),
    ("warehouse", "b", "b", "a", "a", False, "both changed to the same"),
    ("warehouse", "a", None, "a", "a", True, "a person emptied it"),
    ("warehouse", None, "a", "a", "a", True, "ours became empty: what we wrote is taken back"),
    ("warehouse", None, "x", "a", "a", False, "ours became empty, and a person's value is there"),
    ("warehouse", None, "x", None, None, False, "we never had a value, a person does"),
    ("warehouse", "a", "x", None, None, True, "first contact, different"),
    ("warehouse", "a", "a", None, None, False, "first contact, the same already"),
    ("warehouse", "a", None, None, None, True, "first contact, empty there"),
    ("warehouse", "a b", "ab", "a b", "ab", False, "the CRM shows it in its own form"),
    ("warehouse", "a b", "x", "a b", "ab", True, "its own form, then a person changed it"),
    ("fill_empty", "a", None, None, None, True, "empty there: filled"),
    ("fill_empty", "a", "x", None, None, False, "a person's value stays"),
    ("fill_empty", "b", "a", "a", "a", True, "we filled it, nobody touched it: it follows ours"),
    ("fill_empty", "b", "x", "a", "a", False, "we filled it, a person changed it: it is theirs"),
    ("fill_empty", "a", None, "a", "a", False, "we filled it, a person emptied it: they meant it"),
    ("fill_empty", "b", None, "a", "a", True, "emptied, but ours is new: filled again"),
    ("fill_empty", None, "x", None, None, False, "nothing to fill with"),
    ("fill_empty", None, "a", "a", "a", True, "what we filled is taken back"),
    ("crm", "a", None, None, None, False, "theirs, even if empty"),
    ("crm", "b", "a", "a", "a", False, "theirs, whatever we think"),
]


@pytest.mark.parametrize(
    ("owner", "ours", "theirs", "sent", "expected", "written", "case"),
    CASES,
    ids=[f"{case[0]}: {case[-1]}" for case in CASES],
)
def test_who_decides_on_a_field(
    owner: Owner,
    ours: str | None,
    theirs: str | None,
    sent: str | None,
    expected: str | None,
    written: bool,
    case: str,
) -> None:
    sql = is_written(Column("c", "f", "varchar", "", owner=owner), SIDES)
    answer = duckdb.execute(
        f"select {sql} from (select ?::varchar as ours, ?::varchar as theirs, "
        "?::varchar as sent, ?::varchar as expected)",
        [ours, theirs, sent, expected],
    ).fetchall()
    assert [(written,)] == answer, case
