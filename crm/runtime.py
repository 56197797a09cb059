"""What a connection takes from the world around it, so that a test can be that world."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from crm.errors import RetryableError


@dataclass(frozen=True, slots=True)
class Runtime:
    """Clocks, sleep and chance."""

    now: Callable[[], float] = time.time
    """Seconds since 1970: what HTTP dates and tokens' ends are compared with."""
    monotonic: Callable[[], float] = time.monotonic
    """A clock that never jumps: what waits are measured by."""
    sleep: Callable[[float], None] = time.sleep
    """May raise a RetryableError to end a wait: nothing is half-done while one waits."""
    chance: Callable[[], float] = random.random
    """From 0 up to 1; spreads the waits of those who were refused together."""


def until(stop: Event) -> Callable[[float], None]:
    """Make a sleep that ends when somebody asks to stop, and with it what was waited for."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise RetryableError("asked to stop, so it isn't waited for")

    return sleep
