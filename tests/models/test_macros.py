"""What the macros' SQL makes of values, in DuckDB."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from ingestion.sources.ledger import digests

CALLS = {
    "fingerprint": "sync_fingerprint(['a', 'b', 'c'])",
    "cents": "to_cents('amount')",
    "day": "business_date('moment')",
    "today": "as_of()",
    "digest": "value_digest('record_id', 'field', 'value')",
    "is_like_block": "is_like_block('one', 'other')",
    "is_like_street": "is_like_street('one', 'other')",
    "is_part_of_address": "is_part_of_address('one', 'other')",
    "is_pinyin": "is_pinyin('name')",
    "change_bits": "change_bits('counted', 'of_all', '0.15')",
    "date_doubt_bits": "date_doubt_bits('counted', 'of_all')",
    "household_doubt_bits": "household_doubt_bits('counted', 'of_all')",
    "is_like_name": "is_like_name('one', 'other')",
    "is_slip_of_character": "is_slip_of_character('one', 'other')",
    "recurrence_bits": "recurrence_bits('counted', 'of_all')",
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


def agree(expression: str, one: str, other: str) -> bool:
    """Whether two addresses of one town, given by their rest_key, agree."""
    address = """{
        'rest_key': $%s,
        'number_key': trim(both '-' from regexp_replace($%s, '[^0-9]+', '-', 'g')),
        'postcode': cast(null as varchar),
        'city_key': 'x'
    }"""
    columns = f"{address.replace('%s', '1')} as one, {address.replace('%s', '2')} as other"
    found = value(expression, columns, one, other)
    assert value(expression, columns, other, one) is found
    return bool(found)


houses = st.integers(1, 40)
doors = st.integers(101, 2999)


@given(st.integers(1, 999), houses, st.integers(1, 4), doors)
def test_a_door_is_the_same_without_its_unit_and_without_the_street(
    sql: dict[str, str], number: int, house: int, unit: int, door: int
) -> None:
    home = f"延安路{number}-翠湖湾{house}-{unit}-{door}"
    for spelling in (
        f"延安路{number}-翠湖湾{house}-{door}",
        f"翠湖湾{house}-{unit}-{door}",
        f"翠湖湾{house}-{door}",
    ):
        assert agree(sql["is_like_block"], home, spelling)


@given(houses, st.lists(st.integers(1, 9), min_size=2, max_size=2, unique=True), doors)
def test_the_same_door_of_another_unit_is_another_home(
    sql: dict[str, str], house: int, units: list[int], door: int
) -> None:
    one, other = (f"延安路163-翠湖湾{house}-{unit}-{door}" for unit in units)
    assert not agree(sql["is_like_block"], one, other)
    assert not agree(sql["is_part_of_address"], one, other)


@given(st.lists(st.integers(1, 2000), min_size=2, max_size=2, unique=True))
def test_a_number_is_no_part_of_a_longer_one(sql: dict[str, str], numbers: list[int]) -> None:
    assert not agree(sql["is_part_of_address"], *(f"延安路{number}" for number in numbers))
    assert not agree(sql["is_part_of_address"], *(f"{number} mill lane" for number in numbers))


@given(
    st.lists(st.integers(1, 9999), min_size=2, max_size=2, unique=True),
    st.none() | st.integers(10000, 10099),
)
def test_another_house_of_a_street_is_no_slip_but_a_door_may_be_left_out(
    sql: dict[str, str], numbers: list[int], door: int | None
) -> None:
    one, other = (f"{number} washington boulevard" for number in numbers)
    before = "" if door is None else f"{door} "
    assert not agree(sql["is_like_street"], before + one, before + other)
    assert agree(sql["is_like_street"], before + one, one)


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("启润食品", "启闰食品", True),
        ("启润食品", "启润品", True),
        ("启润食品", "启润食品厂", True),
        ("庆华", "国华", True),
        ("启润食品", "启润食品", False),
        # two characters whose bytes differ in one place each
        ("启润食品", "吰涧食品", False),
        ("启润食品", "启润", False),
        ("庆华", "华庆", False),
    ],
)
def test_a_slip_in_chinese_is_one_character_however_many_bytes_it_has(
    sql: dict[str, str], one: str, other: str, is_slip: bool
) -> None:
    columns = "cast(? as varchar) as one, cast(? as varchar) as other"
    assert value(sql["is_slip_of_character"], columns, one, other) is is_slip
    assert value(sql["is_slip_of_character"], columns, other, one) is is_slip


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        # heard alike: n and ng, zh and z, n and l
        (("陈静", "chen jing"), ("程静", "cheng jing"), True),
        (("赵晓林", "zhao xiaolin"), ("赵晓玲", "zhao xiaoling"), True),
        (("周志强", "zhou zhiqiang"), ("邹志强", "zou zhiqiang"), True),
        (("刘兰", "liu lan"), ("刘南", "liu nan"), True),
        # seen alike
        (("段文己", "duan wenji"), ("段文巳", "duan wensi"), True),
        (("余洋", "yu yang"), ("佘洋", "she yang"), True),
        (("孟未", "meng wei"), ("孟末", "meng mo"), True),
        # what many sisters are called, two characters at once, one too many
        (("吴芳", "wu fang"), ("吴芬", "wu fen"), False),
        (("陈静", "chen jing"), ("程金", "cheng jin"), False),
        (("陈静", "chen jing"), ("陈静静", "chen jingjing"), False),
        (("吴丹", "wu dan"), ("吴刚", "wu gang"), False),
        (("吴丹", "wu dan"), ("吴丹", "wu dan"), False),
    ],
)
def test_names_are_alike_where_one_character_is_misheard_or_misread(
    sql: dict[str, str], one: tuple[str, str], other: tuple[str, str], is_alike: bool
) -> None:
    named = "{'written_key': cast(? as varchar), 'name_words': cast(? as varchar)}"
    columns = f"{named} as one, {named} as other"
    assert value(sql["is_like_name"], columns, *one, *other) is is_alike
    assert value(sql["is_like_name"], columns, *other, *one) is is_alike


@pytest.mark.parametrize(
    ("trait", "count", "of", "least_bits", "most_bits"),
    [
        # too few to say anything
        ("date_doubt_bits", None, None, 0, 0),
        ("date_doubt_bits", 1, 2, 0, 0.8),
        # clerks with papers before them
        ("date_doubt_bits", 0, 50_000, 0, 0),
        ("date_doubt_bits", 750, 50_000, 0, 0.01),
        # slips of every kind, and whatever a web form takes
        ("date_doubt_bits", 26, 344, 1.5, 2.5),
        ("date_doubt_bits", 182, 570, 4, 4.5),
        ("date_doubt_bits", 50_000, 50_000, 5, 5),
        # too few
        ("household_doubt_bits", None, None, 0, 0),
        ("household_doubt_bits", 0, 5, 0, 0.2),
        ("household_doubt_bits", 5, 5, 0, 0),
        # relatives share phones, as everywhere, and oftener than that
        ("household_doubt_bits", 2_000, 3_000, 0, 0),
        ("household_doubt_bits", 3_000, 3_100, 0, 0),
        # lists without households, of clean dates and of wrong ones
        ("household_doubt_bits", 55, 3_700, 5, 6),
        ("household_doubt_bits", 58, 480, 2, 3),
        ("household_doubt_bits", 0, 50_000, 6, 6),
        # too few
        ("change_bits", 0, 0, 0, 0),
        ("change_bits", 1, 1, 0, 0.2),
        # as usual, never, and at every second chance
        ("change_bits", 1_500, 10_000, 0, 0),
        ("change_bits", 0, 10_000, -1, -1),
        ("change_bits", 5_000, 10_000, 1.7, 1.8),
        ("change_bits", 10_000, 10_000, 2, 2),
        # too few, and hundreds
        ("recurrence_bits", None, None, 0, 0),
        ("recurrence_bits", 0, 20, 0, 0),
        ("recurrence_bits", 20, 10, 0, 0.1),
        ("recurrence_bits", 800, 400, 1, 1.2),
        # several systems that know each customer
        ("recurrence_bits", 4_000, 10_000, 0, 0),
        # a list full of duplicates, and one without any
        ("recurrence_bits", 20_000, 10_000, 1.4, 2),
        ("recurrence_bits", 90_000, 10_000, 2, 2),
        ("recurrence_bits", 0, 10_000, -3, -0.5),
        ("recurrence_bits", 0, 1_000_000, -3, -3),
    ],
)
def test_a_list_says_how_far_it_is_from_most(
    sql: dict[str, str],
    trait: str,
    count: int | None,
    of: int | None,
    least_bits: float,
    most_bits: float,
) -> None:
    columns = "cast(? as bigint) as counted, cast(? as bigint) as of_all"
    assert least_bits <= value(sql[trait], columns, count, of) <= most_bits


# what nobody is called: interjections without a vowel
UNSPOKEN = {"hm", "hng", "m", "n", "ng"}
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


@given(st.text(HAN, min_size=1, max_size=4))
def test_what_pypinyin_makes_of_any_name_is_pinyin(sql: dict[str, str], name: str) -> None:
    syllables = [
        syllable
        for syllable in lazy_pinyin(name, errors="ignore", v_to_u=False)
        if syllable not in UNSPOKEN and syllable.isascii()
    ]
    # 阿 stands at the beginning only, and nobody is called 哦 or 噢
    assume(syllables and not {"a", "o"} & set(syllables))
    assert value(sql["is_pinyin"], "? as name", " ".join(syllables)) is True
    assert value(sql["is_pinyin"], "? as name", "".join(syllables)) is True


@pytest.mark.parametrize("name", ["nicole berger", "camille lefebvre", "peter", "maria", "diego"])
def test_what_only_looks_like_syllables_is_no_pinyin(sql: dict[str, str], name: str) -> None:
    assert value(sql["is_pinyin"], "? as name", name) is False
