"""The ERP's database."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo import erp
from demo.population import Population


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, books: erp.Erp) -> Path:
    path = tmp_path_factory.mktemp("erp") / "erp.sqlite"
    erp.write(path, books)
    return path


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_there_are_as_many_orders_as_promised(population: Population, database: Path) -> None:
    assert rows(database, "select count(*) from orders") == [(round(population.size * 3.5),)]


def test_an_order_totals_its_live_lines(database: Path) -> None:
    differing = """
        select order_id, total_amount, sum(case when l.is_deleted then 0 else l.amount end) as lines
        from orders join order_lines as l using (order_id)
        group by order_id, total_amount
        having abs(total_amount - lines) > 0.001
    """
    assert rows(database, differing) == []


def test_some_lines_contacts_customers_and_orders_are_deleted(database: Path) -> None:
    for query in (
        "select count(*) > 0 from order_lines where is_deleted",
        "select count(*) > 0 from contacts where is_deleted",
        "select count(*) > 0 from customers where is_deleted",
        "select count(*) > 0 from orders where is_deleted",
    ):
        assert rows(database, query) == [(1,)]


def test_a_customer_orders_nothing_before_being_entered(database: Path) -> None:
    too_early = """
        select order_no from orders join customers using (customer_id)
        where ordered_at < created_at
    """
    assert rows(database, too_early) == []


def test_contacts_are_of_companies_only(database: Path) -> None:
    assert rows(
        database,
        "select distinct customer_type from contacts join customers using (customer_id)",
    ) == [("company",)]


def test_nothing_happens_after_the_day_the_data_is_of(
    population: Population, database: Path
) -> None:
    for query in (
        "select max(updated_at) from customers",
        "select max(updated_at) from contacts",
        "select max(updated_at) from orders",
        "select max(updated_at) from order_lines",
    ):
        [(latest,)] = rows(database, query)
        assert str(latest) < f"{population.as_of:%Y-%m-%d}"


def test_many_rows_share_a_cursor_value(database: Path) -> None:
    [(shared,)] = rows(
        database, "select max(n) from (select count(*) as n from orders group by updated_at)"
    )
    assert int(str(shared)) > 1


def test_truth_names_every_customer_and_contact_once(books: erp.Erp, database: Path) -> None:
    told = Counter(row.source_record_id for row in books.truth())
    held = [f"customer:{key}" for (key,) in rows(database, "select customer_id from customers")]
    held += [f"contact:{key}" for (key,) in rows(database, "select contact_id from contacts")]
    assert told == Counter(held)


def test_the_same_books_make_the_same_bytes(
    tmp_path: Path, population: Population, database: Path
) -> None:
    erp.write(tmp_path / "again.sqlite", erp.make_erp(population))
    assert (tmp_path / "again.sqlite").read_bytes() == database.read_bytes()


def test_a_change_touches_one_mobile_and_its_time(tmp_path: Path, books: erp.Erp) -> None:
    path = tmp_path / "erp.sqlite"
    erp.write(path, books)
    before = rows(path, "select * from contacts")
    erp.change(path, datetime(2026, 11, 1, 1, tzinfo=UTC))
    after = rows(path, "select * from contacts")
    [(old, new)] = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    differing = [place for place, value in enumerate(old) if value != new[place]]
    assert differing == [4, 10]
    assert new[10] == "2026-11-01 09:00:00"
