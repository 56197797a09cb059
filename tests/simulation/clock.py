"""Time that passes only when somebody waits, and whatever else the engine takes from its world."""

import random
from collections.abc import Callable, Collection
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

from crm.runtime import Runtime
from reverse_etl.clock import World, first_done

BEGINNING = datetime(2026, 1, 1, 8, tzinfo=UTC)


class SimulatedClock:
    """Time that passes only when somebody waits; two moments are never the same."""

    def __init__(self, time: datetime = BEGINNING) -> None:
        self.time = time

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def seconds(self) -> float:
        """Seconds since 1970."""
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=max(0.0, seconds))


def new_world(
    clock: SimulatedClock,
    seed: int,
    wait: Callable[[Collection[Future[Any]]], Collection[Future[Any]]] = first_done,
) -> World:
    """What the engine gets for a world."""
    return World(clock, random.Random(seed), wait)


def new_runtime(clock: SimulatedClock, seed: int) -> Runtime:
    """What a connection gets for one."""
    return Runtime(clock.seconds, clock.seconds, clock.sleep, random.Random(seed).random)
