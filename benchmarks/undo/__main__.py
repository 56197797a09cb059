"""What an undo takes: `python -m benchmarks.undo [--records N] --format json`.

A sync of N records and 12 columns is delivered to the sandbox of HubSpot. One run
then moves every customer to another city, people move each hundredth on to a
third, and the run is undone. Afterwards the CRM is read whole: each record must
be in the city that it was in before the run, or where people put it.

The run and its undo are processes of their own, measured as a whole.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.delivery import parts
from benchmarks.delivery.shape import CHANGED_EACH


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--format", choices=["json"], default="json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-undo-") as folder:
        result = run(Path(folder), options.records, options.in_flight)
    print(json.dumps(result, indent=2))


def run(folder: Path, records: int, in_flight: int) -> dict[str, Any]:
    """Deliver, change, let people type, undo, and look."""
    warehouse, ledger = folder / "warehouse.duckdb", folder / "ledger.sqlite"
    with parts.serving(0, parts.quota_for(records)) as server:
        place = (str(warehouse), str(ledger), server.url, server.token, str(in_flight))
        parts.run("delivery.fill", str(warehouse), str(records))
        parts.run("delivery.ours", *place)
        parts.run("delivery.fill", str(warehouse), str(records), "moved")
        changed = parts.run("delivery.ours", *place)
        parts.run("undo.people", *place)
        undone = parts.run("undo.ours", *place)
        again = parts.run("delivery.ours", *place)
        cities = parts.run("undo.people", *place, "look")
    typed = -(-records // CHANGED_EACH)
    if cities != {"上海": records - typed, "深圳": typed} or undone["left"] != typed:
        raise SystemExit(f"the customers are in {cities}, and {undone['left']} were left")
    return {
        "run": changed,
        "undo": undone,
        "undo_cpu_to_run_cpu": round(undone["cpu_s"] / changed["cpu_s"], 2),
        "apply_afterwards": {"requests": again["requests"]},
    }


if __name__ == "__main__":
    main()
