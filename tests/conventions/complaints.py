"""How a check that found something fails: with every complaint on a line of its own."""

from collections.abc import Iterable

import pytest


def expect_none(complaints: Iterable[str]) -> None:
    """Fail with all complaints at once, if there are any."""
    found = list(complaints)
    if found:
        pytest.fail("\n".join([f"{len(found)} complaints:", *found]), pytrace=False)
