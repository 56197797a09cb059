"""What parsers promise of any input."""

import datetime as dt
import io
import string
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.landing import earlier
from ingestion.naming import MAX_LENGTH, clean, column_name, distinct
from ingestion.sources.crm import moment, text
from ingestion.sources.documents import Document, DocumentError, exported_at, find_header
from ingestion.sources.roundup import date
from ingestion.sources.workbooks.headers import HEADERS
from ingestion.sources.workbooks.xlsx import (
    Workbook,
    column_index,
    date_text,
    is_date_format,
    number_text,
)

JUNK = st.text("店铺导出 -：0123456789abc", max_size=8)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("联系人备注", "lian_xi_ren_bei_zhu"),
        ("CustomerID", "customer_id"),
        ("HTTPStatus", "http_status"),
        ("微信unionid", "wei_xin_unionid"),
        ("金额（元）", "jin_e_yuan"),
        ("Prix d'été", "prix_d_ete"),
        ("2026年", "column_2026_nian"),
        ("①", "column_1"),
        ("——", "column"),
        ("订单 号\n", "ding_dan_hao"),
    ],
)
def test_headers_become_readable_names(header: str, expected: str) -> None:
    assert column_name(header) == expected


@given(st.text())
def test_a_column_name_is_always_a_name(header: str) -> None:
    name = column_name(header)
    assert name
    assert set(name) <= set(string.ascii_lowercase + string.digits + "_")
    assert not name[0].isdigit()
    assert len(name) <= MAX_LENGTH + len("column_")


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b"])))
def test_distinct_names_are_distinct(names: list[str]) -> None:
    assert len(set(distinct(names))) == len(names)


@given(
    st.lists(st.lists(JUNK, max_size=3), max_size=10),
    st.lists(st.sampled_from(sorted(HEADERS)), min_size=4, max_size=8, unique=True),
    st.lists(st.lists(st.text("甲乙丙0123456789.", max_size=11), max_size=8), max_size=5),
)
def test_the_header_is_found_below_any_junk(
    junk: list[list[str]], header: list[str], body: list[list[str]]
) -> None:
    found = find_header([*junk, header, *body], HEADERS)

    assert found is not None
    assert found.last_row == len(junk)
    assert len(found.names) == len(header)
    assert {HEADERS[h] for h in header} <= set(found.names)


@given(st.integers(0, 12), st.sets(st.integers(0, 6), max_size=4))
def test_a_header_of_two_rows_is_read_as_one(titles: int, merged_down: set[int]) -> None:
    """A name stands in the lower row, or, merged down, in the upper one."""
    names = ["发票号", "客户名称", "税号", "电话", "币种", "金额", "状态"]
    upper = [n if i in merged_down else "客户信息" for i, n in enumerate(names)]
    lower = [None if i in merged_down else n for i, n in enumerate(names)]
    rows: list[list[str | None]] = [["台账"]] * titles + [list(upper), list(lower), ["F1", "甲"]]

    found = find_header(rows, HEADERS, groups=dict(enumerate(rows)))

    assert found is not None
    assert found.last_row == titles + 1
    assert found.names == tuple(HEADERS[n] for n in names)


def test_a_name_under_two_groups_is_told_apart_by_the_group() -> None:
    rows = [["客户信息", "客户信息", "开票人", "金额"], ["客户名称", "电话", "电话", None]]
    known = {"客户名称": "customer_name", "客户信息/电话": "phone", "开票人/电话": "issuer_phone",
             "金额": "amount"}  # fmt: skip

    found = find_header(rows, known, groups=dict(enumerate(rows)))

    assert found is not None
    assert found.names == ("customer_name", "phone", "issuer_phone", "amount")


def test_no_header_is_none() -> None:
    assert find_header([["a", "b"], ["c"]], HEADERS) is None
    assert find_header([], HEADERS) is None


MOMENTS = st.datetimes(
    dt.datetime.fromisoformat("1990-01-01 00:00:00"),
    dt.datetime.fromisoformat("2100-01-01 00:00:00"),
).map(lambda moment: moment.replace(microsecond=0))


@given(
    MOMENTS,
    st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S",
            "%Y/%m/%d %H:%M:%S",
            "%Y年%m月%d日 %H:%M:%S",
            "%Y.%m.%d %H：%M：%S",
            "%Y-%m-%dT%H:%M:%S",
        ]
    ),
    st.sampled_from(
        ["导出时间：{}", "店铺 导出时间: {} 操作员：张三", "2026年03月 台账　导出于{}"]
    ),
)
def test_the_export_time_is_read_from_a_title(moment: dt.datetime, form: str, title: str) -> None:
    assert exported_at(["", title.format(moment.strftime(form))]) == moment


@given(st.lists(st.text()))
def test_a_title_without_a_time_is_none_and_no_error(titles: list[str]) -> None:
    exported_at(titles)
    assert exported_at(["2026年03月 发票台账", "2026-13-45 99:99:99"]) is None


@given(MOMENTS)
def test_roundups_dates_are_read_back(moment: dt.datetime) -> None:
    assert date(moment.strftime("%Y-%m-%d.%H:%M:%S")) == moment


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=2))
def test_money_in_a_number_cell_is_kept_to_the_cent(amount: Decimal) -> None:
    # as xlsxwriter and as Excel write it
    for written in (f"{float(amount):.16G}", f"{float(amount):.17g}"):
        assert Decimal(number_text(written)) == amount


@given(st.integers(10**10, 10**18))
def test_a_whole_number_keeps_all_its_digits(number: int) -> None:
    assert number_text(str(number)) == str(number)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("13800000001", "13800000001"),
        ("1.38E10", "13800000000"),
        ("1.3800000001E+10", "13800000001"),
        ("1234567890123.45", "1234567890123.45"),
        ("1234.5599999999999", "1234.56"),
        ("0.30000000000000004", "0.3"),
        ("12345678901234.561", "12345678901234.56"),
        ("100", "100"),
        ("-0.5", "-0.5"),
        ("1E-3", "0.001"),
    ],
)
def test_number_cells(written: str, expected: str) -> None:
    assert number_text(written) == expected


@given(
    st.datetimes(
        dt.datetime.fromisoformat("1901-01-01 00:00:00"),
        dt.datetime.fromisoformat("2100-01-01 00:00:00"),
    )
)
def test_a_date_cell_is_the_moment_to_the_second(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    days = (moment - dt.datetime.fromisoformat("1899-12-30 00:00:00")) / dt.timedelta(days=1)
    assert dt.datetime.fromisoformat(date_text(repr(days))) == moment


def test_a_number_that_is_no_day_stays_a_number() -> None:
    # a date typed without its strokes into a cell for dates, where Excel shows ########
    assert date_text("20261122") == "20261122"


@pytest.fixture(scope="module")
def workbook() -> bytes:
    """A small ledger, its parts not compressed, so that a changed byte reaches the reader."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    sheet = book.add_worksheet("发票")
    sheet.write_row(0, 0, ["发票号", "开票日期", "金额"])
    sheet.write_row(1, 0, ["F1", "甲", 1.5])
    sheet.write_datetime(1, 1, dt.datetime(2026, 3, 2), book.add_format({"num_format": 14}))  # noqa: DTZ001 - cells have no zone
    book.close()
    stored = io.BytesIO()
    with zipfile.ZipFile(content) as packed, zipfile.ZipFile(stored, "w") as plain:
        for name in packed.namelist():
            plain.writestr(name, packed.read(name))
    return stored.getvalue()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_workbook_is_told_from_a_whole_one(workbook: bytes, data: st.DataObject) -> None:
    content = bytearray(workbook)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    document = Document(Path("a.xlsx"), bytes(content), dt.datetime(2026, 3, 2))  # noqa: DTZ001 - as raw times

    # it is read, or it is named; nothing else comes out of it
    with suppress(DocumentError):
        list(Workbook().sheets(document, frozenset({"发票"})))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<c r="A2" t="s"><v>3</v>', b'<c r="A2" t="s"><v>99</v>'),
        (b"<v>1.5</v>", b"<v>one</v>"),
        (b'r="A2"', b'r="12"'),
        (b"</sheetData>", b"<"),
    ],
)
def test_a_workbook_with_a_damaged_part_is_named(workbook: bytes, old: bytes, new: bytes) -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as whole, zipfile.ZipFile(stored, "w") as damaged:
        assert old in whole.read("xl/worksheets/sheet1.xml")
        for name in whole.namelist():
            part = whole.read(name)
            damaged.writestr(name, part.replace(old, new) if "sheet1" in name else part)
    document = Document(Path("a.xlsx"), stored.getvalue(), dt.datetime(2026, 3, 2))  # noqa: DTZ001 - as raw times

    with pytest.raises(DocumentError, match=r"a\.xlsx is damaged"):
        list(Workbook().sheets(document, frozenset({"发票"})))


def test_dates_of_a_1904_workbook() -> None:
    assert date_text("44620", is_1904=True) == "2026-03-01"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("yyyy-mm-dd", True),
        ('yyyy"年"m"月"d"日"', True),
        ("[$-804]yyyy/m/d;@", True),
        ("h:mm", True),
        ("#,##0.00", False),
        ('"days" 0', False),
        ("General", False),
        ('[Red]0.00"d"', False),
        ("", False),
    ],
)
def test_number_formats_that_are_dates(code: str, *, expected: bool) -> None:
    assert is_date_format(code) is expected


@pytest.mark.parametrize(("cell", "expected"), [("A1", 0), ("Z9", 25), ("AA10", 26), ("AB7", 27)])
def test_cells_have_positions(cell: str, expected: int) -> None:
    assert column_index(cell) == expected


def test_headers_are_cleaned_of_what_people_put_into_them() -> None:
    assert clean(" 税　号\n") == "税号"
    assert clean(" Order   No ") == "Order No"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, "true"),
        (12, "12"),
        (1e-7, "0.0000001"),
        (1234567.5, "1234567.5"),
        ("007", "007"),
        (["b", "a"], '["b", "a"]'),
        ({"b": 1, "a": "名"}, '{"a": "名", "b": 1}'),
    ],
)
def test_values_of_a_crm_become_text(value: object, expected: str | None) -> None:
    assert text(value) == expected


def test_times_of_a_crm_are_utc() -> None:
    expected = dt.datetime.fromisoformat("2026-01-02 03:04:05.678000")
    assert moment("2026-01-02 03:04:05.678Z") == expected
    assert moment("2026-01-02T11:04:05.678+08:00") == expected
    assert moment("") is None
    assert moment("soon") is None
    assert moment("0001-01-01T00:00:00+08:00") is None


@given(MOMENTS, st.integers(0, 10**6))
def test_an_earlier_text_is_of_the_same_form_and_sorts_before(
    cursor: dt.datetime, lag: int
) -> None:
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"):
        result = earlier(cursor.strftime(form), lag)
        assert result == (cursor - dt.timedelta(seconds=lag)).strftime(form)


def test_an_earlier_cursor() -> None:
    assert earlier(None, 5) is None
    assert earlier(10, 3) == 7
    assert earlier("no time", 3) == "no time"
    assert earlier(dt.date(2026, 1, 2), 600) == dt.date(2026, 1, 1)
