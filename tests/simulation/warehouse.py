"""The sync models' rows, for either planner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from reverse_etl.plan.fields import quoted
from reverse_etl.syncs import Sync


@dataclass
class Models:
    """What dbt would have built."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    redirected: Sequence[tuple[str, str, str]] = field(default_factory=list)
    """Old key, new key, and `merged` or `split`."""

    def desired(self, sync: Sync) -> Sequence[Mapping[str, Any]]:
        return self.rows[sync.name]

    def redirects(self, _sync: Sync) -> Sequence[tuple[str, str, str]]:
        return self.redirected

    def execute(self, _statement: str) -> None:
        """Let go of the warehouse, as the engine asks a connection to."""


def open_warehouse(
    connection: duckdb.DuckDBPyConnection, syncs: Sequence[Sync], models: Models
) -> None:
    """Attach a warehouse in memory with the models' tables."""
    connection.execute("attach ':memory:' as warehouse")
    connection.execute("create schema warehouse.activation")
    connection.execute(
        "create table warehouse.activation.redirected "
        "(old_key varchar, new_key varchar, kind varchar)"
    )
    _insert(connection, "redirected", models.redirected)
    for sync in syncs:
        types = {column.name: column.data_type for column in sync.columns}
        if sync.record_id:
            types[sync.record_id] = "varchar"
        types |= {column.changed_at: "timestamp" for column in sync.columns if column.changed_at}
        types["fingerprint"] = "varchar"
        columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in types.items())
        connection.execute(f"create table warehouse.{sync.schema}.{sync.table} ({columns})")
        rows = [tuple(row[name] for name in types) for row in models.rows[sync.name]]
        _insert(connection, sync.table, rows)


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into warehouse.activation.{table} values ({marks})", rows)
