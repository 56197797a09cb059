"""Only processes of ours are ended."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo import processes
from demo.processes import Process

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
SLEEPER = [sys.executable, "-c", SLEEPS]
STUBBORN = [sys.executable, "-c", DEAF + SLEEPS]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def sleeper(log: Path) -> Iterator[Process]:
    process = started(SLEEPER, log)
    yield process
    processes.end(process)


def started(command: list[str], log: Path) -> Process:
    process = processes.start(command, log, {})
    deadline = time.monotonic() + 20
    while "up" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    return process


def test_ending_a_process_twice_does_nothing_the_second_time(sleeper: Process) -> None:
    assert processes.is_running(sleeper)
    assert processes.end(sleeper) is True
    assert not processes.is_running(sleeper)
    assert processes.end(sleeper) is False


def test_a_process_that_has_the_number_but_began_at_another_time_is_spared(
    sleeper: Process,
) -> None:
    stranger = replace(sleeper, started="another boot/42")
    assert processes.end(stranger) is False
    assert processes.is_running(sleeper)


def test_a_process_that_ignores_the_request_is_made_to_end(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.3)
    process = started(STUBBORN, log)
    assert processes.end(process) is True
    assert not processes.is_running(process)


def test_the_remains_of_an_ended_child_do_not_count_as_running() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child_started = processes._started(child.pid)
        time.sleep(0.5)
        assert not processes.is_running(Process(child.pid, child_started or "gone"))


def test_waiting_for_a_process_that_ends_does_not_wait_on(log: Path) -> None:
    process = processes.start([sys.executable, "-c", ""], log, {})
    began = time.monotonic()
    assert processes.wait_until(process, lambda: False, seconds=60) is False
    assert time.monotonic() - began < 30
