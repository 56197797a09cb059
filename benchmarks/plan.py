"""How long a plan takes: `python -m benchmarks.plan [--rows N] [--columns N] --format json`.

A sync model of N rows and 30 columns, all of them known to the ledger, 0.1 % of
them changed. Ours is the whole plan, reads of the CRM apart (a CRM in memory
answers them); the floor is the join of keys and fingerprints that any plan
needs, in the same DuckDB, on the same files.
"""

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from benchmarks.measure import Measured, measured
from crm.protocol import Capabilities, Field, Outcome, RemoteRecord, Write
from reverse_etl.clock import World
from reverse_etl.engine import Engine
from reverse_etl.ledger import Ledger
from reverse_etl.syncs import Column, Sync
from warehouse.connection import attached_read_only, extension_path

CHANGED_EACH = 1_000


class SilentCrm:
    """Holds every record as it was sent; it is asked, and never written to."""

    capabilities = Capabilities(
        operations=frozenset({"create", "update"}),
        batch="per_record",
        max_batch=100,
        max_find=100,
        page_size=100,
        repeatable_create=True,
    )

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        """The records with these ids."""
        del object_name, field_name
        return [
            RemoteRecord(value, _values(int(value.removeprefix("r")), self._names))
            for value in values
        ]

    def describe(self, object_name: str) -> list[Field]:
        """Nothing to say."""
        del object_name
        return []

    def count(self, object_name: str) -> int | None:
        """Too many to scan."""
        del object_name
        return None

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        """Never asked for: `count` says nothing."""
        raise NotImplementedError

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        """Never asked for: a plan writes nothing."""
        raise NotImplementedError


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--format", choices=["json"], default="json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-plan-") as folder:
        print(json.dumps(run(Path(folder), options.rows, options.columns), indent=2))


def run(folder: Path, rows: int, columns: int) -> dict[str, dict[str, float]]:
    """Fill a warehouse and a ledger, then plan."""
    names = [f"field_{number}" for number in range(columns - 1)]
    sync = Sync(
        name="bench",
        destination="bench",
        object="records",
        model="model.tongke.sync_bench",
        schema="activation",
        table="sync_bench",
        key="record_key",
        columns=(
            Column("record_key", "external_id", "varchar", ""),
            *(Column(name, name, "varchar", "") for name in names),
        ),
    )
    warehouse = folder / "warehouse.duckdb"
    ledger = Ledger(folder / "ledger.sqlite", World())
    _fill(warehouse, ledger, rows, names)
    floor = _floor(warehouse, ledger.path)
    engine = Engine(
        {},
        ledger,
        lambda _name: SilentCrm(["external_id", *names]),
        lambda: attached_read_only(warehouse),
        World(),
        new_executor=ThreadPoolExecutor,
        check_builds=False,
    )
    with measured() as ours, engine.planned([sync]) as (plan, [planned]):
        changes = sum(1 for _ in plan.changes(sync))
    ours.rows = rows
    expected = -(-rows // CHANGED_EACH)
    if (changes, planned.counts.unchanged) != (expected, rows - expected):
        raise SystemExit(f"the plan is wrong: {changes} changes, {planned.counts}")
    ledger.close()
    return {"ours": ours.as_data(), "floor": floor.as_data()}


def _values(number: int, names: Sequence[str]) -> dict[str, str]:
    return {
        name: f"k{number}" if name == "external_id" else f"{name} of {number}" for name in names
    }


def _fill(warehouse: Path, ledger: Ledger, rows: int, names: Sequence[str]) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        columns = ", ".join(f"'{name} of ' || i as {name}" for name in names)
        # every thousandth row has moved since it was sent
        connection.execute(f"""
            create schema activation;
            create table activation.sync_bench as
            select
                'k' || i as record_key,
                {columns},
                md5('k' || i || if(i % {CHANGED_EACH} = 0, 'moved', '')) as fingerprint
            from range({rows}) as numbers (i);
            update activation.sync_bench set field_0 = 'moved'
            where record_key in (
                select 'k' || i * {CHANGED_EACH} from range({rows // CHANGED_EACH + 1}) as n (i)
            );
        """)
    with ledger.let_go() as path, sqlite3.connect(path) as connection, duckdb.connect() as source:
        sent = ", ".join(f"'{name}', '{name} of ' || i" for name in names)
        source.execute(f"""
            select
                'bench', 'k' || i, 'bench', 'records', 'r' || i, 'created', 'live',
                md5('k' || i), json_object('external_id', 'k' || i, {sent}),
                '2026-01-01T00:00:00.000000Z', 'filled'
            from range({rows}) as numbers (i)
        """)
        while batch := source.fetchmany(10_000):
            connection.executemany(
                "insert into records (sync, key, destination, object, remote_id, origin, state, "
                "fingerprint, sent, changed_at, run_id) values (?,?,?,?,?,?,?,?,?,?,?)",
                batch,
            )
        connection.commit()


def _floor(warehouse: Path, ledger: Path) -> Measured:
    with measured() as floor, duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.load_extension(extension_path("sqlite_scanner"))
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{ledger}' as ledger (type sqlite, read_only)")
        connection.execute("""
            select count(*) from warehouse.activation.sync_bench as desired
            full join (select * from ledger.records where sync = 'bench') as known
                on known.key = desired.record_key
            where known.fingerprint is distinct from desired.fingerprint
        """).fetchall()
    return floor


if __name__ == "__main__":
    main()
