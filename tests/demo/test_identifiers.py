"""Identifiers validate by rules written down apart from the code that makes them."""

from datetime import date
from random import Random

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st

from demo import identifiers, money

seeds = st.integers(min_value=0, max_value=2**32)


def test_check_characters_of_the_standards_own_examples() -> None:
    assert identifiers.national_id_check("11010519491231002") == "X"
    assert identifiers.national_id_check("44052418800101001") == "4"
    assert identifiers.credit_code_check("91350100M000100Y4") == "3"


@given(seeds, st.dates(date(1950, 1, 1), date(2020, 12, 31)), st.sampled_from("mf"))
def test_a_national_id_is_congruent_to_one_modulo_eleven(seed: int, born: date, sex: str) -> None:
    number = identifiers.national_id(Random(seed), "310115", born, sex)
    values = [10 if character == "X" else int(character) for character in number]
    assert len(number) == 18
    assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1
    assert number[6:14] == f"{born:%Y%m%d}"
    assert int(number[16]) % 2 == (sex == "m")


@given(seeds)
def test_a_credit_code_sums_up_to_a_multiple_of_31(seed: int) -> None:
    code = identifiers.credit_code(Random(seed), "310115")
    values = ["0123456789ABCDEFGHJKLMNPQRTUWXY".index(character) for character in code]
    assert len(code) == 18
    assert code.startswith("91310115")
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17]))
    assert (total + values[17]) % 31 == 0


@given(seeds)
def test_a_mobile_is_valid_and_no_placeholder(seed: int) -> None:
    number = phonenumbers.parse(identifiers.mobile(Random(seed)), "CN")
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


@given(st.integers(0, 10**12), st.integers(0, 10**9))
def test_a_line_amount_is_rounded_half_up(quantity: int, unit_price: int) -> None:
    exact = quantity * unit_price
    rounded = money.line_amount(quantity, unit_price) * 100_000
    assert -50_000 < exact - rounded + 0.5 <= 50_000 + 0.5
    assert exact - rounded != 50_000


@given(st.integers(0, 10**12))
def test_net_and_tax_make_the_gross(gross: int) -> None:
    net = money.net_of_tax(gross, 13)
    assert abs(net * 113 - gross * 100) * 2 <= 113


def test_cents_as_text() -> None:
    assert [money.decimal_text(value) for value in (0, 5, 1234, -5)] == [
        "0.00",
        "0.05",
        "12.34",
        "-0.05",
    ]
    assert money.decimal_text(12_345, 4) == "1.2345"
