"""For all tests: where things are, a project to run commands in, and no skip in CI."""

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes says how busy the machine is, and nothing of the code
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(autouse=True)
def _own_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each connection of a test draw on a budget of its own; their clocks differ."""
    monkeypatch.setenv("TONGKE_QUOTA", "off")


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of this project by links, with a `var` and a `target` of its own."""

    folder: Path
    environment: Mapping[str, str]

    def run(
        self, *command: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder, as a user would; its output is one text."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def linked_project(tmp_path: Path) -> Project:
    """A project that a test may change the data of."""
    folder = tmp_path / "project"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in {".git", "var", "target", "logs"}:
            (folder / path.name).symlink_to(path)
    ours = ("TONGKE_", "DLT_", "DBT_", "SOURCES__", "CRM__")
    environment = {key: text for key, text in os.environ.items() if not key.startswith(ours)}
    # the commands are installed beside this Python; they import what is tested here
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment["PYTHONPATH"] = str(ROOT)
    environment["COLUMNS"] = "200"
    return Project(folder, environment)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, turn a skipped test into a failed one."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI, turn a file that skips itself into a failed one."""
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure, in CI, which installs whatever a test needs."""
    if os.environ.get("CI") != "true" or report.outcome != "skipped":
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{reason}: CI allows no skip"
