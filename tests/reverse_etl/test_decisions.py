"""Who decides on a field: every row of the tables in docs/reference/ownership.md holds."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import get_args

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reverse_etl.plan.fields import Question, Sides, is_written, verdict
from reverse_etl.syncs import CONTESTED, Column, Owner

PAGE = Path(__file__).parents[2] / "docs/reference/ownership.md"
OWNERS: tuple[Owner, ...] = get_args(Owner)
WORDS = {"ours": "yes", "answered": "yes", "value": "v", "ask": "ask", "leave": "no"}
TIMES = ("1", "2", None)
"""Of a side: earlier, later, unknown."""
Case = Mapping[str, str]


def table(section: str) -> list[Case]:
    """The rows of the first table of a section, by its headings."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    lines = text.partition("\n## ")[0].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| the case"))
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start:]
        if line.startswith("|")
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def named(section: str) -> list[object]:
    return [pytest.param(case, id=case["the case"]) for case in table(section)]


def decided(
    owner: Owner,
    case: Case,
    ours_at: str | None = None,
    theirs_at: str | None = None,
    answer: Mapping[str, str | None] | None = None,
) -> str:
    """What the plan does: `yes`, `no`, `ask` or `v`."""
    column = Column("c", "f", "varchar", "", owner=owner)
    sides = Sides("ours", "theirs", "sent", "shown", "ours_at", "theirs_at")
    said = Question("answer", "ours_hash", "theirs_hash", "answer_hash", "answer_value")
    sql = f"if({is_written(column, sides)}, 'ours', 'leave')"
    if owner in CONTESTED:
        sql = verdict(column, sides, lambda value: f"sha256(coalesce({value}, ''))", said)
    values: dict[str, str | None] = {
        name: case.get(name) or None for name in ("ours", "theirs", "sent")
    }
    values["shown"] = case.get("shown") or values["sent"]
    values |= {"ours_at": ours_at, "theirs_at": theirs_at}
    names = ("answer", "ours_hash", "theirs_hash", "answer_hash", "answer_value")
    values |= dict.fromkeys(names) | (answer or {})
    columns = ", ".join(
        f"?::{'bigint' if name.endswith('_at') else 'varchar'} as {name}" for name in values
    )
    query = f"select {sql} from (select {columns})"
    [(found,)] = duckdb.execute(query, list(values.values())).fetchall()
    return WORDS[found]


def by_times(owner: Owner, case: Case) -> set[str]:
    """What the plan does, whenever the sides changed."""
    return {decided(owner, case, at, their_at) for at, their_at in product(TIMES, TIMES)}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("case", [*named("Every case"), *named("A CRM's own form")])
def test_the_row_holds(case: Case, owner: Owner) -> None:
    expected = {"later": {"yes", "no", "ask"}}.get(case[owner], {case[owner]})
    assert by_times(owner, case) == expected


def test_no_case_is_left_out() -> None:
    assert sorted(map(pattern, table("Every case"))) == sorted(
        set(map(pattern, every_combination()))
    )


def every_combination() -> Iterator[Case]:
    for values in product(["", "a", "b", "c"], repeat=3):
        yield dict(zip(("ours", "theirs", "sent"), values, strict=True))


def pattern(case: Case) -> str:
    """Which of the three values are empty, and which are equal."""
    values = [case[name] for name in ("ours", "theirs", "sent")]
    return "".join(str(values.index(value)) if value else "-" for value in values)


@pytest.mark.parametrize("case", named("Which is newer"))
def test_the_newer_wins_where_both_times_are_known(case: Case) -> None:
    times = [case[f"{side} changed at"] or None for side in ("ours", "theirs")]
    contests = [each for each in table("Every case") if each["newest"] == "later"]
    assert {decided("newest", each, *times) for each in contests} == {case["written"]}


@pytest.mark.parametrize("owner", sorted(CONTESTED))
@pytest.mark.parametrize("case", named("What a person answered"))
def test_an_answer_holds_for_what_the_person_saw(case: Case, owner: Owner) -> None:
    choice, _, value = case["answer"].partition(" ")
    answer = {
        "answer": choice,
        "ours_hash": sha256(b"b").hexdigest(),
        "theirs_hash": sha256(b"x").hexdigest(),
        "answer_hash": sha256(value.encode()).hexdigest() if value else None,
        "answer_value": value or None,
    }
    assert decided(owner, case, answer=answer) == case["written"]


def answered(choice: str, ours: str, theirs: str, value: str) -> dict[str, str | None]:
    """What a person said of two values that they saw."""
    hashes = [sha256(each.encode()).hexdigest() for each in (ours, theirs, value)]
    names = ("ours_hash", "theirs_hash", "answer_hash")
    given_value = value if choice == "value" else None
    return {"answer": choice, **dict(zip(names, hashes, strict=True)), "answer_value": given_value}


VALUES = st.sampled_from(["", "a", "b", "c"])
OWNED = st.sampled_from(OWNERS)
ANSWERS = st.none() | st.builds(
    answered, st.sampled_from(["ours", "theirs", "value"]), VALUES, VALUES, st.just("v")
)
CASES = st.fixed_dictionaries(dict.fromkeys(("ours", "theirs", "sent", "shown"), VALUES))
AT = st.sampled_from(TIMES)


@given(CASES, OWNED, AT, AT, ANSWERS)
def test_laws_of_every_owner(
    case: Case,
    owner: Owner,
    ours_at: str | None,
    theirs_at: str | None,
    answer: Mapping[str, str | None] | None,
) -> None:
    does = decided(owner, case, ours_at, theirs_at, answer)
    if owner == "crm" or case["ours"] == case["theirs"]:
        assert does == "no"
    if does == "ask":
        assert owner in CONTESTED
    if owner == "review" and does in {"yes", "v"}:
        shown = case["shown"] or case["sent"]
        is_untouched = case["theirs"] == (shown if case["sent"] else "")
        seen = [sha256(case[side].encode()).hexdigest() for side in ("ours", "theirs")]
        is_answered = answer is not None and seen == [answer["ours_hash"], answer["theirs_hash"]]
        assert is_untouched or is_answered


@given(CASES, OWNED, AT, AT, ANSWERS, st.sampled_from(["", " in its own form"]))
def test_writing_twice_changes_nothing(
    case: Case,
    owner: Owner,
    ours_at: str | None,
    theirs_at: str | None,
    answer: Mapping[str, str | None] | None,
    form: str,
) -> None:
    does = decided(owner, case, ours_at, theirs_at, answer)
    assume(does in {"yes", "v"})
    written = "v" if does == "v" else case["ours"]
    shown = written + form if written else ""
    after = {"ours": case["ours"], "theirs": shown, "sent": written, "shown": shown}
    assert decided(owner, after, ours_at, theirs_at, answer) == "no"
