"""Fixtures for tests that need a running demo company.

A conftest takes them with `from demo.testing import demo_company, own_demo_company`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from demo import settings, story, systems
from demo.layout import Home, State

SIZE = 60
SEED = 7
AS_OF = date(2026, 11, 1)


@dataclass(frozen=True)
class DemoCompany:
    """A small demo company whose servers run."""

    home: Home

    @property
    def state(self) -> State:
        """What was started."""
        state = self.home.read_state()
        if state is None:
            raise RuntimeError(f"there is no demo in {self.home.folder}")
        return state

    @property
    def environment(self) -> dict[str, str]:
        """What points the project's commands at this company; they run in the repository."""
        return story.environment_of(self.home)

    @property
    def helpdesk_url(self) -> str:
        """The tracker's base address, with its last slash."""
        return self.state.urls["helpdesk"]

    @property
    def crm_url(self) -> str:
        """The CRM's base address, with its last slash."""
        return self.state.urls["crm"]

    @property
    def passwords(self) -> settings.Passwords:
        """Everybody's password."""
        return settings.read_passwords(self.home)

    def change(self, system: str) -> str:
        """Make one change at one system, and return what it was."""
        return systems.change(self.home, system)


@pytest.fixture(scope="session")
def demo_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCompany]:
    """A company that tests share, so they only read it."""
    yield from running(tmp_path_factory.mktemp("company") / "demo")


@pytest.fixture
def own_demo_company(tmp_path: Path) -> Iterator[DemoCompany]:
    """A company of the test's own, which it may change; two to three seconds."""
    yield from running(tmp_path / "demo")


@contextmanager
def empty_demo_company(folder: Path) -> Iterator[DemoCompany]:
    """A company whose servers run and know nobody yet; whoever takes it fills its systems."""
    home = Home(folder)
    systems.start_empty(home, SIZE, SEED, AS_OF)
    try:
        yield DemoCompany(home)
    finally:
        systems.stop(home)


def running(folder: Path) -> Iterator[DemoCompany]:
    """Start a company in a folder, and end it when whoever has it is done."""
    home = Home(folder)
    systems.start(home, SIZE, SEED, AS_OF, report=lambda _done: None)
    try:
        yield DemoCompany(home)
    finally:
        systems.stop(home)
