"""What the tests of ingestion are about: a project, and the systems it lands."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import duckdb
import tomlkit

from ingestion import config
from ingestion.landing import Landing, SourceSummary
from ingestion.sources import open_source


@dataclass(frozen=True)
class Project:
    """A folder with settings, a warehouse and dlt's working files."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def pipelines(self) -> Path:
        return self.folder / "pipelines"

    def configure(self, settings: dict[str, Any], secrets: dict[str, Any] | None = None) -> None:
        """Write the settings, and have dlt read them."""
        dot_dlt = self.folder / ".dlt"
        dot_dlt.mkdir(exist_ok=True)
        (dot_dlt / "config.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
        (dot_dlt / "secrets.toml").write_text(tomlkit.dumps(secrets or {}), encoding="utf-8")
        config.reload()

    def run(self, name: str, *, full: bool = False, patience: float = 5.0) -> SourceSummary:
        """Land a source."""
        (instance,) = [i for i in config.instances() if i.name == name]
        landing = Landing(self.warehouse, self.pipelines, patience)
        return landing.run(name, instance.kind, open_source(instance), full=full)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql, list(values)).fetchall()

    def write(self, sql: str) -> None:
        """Do something to the warehouse, as dbt or a person would."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(sql)

    def count(self, table: str) -> int:
        return int(self.query(f"select count(*) from {table}")[0][0])


def rows_landed(summary: SourceSummary) -> dict[str, int]:
    """How many rows of each table."""
    return {table.name: table.rows for table in summary.tables}


ERP_SCHEMA = """
create table customers (
    customer_id {integer} primary key, customer_code text not null, name text, phone text,
    birth_date date, created_at {timestamp} not null, updated_at {timestamp} not null,
    is_deleted boolean not null
);
create table orders (
    order_id {integer} primary key, order_no text not null, customer_id {integer},
    ordered_at {timestamp}, currency text, total_amount decimal(18,2), unit_price decimal(18,4),
    quantity decimal(18,3), updated_at {timestamp} not null, is_deleted boolean not null
);
"""
ERP_SETTINGS = {
    "sources": {
        "erp": {
            "kind": "sql",
            "tables": {
                "customers": {"key": "customer_id", "cursor": "updated_at"},
                "orders": {"key": "order_id", "cursor": "updated_at"},
            },
        }
    }
}


@dataclass(frozen=True)
class Erp:
    """An ERP's database on SQLite."""

    path: Path

    def execute(self, sql: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(sql, values)
            connection.commit()

    def put_order(
        self, order_id: int, amount: str | float | None, updated_at: str, *, deleted: bool = False
    ) -> None:
        """Insert an order, or change it."""
        self.execute(
            "insert into orders (order_id, order_no, customer_id, currency, total_amount, "
            "updated_at, is_deleted) values (?, ?, 1, 'CNY', ?, ?, ?) on conflict (order_id) "
            "do update set total_amount = excluded.total_amount, "
            "updated_at = excluded.updated_at, is_deleted = excluded.is_deleted",
            order_id,
            f"SO{order_id}",
            amount,
            updated_at,
            deleted,
        )

    def put_customer(self, customer_id: int, name: str, updated_at: str) -> None:
        """Insert a customer, or change it."""
        self.execute(
            "insert or replace into customers values (?, ?, ?, '13800000001', '1990-01-02', "
            "'2026-01-01 00:00:00', ?, 0)",
            customer_id,
            f"C{customer_id}",
            name,
            updated_at,
        )


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def address_string(self) -> str:
        return str(self.client_address[0])

    def log_message(self, *_arguments: Any) -> None:
        pass


@dataclass(frozen=True)
class Tracker:
    """A running Roundup."""

    home: Path
    url: str
    open: Callable[[], Any]
    """A connection to its database as admin, to change things behind the API's back."""


TRACKER_PASSWORD = "for one test"
