"""How fast a delivery is: `python -m benchmarks.delivery [--rows N] --format json`.

A sync model of N rows and 12 columns in a DuckDB warehouse goes to the sandbox of
HubSpot, in batches of 100: once new, once again unchanged, and once with 1 % of the
rows changed, in a model that has no time of change. The floor sends the requests of
the first delivery, its reads too, with `requests.Session` over as many connections:
no difference, no state, no retry.

Ours, the floor and each one's server are processes of their own. CPU seconds and
peak memory are those of a whole process, its imports included; wall seconds run
from the first look into the warehouse to the last answer. `requests` are write
requests, as the server counted them.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.delivery import parts
from benchmarks.delivery.shape import CHANGED_EACH, OBJECT


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--format", choices=["json"], default="json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-delivery-") as folder:
        result = run(Path(folder), options.rows, options.latency_ms, options.in_flight)
    print(json.dumps(result, indent=2))


def run(folder: Path, rows: int, latency_ms: int, in_flight: int) -> dict[str, Any]:
    """Fill a warehouse, send it by both ways, and send what has changed."""
    # the floor has nobody who waits, so the quota is wide enough for what it sends
    quota = parts.quota_for(rows)
    warehouse = folder / "warehouse.duckdb"
    parts.run("delivery.fill", str(warehouse), str(rows))
    with parts.serving(latency_ms, quota) as server:
        floor = parts.run(
            "delivery.floor", str(warehouse), server.url, server.token, str(in_flight)
        )
        sent = server.ask()
        floor |= {"requests": sent["writes"], "rows": server.said["records"][OBJECT]}
    with parts.serving(latency_ms, quota) as server:
        ledger = folder / "ledger.sqlite"
        arguments = (str(warehouse), str(ledger), server.url, server.token, str(in_flight))
        ours = parts.run("delivery.ours", *arguments)
        counts = [server.ask()]
        ours |= {"requests": counts[0]["writes"], "rows": server.said["records"][OBJECT]}
        parts.run("delivery.ours", *arguments)
        counts.append(server.ask())
        parts.run("delivery.fill", str(warehouse), str(rows), "changed")
        changed = parts.run("delivery.ours", *arguments)
        counts.append(server.ask())
    for name, count in (("ours", ours["rows"]), ("floor", floor["rows"])):
        if count != rows:
            raise SystemExit(f"{name} delivered {count} of {rows} rows")
    if any(counts[0][name] != sent[name] for name in ("reads", "writes")):
        raise SystemExit(f"they didn't send the same: ours {counts[0]}, the floor {sent}")
    if changed["rows"] != -(-rows // CHANGED_EACH):
        raise SystemExit(f"of the changed rows, {changed['rows']} were written")
    return {
        "ours": ours,
        "floor": floor,
        "rerun_unchanged": {"requests": counts[1]["writes"] - counts[0]["writes"]},
        "one_percent_changed": {"requests": counts[2]["writes"] - counts[1]["writes"]},
        "server": {
            "cpu_s": round(server.cpu_s, 2),
            "most_in_window": counts[2]["most_in_a_window"],
            "quota": quota,
        },
    }


if __name__ == "__main__":
    main()
