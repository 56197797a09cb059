from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds import TestWorld


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[Callable[..., TestWorld]]:
    """Makes worlds that are let go of at the end."""
    made: list[TestWorld] = []

    def make(**settings: Any) -> TestWorld:
        world = TestWorld(tmp_path / str(len(made)), **settings)
        made.append(world)
        return world

    yield make
    for world in made:
        world.ledger.close()
