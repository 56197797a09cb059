"""A sandbox's page names every fault and every switch, and what a switch is otherwise."""

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from sandbox.faults import Kind
from sandbox.hubspot.switches import Switches as HubSpotSwitches
from sandbox.switches import Switchable
from sandbox.wukong.switches import Switches as WukongSwitches

PAGES: dict[str, Switchable] = {
    "sandbox.md": HubSpotSwitches(),
    "sandbox-wukong.md": WukongSwitches(),
}


@pytest.fixture
def rows(root: Path) -> Callable[[str], dict[str, str]]:
    """A page's tables: what stands in the first cell, and the rest of the line."""

    def read(page: str) -> dict[str, str]:
        text = (root / "docs" / "reference" / page).read_text(encoding="utf-8")
        found = re.findall(r"^\| (`.+?`) \| (.+) \|$", text, re.MULTILINE)
        return {name: rest for names, rest in found for name in re.findall(r"`(\w+)`", names)}

    return read


@pytest.mark.parametrize("page", PAGES)
def test_every_fault_is_there(rows: Callable[[str], dict[str, str]], page: str) -> None:
    assert set(get_args(Kind)) <= set(rows(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_switch_is_there_with_its_default(
    rows: Callable[[str], dict[str, str]], page: str
) -> None:
    found = rows(page)
    for name, value in asdict(PAGES[page]).items():
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        shown = str(value).lower() if isinstance(value, bool) else shown
        assert shown in found[name].partition(" | ")[0], name
