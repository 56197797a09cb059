"""What people decide wins, outlives every build, and is asked again when the evidence turns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from identity import workbook
from identity.errors import IdentityError, UnknownPairError
from identity.reviews import Decision, Review, Verdict
from tests.identity.conftest import Row, World, contact

PHONE = "13911115555"
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


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
        decided("erp:contact:4", "erp:contact:5", Verdict.DIFFERENT),
        # cuts what other decisions join
        decided("erp:contact:1", "erp:contact:2", Verdict.DIFFERENT),
        decided("erp:contact:1", "erp:contact:3", Verdict.SAME),
        decided("erp:contact:2", "erp:contact:8", Verdict.SAME),
        # when it was decided, little spoke against it
        decided("erp:contact:6", "erp:contact:7", Verdict.DIFFERENT, probability="0.1000"),
    ]
    assert world.reviews().decide_all(answers) == len(answers)
    assert world.reviews().decide_all(answers) == 0
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


def test_a_spreadsheet_without_answers_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
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
