"""Names, texts and phones in their normal forms."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import functions
from warehouse.functions import latin_text, parse_phone, plain_text


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)


def test_latin_text_spells_what_it_can() -> None:
    assert latin_text("吕  Müller & Söhne") == "lv muller & sohne"


@pytest.mark.parametrize(
    ("raw", "e164", "kind"),
    [
        ("139 1234 5678", "+8613912345678", "mobile"),
        ("１３９１２３４５６７８", "+8613912345678", "mobile"),
        ("13912345678.0", "+8613912345678", "mobile"),
        ("1.3912345678E+10", "+8613912345678", "mobile"),
        ("0086-139-1234-5678", "+8613912345678", "mobile"),
        ("021-58881234", "+862158881234", "landline"),
        ("021-58881234转801", "+862158881234;ext=801", "extension"),
        ("400-820-8888", "+864008208888", "other"),
        ("+1 (650) 253-0000", "+16502530000", "mobile"),
        ("+1 650 253 0000-801", "+16502530000;ext=801", "extension"),
        ("(650) 253-0000-801", "+16502530000;ext=801", "extension"),
        ("6502530000-801", "national:6502530000;ext=801", "extension"),
        ("0049 30 901820", "+4930901820", "landline"),
        ("+49 30 901820-12", "+493090182012", "landline"),
    ],
)
def test_a_phone_has_one_form_and_a_kind(raw: str, e164: str, kind: str) -> None:
    assert parse_phone(raw) == {"e164": e164, "kind": kind, "reason": None}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("1.39E+10", "digits lost by a spreadsheet"),
        ("无", "not a phone number"),
        ("12345678901", "no such phone number"),
        ("", "not a phone number"),
    ],
)
def test_what_is_no_phone_says_why(raw: str, reason: str) -> None:
    assert parse_phone(raw) == {"e164": None, "kind": None, "reason": reason}


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(raw: str) -> None:
    phone = parse_phone(raw)

    assert (phone["e164"] is None) == (phone["reason"] is not None)


def test_sql_calls_them_and_keeps_nulls() -> None:
    with duckdb.connect() as connection:
        functions.register(connection)
        rows = connection.execute(
            "select plain_text(t), latin_text(t), parse_phone(t)['e164'] "
            "from (values (null), ('张三')) as texts (t)"
        ).fetchall()

    assert rows == [(None, None, None), ("张三", "zhangsan", None)]


def test_another_version_of_a_library_is_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect() as connection:
        functions.register(connection)
        [(said,)] = connection.execute("select functions_digest()").fetchall()
    monkeypatch.setattr(functions, "version", lambda name: f"{name} of tomorrow")

    assert functions.functions_digest.__wrapped__() != said == functions.functions_digest()
