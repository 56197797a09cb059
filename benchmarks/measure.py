"""Measure one part of a process: CPU and wall seconds, and the peak of its memory."""

import json
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PAGE = resource.getpagesize()


@dataclass(slots=True)
class Measured:
    """What a block took, of this process alone."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    rss_mb: float = 0.0
    requests: int = 0
    rows: int = 0

    def as_data(self) -> dict[str, float]:
        """Rounded, for JSON."""
        return {
            "cpu_s": round(self.cpu_s, 2),
            "wall_s": round(self.wall_s, 2),
            "rss_mb": round(self.rss_mb, 1),
            "requests": self.requests,
            "rows": self.rows,
        }

    def print_out(self) -> None:
        """Print as one line of JSON, for the process that started this one."""
        print(json.dumps(self.as_data()))


def whole_process(began: float) -> Measured:
    """What this process took until now, its imports included; its wall seconds since `began`.

    Args:
        began: what `time.perf_counter` gave then.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Measured(
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=time.perf_counter() - began,
        rss_mb=used.ru_maxrss / 1024,
    )


@contextmanager
def measured() -> Iterator[Measured]:
    """Measure a block; memory is the highest that was seen while it ran, all of the process."""
    result = Measured()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            result.rss_mb = max(result.rss_mb, _resident_mb())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield result
    finally:
        result.cpu_s = time.process_time() - cpu
        result.wall_s = time.perf_counter() - wall
        done.set()
        watcher.join()
        result.rss_mb = max(result.rss_mb, _resident_mb())


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE / 2**20
