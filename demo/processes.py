"""Processes that outlive the command that started them, and are ended by number: ours, no others.

A process is known by its number together with the time at which it started, because numbers are
given out again. That time is read from /proc, or from `ps` where there is no /proc.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A process that we started."""

    pid: int
    started: str
    """When it started, as the system puts it; only compared, never read."""


def start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Process:
    """Start a process in a session of its own, so that a Ctrl-C on the terminal spares it."""
    with log.open("ab") as output:
        popen = subprocess.Popen(  # noqa: S603  the commands are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    return Process(pid=popen.pid, started=_started(popen.pid) or "")


def is_running(process: Process) -> bool:
    """Say whether that very process is still there."""
    _reap(process.pid)
    return _started(process.pid) == process.started != ""


def end(process: Process) -> bool:
    """Ask a process to end, make it end if it doesn't, and say whether there was anything to do."""
    if not is_running(process):
        return False
    for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        os.kill(process.pid, number)
        if _wait(lambda: not is_running(process), patience):
            return True
    raise RuntimeError(f"process {process.pid} doesn't end, not even by SIGKILL")


def wait_until(process: Process, is_ready: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait until a process is ready; False if it ended instead, or took too long."""
    _wait(lambda: not is_running(process) or is_ready(), seconds)
    return is_running(process) and is_ready()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _started(pid: int) -> str | None:
    """Return when a process started; None if there is none, or only its remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    # the command's name is in brackets and may hold anything, so count from behind it
    fields = stat.rpartition(")")[2].split()
    state, ticks_since_boot = fields[0], fields[19]
    if state in {"Z", "X"}:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return f"{boot}/{ticks_since_boot}"


def _started_by_ps(pid: int) -> str | None:
    answer = subprocess.run(  # noqa: S603  a number is all that is passed on
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


def _reap(pid: int) -> None:
    """Collect a child of ours that has ended, or it would stay in the process table."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
