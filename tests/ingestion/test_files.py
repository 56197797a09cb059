"""Workbooks and CSV files in a folder: real files, as offices and shops make them."""

import datetime as dt
import os
import shutil
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.ingestion.systems import Project, rows_landed

HEADER = (
    "订单号,下单时间,修改时间,买家昵称,收货人,手机号,邮箱,微信unionid,收货地址,发票抬头,税号,商品,"
    "数量,币种,实付金额,订单状态"
)


def shop_file(
    folder: Path,
    name: str,
    rows: list[str],
    *,
    header: str = HEADER,
    exported: str = "2026-11-22 08:00:00",
    encoding: str = "gb18030",
) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    text = "\r\n".join([f"店铺订单导出,导出时间：{exported}", header, *rows, ""])
    path.write_bytes(text.encode(encoding))
    return path


def order(number: str, *, modified: str = "2026-11-21 09:00:00", paid: str = "12.30") -> str:
    return (
        f"{number},2026-11-21 08:00:00,{modified},昵称,张三丰𠮷,138 0000-0000,a@example.com,,"
        f'"上海市,某路 1 号",,,杯子,1,CNY,{paid},已付款'
    )


@pytest.fixture
def shop(project: Project) -> Path:
    folder = project.folder / "shop"
    folder.mkdir()
    project.configure({"sources": {"shop": {"kind": "csv_drop", "folder": str(folder)}}})
    return folder


def test_a_gb18030_export_is_landed_as_it_is(project: Project, shop: Path) -> None:
    path = shop_file(shop, "orders_20261122.csv", [order("A1")])
    os.utime(path, (1_800_000_000, 1_800_000_000))

    project.run("shop")

    assert project.query(
        "select order_no, receiver_name, mobile, receiver_address, invoice_title, paid_amount, "
        "_file, _row, _exported_at, _file_modified_at from raw_shop.orders"
    ) == [
        (
            "A1",
            "张三丰𠮷",
            "138 0000-0000",
            "上海市,某路 1 号",
            None,
            "12.30",
            "orders_20261122.csv",
            3,
            dt.datetime.fromisoformat("2026-11-22 08:00:00"),
            dt.datetime.fromisoformat("2027-01-15 08:00:00"),
        )
    ]


def test_the_same_content_dropped_again_is_nothing_new(project: Project, shop: Path) -> None:
    path = shop_file(shop, "orders_20261122.csv", [order("A1")])
    project.run("shop")
    os.utime(path, (1_900_000_000, 1_900_000_000))
    shutil.copy(path, shop / "orders_20261122 (1).csv")

    assert rows_landed(project.run("shop")) == {"orders": 0}


def test_new_content_under_an_old_name_is_landed_whole(project: Project, shop: Path) -> None:
    shop_file(shop, "orders_20261122.csv", [order("A1"), order("A2")])
    project.run("shop")
    shop_file(
        shop,
        "orders_20261122.csv",
        [order("A1"), order("A2", paid="0.00")],
        exported="2026-11-22 20:00:00",
    )

    assert rows_landed(project.run("shop")) == {"orders": 2}
    assert project.query(
        "select order_no, paid_amount from raw_shop.orders "
        "qualify row_number() over (partition by order_no order by _exported_at desc) = 1 "
        "order by order_no"
    ) == [("A1", "12.30"), ("A2", "0.00")]


def test_an_old_file_dropped_again_comes_with_its_old_time(project: Project, shop: Path) -> None:
    old = shop_file(shop, "orders_20261120.csv", [order("A1", modified="2026-11-20 09:00:00")])
    kept = old.read_bytes()
    shop_file(shop, "orders_20261121.csv", [order("A1", paid="1.00")])
    project.run("shop")
    (shop / "orders_20261120.csv").unlink()
    (shop / "late.csv").write_bytes(kept)

    assert rows_landed(project.run("shop")) == {"orders": 0}


def test_one_bad_file_does_not_hold_up_the_others(project: Project, shop: Path) -> None:
    shop_file(shop, "orders_20261121.csv", [order("A1"), order("A2") + ",one,too many"])
    shop_file(shop, "orders_20261122.csv", [order("A3")])

    summary = project.run("shop")

    assert summary.status == "partly"
    assert "orders_20261121.csv, row 4" in summary.problems[0].message
    assert project.query("select order_no from raw_shop.orders") == [("A3",)]
    shop_file(shop, "orders_20261121.csv", [order("A1"), order("A2")])
    assert rows_landed(project.run("shop")) == {"orders": 2}


def test_bytes_that_are_no_text_are_named_by_line(project: Project, shop: Path) -> None:
    path = shop_file(shop, "orders_20261121.csv", [order("A1")])
    path.write_bytes(path.read_bytes() + b"A2,\xff\xff\xff\r\n")

    summary = project.run("shop")

    assert "orders_20261121.csv, row 4" in summary.problems[0].message
    assert summary.status == "failed"


def test_a_file_cut_off_within_a_quote_is_left_for_the_next_run(
    project: Project, shop: Path
) -> None:
    path = shop_file(shop, "orders_20261121.csv", [order("A1")])
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index("某路".encode("gb18030"))])

    assert project.run("shop").status == "failed"
    path.write_bytes(whole)
    assert rows_landed(project.run("shop")) == {"orders": 1}


def test_a_file_cut_off_between_two_cells_is_left_until_it_is_whole_or_old(
    project: Project, shop: Path
) -> None:
    path = shop_file(shop, "orders_20261121.csv", [order("A1"), order("A2"), order("A3")])
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"A3,2026") + 5])

    summary = project.run("shop")

    assert summary.status == "failed"
    assert "orders_20261121.csv, row 5" in summary.problems[0].message
    path.write_bytes(whole)
    assert rows_landed(project.run("shop")) == {"orders": 3}
    # a sum below the rows is nothing that was cut off
    with_sum = shop_file(shop, "orders_20261122.csv", [order("A4"), "合计,1"])
    with_sum.write_bytes(with_sum.read_bytes().rstrip())
    os.utime(with_sum, (1_700_000_000, 1_700_000_000))
    assert rows_landed(project.run("shop")) == {"orders": 2}


def test_a_file_from_windows_may_shout_its_name(project: Project, shop: Path) -> None:
    shop_file(shop, "ORDERS_20261121.CSV", [order("A1")])

    assert rows_landed(project.run("shop")) == {"orders": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_is_found_out(project: Project, shop: Path, encoding: str) -> None:
    shop_file(shop, "orders_20261121.csv", [order("A1")], encoding=encoding)

    project.run("shop")

    assert project.query("select receiver_name from raw_shop.orders") == [("张三丰𠮷",)]


def test_unknown_headers_get_readable_names_and_evolve(project: Project, shop: Path) -> None:
    shop_file(shop, "orders_20261121.csv", [order("A1")])
    project.run("shop")
    shop_file(shop, "orders_20261122.csv", [order("A2") + ",急,x"],
              header=HEADER + ",备注说明,Coupon Code")  # fmt: skip

    (orders,) = project.run("shop").tables

    assert orders.new_columns == ("bei_zhu_shuo_ming", "coupon_code")
    assert project.query(
        "select order_no, bei_zhu_shuo_ming from raw_shop.orders order by order_no"
    ) == [("A1", None), ("A2", "急")]


def test_a_vanished_column_is_reported(project: Project, shop: Path) -> None:
    shop_file(shop, "orders_20261121.csv", [order("A1")])
    project.run("shop")
    shop_file(shop, "orders_20261122.csv", [order("A2").rpartition(",")[0]],
              header=HEADER.rpartition(",")[0])  # fmt: skip

    summary = project.run("shop")

    assert summary.tables[0].vanished_columns == ("status",)
    assert summary.status == "done"


def test_a_file_without_the_key_is_an_error_that_says_what_to_do(
    project: Project, shop: Path
) -> None:
    shop_file(shop, "orders_20261121.csv", [order("A1")], header=HEADER.replace("订单号", "单号"))

    summary = project.run("shop")

    assert summary.status == "failed"
    assert '[sources.shop.headers] "…" = "order_no"' in summary.problems[0].message


def test_headers_are_mapped_by_the_settings(project: Project, shop: Path) -> None:
    project.configure(
        {
            "sources": {
                "shop": {
                    "kind": "csv_drop",
                    "folder": str(shop),
                    "headers": {"单号": "order_no", "Memo Text": "memo"},
                    "tables": {
                        "orders": {"key": "order_no", "files": "orders_*"},
                        "refunds": {"key": "order_no", "files": "refunds_*"},
                    },
                }
            }
        }
    )
    shop_file(shop, "orders_1.csv", ["A1,x"], header="单号,Memo Text")
    shop_file(shop, "refunds_1.csv", ["A1,y"], header="单号,Memo Text")
    shop_file(shop, "other.csv", ["A1,y"], header="单号,Memo Text")

    assert rows_landed(project.run("shop")) == {"orders": 1, "refunds": 1}
    assert project.query("select memo from raw_shop.refunds") == [("y",)]


def test_a_table_that_is_new_in_the_settings_gets_the_files_that_another_has(
    project: Project, shop: Path
) -> None:
    settings = {"kind": "csv_drop", "folder": str(shop)}
    tables = {"orders": {"key": "order_no"}, "buyers": {"key": "mobile"}}
    shop_file(shop, "orders_1.csv", [order("A1")])
    shop_file(shop, "orders_2.csv", [order("A2")])
    project.run("shop")
    project.configure({"sources": {"shop": {**settings, "tables": tables}}})

    assert rows_landed(project.run("shop")) == {"orders": 0, "buyers": 2}
    assert rows_landed(project.run("shop")) == {"orders": 0, "buyers": 0}


# workbooks

TITLE = "2026年03月 发票台账\u3000导出时间：2026-04-02 09:00:00"


def ledger_file(path: Path, invoices: list[tuple[object, ...]], *, exported: str = TITLE) -> Path:
    """A ledger as Excel holds it: a merged title, two header rows with merged groups."""
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet("发票")
    sheet.merge_range(0, 0, 0, 7, exported)
    sheet.merge_range(1, 0, 2, 0, "发票号")
    sheet.merge_range(1, 1, 1, 3, "客户信息")
    for position, name in enumerate(["客户名称", "税 号", "电话"], start=1):
        sheet.write(2, position, name)
    sheet.merge_range(1, 4, 2, 4, "开票日期")
    sheet.merge_range(1, 5, 1, 6, "金额")
    sheet.write(2, 5, "币种")
    sheet.write(2, 6, "金额")
    sheet.merge_range(1, 7, 2, 7, "经办人")
    for row, values in enumerate(invoices, start=3):
        for position, value in enumerate(values):
            if isinstance(value, dt.date):
                sheet.write_datetime(row, position, value, day)
            elif isinstance(value, float):
                sheet.write_number(row, position, value, money)
            elif value is not None:
                sheet.write(row, position, value)
    payments = book.add_worksheet("收款")
    payments.merge_range(0, 0, 0, 5, exported)
    for position, name in enumerate(
        ["收款单号", "发票号", "收款日期", "币种", "收款金额", "付款方式"]
    ):
        payments.write(1, position, name)
    payments.write_row(2, 0, ["P1", "F1"])
    payments.write_datetime(2, 2, dt.datetime.fromisoformat("2026-03-05 00:00:00"), day)
    payments.write_row(2, 3, ["CNY", 1234567890123.45, "转账"])
    book.close()
    return path


@pytest.fixture
def finance(project: Project) -> Path:
    folder = project.folder / "finance"
    folder.mkdir()
    project.configure({"sources": {"finance": {"kind": "workbooks", "folder": str(folder)}}})
    return folder


def test_a_ledger_is_landed_as_the_text_of_its_cells(project: Project, finance: Path) -> None:
    day = dt.datetime.fromisoformat("2026-03-02 00:00:00")
    ledger_file(
        finance / "invoices_202603.xlsx",
        [
            ("F1", "甲公司", "91310000XXXXXXXXXX", 13800000001, day, "CNY", 1234567890123.45, "李"),
            (None,) * 8,
            ("F2", "乙公司", None, "1.38E+10", day, "USD", 0.1, None),
            ("F3", "丙公司", None, "138-0000 0003", day, "USD", 1234.56, None),
        ],
    )

    assert rows_landed(project.run("finance")) == {"invoices": 3, "payments": 1}
    assert project.query(
        "select invoice_no, customer_name, tax_id, phone, issued_on, currency, amount, "
        "jing_ban_ren, _sheet, _row, _exported_at from raw_finance.invoices order by _row"
    ) == [
        ("F1", "甲公司", "91310000XXXXXXXXXX", "13800000001", "2026-03-02", "CNY",
         "1234567890123.45", "李", "发票", 4, dt.datetime.fromisoformat("2026-04-02 09:00:00")),
        ("F2", "乙公司", None, "1.38E+10", "2026-03-02", "USD",
         "0.1", None, "发票", 6, dt.datetime.fromisoformat("2026-04-02 09:00:00")),
        ("F3", "丙公司", None, "138-0000 0003", "2026-03-02", "USD",
         "1234.56", None, "发票", 7, dt.datetime.fromisoformat("2026-04-02 09:00:00")),
    ]  # fmt: skip
    assert project.query("select amount, paid_on, method from raw_finance.payments") == [
        ("1234567890123.45", "2026-03-05", "转账")
    ]


def test_a_corrected_ledger_is_landed_again_and_a_copy_is_not(
    project: Project, finance: Path
) -> None:
    path = ledger_file(
        finance / "invoices_202603.xlsx", [("F1", "甲", None, None, None, "CNY", 1.5)]
    )
    project.run("finance")
    shutil.copy(path, finance / "副本.xlsx")
    assert rows_landed(project.run("finance")) == {"invoices": 0, "payments": 0}
    ledger_file(
        path,
        [("F1", "甲", None, None, None, "CNY", 2.5)],
        exported=TITLE.replace("04-02", "04-03"),
    )

    project.run("finance")

    assert project.query(
        "select arg_max(amount, _exported_at) from raw_finance.invoices group by invoice_no"
    ) == [("2.5",)]


def test_a_raw_table_that_somebody_dropped_comes_again_whole_and_alone(
    project: Project, finance: Path
) -> None:
    ledger_file(finance / "a.xlsx", [("F1", "甲")])
    ledger_file(finance / "b.xlsx", [("F2", "乙")])
    project.run("finance")
    project.write("drop table raw_finance.payments")

    assert rows_landed(project.run("finance")) == {"invoices": 0, "payments": 2}
    assert rows_landed(project.run("finance")) == {"invoices": 0, "payments": 0}


def test_a_sheet_that_no_workbook_has_is_named_once(project: Project, finance: Path) -> None:
    book = xlsxwriter.Workbook(str(finance / "a.xlsx"))
    book.add_worksheet("发票").write_row(0, 0, ["发票号", "金额"])
    book.worksheets()[0].write_row(1, 0, ["F1", 1])
    book.close()

    assert [p.message for p in project.run("finance").problems] == [
        f"finance: {finance / 'a.xlsx'} has no sheet 收款"
    ]
    assert project.run("finance").problems == ()


def test_a_workbook_of_another_program_is_read_alike(project: Project, finance: Path) -> None:
    """Openpyxl writes decimals with all their digits and text inline in another form."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "发票"
    sheet.append([TITLE])
    sheet.append(["发票号", "电话", "开票日期", "金额"])
    sheet.append(["F1", 13800000001, dt.date(2026, 3, 2), Decimal("1234567890123.45")])
    sheet.append(
        ["F2", 110101199003070, dt.datetime.fromisoformat("2026-03-02 08:30:00"), 0.1 + 0.2]
    )
    book.save(finance / "a.xlsx")

    summary = project.run("finance")

    assert [p.is_error for p in summary.problems] == [False]
    assert project.query(
        "select invoice_no, phone, issued_on, amount from raw_finance.invoices order by _row"
    ) == [
        ("F1", "13800000001", "2026-03-02", "1234567890123.45"),
        ("F2", "110101199003070", "2026-03-02 08:30:00", "0.3"),
    ]


def test_a_half_copied_workbook_is_named_and_read_later(project: Project, finance: Path) -> None:
    path = ledger_file(finance / "a.xlsx", [("F1", "甲")])
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])

    summary = project.run("finance")

    assert summary.status == "failed"
    assert "a.xlsx" in summary.problems[0].message
    path.write_bytes(whole)
    assert rows_landed(project.run("finance"))["invoices"] == 1


def test_the_lock_file_of_an_open_workbook_is_passed_over(project: Project, finance: Path) -> None:
    ledger_file(finance / "a.xlsx", [("F1", "甲")])
    (finance / "~$a.xlsx").write_bytes(b"Li")

    assert project.run("finance").status == "done"


def test_a_missing_folder_is_named(project: Project, finance: Path) -> None:
    finance.rmdir()

    with pytest.raises(Exception, match=r"there is no folder .*finance"):
        project.run("finance")
