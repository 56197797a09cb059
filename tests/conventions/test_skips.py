"""In CI a test that skips itself fails, unless tests/conftest.py allows the reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_one():
    pytest.skip("{reason}")
"""


def outcome(folder: Path, text: str, *, ci: str) -> int:
    """What pytest ends with on a file, under the conftest of all tests."""
    shutil.copy(Path(__file__).parent.parent / "conftest.py", folder)
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    environment = {**os.environ, "CI": ci}
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False
    )
    return finished.returncode


@pytest.mark.parametrize(
    ("ci", "reason", "expected"),
    [
        ("true", "no server", 1),
        ("true", "systemd-analyze isn't here", 0),
        ("", "no server", 0),
    ],
)
def test_a_skip_fails_in_ci(tmp_path: Path, ci: str, reason: str, expected: int) -> None:
    assert outcome(tmp_path, SKIPPING.format(reason=reason), ci=ci) == expected


def test_a_file_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    text = "import pytest\npytest.importorskip('not_installed')\n"
    assert outcome(tmp_path, text, ci="true") != 0


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    # a made-up test file, not a test that is expected to fail here
    text = "import pytest\n@pytest.mark.xfail\ndef test_one():\n    assert False\n"
    assert outcome(tmp_path, text, ci="true") == 0
