"""A few of the kills of `make kills`: real processes, real servers, kill -9 and SIGTERM."""

import pytest

from tests.kills.campaign import conduct


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("system", "seed"), [("selfbuilt", 1), ("hubspot", 2)])
def test_killed_anywhere_it_ends_as_if_nothing_had_happened(system: str, seed: int) -> None:
    report = conduct(system, kills=5, seed=seed)
    assert report.kills.total() == 5
