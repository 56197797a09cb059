"""How long the main job takes: `python -m benchmarks.main_job [--people N] --format json`.

A made-up company of N people on real servers: everything is ingested, built,
planned and applied. What was sent comes home, and a round of its own sends what
that brought to light: an adopted record may say that two people are one. Then 100
people change in the ERP, and a last round sends what that needs. Each step is the
command that a user types; CPU seconds and memory are those of its process, the
servers apart.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from demo import story, systems
from demo.layout import REPOSITORY, Home
from demo.population import SHANGHAI

CHANGED = 100
LARGEST_BATCH = 100
"""What the CRM takes at once: `max_items` of crm/profiles/pocketbase.yml."""
SEED = 1
_SENT = ("created", "adopted", "updated", "deleted")


@dataclass
class Round:
    """The steps of one round, measured."""

    environment: dict[str, str]
    steps: dict[str, dict[str, float]] = field(default_factory=dict)

    def run(self, name: str, *command: str, accepted: Sequence[int] = (0,)) -> str:
        """Run a step; its standard output."""
        began = time.perf_counter()
        with subprocess.Popen(  # noqa: S603 - the project's own commands
            command, cwd=REPOSITORY, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            output = process.stdout.read() if process.stdout else ""
            # of this process alone, and before Popen forgets it
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.steps[name] = {
            "wall_s": round(time.perf_counter() - began, 1),
            "cpu_s": round(used.ru_utime + used.ru_stime, 1),
            "rss_mb": round(used.ru_maxrss / 1024),
        }
        print(name, self.steps[name], file=sys.stderr)
        if process.returncode not in accepted:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
        return output

    def refresh(self) -> None:
        """Ingest what is new, and build and test everything."""
        self.run("ingest", "ingestion", "run", "--all")
        self.run("build", "dbt", "--quiet", "build")

    def as_data(self, applied: dict[str, Any]) -> dict[str, Any]:
        """What was measured, and what came of each sync."""
        return {"steps": self.steps, "total": self.total(), "applied": applied}

    def total(self) -> dict[str, float]:
        """All steps together, and the largest of them."""
        return {
            "wall_s": round(sum(step["wall_s"] for step in self.steps.values()), 1),
            "cpu_s": round(sum(step["cpu_s"] for step in self.steps.values()), 1),
            "rss_mb": max(step["rss_mb"] for step in self.steps.values()),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--home", type=Path, default=Path("var/benchmark"))
    parser.add_argument("--format", choices=["json"], default="json")
    options = parser.parse_args()
    home = Home(options.home.resolve())
    # ended from outside, it still ends the servers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    today = datetime.now(SHANGHAI).date()
    systems.start(home, options.people, SEED, today, report=_say)
    try:
        print(json.dumps(run(home), indent=2))
    finally:
        systems.stop(home)


def run(home: Home) -> dict[str, Any]:
    """Run both rounds."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = os.environ | story.environment_of(home) | {"PATH": path}
    plan_file = str(home.folder / "first.plan")
    first = Round(environment)
    first.refresh()
    first.run("plan", "reverse-etl", "plan", "--out", plan_file)
    applied = _applied(first, "--plan", plan_file)
    # what was sent comes home once, so that the last round measures the change alone
    settled = Round(environment)
    settled.refresh()
    left = _applied(settled)
    _change_people(home)
    second = Round(environment)
    second.refresh()
    second.run("plan", "reverse-etl", "plan")
    changed = _applied(second)
    return {
        "first_round": first.as_data(applied),
        "sent_comes_home": settled.as_data(left),
        "second_round": {"people_changed": CHANGED} | second.as_data(changed),
    }


def _say(done: str) -> None:
    print(done, file=sys.stderr)


def _applied(measured: Round, *options: str) -> dict[str, Any]:
    output = measured.run(
        "apply", "reverse-etl", "apply", "--format", "json", *options, accepted=(0, 3)
    )
    return {
        sync["sync"]: {
            name: sync[name] for name in ("status", *_SENT, "rejected", "held", "requests")
        }
        # each operation goes in batches of its own, as full as they may be
        | {"requests_needed": sum(-(-sync[name] // LARGEST_BATCH) for name in _SENT)}
        for sync in json.loads(output)["syncs"]
    }


def _change_people(home: Home) -> None:
    """Give a hundred people of the ERP a new mobile."""
    with sqlite3.connect(home.erp) as connection:
        connection.execute(
            "update contacts set mobile = '199' || printf('%08d', 31000000 + contact_id), "
            "updated_at = datetime('now', '+8 hours') "
            "where contact_id in (select contact_id from contacts where not is_deleted "
            "order by contact_id limit ?)",
            [CHANGED],
        )
    connection.close()


if __name__ == "__main__":
    main()
