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
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.delivery.shape import BATCH, CHANGED_EACH, OBJECT

LEAST_QUOTA = 190
"""Requests in 10 seconds: a private app's in a Professional account of HubSpot."""
SPARE = 50
TIMEOUT = 30.0


@dataclass(slots=True)
class Server:
    """A sandbox in a process of its own."""

    url: str
    token: str
    cpu_s: float = 0.0
    said: dict[str, Any] = field(default_factory=dict)
    """What it counted, when it was last asked."""

    def ask(self) -> dict[str, int]:
        """The requests it has counted until now."""
        answer = requests.get(f"{self.url}/_sandbox", timeout=TIMEOUT)
        self.said = answer.json()
        counted: dict[str, int] = self.said["requests"]
        return counted


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
    quota = max(LEAST_QUOTA, rows // BATCH + SPARE)
    warehouse = folder / "warehouse.duckdb"
    run_part("delivery.fill", str(warehouse), str(rows))
    with a_server(latency_ms, quota) as server:
        floor = run_part("delivery.floor", str(warehouse), server.url, server.token, str(in_flight))
        sent = server.ask()
        floor |= {"requests": sent["writes"], "rows": server.said["records"][OBJECT]}
    with a_server(latency_ms, quota) as server:
        ledger = folder / "ledger.sqlite"
        arguments = (str(warehouse), str(ledger), server.url, server.token, str(in_flight))
        ours = run_part("delivery.ours", *arguments)
        counts = [server.ask()]
        ours |= {"requests": counts[0]["writes"], "rows": server.said["records"][OBJECT]}
        run_part("delivery.ours", *arguments)
        counts.append(server.ask())
        run_part("delivery.fill", str(warehouse), str(rows), "changed")
        changed = run_part("delivery.ours", *arguments)
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


def run_part(part: str, *arguments: str) -> dict[str, Any]:
    """Run a part of a benchmark as a process of its own; what it printed."""
    command = [sys.executable, "-m", f"benchmarks.{part}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own modules
    if done.returncode != 0:
        raise SystemExit(f"{part} ended with {done.returncode}")
    printed: dict[str, Any] = json.loads(done.stdout or "{}")
    return printed


@contextmanager
def a_server(latency_ms: int, quota: int) -> Iterator[Server]:
    """A sandbox, until the block ends; `quota` is requests in its window."""
    command = [sys.executable, "-m", "benchmarks.delivery.server"]
    command += [f"latency={latency_ms / 1000}", f"burst={quota}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            server = Server(**json.loads(process.stdout.readline() if process.stdout else ""))
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            # of this process alone, and before Popen forgets it
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    server.cpu_s = used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
