"""Time that passes only when somebody waits, and whatever else the engine takes from its world."""

import random
from collections.abc import Callable, Collection
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

from crm.runtime import Runtime
from reverse_etl.clock import World, first_done

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING = datetime(2026, 1, 1, 8, tzinfo=UTC)
LONGEST_SLEEP = 60.0
"""Seconds; jobs here take an hour, and a look at every one of them is most of a world's steps."""


class SimulatedClock:
    """Time that passes only when somebody waits; two moments are never the same."""

    def __init__(self, time: datetime = BEGINNING) -> None:
        # in whole microseconds since 1970, which are quicker counted than times are
        self._passed = round(time.timestamp() * 1_000_000)

    @property
    def time(self) -> datetime:
        """What time it is; to look takes none."""
        return EPOCH + timedelta(microseconds=self._passed)

    def now(self) -> datetime:
        self._passed += 1
        return self.time

    def seconds(self) -> float:
        """Seconds since 1970."""
        self._passed += 1
        return self._passed / 1_000_000

    def sleep(self, seconds: float) -> None:
        self._passed += max(0, round(seconds * 1_000_000))


def new_world(
    clock: SimulatedClock,
    seed: int,
    wait: Callable[[Collection[Future[Any]]], Collection[Future[Any]]] = first_done,
) -> World:
    """What the engine gets for a world."""
    return World(clock, random.Random(seed), wait, LONGEST_SLEEP)


def new_runtime(clock: SimulatedClock, seed: int) -> Runtime:
    """What a connection gets for one."""
    return Runtime(clock.seconds, clock.seconds, clock.sleep, random.Random(seed).random)
