"""Numbers that carry a check digit, and the shapes that carry none."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.functions import parse_phone

CALLS = {
    "card": "is_bank_card('value')",
    "organisation": "organisation_code('value')",
    "tax_id": "is_tax_id('value')",
    "document": "document_type('value')",
    "code": "code_text('value')",
    "landline": "home_landline('value')",
    "american": "north_american_phone('value')",
    "mobile": "home_mobile('value')",
    "birth_date": "resident_id_birth_date('value')",
    "sex": "resident_id_sex('value')",
    "date": "parse_date('value')",
    "clean": "clean_text('value')",
    "narrow": "narrow_text('value')",
}
SLOW = settings(deadline=None, max_examples=60)


@pytest.fixture(scope="module")
def evaluated(rendered: Callable[[Sequence[str]], list[str]]) -> Callable[[str, str], Any]:
    """What a macro gives for a value."""
    sql = dict(zip(CALLS, rendered(list(CALLS.values())), strict=True))

    def evaluate(macro: str, value: str) -> Any:
        row = duckdb.execute(f"select {sql[macro]} from (select ? as value)", [value]).fetchone()
        assert row is not None
        return row[0]

    return evaluate


def luhn(body: str) -> str:
    """A number with the check digit that ISO/IEC 7812 wants behind it."""
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(body))
    )
    return body + str(-total % 10)


@SLOW
@given(st.integers(10**14, 10**18 - 1), st.data())
def test_a_bank_card_with_one_wrong_digit_is_none(
    evaluated: Callable[[str, str], Any], number: int, data: st.DataObject
) -> None:
    card = luhn(f"6{str(number)[1:]}")
    place = data.draw(st.integers(1, len(card) - 1))
    other = (int(card[place]) + data.draw(st.integers(1, 9))) % 10

    assert evaluated("card", card)
    assert not evaluated("card", f"{card[:place]}{other}{card[place + 1 :]}")


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "6222021234567890128"])
def test_bank_cards_have_thirteen_to_nineteen_digits(
    evaluated: Callable[[str, str], Any], number: str
) -> None:
    assert evaluated("card", number) == (luhn(number[:-1]) == number)
    assert not evaluated("card", number[:8])


@pytest.mark.parametrize(
    ("number", "organisation", "is_tax_id"),
    [
        ("91350100M000100Y43", "M000100Y4", True),
        ("91350100M000100Y44", None, False),
        ("350100M000100Y4", "M000100Y4", True),
        ("M000100Y4", "M000100Y4", True),
        ("M000100Y5", None, False),
        ("DE123456788", None, True),
        ("GB999999973", None, True),
        ("51824753556", None, True),
        ("13812345678", None, False),
        ("无", None, False),
    ],
)
def test_a_tax_id_says_which_organisation_it_is_of(
    evaluated: Callable[[str, str], Any], number: str, organisation: str | None, *, is_tax_id: bool
) -> None:
    assert evaluated("organisation", number) == organisation
    assert evaluated("tax_id", number) is is_tax_id


@pytest.mark.parametrize(
    ("number", "document"),
    [
        ("11010519491231002X", "national_id"),
        ("110105194912310021", "national_id"),
        ("E12345678", "passport"),
        ("EA1234567", "passport"),
        ("H1234567890", "permit"),
        ("M12345678", "permit"),
        ("123456789", "foreign_id"),
        ("QQ123456C", "foreign_id"),
        ("1234567890123", "national_id"),
        ("1111111", "national_id"),
        ("无", "national_id"),
    ],
)
def test_a_document_is_told_by_its_shape(
    evaluated: Callable[[str, str], Any], number: str, document: str
) -> None:
    assert evaluated("document", number) == document


def test_a_resident_id_says_birth_date_and_sex(evaluated: Callable[[str, str], Any]) -> None:
    assert str(evaluated("birth_date", "11010519491231002X")) == "1949-12-31"
    assert evaluated("sex", "11010519491231002X") == "f"
    assert evaluated("sex", "440524188001010014") == "m"


@SLOW
@given(st.text(max_size=20))
def test_a_code_is_its_own_normal_form(evaluated: Callable[[str, str], Any], text: str) -> None:
    code = evaluated("code", text)

    assert evaluated("code", code) == code


@SLOW
@given(
    st.from_regex(r"\A(\+86 ?|0086)?0?(10|2\d|[3-9]\d\d)[- ]?\d{7,8}\Z")
    | st.from_regex(r"\A(\+1 ?|1-)?\(?[2-9]\d\d\)?[- .]\d{3}[- .]\d{4}\Z")
    | st.from_regex(r"\A(\+86|86)?1\d{10}(\.0)?\Z")
)
def test_sql_and_python_agree_on_phones(evaluated: Callable[[str, str], Any], text: str) -> None:
    quick = evaluated("american", text) or evaluated("mobile", text) or evaluated("landline", text)
    thorough = parse_phone(text)["e164"]

    # phonenumbers knows which prefixes are in use today; SQL knows shapes
    assert quick is None or thorough is None or quick == thorough


@SLOW
@given(st.dates(date(1928, 1, 1), date(2060, 12, 31)), st.sampled_from(["", ".0", ".5"]))
def test_a_day_is_the_same_however_a_spreadsheet_shows_it(
    evaluated: Callable[[str, str], Any], day: date, time_of_day: str
) -> None:
    serial = (day - date(1899, 12, 30)).days

    assert evaluated("date", day.isoformat()) == day
    assert evaluated("date", f"{serial}{time_of_day}") == day
    assert evaluated("date", day.strftime("%Y%m%d")) == day


@pytest.mark.parametrize("text", ["1990", "199001", "2023-02-30", "9999", "70000", "1.8866E+10"])
def test_what_is_no_day_is_none(evaluated: Callable[[str, str], Any], text: str) -> None:
    assert evaluated("date", text) is None


BLANKS = " \u3000\u00a0\ufeff\t\r\n"


@SLOW
@given(st.text(alphabet=BLANKS + "a张\u2003"))
def test_only_blanks_at_the_ends_go(evaluated: Callable[[str, str], Any], text: str) -> None:
    assert evaluated("clean", text) == (text.strip(BLANKS) or None)


@SLOW
@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_full_width_signs_become_narrow(evaluated: Callable[[str, str], Any], text: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else sign for sign in text)

    assert evaluated("narrow", wide) == text
    assert evaluated("narrow", text) == text
