"""Who decides on a field: every row of the table in docs/reference/ownership.md holds."""

from pathlib import Path

import duckdb
import pytest

from reverse_etl.plan.fields import Sides, is_written
from reverse_etl.syncs import Column

PAGE = Path(__file__).parents[2] / "docs/reference/ownership.md"
HEADING = "| owner | ours | theirs | sent | shown | written | the case |"


def cases() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = []
    for line in lines[lines.index(HEADING) + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_page_has_a_case_for_every_owner() -> None:
    assert {owner for owner, *_ in cases()} == {"warehouse", "fill_empty", "crm"}


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[0]}: {case[-1]}")
def test_the_row_holds(case: list[str]) -> None:
    owner, *values, written, _ = case
    column = Column("c", "f", "varchar", "", owner=owner)  # type: ignore[arg-type]  # from text
    sql = is_written(column, Sides("ours", "theirs", "sent", "expected"))
    answer = duckdb.execute(
        f"select {sql} from (select ?::varchar as ours, ?::varchar as theirs, "
        "?::varchar as sent, ?::varchar as expected)",
        [value or None for value in values],
    ).fetchall()
    assert answer == [(written == "yes",)]
