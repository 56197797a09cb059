"""What a reconciliation takes: `python -m benchmarks.reconcile [--records N] --format json`.

The sync of benchmarks.delivery brings N records of 12 fields to the sandbox of HubSpot. Then
the sandbox is read whole, by `reconcile` and by the floor: `requests.Session` that asks for the
same pages, one after the other, and does nothing with them but to look for the next.

Each is a process of its own; CPU seconds and peak memory are those of the whole process.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.delivery import parts
from benchmarks.delivery.shape import BATCH

REQUESTS_A_PAGE = 4
"""The pages are written once and read twice; the quota is wide enough for more than that."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--format", choices=["json"], default="json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-reconcile-") as folder:
        print(json.dumps(run(Path(folder), options.records), indent=2))


def run(folder: Path, records: int) -> dict[str, Any]:
    """Fill a sandbox and a ledger, and read the sandbox by both ways."""
    warehouse, ledger = str(folder / "warehouse.duckdb"), str(folder / "ledger.sqlite")
    parts.run("delivery.fill", warehouse, str(records))
    with parts.serving(0, REQUESTS_A_PAGE * (records // BATCH) + parts.SPARE) as server:
        place = (server.url, server.token)
        parts.run("delivery.ours", warehouse, ledger, *place, "8")
        before = server.ask()["reads"]
        floor = parts.run("reconcile.floor", *place)
        floor["requests"] = server.ask()["reads"] - before
        ours = parts.run("reconcile.ours", warehouse, ledger, *place)
        ours["requests"] = server.ask()["reads"] - before - floor["requests"]
    for name, read in (("ours", ours), ("floor", floor)):
        if read["rows"] != records:
            raise SystemExit(f"{name} read {read['rows']} of {records} records")
    return {"ours": ours, "floor": floor, "cpu_ratio": round(ours["cpu_s"] / floor["cpu_s"], 2)}


if __name__ == "__main__":
    main()
