"""Run the project's models on a scratch warehouse, and say what each step took."""

import json
import os
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CLUSTERED = "+int_records_clustered"
REVIEWED = "+fct_match_reviews"
IDENTIFIED = "+int_records_identified"
_SAMPLED_EVERY = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


class BuildError(Exception):
    """dbt failed; the message names the models."""


@dataclass(frozen=True, slots=True)
class Step:
    """One model or seed, and what it took."""

    name: str
    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Build:
    """What a run of dbt took; its start and its reading of the project belong to no step."""

    steps: Sequence[Step]
    wall_s: float
    cpu_s: float
    rss_mb: float


def build(
    warehouse: Path,
    folder: Path,
    select: Sequence[str],
    *,
    threads: int,
    variables: Mapping[str, bool],
    options: Sequence[str] = (),
) -> Build:
    """Build what is selected in a warehouse of its own, dbt's files in a folder.

    Raises:
        BuildError: a model failed.
    """
    target = folder / "target"
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build"]
    command += ["--select", *select, "--resource-type", "model", "--resource-type", "seed"]
    command += ["--vars", json.dumps(variables)]
    command += ["--threads", str(threads), "--project-dir", str(REPOSITORY)]
    command += ["--profiles-dir", str(REPOSITORY), "--target-path", str(target)]
    command += ["--log-path", str(folder / "log"), *options]
    environment = os.environ | {"TONGKE_WAREHOUSE": str(warehouse), "PYTHONPATH": str(REPOSITORY)}
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - dbt, on the project itself
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        used_cpu = _CpuUsed(process.pid)
        # a selector of a model that isn't there is no error, but dbt says so
        said = process.stdout.read() if process.stdout else ""
        used_cpu.stop()
        # of this process alone, and before Popen forgets it
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    results_file = target / "run_results.json"
    if process.returncode != 0 or not results_file.exists():
        raise BuildError(f"dbt ended with {process.returncode}:\n{said}")
    results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
    return Build(
        steps=list(_steps(results, used_cpu)),
        wall_s=time.perf_counter() - began,
        cpu_s=used.ru_utime + used.ru_stime,
        rss_mb=used.ru_maxrss / 1024,
    )


def _steps(results: Sequence[dict[str, Any]], used_cpu: "_CpuUsed") -> Iterator[Step]:
    for result in results:
        if not result["unique_id"].startswith(("model.", "seed.")):
            continue
        times = [
            datetime.fromisoformat(phase[moment]).timestamp()
            for phase in result["timing"]
            for moment in ("started_at", "completed_at")
        ]
        if times:
            yield Step(
                name=result["unique_id"].split(".")[-1],
                wall_s=result["execution_time"],
                cpu_s=used_cpu.between(min(times), max(times)),
            )


@dataclass
class _CpuUsed:
    """Watches the CPU seconds of a process, because dbt's own figures are of the clock alone."""

    pid: int
    _moments: list[float] = field(default_factory=list)
    _seconds: list[float] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        self._done.set()
        self._watcher.join()

    def between(self, start: float, end: float) -> float:
        """What was used from one moment to another; with several threads, by all steps then."""
        return self._at(end) - self._at(start)

    def _at(self, moment: float) -> float:
        after = bisect_right(self._moments, moment)
        if after in (0, len(self._moments)):
            return self._seconds[max(0, after - 1)] if self._seconds else 0.0
        since = self._moments[after - 1]
        share = (moment - since) / (self._moments[after] - since)
        before = self._seconds[after - 1]
        return before + share * (self._seconds[after] - before)

    def _watch(self) -> None:
        stat = Path(f"/proc/{self.pid}/stat")
        while not self._done.wait(_SAMPLED_EVERY):
            try:
                # the program's name stands in brackets and may hold blanks
                fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                return
            self._moments.append(time.time())
            self._seconds.append((int(fields[11]) + int(fields[12])) / _TICKS)
