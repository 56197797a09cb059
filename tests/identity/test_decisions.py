"""What people decide wins, outlives every build, and is asked again when the evidence turns."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from identity import workbook
from identity.contradictions import contradictions
from identity.decisions import Decision, Verdict
from identity.errors import (
    ContradictionError,
    IdentityError,
    UnknownKeyError,
    UnknownPairError,
)
from identity.reviews import Review
from tests.identity.conftest import Row, World, contact

PHONE = "13911115555"
NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)


def people_at_work() -> Sequence[Row]:
    """Pairs that share something, and pairs that don't."""
    return (
        contact(1, "赵织", mobile=PHONE),
        contact(2, "赵岚", mobile=PHONE),
        contact(3, "孙明", mobile="13911117777"),
        contact(4, "钱明", mobile="13911116666"),
        contact(5, "钱明", mobile="13911116666"),
        contact(6, "周远", mobile="13911118888"),
        contact(7, "周远", email="zhouyuan@example.com"),
        contact(8, "吴双", mobile="13911119999"),
    )


def decided(one: str, other: str, verdict: Verdict, probability: str | None = None) -> Decision:
    return Decision("person", one, other, verdict, "tester", "", "2026-03-01 10:00:00", probability)


def test_decisions_win_outlive_a_full_refresh_and_are_asked_again_when_the_weights_turn(
    world: World,
) -> None:
    world.land("erp.contacts", *people_at_work())
    world.build()
    before = world.people()
    assert before["erp:contact:4"] == before["erp:contact:5"]
    assert before["erp:contact:3"] != before["erp:contact:8"]
    with pytest.raises(UnknownPairError, match="0 questions"):
        world.reviews().decide("nosuchkey", Verdict.SAME, "tester", "", NOW)

    answers = [
        # joins what nothing joined
        decided("erp:contact:3", "erp:contact:8", Verdict.SAME),
        # cuts what a rule joined
        decided("erp:contact:4", "erp:contact:5", Verdict.DIFFERENT, probability="1.0000"),
        # when it was decided, little spoke against it
        decided("erp:contact:6", "erp:contact:7", Verdict.DIFFERENT, probability="0.1000"),
    ]
    assert world.reviews().decide_all(answers) == len(answers)
    assert world.reviews().decide_all(answers) == 0
    # and what can't all hold, taken some other way than by the command: different wins
    contradictory = [
        decided("erp:contact:1", "erp:contact:2", Verdict.DIFFERENT),
        decided("erp:contact:1", "erp:contact:3", Verdict.SAME),
        decided("erp:contact:2", "erp:contact:8", Verdict.SAME),
    ]
    with pytest.raises(ContradictionError, match="erp:contact:3 = erp:contact:8"):
        world.reviews().decide_all(contradictory)
    world.land("decisions.match_decisions", *(asdict(each) for each in contradictory))
    world.build("--full-refresh")

    people = world.people()
    assert people["erp:contact:4"] != people["erp:contact:5"]
    assert people["erp:contact:1"] != people["erp:contact:2"]
    assert people["erp:contact:3"] in {people["erp:contact:1"], people["erp:contact:8"]}
    assert people["erp:contact:6"] != people["erp:contact:7"]

    # the last answer counts, and a birth date turns the weights
    later = replace(answers[1], verdict="same", decided_at="2026-03-02 10:00:00")
    world.reviews().decide_all([later])
    for number, values in ((6, {"mobile": "13911118888"}), (7, {"email": "zhouyuan@example.com"})):
        born = {"birth_date": "1990-05-06", "updated_at": "2026-04-01 10:00:00"}
        world.land("erp.contacts", contact(number, "周远", **values, **born))
    world.build()

    people = world.people()
    assert people["erp:contact:4"] == people["erp:contact:5"] == before["erp:contact:4"]
    assert people["erp:contact:6"] != people["erp:contact:7"]
    found = {(each.record_key, each.state) for each in world.reviews().open()}
    assert ("erp:contact:6", "contradicted") in found

    # any two records can be decided on, asked about or not
    world.reviews().decide_on(
        ("erp:contact:5", "erp:contact:4"), Verdict.DIFFERENT, "tester", "no", NOW
    )
    last = world.reviews().decisions()[0]
    assert (last.record_key, last.other_record_key) == ("erp:contact:4", "erp:contact:5")
    # a rule joins them, and that is no news
    assert last.probability == "1.0000"
    with pytest.raises(UnknownKeyError, match="erp:contact:99"):
        world.reviews().decide_on(
            ("erp:contact:4", "erp:contact:99"), Verdict.SAME, "tester", "", NOW
        )


@pytest.mark.parametrize("name", ["review.xlsx", "review.csv"])
def test_a_spreadsheet_without_answers_gives_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    workbook.write(REVIEWS, path)

    assert list(workbook.read(path)) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("same", Verdict.SAME), (" Different ", Verdict.DIFFERENT), ("同", Verdict.SAME)],
)
def test_answers_come_back_from_a_spreadsheet(
    tmp_path: Path, typed: str, expected: Verdict
) -> None:
    path = tmp_path / "review.xlsx"
    answer(path, typed)

    assert list(workbook.read(path)) == [("abc", expected, "called")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_answers_come_back_from_csv_however_a_spreadsheet_saves_it(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "review.CSV"
    lines = 'pair_key,evidence,verdict,reason\r\nabc,"同名: 张三\n李四",同,打过电话\r\ndef,,,\r\n'
    path.write_bytes(lines.encode(encoding))

    assert list(workbook.read(path)) == [("abc", Verdict.SAME, "打过电话")]


def test_an_answer_that_is_neither_is_named_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    answer(path, "perhaps")

    with pytest.raises(IdentityError, match="row 2"):
        list(workbook.read(path))


def test_a_file_that_is_no_review_queue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    path.write_bytes(b"nothing")

    with pytest.raises(IdentityError):
        list(workbook.read(path))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.booleans())))
def test_decisions_contradict_if_and_only_if_no_partition_keeps_them_all(
    answers: list[tuple[str, str, bool]],
) -> None:
    decisions = [
        replace(
            decided(*sorted((one, other)), Verdict.SAME if same else Verdict.DIFFERENT),
            decided_at=f"2026-03-01 10:00:{second:02d}",
        )
        for second, (one, other, same) in enumerate(answers)
        if one != other
    ]
    last = {(each.record_key, each.other_record_key): each.verdict for each in decisions}
    possible = any(
        all(
            (groups[one] == groups[other]) == (says == "same")
            for (one, other), says in last.items()
        )
        for groups in (
            dict(zip("abcde", numbers, strict=True)) for numbers in product(range(5), repeat=5)
        )
    )

    assert possible == (not list(contradictions(decisions)))


REVIEWS = [
    Review("abc", "person", "erp:contact:1", "erp:contact:2", None, "=1+1", "open"),
    Review("def", "person", "erp:contact:1", "erp:contact:3", None, "", "open"),
]


def answer(path: Path, verdict: str) -> None:
    """Fill in the first row, as somebody would in a spreadsheet."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet(workbook.SHEET)
        sheet.write_row(0, 0, ["pair_key", "evidence", "verdict", "reason"])
        sheet.write_row(1, 0, ["abc", "", verdict, "called"])
        sheet.write_row(2, 0, ["def", "", "", ""])
