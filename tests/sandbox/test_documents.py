"""The sandbox's page names every fault and every switch, and what a switch is otherwise."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from sandbox.faults import Kind
from sandbox.hubspot.switches import Switches


@pytest.fixture
def rows(root: Path) -> dict[str, str]:
    """The page's tables: what stands in the first cell, and the rest of the line."""
    text = (root / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (`.+?`) \| (.+) \|$", text, re.MULTILINE)
    return {name: rest for names, rest in found for name in re.findall(r"`(\w+)`", names)}


def test_every_fault_is_there(rows: dict[str, str]) -> None:
    assert set(get_args(Kind)) <= set(rows)


def test_every_switch_is_there_with_its_default(rows: dict[str, str]) -> None:
    for name, value in asdict(Switches()).items():
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        shown = str(value).lower() if isinstance(value, bool) else shown
        assert shown in rows[name].partition(" | ")[0], name
