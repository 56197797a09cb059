"""Time, chance and who is done first, passed in so that the engine can run in a simulated world."""

import random
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def text(moment: datetime) -> str:
    """UTC in the one form that the ledger holds, which sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def first_done(tasks: Collection[Future[Any]]) -> Collection[Future[Any]]:
    """Wait until one of the tasks is done, or a quarter of many; gives those that are.

    What came of several is written down in one transaction, which takes little longer than it
    does for one; the rest keeps all connections busy meanwhile.
    """
    for _ in islice(as_completed(tasks), max(1, len(tasks) // 4)):
        pass
    return [task for task in tasks if task.done()]


@dataclass(frozen=True, slots=True)
class World:
    """The clock and the chance of one run, and how it waits for what is under way."""

    clock: Clock = field(default_factory=SystemClock)
    chance: random.Random = field(default_factory=random.Random)
    first_done: Callable[[Collection[Future[Any]]], Collection[Future[Any]]] = first_done
    longest_sleep: float = 1.0
    """Seconds after which whoever waits looks again whether somebody asks it to stop."""

    def now(self) -> str:
        """The time as text."""
        return text(self.clock.now())

    def new_id(self) -> str:
        """An id that sorts by time."""
        return f"{self.clock.now():%Y%m%dT%H%M%S}-{self.chance.getrandbits(32):08x}"
