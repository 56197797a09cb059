"""What a connection takes from the world around it, so that a test can be that world."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runtime:
    """Clocks, sleep and chance."""

    now: Callable[[], float] = time.time
    """Seconds since 1970: what HTTP dates and tokens' ends are compared with."""
    monotonic: Callable[[], float] = time.monotonic
    """A clock that never jumps: what waits are measured by."""
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    """From 0 up to 1; spreads the waits of those who were refused together."""
