"""The same ERP on a real PostgreSQL gives the same raw tables as on SQLite."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.ingestion.systems import ERP_SCHEMA, ERP_SETTINGS, Erp, Project, rows_landed
from tests.servers import PostgreSql

pytestmark = pytest.mark.servers


@pytest.fixture
def database(postgres: PostgreSql) -> Iterator[sa.Engine]:
    """An empty ERP."""
    engine = sa.create_engine(postgres.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop schema public cascade; create schema public")
        connection.exec_driver_sql(ERP_SCHEMA.format(integer="bigint", timestamp="timestamp"))
    yield engine
    engine.dispose()


def test_postgresql_and_sqlite_land_the_same(
    project: Project, erp: Erp, postgres: PostgreSql, database: sa.Engine
) -> None:
    for i in range(1, 300):
        erp.put_customer(i, f"张三{i}", f"2026-01-01 00:{i % 60:02d}:00")
        erp.put_order(
            i, f"{i * 7919 % 10**13}.{i % 100:02d}", "2026-01-01 00:00:00", deleted=i % 9 == 0
        )
    erp.execute("update orders set ordered_at = '2026-01-01 08:00:00.25', quantity = '1.125'")
    _copy(erp.path, database)
    project.configure(
        {
            "sources": dict.fromkeys(
                ("erp_sqlite", "erp_postgresql"), ERP_SETTINGS["sources"]["erp"]
            )
        },
        {
            "sources": {
                "erp_sqlite": {"credentials": f"sqlite:///{erp.path}"},
                "erp_postgresql": {"credentials": postgres.url},
            }
        },
    )

    assert rows_landed(project.run("erp_sqlite")) == rows_landed(project.run("erp_postgresql"))

    for table in ("customers", "orders"):
        columns = [
            project.query(
                "select column_name, data_type from duckdb_columns() "
                "where schema_name = ? and table_name = ? order by column_index",
                [schema, table],
            )
            for schema in ("raw_erp_sqlite", "raw_erp_postgresql")
        ]
        assert columns[0] == columns[1]
        assert not project.query(
            f"(select * exclude (_dlt_id, _dlt_load_id) from raw_erp_sqlite.{table}) except "
            f"(select * exclude (_dlt_id, _dlt_load_id) from raw_erp_postgresql.{table})"
        )
        # even their digests are the same
        assert project.query(
            f"select count(distinct left(_dlt_id, 24)) from (from raw_erp_sqlite.{table} "
            f"union all from raw_erp_postgresql.{table})"
        ) == [(299,)]
    with database.connect() as connection:
        total = connection.execute(sa.text("select sum(total_amount) from orders")).scalar()
    assert isinstance(total, Decimal)
    assert project.query("select sum(total_amount) from raw_erp_postgresql.orders") == [(total,)]


def test_a_second_run_lands_nothing_and_a_change_lands_once(
    project: Project, postgres: PostgreSql, database: sa.Engine
) -> None:
    _connect(project, postgres)
    with database.begin() as connection:
        connection.exec_driver_sql(
            "insert into orders select i, 'SO' || i, 1, null, 'CNY', i / 7.0, i, i, now(), false "
            "from generate_series(1, 1000) i"
        )
    assert rows_landed(project.run("erp")) == {"customers": 0, "orders": 1000}
    assert rows_landed(project.run("erp")) == {"customers": 0, "orders": 0}
    with database.begin() as connection:
        connection.exec_driver_sql("update orders set total_amount = 999 where order_id = 7")
    assert rows_landed(project.run("erp")) == {"customers": 0, "orders": 1}


def test_a_transaction_that_commits_late_is_landed(
    project: Project, postgres: PostgreSql, database: sa.Engine
) -> None:
    _connect(project, postgres)
    insert = (
        "insert into orders (order_id, order_no, updated_at, is_deleted) "
        "values ({}, 'SO', clock_timestamp(), false)"
    )
    with database.connect() as late:
        late.exec_driver_sql(insert.format(1))
        with database.begin() as early:
            early.exec_driver_sql(insert.format(2))
        assert rows_landed(project.run("erp"))["orders"] == 1
        late.commit()

    assert rows_landed(project.run("erp"))["orders"] == 1


def test_types_that_only_postgresql_has(
    project: Project, postgres: PostgreSql, database: sa.Engine
) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(
            "create table odd (id uuid primary key, tags text[], more jsonb, price numeric, "
            "seen timestamptz, photo bytea, ip inet, length interval, ratio double precision);"
            "insert into odd values ('00000000-0000-0000-0000-000000000001', '{张三,b}', "
            "'{\"名\": 1.10}', 1.10, '2026-01-01 08:00:00+08', 'x', '10.0.0.1', '1 day', 0.5)"
        )
    project.configure(
        {"sources": {"erp": {"kind": "sql", "tables": {"odd": {}}}}},
        {"sources": {"erp": {"credentials": postgres.url}}},
    )

    assert rows_landed(project.run("erp")) == {"odd": 1}
    assert rows_landed(project.run("erp")) == {"odd": 0}
    assert project.query(
        "select id, tags, price, (seen at time zone 'UTC')::varchar, photo, ip, ratio "
        "from raw_erp.odd"
    ) == [
        (
            "00000000-0000-0000-0000-000000000001",
            '["张三", "b"]',
            Decimal("1.100000000"),
            "2026-01-01 00:00:00",
            b"x",
            "10.0.0.1",
            0.5,
        )
    ]


def test_a_missing_table_is_named_and_the_others_are_landed(
    project: Project, postgres: PostgreSql, database: sa.Engine
) -> None:
    _connect(project, postgres)
    with database.begin() as connection:
        connection.exec_driver_sql("drop table orders")

    summary = project.run("erp")

    assert summary.status == "partly"
    assert "has no table orders; it has customers" in summary.problems[0].message


def _connect(project: Project, postgres: PostgreSql) -> None:
    project.configure(ERP_SETTINGS, {"sources": {"erp": {"credentials": postgres.url}}})


def _copy(path: Path, database: sa.Engine) -> None:
    """The rows of an SQLite file into the same tables of PostgreSQL."""
    with closing(sqlite3.connect(path)) as source, database.begin() as target:
        for table in ("customers", "orders"):
            cursor = source.execute(f"select * from {table}")
            names = [column[0] for column in cursor.description]
            flag = names.index("is_deleted")
            rows = [
                {**dict(zip(names, row, strict=True)), "is_deleted": bool(row[flag])}
                for row in cursor
            ]
            target.execute(
                sa.text(
                    f"insert into {table} ({', '.join(names)}) "
                    f"values ({', '.join(':' + n for n in names)})"
                ),
                rows,
            )
