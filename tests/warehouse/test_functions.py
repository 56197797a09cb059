"""Names, texts and phones in their normal forms."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import functions
from warehouse.functions import latin_text, parse_phone, person_name, plain_text

LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8)


def key(name: str, surname_length: int = 1) -> str | None:
    return person_name(plain_text(name), surname_length)["key"]


@pytest.mark.parametrize(
    ("name", "others", "surname_length"),
    [
        (
            "张三",
            ["張三", "张 三", "Zhang San", "SAN ZHANG", "zhangsan", "Zhang, San", "张三(VIP)"],
            1,
        ),
        ("欧阳清漪", ["歐陽清漪", "Ouyang Qingyi", "Qing-Yi Ouyang"], 2),
        ("吕娜", ["Lü Na", "Lv Na", "LYU NA"], 1),
        ("单雄", ["Shan Xiong"], 1),
        ("José Müller", ["JOSE MULLER", "Muller, Jose", "José T. Müller"], 1),
        ("Seán O'Brien", ["Sean OBrien", "O’Brien, Sean"], 1),
        ("约翰·史密斯", ["Yuehan Shimisi"], 1),
        ("Иван Петров", ["ПЕТРОВ ИВАН"], 1),
    ],
)
def test_every_way_of_writing_a_name_has_one_key(
    name: str, others: list[str], surname_length: int
) -> None:
    assert {key(other, surname_length) for other in others} == {key(name, surname_length)}


@pytest.mark.parametrize(
    ("one", "other"), [("张三", "张伟"), ("王𠮷", "王芳"), ("Jo Li", "Jo Lin")]
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@given(LETTERS, LETTERS)
def test_the_order_of_the_parts_never_matters(first: str, last: str) -> None:
    assert key(f"{first} {last}") == key(f"{last.upper()}, {first.title()}")


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)


@pytest.mark.parametrize("name", ["", " ", "123", "()", "???", "。"])
def test_what_is_no_name_has_no_key(name: str) -> None:
    assert key(name) is None


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
        ("0049 30 901820", "+4930901820", "landline"),
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
            "select plain_text(t), latin_text(t), person_name(t, 1)['key'], parse_phone(t)['e164'] "
            "from (values (null), ('张三')) as texts (t)"
        ).fetchall()

    assert rows == [(None, None, None, None), ("张三", "zhangsan", "angsanzh", None)]
