"""What a build costs when little is new: `python -m benchmarks.identity.incremental`.

--records is a CSV in canonical form. All but a few are built from nothing; then the few come, and
are built twice: on what is kept, and, in a copy of the warehouse, from nothing with the same frozen
counts. Printed are the seconds of dbt's nodes (their execution_time, and their CPU seconds, which
say more on a machine that is busy with other things), and whether both builds gave the same.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.identity import inputs
from benchmarks.identity.project import CLUSTERED, IDENTIFIED, REVIEWED, Build, build

WANTED = (CLUSTERED, REVIEWED, IDENTIFIED)
COMPARED = ("intermediate.int_records_identified", "marts.fct_match_reviews")
RESOLUTION = 1_000_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, required=True, help="CSV in canonical form")
    parser.add_argument("--new", type=float, default=0.001, help="share of records that come later")
    parser.add_argument("--home", type=Path, help="where to build and to leave the warehouse")
    parser.add_argument("--threads", type=int, default=1, help="models that dbt builds at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-identity-") as scratch:
        folder = (options.home or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        found = measure(options.records, folder, options.new, options.threads)
    print(json.dumps(found, indent=2))


def measure(records: Path, folder: Path, share: float, threads: int) -> Mapping[str, Any]:
    """Build all but a share of the records, then that share as well, on what is kept and anew.

    Raises:
        InputError: the file can't be taken as it is.
        BuildError: a model failed.
    """
    warehouse, copy = folder / "warehouse.duckdb", folder / "whole.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(warehouse) as connection:
        inputs.load_records(connection, records)
        new_count = _hold_back(connection, share)
    build(warehouse, folder, WANTED, threads=threads, variables={})
    with duckdb.connect(warehouse) as connection:
        connection.execute("insert into raw_canonical.records from held_back")
    shutil.copy(warehouse, copy)
    partial = build(warehouse, folder, WANTED, threads=threads, variables={})
    whole = build(copy, folder, WANTED, threads=threads, variables={}, options=["--full-refresh"])
    return {
        "new_records": new_count,
        "full_node_s": _node_seconds(whole),
        "full_node_cpu_s": _node_cpu_seconds(whole),
        "incremental_node_s": _node_seconds(partial),
        "incremental_node_cpu_s": _node_cpu_seconds(partial),
        "share": round(_node_seconds(partial) / _node_seconds(whole), 4),
        "cpu_share": round(_node_cpu_seconds(partial) / _node_cpu_seconds(whole), 4),
        "equal": _is_equal(warehouse, copy),
        "dearest": {
            step.name: [round(step.wall_s, 3), round(step.cpu_s, 3)]
            for step in sorted(partial.steps, key=lambda step: -step.cpu_s)[:25]
        },
    }


def _hold_back(connection: duckdb.DuckDBPyConnection, share: float) -> int:
    """Set a share of the records aside, always the same ones; how many that are."""
    chosen = f"hash(source_system, source_record_id) % {RESOLUTION} < {int(share * RESOLUTION)}"
    connection.execute(
        "create or replace table held_back as "
        f"select * replace ('2' as _dlt_load_id) from raw_canonical.records where {chosen}"
    )
    connection.execute(f"delete from raw_canonical.records where {chosen}")
    found = connection.execute("select count(*) from held_back").fetchone()
    return int(found[0]) if found else 0


def _node_seconds(built: Build) -> float:
    return round(sum(step.wall_s for step in built.steps), 2)


def _node_cpu_seconds(built: Build) -> float:
    return round(sum(step.cpu_s for step in built.steps), 2)


def _is_equal(one: Path, other: Path) -> bool:
    with duckdb.connect(one, read_only=True) as connection:
        quoted = str(other).replace("'", "''")
        connection.execute(f"attach '{quoted}' as other (read_only)")
        return all(
            not connection.execute(
                f"""
                (from {table} except all from other.{table})
                union all
                (from other.{table} except all from {table})
                limit 1
                """
            ).fetchall()
            for table in COMPARED
        )


if __name__ == "__main__":
    main()
