"""The benchmark's processes: a sandbox to deliver to, and whoever delivers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from benchmarks.delivery.shape import BATCH

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


def quota_for(rows: int) -> int:
    """Requests in 10 seconds, so many that nobody waits who sends so many rows."""
    return max(LEAST_QUOTA, rows // BATCH + SPARE)


def run(part: str, *arguments: str) -> dict[str, Any]:
    """Run a module of a benchmark as a process of its own; what it printed."""
    command = [sys.executable, "-m", f"benchmarks.{part}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own modules
    if done.returncode != 0:
        raise SystemExit(f"{part} ended with {done.returncode}")
    printed: dict[str, Any] = json.loads(done.stdout or "{}")
    return printed


@contextmanager
def serving(latency_ms: int, quota: int) -> Iterator[Server]:
    """A sandbox, as long as the block lasts."""
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
