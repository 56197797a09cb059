"""Finance's workbooks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo import erp, finance
from demo.companies import FEATURED_COMPANY
from demo.population import Population


@pytest.fixture(scope="module")
def ledgers(population: Population, books: erp.Erp) -> finance.Finance:
    return finance.make_finance(population, books)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ledgers: finance.Finance) -> Path:
    path = tmp_path_factory.mktemp("finance") / "finance"
    finance.write(path, ledgers)
    return path


def data(folder: Path, sheet: str) -> Iterator[tuple[Any, ...]]:
    for path in sorted(folder.glob("invoices_??????.xlsx")):
        yield from load_workbook(path)[sheet].iter_rows(min_row=4, values_only=True)


def test_there_are_as_many_invoices_as_promised(
    population: Population, ledgers: finance.Finance
) -> None:
    assert len(ledgers.invoices) == population.size * 3


def test_net_and_tax_make_the_gross_and_payments_never_exceed_it(ledgers: finance.Finance) -> None:
    for invoice in ledgers.invoices:
        paid = sum(payment.amount for payment in invoice.payments)
        assert invoice.net + invoice.tax == invoice.gross
        assert 0 <= paid <= invoice.gross
        assert (invoice.status == finance.PAID) == (paid == invoice.gross)


def test_a_sheet_has_a_title_and_a_header_of_two_merged_rows(folder: Path) -> None:
    sheet = load_workbook(folder / "invoices_202603.xlsx")["发票"]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    header = list(sheet.iter_rows(min_row=1, max_row=3, values_only=True))
    assert str(header[0][0]).startswith("2026年03月 发票台账　导出时间：2026-")
    assert header[1][1] == "客户信息"
    assert header[2][1:4] == ("客户名称", "税号", "联系人")
    assert {"A1:M1", "A2:A3", "B2:F2", "I2:L2"} <= merged


def test_every_invoice_and_payment_is_in_a_workbook(folder: Path, ledgers: finance.Finance) -> None:
    written = [row[0] for row in data(folder, "发票")]
    paid = [row[0] for row in data(folder, "收款")]
    assert sorted(written) == sorted(invoice.invoice_no for invoice in ledgers.invoices)
    payments = [payment.payment_no for invoice in ledgers.invoices for payment in invoice.payments]
    assert sorted(paid) == sorted(payments)
    assert len(set(payments)) == len(payments)


def test_some_phones_became_numbers_and_some_are_beyond_repair(folder: Path) -> None:
    phones = [row[4] for row in data(folder, "发票")]
    assert any(isinstance(phone, int) for phone in phones)
    assert any(isinstance(phone, str) and "E+" in phone for phone in phones)


def test_dates_are_dates_and_amounts_are_numbers(folder: Path) -> None:
    for row in data(folder, "发票"):
        assert isinstance(row[6], datetime)
        assert isinstance(row[11], int | float)
        assert round(row[9] + row[10], 2) == row[11]


def test_truth_names_every_invoice_and_every_contact(ledgers: finance.Finance) -> None:
    told = [row.source_record_id for row in ledgers.truth()]
    contacts = [one for one in ledgers.invoices if one.addressee.contact_name]
    assert len(set(told)) == len(told) == len(ledgers.invoices) + len(contacts)


def test_the_first_invoice_of_all_is_the_featured_companys_and_overdue(
    ledgers: finance.Finance,
) -> None:
    first = ledgers.invoices[0]
    assert first.customer.entity == FEATURED_COMPANY
    assert first.status == finance.OPEN
    assert first.due_on < ledgers.as_of


def test_the_same_ledgers_make_the_same_bytes(
    tmp_path: Path, ledgers: finance.Finance, folder: Path
) -> None:
    finance.write(tmp_path / "again", ledgers)
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_change_corrects_one_invoice_by_a_cent(tmp_path: Path, ledgers: finance.Finance) -> None:
    folder = tmp_path / "finance"
    finance.write(folder, ledgers)
    before = list(data(folder, "发票"))
    merged = load_workbook(min(folder.iterdir()))["发票"].merged_cells.ranges
    finance.change(folder, datetime(2026, 11, 1, 1, tzinfo=UTC))
    after = list(data(folder, "发票"))
    [(old, new)] = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert [place for place, value in enumerate(old) if value != new[place]] == [9, 11]
    assert Decimal(str(new[11])) - Decimal(str(old[11])) == Decimal("0.01")
    workbook = load_workbook(min(folder.iterdir()))
    assert str(workbook["收款"]["A1"].value).endswith("导出时间：2026-11-01 09:00:00")
    assert workbook["发票"].merged_cells.ranges == merged
