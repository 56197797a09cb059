"""Finance: a workbook for each month of issue, with the sheets 发票 (invoices) and 收款 (payments).

Made by people for people: a title row with the time of export, a header of two rows with merged
groups, phones that Excel took for numbers (some of them beyond repair: 1.38E+10), real dates, and
amounts that are binary floats shown with two decimals. A payment is in its invoice's workbook.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import xlsxwriter
from openpyxl import load_workbook
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from demo import money, truth
from demo.companies import Company
from demo.erp import Erp, Order
from demo.habits import Habits, Typist
from demo.people import Person
from demo.population import SHANGHAI, Population

INVOICES_PER_PERSON = 3
TAX_PERCENT = 13
UNPAID_SHARE = 0.06
LATE_SHARE = 0.2
IN_PARTS_SHARE = 0.1
VOID_SHARE = 0.1
"""Of the invoices without a payment."""
HABITS = Habits(
    honorific=0.05,
    title_only=0.06,
    latin=0.01,
    traditional=0.02,
    dressed_phone=0.15,
    shouted_email=0.05,
    sloppy_company=0.3,
    placeholder=0.03,
    missing=0.2,
    company_phone=0.2,
)
OPEN, PARTLY_PAID, PAID, VOID = "未收款", "部分收款", "已收款", "已作废"
_BILLABLE = frozenset({"confirmed", "shipped", "done"})
METHODS = ("银行转账", "支付宝", "微信支付", "承兑汇票")
EXPORTED_AT = "导出时间："

# group over columns, as the merged cells of the header say it; a group of one has no second row
INVOICE_HEADER = (
    ("发票号", ()),
    ("客户信息", ("客户名称", "税号", "联系人", "电话", "邮箱")),
    ("日期", ("开票日期", "到期日")),
    ("金额", ("币种", "金额", "税额", "价税合计")),
    ("状态", ()),
)
PAYMENT_HEADER = (
    ("收款单号", ()),
    ("发票号", ()),
    ("收款日期", ()),
    ("收款", ("币种", "收款金额", "付款方式")),
)


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of 收款; the amount in cents."""

    payment_no: str
    paid_on: date
    amount: int
    method: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an invoice names, as the accountant typed it."""

    name: str
    tax_id: str = ""
    contact: Person | None = None
    contact_name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A row of 发票 with its payments, and whom it is of; amounts in cents."""

    invoice_no: str
    customer: Company | Person
    addressee: Addressee
    issued_on: date
    due_on: date
    currency: str
    net: int
    tax: int
    gross: int
    status: str
    payments: tuple[Payment, ...]


@dataclass(frozen=True)
class Finance:
    """Everything the finance department's workbooks hold."""

    as_of: date
    invoices: list[Invoice]

    def truth(self) -> Iterator[truth.Truth]:
        """Say whose records these are."""
        for invoice in self.invoices:
            kind = truth.organisation if isinstance(invoice.customer, Company) else truth.person
            yield kind("finance", f"invoice:{invoice.invoice_no}", invoice.customer.entity)
            contact = invoice.addressee.contact
            if contact is not None:
                record_id = f"invoice-contact:{invoice.invoice_no}"
                yield truth.person("finance", record_id, contact.entity)


def make_finance(population: Population, erp: Erp) -> Finance:
    """Bill the orders of the ERP: most of them, some days after, each on one invoice."""
    accountant = _Accountant(population)
    return Finance(as_of=population.as_of, invoices=accountant.invoices(erp.orders))


def write(folder: Path, finance: Finance) -> None:
    """Write one workbook for each month."""
    months: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in finance.invoices:
        months[f"{invoice.issued_on:%Y%m}"].append(invoice)
    folder.mkdir(parents=True)
    for month, invoices in months.items():
        _write_workbook(folder / f"invoices_{month}.xlsx", invoices, finance.as_of)


def change(folder: Path, now: datetime) -> str:
    """Correct an overdue invoice of the featured company by a cent, and say so.

    The accountant opens the oldest workbook and saves it again, so its time of export moves too.
    """
    path = min(folder.glob("invoices_*.xlsx"))
    workbook = load_workbook(path)
    sheet = workbook["发票"]
    # columns as in INVOICE_HEADER; the first invoice of all is the featured company's
    row = next(sheet.iter_rows(min_row=4, max_row=4))
    invoice_no, net, gross = row[0], row[9], row[11]
    old = Decimal(str(gross.value))
    for cell in (net, gross):
        cell.value = Decimal(str(cell.value)) + Decimal("0.01")
    for worksheet in workbook.worksheets:
        title, _, _ = str(worksheet["A1"].value).partition(EXPORTED_AT)
        worksheet["A1"].value = f"{title}{EXPORTED_AT}{_time(now.astimezone(SHANGHAI))}"
    workbook.save(path)
    return f"invoice {invoice_no.value} in {path.name} was corrected: {old:.2f} → {gross.value:.2f}"


class _Accountant:
    """Writes invoices and books payments."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._rng = population.stream("finance")
        self._typist = Typist(self._rng, HABITS)
        self._numbers: Counter[str] = Counter()
        self._contacts = self._known_contacts()

    def invoices(self, orders: Sequence[Order]) -> list[Invoice]:
        """Bill a sample of the orders, oldest first; the first order of all is always billed."""
        rng, population = self._rng, self._population
        first, *others = (
            order for order in orders if order.status in _BILLABLE and not order.is_deleted
        )
        wanted = min(len(others), population.size * INVOICES_PER_PERSON - 1)
        yesterday = population.as_of - timedelta(days=1)
        dated = [(first.ordered_at.date(), first)]
        for order in rng.sample(others, wanted):
            issued_on = order.ordered_at.date() + timedelta(days=rng.randrange(12))
            dated.append((min(issued_on, yesterday), order))
        dated.sort(key=lambda pair: (pair[0], pair[1].order_id))
        return [self._invoice(issued_on, order) for issued_on, order in dated]

    def _known_contacts(self) -> dict[str, list[Person]]:
        """Return whom finance knows at each company: at least one, if anybody is known at all."""
        contacts: dict[str, list[Person]] = defaultdict(list)
        anybody: dict[str, Person] = {}
        for person in self._population.people:
            if person.company is None or person.known_to == {"selfbuilt"}:
                continue
            anybody.setdefault(person.company.entity, person)
            if "finance" in person.known_to:
                contacts[person.company.entity].append(person)
        return {entity: contacts[entity] or [person] for entity, person in anybody.items()}

    def _invoice(self, issued_on: date, order: Order) -> Invoice:
        # the featured company's first order is the one that stays unpaid
        is_featured = order.order_id == 1
        payments = () if is_featured else self._payments(issued_on, order)
        addressee = self._addressee(issued_on, order.customer.of, is_plain=is_featured)
        net = money.net_of_tax(order.total, TAX_PERCENT)
        is_void = not is_featured and not payments and self._rng.random() < VOID_SHARE
        return Invoice(
            invoice_no=self._number("FP", issued_on),
            customer=order.customer.of,
            addressee=addressee,
            issued_on=issued_on,
            due_on=self._due_on(issued_on, order),
            currency=order.currency,
            net=net,
            tax=order.total - net,
            gross=order.total,
            status=VOID if is_void else _status(order.total, payments),
            payments=payments,
        )

    def _addressee(self, day: date, customer: Company | Person, *, is_plain: bool) -> Addressee:
        rng, typist = self._rng, self._typist
        if isinstance(customer, Person):
            reach = typist.reach(customer, day, at_work=False)
            return Addressee(typist.name(customer), phone=reach.phone, email=reach.email)
        name = typist.company(customer)
        tax_id = customer.tax_id if is_plain or rng.random() < 0.85 else ""
        known = self._contacts.get(customer.entity, [])
        if not known or (not is_plain and rng.random() < 0.25):
            phone = customer.switchboard if rng.random() < 0.5 else ""
            return Addressee(name, tax_id=tax_id, phone=phone)
        contact = known[0] if is_plain else rng.choice(known)
        reach = typist.reach(contact, day, at_work=True)
        return Addressee(
            name,
            tax_id=tax_id,
            contact=contact,
            contact_name=typist.name(contact),
            phone=reach.phone,
            email=reach.email,
        )

    def _payments(self, issued_on: date, order: Order) -> tuple[Payment, ...]:
        """Draw how an invoice is paid: in time, late, in two parts, or not yet."""
        rng, as_of = self._rng, self._population.as_of
        # old invoices are rarely unpaid: those have gone to the lawyers
        is_recent = (as_of - issued_on).days < 300
        if rng.random() < (UNPAID_SHARE if is_recent else UNPAID_SHARE / 5):
            return ()
        days = rng.randrange(1, 90) if rng.random() < LATE_SHARE else -rng.randrange(25)
        paid_on = self._due_on(issued_on, order) + timedelta(days=days)
        parts = [(paid_on, order.total)]
        if order.total > 100 and rng.random() < IN_PARTS_SHARE:
            down_payment = order.total * rng.choice((30, 50)) // 100
            rest_on = paid_on + timedelta(days=rng.randrange(20, 60))
            parts = [(paid_on, down_payment), (rest_on, order.total - down_payment)]
        return tuple(
            Payment(self._number("SK", day), day, amount, rng.choice(METHODS))
            for day, amount in parts
            if day < as_of
        )

    def _due_on(self, issued_on: date, order: Order) -> date:
        # a customer's terms are always the same
        return issued_on + timedelta(days=(30, 30, 45, 60)[order.customer.customer_id % 4])

    def _number(self, prefix: str, day: date) -> str:
        """Return the next number of that month."""
        month = f"{prefix}{day:%Y%m}"
        self._numbers[month] += 1
        return f"{month}-{self._numbers[month]:05d}"


def _status(gross: int, payments: tuple[Payment, ...]) -> str:
    paid = sum(payment.amount for payment in payments)
    if paid == gross:
        return PAID
    return PARTLY_PAID if paid else OPEN


def _write_workbook(path: Path, invoices: list[Invoice], as_of: date) -> None:
    # a month fits into memory however large the demo is, and only so can cells be merged downwards
    with Workbook(path, {"strings_to_numbers": False}) as workbook:
        # otherwise the file would hold the time at which it was made
        workbook.set_properties({"author": "财务部", "created": datetime.combine(as_of, time())})
        formats = {
            "title": workbook.add_format({"bold": True, "font_size": 14, "align": "center"}),
            "head": workbook.add_format({"bold": True, "align": "center", "border": 1}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "money": workbook.add_format({"num_format": "#,##0.00"}),
        }
        month = f"{invoices[0].issued_on:%Y年%m月}"
        exported_at = _time(_exported_at(invoices, as_of))
        sheet = workbook.add_worksheet("发票")
        _write_head(sheet, f"{month} 发票台账　{EXPORTED_AT}{exported_at}", INVOICE_HEADER, formats)
        for row, invoice in enumerate(invoices, start=3):
            _write_invoice(sheet, row, invoice, formats)
        sheet = workbook.add_worksheet("收款")
        _write_head(sheet, f"{month} 收款台账　{EXPORTED_AT}{exported_at}", PAYMENT_HEADER, formats)
        paid = ((invoice, payment) for invoice in invoices for payment in invoice.payments)
        for row, (invoice, payment) in enumerate(paid, start=3):
            sheet.write_string(row, 0, payment.payment_no)
            sheet.write_string(row, 1, invoice.invoice_no)
            sheet.write_datetime(row, 2, payment.paid_on, formats["date"])
            sheet.write_string(row, 3, invoice.currency)
            sheet.write_number(row, 4, payment.amount / 100, formats["money"])
            sheet.write_string(row, 5, payment.method)


def _exported_at(invoices: list[Invoice], as_of: date) -> datetime:
    """A month is exported anew as long as anything in it is open, then never again."""
    if any(invoice.status in {OPEN, PARTLY_PAID} for invoice in invoices):
        day = as_of
    else:
        paid_on = (payment.paid_on for invoice in invoices for payment in invoice.payments)
        day = max(paid_on, default=invoices[-1].issued_on) + timedelta(days=1)
    return datetime.combine(day, time(0, 20))


def _write_head(
    sheet: Worksheet,
    title: str,
    header: tuple[tuple[str, tuple[str, ...]], ...],
    formats: dict[str, xlsxwriter.format.Format],
) -> None:
    head = formats["head"]
    column = 0
    for group, names in header:
        if not names:
            sheet.merge_range(1, column, 2, column, group, head)
            column += 1
            continue
        sheet.merge_range(1, column, 1, column + len(names) - 1, group, head)
        for name in names:
            sheet.write_string(2, column, name, head)
            column += 1
    sheet.merge_range(0, 0, 0, column - 1, title, formats["title"])
    sheet.set_column(0, column - 1, 16)
    sheet.freeze_panes(3, 1)


def _write_invoice(
    sheet: Worksheet, row: int, invoice: Invoice, formats: dict[str, xlsxwriter.format.Format]
) -> None:
    to = invoice.addressee
    texts = (invoice.invoice_no, to.name, to.tax_id, to.contact_name)
    for column, text in enumerate(texts):
        if text:
            sheet.write_string(row, column, text)
    _write_phone(sheet, row, 4, to.phone)
    if to.email:
        sheet.write_string(row, 5, to.email)
    sheet.write_datetime(row, 6, invoice.issued_on, formats["date"])
    sheet.write_datetime(row, 7, invoice.due_on, formats["date"])
    sheet.write_string(row, 8, invoice.currency)
    for column, cents in enumerate((invoice.net, invoice.tax, invoice.gross), start=9):
        sheet.write_number(row, column, cents / 100, formats["money"])
    sheet.write_string(row, 12, invoice.status)


def _write_phone(sheet: Worksheet, row: int, column: int, phone: str) -> None:
    """Write a phone as Excel would have it: about half of the plain ones have become numbers."""
    if not phone:
        return
    # chance is drawn from the number itself: the same phone always suffers the same
    fate = Random(f"{phone}/{row}").random()
    if phone.isascii() and phone.isdigit() and phone[0] != "0":
        if fate < 0.45:
            sheet.write_number(row, column, int(phone))
            return
        if fate < 0.5:
            sheet.write_string(row, column, f"{float(phone):.2E}")
            return
    sheet.write_string(row, column, phone)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
