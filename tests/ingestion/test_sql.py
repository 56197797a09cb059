"""The ERP on SQLite: each version of a row once, whatever happens."""

import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from ingestion.errors import SourceError
from tests.ingestion.systems import ERP_SETTINGS, Erp, Project, rows_landed


def test_a_second_run_lands_nothing(project: Project, erp: Erp) -> None:
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    erp.put_order(1, "10.10", "2026-01-01 00:00:00")

    first, second = project.run("erp"), project.run("erp")

    assert rows_landed(first) == {"customers": 1, "orders": 1}
    assert rows_landed(second) == {"customers": 0, "orders": 0}
    assert project.count("raw_erp.orders") == 1


def test_columns_have_the_types_that_the_erp_declares(project: Project, erp: Erp) -> None:
    project.run("erp")

    types = dict(
        project.query(
            "select column_name, data_type from duckdb_columns() "
            "where schema_name = 'raw_erp' and table_name = 'orders'"
        )
    )
    assert types == {
        "order_id": "BIGINT",
        "order_no": "VARCHAR",
        "customer_id": "BIGINT",
        "ordered_at": "TIMESTAMP",
        "currency": "VARCHAR",
        "total_amount": "DECIMAL(18,2)",
        "unit_price": "DECIMAL(18,4)",
        "quantity": "DECIMAL(18,3)",
        "updated_at": "TIMESTAMP",
        "is_deleted": "BOOLEAN",
        "_dlt_id": "VARCHAR",
        "_dlt_load_id": "VARCHAR",
    }


def test_rows_that_share_the_last_cursor_value_are_not_missed(project: Project, erp: Erp) -> None:
    project.configure(
        {"sources": {"erp": {**ERP_SETTINGS["sources"]["erp"], "lag": 0}}},
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    erp.put_order(1, "1", "2026-01-01 00:00:05")
    project.run("erp")
    erp.put_order(2, "2", "2026-01-01 00:00:05")

    assert rows_landed(project.run("erp"))["orders"] == 1


def test_a_late_commit_is_found_within_the_lag(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:10:00")
    project.run("erp")
    erp.put_order(2, "2", "2026-01-01 00:00:30")

    assert rows_landed(project.run("erp"))["orders"] == 1


def test_a_late_commit_before_the_lag_is_found_by_a_full_run(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-02 00:00:00")
    project.run("erp")
    erp.put_order(2, "2", "2026-01-01 00:00:00")

    assert rows_landed(project.run("erp"))["orders"] == 0
    assert rows_landed(project.run("erp", full=True))["orders"] == 1
    assert rows_landed(project.run("erp", full=True))["orders"] == 0


def test_a_clock_from_the_future_does_not_hide_what_comes_after(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2099-12-31 00:00:00")
    erp.put_order(2, "2", "2026-01-01 00:00:00")
    project.run("erp")
    erp.put_order(3, "3", "2026-01-02 00:00:00")

    assert rows_landed(project.run("erp"))["orders"] == 1


def test_a_row_without_a_cursor_value_is_landed_once(project: Project, erp: Erp) -> None:
    with closing(sqlite3.connect(erp.path)) as connection:
        connection.executescript(
            "create table notes (id integer primary key, text text, updated_at datetime);"
            "insert into notes values (1, 'a', '2026-01-01 00:00:00'), (2, 'b', null)"
        )
    project.configure(
        {"sources": {"erp": {"kind": "sql", "tables": {"notes": {"cursor": "updated_at"}}}}},
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    assert rows_landed(project.run("erp")) == {"notes": 2}
    erp.execute("update notes set text = 'c' where id = 2")
    assert rows_landed(project.run("erp")) == {"notes": 1}
    assert rows_landed(project.run("erp")) == {"notes": 0}


def test_a_value_that_comes_back_after_another_is_a_new_row(project: Project, erp: Erp) -> None:
    for amount in ("1", "2", "1"):
        erp.put_order(1, amount, "2026-01-01 00:00:00")
        assert rows_landed(project.run("erp"))["orders"] == 1
    assert len(set(project.query("select _dlt_id from raw_erp.orders"))) == 3


def test_a_soft_deleted_row_comes_as_a_row_that_says_so(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:00:00")
    project.run("erp")
    erp.put_order(1, "1", "2026-01-01 00:00:01", deleted=True)
    project.run("erp")

    assert project.query("select is_deleted from raw_erp.orders order by updated_at") == [
        (False,),
        (True,),
    ]


@pytest.mark.parametrize(
    "written",
    ["1234567890123.45", "0.10", "0.29", "1.005e2", "-7.07", "9999999999999.99", "0"],
)
def test_money_is_what_was_written_to_the_last_digit(
    project: Project, erp: Erp, written: str
) -> None:
    erp.put_order(1, written, "2026-01-01 00:00:00")
    project.run("erp")

    assert project.query("select total_amount from raw_erp.orders") == [(Decimal(written),)]


def test_the_noise_of_a_sum_of_floats_is_not_landed(project: Project, erp: Erp) -> None:
    erp.put_order(1, 0.1 + 0.2, "2026-01-01 00:00:00")
    project.run("erp")

    assert project.query("select total_amount from raw_erp.orders") == [(Decimal("0.30"),)]


def test_money_with_more_digits_than_declared_is_refused_by_name(
    project: Project, erp: Erp
) -> None:
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    erp.put_order(7, "12.345", "2026-01-01 00:00:00")

    summary = project.run("erp")

    (problem,) = summary.problems
    assert summary.status == "partly"
    assert "orders.total_amount" in problem.message
    assert "order_id = 7" in problem.message
    assert "12.345" not in problem.message
    assert rows_landed(summary) == {"customers": 1}
    assert project.query("select count(*) from duckdb_tables() where table_name = 'orders'") == [
        (0,)
    ]


def test_a_new_column_evolves_and_is_named(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:00:00")
    project.run("erp")
    erp.execute("alter table orders add column 渠道 text")

    (orders,) = [t for t in project.run("erp").tables if t.name == "orders"]

    assert orders.new_columns == ("qu_dao",)
    # a column without values changes no row
    assert orders.rows == 0
    erp.execute("update orders set 渠道 = '门店'")
    assert rows_landed(project.run("erp"))["orders"] == 1
    assert project.query("select qu_dao from raw_erp.orders order by _dlt_load_id") == [
        (None,),
        ("门店",),
    ]


def test_a_vanished_column_is_reported_and_the_rest_goes_on(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:00:00")
    project.run("erp")
    erp.execute("alter table orders drop column currency")
    erp.execute("update orders set updated_at = '2026-01-01 00:00:01'")

    summary = project.run("erp")

    (orders,) = [t for t in summary.tables if t.name == "orders"]
    assert orders.vanished_columns == ("currency",)
    assert orders.rows == 1
    assert summary.status == "done"


@pytest.mark.parametrize("column", ["order_id", "updated_at"])
def test_a_vanished_key_or_cursor_is_an_error(project: Project, erp: Erp, column: str) -> None:
    project.run("erp")
    with closing(sqlite3.connect(erp.path)) as connection:
        connection.executescript(
            f"create table other as select * from orders; alter table other drop column {column};"
            "drop table orders; alter table other rename to orders"
        )

    summary = project.run("erp")

    assert summary.status == "partly"
    assert column in summary.problems[0].message


def test_a_changed_type_is_refused_by_name_and_nothing_is_half_loaded(
    project: Project, erp: Erp
) -> None:
    erp.put_order(1, "1.10", "2026-01-01 00:00:00")
    project.run("erp")
    with closing(sqlite3.connect(erp.path)) as connection:
        connection.executescript(
            "drop table orders;"
            + _orders_with("total_amount decimal(20,4)")
            + "insert into orders values (2, '1.1111', '2026-01-02 00:00:00')"
        )

    summary = project.run("erp")

    message = summary.problems[0].message
    assert summary.status == "partly"
    assert all(word in message for word in ("erp", "orders", "total_amount", "DECIMAL(20,4)"))
    assert project.count("raw_erp.orders") == 1
    # the remedy that the message gives
    project.write("alter table raw_erp.orders rename to orders_before_2027")
    assert rows_landed(project.run("erp"))["orders"] == 1
    assert project.query("select total_amount from raw_erp.orders") == [(Decimal("1.1111"),)]


def test_a_dropped_raw_table_comes_again_whole(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:00:00")
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    project.run("erp")
    project.write("drop table raw_erp.orders")

    assert rows_landed(project.run("erp")) == {"customers": 0, "orders": 1}


def test_an_empty_table_that_dbt_made_first_is_filled(project: Project, erp: Erp) -> None:
    project.write("create schema raw_erp")
    project.write(
        "create table raw_erp.orders (order_id bigint, total_amount decimal(10,1), "
        "is_deleted boolean, _dlt_load_id varchar, _dlt_id varchar)"
    )
    project.write(
        "create table raw_erp.customers (customer_id bigint, name varchar, "
        "_dlt_load_id varchar, _dlt_id varchar)"
    )
    erp.put_order(1, "1.23", "2026-01-01 00:00:00")
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")

    project.run("erp")

    assert project.query("select total_amount from raw_erp.orders") == [(Decimal("1.23"),)]
    assert project.query("select name, phone from raw_erp.customers") == [("张三", "13800000001")]


def test_losing_dlts_working_files_loses_and_doubles_nothing(project: Project, erp: Erp) -> None:
    erp.put_order(1, "1", "2026-01-01 00:00:00")
    project.run("erp")
    shutil.rmtree(project.pipelines)
    erp.put_order(2, "2", "2026-01-01 00:00:00")

    assert rows_landed(project.run("erp"))["orders"] == 1
    assert project.count("raw_erp.orders") == 2


def test_a_value_that_is_no_date_names_the_row_and_not_the_value(
    project: Project, erp: Erp
) -> None:
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    erp.execute("update customers set birth_date = 'soon'")

    summary = project.run("erp")

    message = summary.problems[0].message
    assert "customers.birth_date" in message
    assert "customer_id = 1" in message
    assert "soon" not in message


@pytest.mark.parametrize("written", ["2026-01-05 08:00:00", "2026-01-05T08:00:00",
                                     "2026-01-05 08:00:00.123456"])  # fmt: skip
def test_the_forms_in_which_programs_write_times_into_sqlite(
    project: Project, erp: Erp, written: str
) -> None:
    erp.put_order(1, "1", written)
    project.run("erp")
    erp.put_order(2, "2", written)

    assert rows_landed(project.run("erp"))["orders"] == 1


def test_a_missing_database_says_so_without_the_password(project: Project, erp: Erp) -> None:
    project.configure(
        ERP_SETTINGS,
        {"sources": {"erp": {"credentials": "postgresql://reader:s3cret@127.0.0.1:9/erp"}}},
    )

    with pytest.raises(SourceError) as raised:
        project.run("erp")

    assert "erp" in str(raised.value)
    assert "127.0.0.1:9" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_missing_sqlite_file_is_not_made(project: Project, erp: Erp) -> None:
    erp.path.unlink()

    with pytest.raises(SourceError):
        project.run("erp")

    assert not erp.path.exists()


def test_tables_without_a_cursor_are_compared_whole(project: Project, erp: Erp) -> None:
    project.configure(
        {"sources": {"erp": {"kind": "sql", "tables": {"customers": {}}}}},
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    erp.put_customer(2, "李四", "2026-01-01 00:00:00")
    assert rows_landed(project.run("erp")) == {"customers": 2}
    # without a newer time: a cursor would miss it
    erp.put_customer(2, "王五", "2025-01-01 00:00:00")
    assert rows_landed(project.run("erp")) == {"customers": 1}


def test_settings_of_a_table(project: Project, erp: Erp) -> None:
    project.configure(
        {
            "sources": {
                "erp": {
                    "kind": "sql",
                    "tables": {
                        "people": {
                            "table": "customers",
                            "key": ["customer_id"],
                            "exclude": ["phone"],
                            "types": {"customer_code": "decimal(18,2)"},
                        }
                    },
                }
            }
        },
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    erp.put_customer(1, "张三", "2026-01-01 00:00:00")
    erp.execute("update customers set customer_code = '12.50'")

    project.run("erp")

    assert project.query("select name, customer_code from raw_erp.people") == [
        ("张三", Decimal("12.50"))
    ]
    assert not project.query(
        "select 1 from duckdb_columns() where table_name = 'people' and column_name = 'phone'"
    )


def _orders_with(column: str) -> str:
    return (
        f"create table orders (order_id integer primary key, {column}, "
        "updated_at datetime not null);"
    )
