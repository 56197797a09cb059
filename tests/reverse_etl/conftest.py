from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from worlds import TestWorld

from reverse_etl import cli, invocation


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


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs `reverse-etl` on a world's ledger: its exit code, what it prints, what it complains."""

    def run(world: TestWorld, *words: str) -> tuple[int, str, str]:
        # they take turns on the file, as two processes would
        world.ledger.close()
        monkeypatch.setenv("TONGKE_LEDGER", str(world.ledger.path))
        monkeypatch.setattr("sys.argv", ["reverse-etl", *words])
        for name, replacement in {
            "known_syncs": lambda: {sync.name: sync for sync in world.syncs},
            "open_warehouse": world.warehouse,
            "new_engine": lambda ledger, _stop=None: replace(world.engine, ledger=ledger),
        }.items():
            monkeypatch.setattr(invocation, name, replacement)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None)), printed.out, printed.err

    return run
