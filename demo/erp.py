"""The ERP: a database with customers, contacts, orders and order lines.

A `person` customer is described by its own row; `contacts` are people at `company` customers.
Rows are never removed, only marked `is_deleted`; every change moves `updated_at`, and the nightly
batch gives many rows the same one. Times are on a clock in Shanghai.
"""

import sqlite3
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from demo import identifiers, money, truth
from demo.companies import Company
from demo.habits import Habits, Typist
from demo.people import Person
from demo.population import SHANGHAI, Population
from demo.timeline import busy_days, moment
from demo.vocabulary import PRODUCTS, TITLES

ORDERS_PER_PERSON = 3.5
DOUBLED_COMPANIES = 0.04
DOUBLED_CONTACTS = 0.03
DAYS_LIVE_BEFORE = 200
"""The ERP went live that long before the history begins, with everybody who was there then."""
HABITS = Habits(
    honorific=0.06,
    latin=0.01,
    traditional=0.03,
    spaced=0.03,
    dressed_phone=0.25,
    full_width=0.03,
    shouted_email=0.06,
    sloppy_company=0.25,
    placeholder=0.05,
    missing=0.12,
    company_phone=0.06,
)
STATUSES = ("draft", "confirmed", "shipped", "done", "cancelled")
# what a yuan costs in the customer's currency, in ten-thousandths: list prices are in yuan
_PRICE_FACTOR = {"CNY": 10_000, "USD": 1_400, "EUR": 1_290, "HKD": 10_900}

SCHEMA = """
create table customers (
    customer_id INTEGER primary key,
    customer_code TEXT not null unique,
    customer_type TEXT not null check (customer_type in ('company', 'person')),
    name TEXT not null,
    tax_id TEXT,
    phone TEXT,
    email TEXT,
    city TEXT,
    address TEXT,
    created_at DATETIME not null,
    updated_at DATETIME not null,
    is_deleted BOOLEAN not null
);
create table contacts (
    contact_id INTEGER primary key,
    customer_id INTEGER not null references customers (customer_id),
    name TEXT not null,
    title TEXT,
    mobile TEXT,
    email TEXT,
    wechat_unionid TEXT,
    national_id TEXT,
    birth_date DATE,
    created_at DATETIME not null,
    updated_at DATETIME not null,
    is_deleted BOOLEAN not null
);
create table orders (
    order_id INTEGER primary key,
    order_no TEXT not null unique,
    customer_id INTEGER not null references customers (customer_id),
    contact_id INTEGER references contacts (contact_id),
    ordered_at DATETIME not null,
    status TEXT not null,
    currency TEXT not null,
    total_amount DECIMAL(18,2) not null,
    updated_at DATETIME not null,
    is_deleted BOOLEAN not null
);
create table order_lines (
    order_line_id INTEGER primary key,
    order_id INTEGER not null references orders (order_id),
    line_no INTEGER not null,
    sku TEXT not null,
    product_name TEXT not null,
    quantity DECIMAL(18,3) not null,
    unit_price DECIMAL(18,4) not null,
    amount DECIMAL(18,2) not null,
    updated_at DATETIME not null,
    is_deleted BOOLEAN not null
);
"""
# made after the rows are in, which is quicker
INDEXES = """
create index customers_updated_at on customers (updated_at);
create index contacts_updated_at on contacts (updated_at);
create index orders_updated_at on orders (updated_at);
create index order_lines_updated_at on order_lines (updated_at);
create index order_lines_order_id on order_lines (order_id);
"""


@dataclass(slots=True)
class Customer:
    """A row of customers, and whom it is of."""

    customer_id: int
    of: Company | Person
    name: str
    tax_id: str
    phone: str
    email: str
    created_at: datetime
    updated_at: datetime
    is_deleted: bool
    contacts: list["Contact"] = field(default_factory=list)

    @property
    def company(self) -> Company | None:
        """The company, if it isn't a person."""
        return self.of if isinstance(self.of, Company) else None

    @property
    def currency(self) -> str:
        """The currency this customer is billed in."""
        if isinstance(self.of, Company):
            return self.of.currency
        return "EUR" if self.of.is_western else "CNY"


@dataclass(slots=True)
class Contact:
    """A row of contacts, and whom it is of."""

    contact_id: int
    person: Person
    name: str
    title: str
    mobile: str
    email: str
    wechat_unionid: str
    national_id: str
    birth_date: date | None
    created_at: datetime
    updated_at: datetime
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of order_lines: thousandths, ten-thousandths and cents."""

    product: int
    quantity: int
    unit_price: int
    amount: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A row of orders with its lines; `total` is the sum of those that aren't deleted, in cents."""

    order_id: int
    order_no: str
    customer: Customer
    contact: Contact | None
    ordered_at: datetime
    status: str
    currency: str
    total: int
    updated_at: datetime
    is_deleted: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Erp:
    """Everything the ERP holds."""

    customers: list[Customer]
    orders: list[Order]

    @property
    def contact_count(self) -> int:
        """How many contacts all customers have."""
        return sum(len(customer.contacts) for customer in self.customers)

    def truth(self) -> Iterator[truth.Truth]:
        """Say whose records these are."""
        for customer in self.customers:
            kind = truth.organisation if customer.company else truth.person
            yield kind("erp", f"customer:{customer.customer_id}", customer.of.entity)
            for contact in customer.contacts:
                yield truth.person("erp", f"contact:{contact.contact_id}", contact.person.entity)


def make_erp(population: Population) -> Erp:
    """Make what the ERP holds of a population."""
    clerk = _Clerk(population)
    customers = clerk.customers()
    return Erp(customers=customers, orders=clerk.orders(customers))


def write(path: Path, erp: Erp) -> None:
    """Write the ERP as a new SQLite database."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
        for table, rows in (
            ("customers", _customer_rows(erp.customers)),
            ("contacts", _contact_rows(erp.customers)),
            ("orders", _order_rows(erp.orders)),
            ("order_lines", _line_rows(erp.orders)),
        ):
            _insert(database, table, rows)
        database.executescript(INDEXES)
        database.commit()


def change(path: Path, now: datetime) -> str:
    """Give the featured contact a new mobile number, and say so."""
    with closing(sqlite3.connect(path)) as database:
        contact_id, name, old = database.execute(
            "select contact_id, name, mobile from contacts order by contact_id limit 1"
        ).fetchone()
        rng = Random(f"{old}/changed")
        taken = "select 1 from contacts where mobile = ?"
        new = identifiers.mobile(rng)
        while database.execute(taken, (new,)).fetchone():
            new = identifiers.mobile(rng)
        database.execute(
            "update contacts set mobile = ?, updated_at = ? where contact_id = ?",
            (new, _timestamp(now.astimezone(SHANGHAI)), contact_id),
        )
        database.commit()
    return f"contact {contact_id} ({name}) has a new mobile: {old} → {new}"


def retitle(path: Path, now: datetime) -> str:
    """Give the featured contact another job title, and say so."""
    with closing(sqlite3.connect(path)) as database:
        contact_id, name, old = database.execute(
            "select contact_id, name, title from contacts order by contact_id limit 1"
        ).fetchone()
        new = TITLES[(TITLES.index(old) + 1 if old in TITLES else 0) % len(TITLES)]
        database.execute(
            "update contacts set title = ?, updated_at = ? where contact_id = ?",
            (new, _timestamp(now.astimezone(SHANGHAI)), contact_id),
        )
        database.commit()
    return f"contact {contact_id} ({name}) has a new job title: {old or '∅'} → {new}"


class _Clerk:
    """Enters customers, contacts and orders into the ERP."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._rng = population.stream("erp")
        self._typist = Typist(self._rng, HABITS)

    def customers(self) -> list[Customer]:
        """Enter all customers with their contacts; ids ascend with the time of entry."""
        population, rng = self._population, self._rng
        first, *others = population.companies
        holders: list[Company | Person] = [*others]
        # some companies were entered a second time, by a clerk who didn't find the first
        holders += [company for company in others if rng.random() < DOUBLED_COMPANIES]
        holders += [person for person in population.known_to("erp") if person.company is None]
        dated = [(self._entered_at(), holder) for holder in holders]
        dated.sort(key=lambda pair: pair[0])
        # the featured company was there before all others, so that its rows have the first ids
        dated.insert(0, (dated[0][0] - timedelta(days=1), first))
        known: dict[str, list[Customer]] = {}
        customers = []
        for number, (created_at, holder) in enumerate(dated, start=1):
            customer = self._customer(number, holder, created_at, is_double=holder.entity in known)
            known.setdefault(holder.entity, []).append(customer)
            customers.append(customer)
        self._add_contacts(known)
        return customers

    def orders(self, customers: Sequence[Customer]) -> list[Order]:
        """Enter the orders of all days; a customer orders nothing before being entered."""
        population, rng = self._population, self._rng
        # a few customers order most of what is ordered, and a deleted one nothing
        weights = list(
            accumulate(
                (not customer.is_deleted) * rng.paretovariate(1.3) * (3 if customer.company else 1)
                for customer in customers
            )
        )
        orders: list[Order] = []
        total = round(population.size * ORDERS_PER_PERSON)
        known = 0
        for day, count in busy_days(total, population.first_day, population.as_of):
            while known < len(customers) and customers[known].created_at.date() < day:
                known += 1
            moments = sorted(moment(rng, day) for _ in range(count))
            for number, ordered_at in enumerate(moments, start=1):
                # the history opens with an order of the featured company
                drawn = bisect(weights, rng.random() * weights[known - 1]) if orders else 0
                order_no = f"SO{day:%Y%m%d}-{number:05d}"
                orders.append(self._order(len(orders) + 1, order_no, ordered_at, customers[drawn]))
        return orders

    def _customer(
        self, number: int, holder: Company | Person, created_at: datetime, *, is_double: bool
    ) -> Customer:
        rng, typist = self._rng, self._typist
        if isinstance(holder, Company):
            name = typist.company(holder)
            leaves_out_tax_id = number > 1 and (is_double or rng.random() < 0.12)
            tax_id = "" if leaves_out_tax_id else holder.tax_id
            phone = typist.phone(holder.switchboard) if rng.random() < 0.8 else ""
            email = f"info@{holder.domain}" if rng.random() < 0.5 else ""
        else:
            name, tax_id = typist.name(holder), ""
            reach = typist.reach(holder, created_at.date(), at_work=False)
            phone, email = reach.phone, reach.email
        return Customer(
            customer_id=number,
            of=holder,
            name=name,
            tax_id=tax_id,
            phone=phone,
            email=email,
            created_at=created_at,
            updated_at=self._touched_at(created_at, days=300),
            is_deleted=is_double and rng.random() < 0.3,
        )

    def _add_contacts(self, customers: dict[str, list[Customer]]) -> None:
        contact_id = 0
        for person in self._population.known_to("erp"):
            if person.company is None:
                continue
            # a company that is in there twice has its contacts spread over both
            entries = 2 if contact_id and self._rng.random() < DOUBLED_CONTACTS else 1
            for customer in self._rng.choices(customers[person.company.entity], k=entries):
                contact_id += 1
                customer.contacts.append(self._contact(contact_id, person, customer))

    def _contact(self, contact_id: int, person: Person, customer: Customer) -> Contact:
        rng, typist = self._rng, self._typist
        created_at = max(customer.created_at, self._entered_at())
        reach = typist.reach(person, created_at.date(), at_work=True)
        return Contact(
            contact_id=contact_id,
            person=person,
            name=typist.name(person),
            title=person.title if rng.random() < 0.8 else "",
            mobile=reach.phone,
            email=reach.email,
            wechat_unionid=person.wechat_unionid if rng.random() < 0.25 else "",
            national_id=person.national_id if rng.random() < 0.1 else "",
            birth_date=person.birth_date if rng.random() < 0.1 else None,
            created_at=created_at,
            updated_at=self._touched_at(created_at, days=300),
            is_deleted=contact_id > 1 and rng.random() < 0.015,
        )

    def _order(
        self, order_id: int, order_no: str, ordered_at: datetime, customer: Customer
    ) -> Order:
        rng = self._rng
        age = (self._population.last_moment - ordered_at).days
        # the older an order, the likelier it is over and done with
        weights = (3, 25, 25, 44, 3) if age < 14 else (1, 2, 5, 87, 5)
        count = rng.choice((1, 1, 1, 2, 2, 3, 4))
        lines = [self._line(customer.currency) for _ in range(count)]
        if count > 1 and rng.random() < 0.03:
            lines[0] = replace(lines[0], is_deleted=True)
        contacts = customer.contacts
        return Order(
            order_id=order_id,
            order_no=order_no,
            customer=customer,
            contact=rng.choice(contacts) if contacts and rng.random() < 0.7 else None,
            ordered_at=ordered_at,
            # the first order is the one whose invoice is overdue
            status="done" if order_id == 1 else rng.choices(STATUSES, weights)[0],
            currency=customer.currency,
            total=sum(line.amount for line in lines if not line.is_deleted),
            updated_at=self._touched_at(ordered_at, days=20),
            is_deleted=order_id > 1 and rng.random() < 0.005,
            lines=tuple(lines),
        )

    def _line(self, currency: str) -> Line:
        rng = self._rng
        product = rng.randrange(len(PRODUCTS))
        _, _, list_price, step = PRODUCTS[product]
        quantity = step * rng.choice((1, 1, 2, 3, 4, 5, 10, 12, 25))
        # discounts are why unit prices have four decimals
        discount = rng.choice((100, 100, 100, 98, 95, 92, 90, 85))
        unit_price = list_price * _PRICE_FACTOR[currency] // 10_000 * discount // 100
        amount = money.line_amount(quantity, unit_price)
        return Line(product, quantity, unit_price, amount, is_deleted=False)

    def _entered_at(self) -> datetime:
        """Draw when somebody was entered: by the migration when the ERP went live, or since."""
        population, rng = self._population, self._rng
        days = (population.as_of - population.first_day).days
        since_first_day = max(rng.randrange(-days, days - 30), -DAYS_LIVE_BEFORE)
        return moment(rng, population.first_day + timedelta(days=since_first_day))

    def _touched_at(self, created_at: datetime, days: int) -> datetime:
        """Draw when a row was last changed: never, days later, or by a nightly batch at two."""
        rng = self._rng
        draw = rng.random()
        if draw < 0.3:
            return created_at
        later = created_at + timedelta(seconds=rng.randrange(days * 86_400))
        if draw > 0.85:
            later = datetime.combine(later.date() + timedelta(days=1), time(2))
        return min(later, self._population.last_moment)


def _customer_rows(customers: Iterable[Customer]) -> Iterator[tuple[object, ...]]:
    for customer in customers:
        yield (
            customer.customer_id,
            f"C{customer.customer_id:06d}",
            "company" if customer.company else "person",
            customer.name,
            customer.tax_id or None,
            customer.phone or None,
            customer.email or None,
            customer.of.city,
            customer.of.address,
            _timestamp(customer.created_at),
            _timestamp(customer.updated_at),
            customer.is_deleted,
        )


def _contact_rows(customers: Iterable[Customer]) -> Iterator[tuple[object, ...]]:
    for customer in customers:
        for contact in customer.contacts:
            yield (
                contact.contact_id,
                customer.customer_id,
                contact.name,
                contact.title or None,
                contact.mobile or None,
                contact.email or None,
                contact.wechat_unionid or None,
                contact.national_id or None,
                contact.birth_date and contact.birth_date.isoformat(),
                _timestamp(contact.created_at),
                _timestamp(contact.updated_at),
                contact.is_deleted,
            )


def _order_rows(orders: Iterable[Order]) -> Iterator[tuple[object, ...]]:
    for order in orders:
        yield (
            order.order_id,
            order.order_no,
            order.customer.customer_id,
            order.contact and order.contact.contact_id,
            _timestamp(order.ordered_at),
            order.status,
            order.currency,
            money.decimal_text(order.total),
            _timestamp(order.updated_at),
            order.is_deleted,
        )


def _line_rows(orders: Iterable[Order]) -> Iterator[tuple[object, ...]]:
    order_line_id = 0
    for order in orders:
        for line_no, line in enumerate(order.lines, start=1):
            order_line_id += 1
            sku, product_name, _, _ = PRODUCTS[line.product]
            yield (
                order_line_id,
                order.order_id,
                line_no,
                sku,
                product_name,
                money.decimal_text(line.quantity, 3),
                money.decimal_text(line.unit_price, 4),
                money.decimal_text(line.amount),
                _timestamp(order.updated_at),
                line.is_deleted,
            )


def _insert(database: sqlite3.Connection, table: str, rows: Iterator[tuple[object, ...]]) -> None:
    first = next(rows, None)
    if first is None:
        return
    marks = ", ".join("?" * len(first))
    statement = f"insert into {table} values ({marks})"
    database.execute(statement, first)
    database.executemany(statement, rows)


def _timestamp(moment_: datetime) -> str:
    return f"{moment_:%Y-%m-%d %H:%M:%S}"
