"""Two thousand worlds, in each of which everything must hold."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.simulation.__main__ import failure
from tests.simulation.watcher import Violation
from tests.simulation.world import Report, simulate

SEEDS = 2_000
CHUNK = 100
"""So many worlds are one test, so that pytest-xdist can spread them."""


@pytest.mark.parametrize("first", range(1, SEEDS, CHUNK))
def test_everything_holds_in_every_world(first: int) -> None:
    reports = [simulate(seed) for seed in range(first, first + CHUNK)]
    failed = [failure(report) for report in reports if report.violations]
    assert not failed, "\n".join(failed)


def run(root: Path, *options: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *options],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("seed", ["3", "4", "28", "170"])
def test_a_seed_is_the_same_world_every_time(root: Path, seed: str) -> None:
    one, other = (run(root, "--seed", seed, "--trace", hash_seed=each) for each in ("1", "2"))
    assert one.stdout == other.stdout
    assert len(one.stdout.splitlines()) > 10


def test_a_command_runs_some_worlds_and_says_what_they_cost(root: Path) -> None:
    finished = run(root, "--seeds", "5", "--from", "100", "--format", "json")
    assert finished.returncode == 0, finished.stderr
    assert '"seeds": 5' in finished.stdout
    assert '"failed": []' in finished.stdout


def test_a_failing_world_says_how_to_see_it_again() -> None:
    violations: Sequence[Violation] = (Violation("exactly once", "contacts p1 isn't there"),)
    said = failure(Report(4711, tuple(violations), 1, 1, 1))
    assert "exactly once: contacts p1 isn't there" in said
    assert "python -m tests.simulation --seed 4711 --trace" in said
