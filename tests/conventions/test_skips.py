"""In CI a test that skips itself fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_one():
    pytest.skip("no server")
"""


def outcome(folder: Path, text: str, *options: str, ci: str) -> int:
    """What pytest ends with on a file, under the conftest of all tests."""
    shutil.copy(Path(__file__).parent.parent / "conftest.py", folder)
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    finished = subprocess.run(
        [*command, str(folder)],
        cwd=folder,
        env={**ours, "CI": ci},
        capture_output=True,
        check=False,
    )
    return finished.returncode


@pytest.mark.parametrize(("ci", "expected"), [("true", 1), ("", 0)])
def test_a_skip_fails_in_ci(tmp_path: Path, ci: str, expected: int) -> None:
    assert outcome(tmp_path, SKIPPING, ci=ci) == expected


def test_a_skip_in_a_process_that_runs_some_of_the_tests_fails_too(tmp_path: Path) -> None:
    assert outcome(tmp_path, SKIPPING, "--numprocesses", "2", ci="true") == 1


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_file_that_skips_itself_fails_in_ci(tmp_path: Path, processes: str) -> None:
    text = "import pytest\npytest.importorskip('not_installed')\n"
    assert outcome(tmp_path, text, "--numprocesses", processes, ci="true") != 0
