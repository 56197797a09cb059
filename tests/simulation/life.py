"""One process's life: it may end at any point, and nothing of it goes on afterwards."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crm.processes import Holder
from reverse_etl.clock import World
from reverse_etl.ledger import Ledger

ELSEWHERE = "elsewhere"
"""The host of a process that lives."""


class Crash(BaseException):
    """The process is gone. No `except` of the engine's may catch this."""


@dataclass
class Life:
    """A process, from its start to its end; `fuse` is how many points it passes before it ends."""

    number: int
    fuse: int | None = None
    is_over: bool = False
    on_end: Callable[[str], None] = lambda _where: None

    def point(self, where: str) -> None:
        """A point at which the process may end."""
        if self.is_over:
            raise Crash(where)
        if self.fuse is None:
            return
        self.fuse -= 1
        if self.fuse < 0:
            self.is_over = True
            self.on_end(where)
            raise Crash(where)

    def holder(self) -> Holder:
        """Whose name its leases bear."""
        return Holder("simulated", self.number, "")


class SimulatedLedger(Ledger):
    """The ledger, opened without the work that would be the same in every world."""

    def _create(self) -> None:
        """Take up what the first ledger of this process compiled; the file is a copy of its."""
        first = _first_ledger()._engine
        self._engine.dialect = first.dialect
        self._engine.pool._dialect = first.dialect
        self._engine._compiled_cache = first._compiled_cache


def open_ledger(path: Path, world: World, life: Life) -> Ledger:
    """The ledger as this process has it: each commit has a point before and one after it."""
    if not path.exists():
        path.write_bytes(_empty_file())
    ledger = SimulatedLedger(
        path,
        world,
        me=life.holder,
        # another process lives only where a world says so
        is_alive=lambda holder: holder.host == ELSEWHERE,
    )
    engine = ledger._engine

    def committed(connection: Any) -> None:
        life.point("before a commit")
        connection.commit()
        life.point("after a commit")

    def begun(_connection: Any) -> None:
        if life.is_over:
            raise Crash("at a transaction")

    # what listens to an engine's events has every statement look for listeners
    engine.dialect.do_commit = committed  # type: ignore[assignment, method-assign]  # the points to end at
    engine.dialect.do_begin = begun  # type: ignore[assignment, method-assign]  # nothing goes on after
    return ledger


@cache
def _first_ledger() -> Ledger:
    """A ledger of which the others are copies."""
    folder = tempfile.TemporaryDirectory()
    ledger = Ledger(Path(folder.name) / "ledger.sqlite", World())
    with ledger.reading() as connection:
        connection.exec_driver_sql("select 1")
    ledger.close()
    ledger.folder = folder  # type: ignore[attr-defined]  # it goes when the process does
    return ledger


@cache
def _empty_file() -> bytes:
    return _first_ledger().path.read_bytes()
