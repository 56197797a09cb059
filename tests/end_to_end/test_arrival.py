"""Whoever comes first: one company arrives in three orders, and everybody is who they were."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from demo import crm, erp, finance, helpdesk, shop
from demo.crm import Crm
from demo.helpdesk import Helpdesk
from demo.population import make_population
from demo.testing import AS_OF, SEED, SIZE, empty_demo_company
from tests.end_to_end.company import CompanyProject

HALF_WAY = "2026-02-01 00:00:00"
"""Of the two years that the company's history has, most falls into neither half alone."""


@dataclass(frozen=True)
class Everything:
    """What the five systems of one company hold in the end, none of which has arrived yet."""

    erp: Path
    invoices: list[Path]
    early_invoices: list[Path]
    """The same workbooks, as they were exported after their month's first day."""
    orders: list[Path]
    helpdesk: Helpdesk
    crm: Crm


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """The demo company of one seed, beside its systems."""
    folder = tmp_path_factory.mktemp("everything")
    population = make_population(SIZE, SEED, AS_OF)
    books = erp.make_erp(population)
    erp.write(folder / "erp.sqlite", books)
    ledgers = finance.make_finance(population, books)
    finance.write(folder / "finance", ledgers)
    _write_early(folder / "early", ledgers)
    shop.write(folder / "shop", shop.make_shop(population))
    return Everything(
        folder / "erp.sqlite",
        sorted((folder / "finance").iterdir()),
        sorted((folder / "early").iterdir()),
        sorted((folder / "shop").iterdir()),
        helpdesk.make_helpdesk(population),
        crm.make_crm(population),
    )


class Arrival:
    """A company that fills step by step, in an order that chance decides on."""

    def __init__(self, project: CompanyProject, everything: Everything, chance: Random) -> None:
        self.everything = everything
        self.chance = chance
        self._project = project
        self._home = project.company.home
        self._home.finance.mkdir()
        self._home.shop.mkdir()
        with closing(sqlite3.connect(self._home.erp)) as database:
            # a key that isn't the row's place: rows are read in the order of their insertion
            database.executescript(erp.SCHEMA.replace("INTEGER primary key", "INT primary key"))

    def ingest(self, *arguments: str) -> None:
        """Land what has arrived."""
        self._project.run("ingestion", "run", *arguments)

    def enter(self, where: str = "true") -> None:
        """Enter rows into the ERP, or change them."""
        with self._erp() as database:
            for table in ("customers", "contacts", "orders", "order_lines"):
                rows = database.execute(f"select * from whole.{table} where {where}").fetchall()
                self.chance.shuffle(rows)
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    database.executemany(f"insert or replace into {table} values ({marks})", rows)

    def enter_mistaken(self) -> None:
        """Enter whoever is changed in the second half as if they were the first of them."""
        with self._erp() as database:
            for table, phone in (("customers", "phone"), ("contacts", "mobile")):
                database.execute(
                    f"insert into {table} select * from whole.{table} "
                    f"where created_at < '{HALF_WAY}' and updated_at >= '{HALF_WAY}'"
                )
                database.execute(
                    f"update {table} set updated_at = created_at, (name, {phone}, email) = "
                    f"(select name, {phone}, email from whole.{table} order by 1 limit 1) "
                    f"where updated_at >= '{HALF_WAY}'"
                )

    def drop(self, *files: Path) -> None:
        """Copy files into the folder of their kind; their time is that of the copy."""
        for file in files:
            shutil.copyfile(file, getattr(self._home, _SYSTEM_OF[file.suffix]) / file.name)

    def register(self, chosen: Callable[[helpdesk.User], bool] = lambda _user: True) -> None:
        """Let users register at the helpdesk; who asked what, identity doesn't look at."""
        users = [user for user in self.everything.helpdesk.users if chosen(user)]
        self.chance.shuffle(users)
        helpdesk.add(self._home.tracker, Helpdesk(users=users, issues=[]))

    def type_in(self, companies: list[crm.Record], contacts: list[crm.Record]) -> None:
        """Type records into the CRM."""
        with self._crm() as server:
            crm.type_in(server, Crm(companies=companies, contacts=contacts))

    def type_over(self, contacts: list[crm.Record], mobile: str | None = None) -> None:
        """Type another mobile over that of contacts, or each one's own again."""
        with self._crm() as server:
            for contact in contacts:
                server.call(
                    "PATCH",
                    f"/api/collections/contacts/records/{contact.record_id}",
                    {"mobile": contact.fields["mobile"] if mobile is None else mobile},
                )

    @contextmanager
    def _erp(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._home.erp)) as database:
            database.execute("attach ? as whole", [str(self.everything.erp)])
            with database:
                yield database

    @contextmanager
    def _crm(self) -> Iterator[crm.Server]:
        company = self._project.company
        with closing(crm.Server(company.crm_url)) as server:
            server.sign_in("_superusers", crm.ADMIN_EMAIL, company.passwords.crm[crm.ADMIN_EMAIL])
            yield server


def all_at_once(arrival: Arrival) -> None:
    """As every other test has it: the systems are full when they are first read."""
    everything = arrival.everything
    arrival.enter()
    arrival.drop(*everything.invoices, *everything.orders)
    arrival.register()
    arrival.type_in(everything.crm.companies, everything.crm.contacts)
    arrival.ingest("--all")


def as_it_happened_but_files_backwards(arrival: Arrival) -> None:
    """The first half and then the second, mistakes included; the newest files first."""
    everything, chance = arrival.everything, arrival.chance
    companies = chance.sample(everything.crm.companies, len(everything.crm.companies))
    contacts = chance.sample(everything.crm.contacts, len(everything.crm.contacts))
    mistyped = contacts[: len(contacts) // 2]

    arrival.enter(f"updated_at < '{HALF_WAY}'")
    arrival.enter_mistaken()
    arrival.register(_is_of_the_first_half)
    arrival.type_in(companies, mistyped)
    arrival.drop(*everything.orders[-3:], *everything.invoices[-3:])
    arrival.ingest("shop", "selfbuilt", "helpdesk", "finance", "erp")

    arrival.type_over(mistyped, everything.crm.contacts[0].fields["mobile"])
    arrival.drop(*everything.orders[3:], *everything.invoices[3:])
    arrival.ingest("selfbuilt", "shop", "finance")

    arrival.enter(f"updated_at >= '{HALF_WAY}'")
    arrival.register(lambda user: not _is_of_the_first_half(user))
    arrival.type_over(mistyped)
    arrival.type_in([], contacts[len(mistyped) :])
    arrival.drop(*everything.orders[:3], *everything.invoices[:3])
    arrival.ingest("helpdesk", "erp", "shop", "finance", "selfbuilt")

    # old files once more, under their names and under others
    arrival.drop(everything.orders[0], *everything.early_invoices)
    arrival.ingest("finance", "shop")


def the_newest_first(arrival: Arrival) -> None:
    """Years that were forgotten come after the newest: only a full run can see those."""
    everything, chance = arrival.everything, arrival.chance
    contacts = chance.sample(everything.crm.contacts, len(everything.crm.contacts))

    arrival.type_in(everything.crm.companies[::-1], contacts)
    arrival.register(lambda user: not _is_of_the_first_half(user))
    arrival.enter(f"updated_at >= '{HALF_WAY}'")
    arrival.drop(*everything.early_invoices, *everything.orders[::2])
    arrival.ingest("selfbuilt", "helpdesk", "finance", "erp", "shop")

    arrival.enter(f"updated_at < '{HALF_WAY}'")
    arrival.register(_is_of_the_first_half)
    arrival.drop(*everything.invoices, *everything.orders[1::2])
    arrival.ingest("--all", "--full")


@pytest.mark.timeout(900)
def test_the_order_of_arrival_changes_neither_the_partition_nor_any_id(
    everything: Everything, root: Path, tmp_path: Path
) -> None:
    first, *others = (
        _who_is_who(arrive, everything, root, tmp_path)
        for arrive in (all_at_once, as_it_happened_but_files_backwards, the_newest_first)
    )

    assert {system for _kind, system, _record in first} == {
        "erp", "finance", "helpdesk", "selfbuilt", "shop",
    }  # fmt: skip
    assert len(set(first.values())) < len(first) / 2, "somebody is known to several systems"
    for other in others:
        assert other == first


def _who_is_who(
    arrive: Callable[[Arrival], None], everything: Everything, root: Path, folder: Path
) -> dict[tuple[str, str, str], str]:
    """Let a company arrive and build it: the person or company of every record."""
    # always at the same place, so that dbt parses the project once
    with empty_demo_company(folder / "company") as company:
        project = CompanyProject(company, root)
        arrive(Arrival(project, everything, Random(arrive.__name__)))
        project.build(
            "--select", "+bridge_person_records", "+bridge_company_records", "+dim_people",
            "+dim_companies", "--resource-type", "model", "--resource-type", "seed",
            "--target-path", str(folder / "target"),
        )  # fmt: skip
        rows = project.query(
            "select 'person', source_system, source_record_id, person_id "
            "from marts.bridge_person_records union all "
            "select 'company', source_system, source_record_id, company_id "
            "from marts.bridge_company_records"
        )
    return {(kind, system, record): entity for kind, system, record, entity in rows}


def _is_of_the_first_half(user: helpdesk.User) -> bool:
    return user.user_id < helpdesk.FIRST_CUSTOMER_ID + SIZE // 4


def _write_early(folder: Path, ledgers: finance.Finance) -> None:
    """Each month's workbook after its first day: nothing is paid, and the buyer isn't certain."""
    folder.mkdir()
    first_buyer = ledgers.invoices[0].addressee
    for _month, invoices in groupby(ledgers.invoices, lambda i: f"{i.issued_on:%Y%m}"):
        of_month = list(invoices)
        day = of_month[0].issued_on
        early = [
            replace(invoice, addressee=first_buyer, status=finance.OPEN, payments=())
            for invoice in of_month
            if invoice.issued_on == day
        ]
        part = folder / f"{day:%Y%m}"
        finance.write(part, finance.Finance(as_of=day + timedelta(days=1), invoices=early))
        for file in part.iterdir():
            file.rename(folder / f"{file.stem}_early.xlsx")
        part.rmdir()


_SYSTEM_OF = {".xlsx": "finance", ".csv": "shop"}
