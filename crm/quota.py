"""One budget of requests per connection: a token for each, retries and reads included."""

import threading
from dataclasses import dataclass

from crm.errors import RetryableError
from crm.runtime import Runtime

DAY = 86_400
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a CRM may be asked."""

    per_second: float | None = None
    burst: int = 1
    """How many requests may go at once after a rest; 1 spaces them evenly."""
    per_day: int | None = None
    in_flight: int = 4
    patience: float = 120.0
    """The longest wait in seconds that is waited here; a longer one is the caller's to decide."""


def backoff(attempt: int, first: float, runtime: Runtime) -> float:
    """Give a wait that doubles, spread so that those refused together don't return together."""
    longest = min(LONGEST_WAIT, first * float(1 << min(attempt, 16)))
    return longest * (0.5 + runtime.chance() / 2)


class Quota:
    """Hands out permission to send a request; all threads of a connection share it."""

    def __init__(self, rate: Rate, runtime: Runtime) -> None:
        self._rate = rate
        self._runtime = runtime
        self._interval = 1 / rate.per_second if rate.per_second else 0.0
        self._lock = threading.Lock()
        self._next = 0.0  # when the next request would go if they were spaced evenly
        self._paused_until = 0.0
        self._refusals = 0
        self._day = -1
        self._sent_today = 0

    def take(self) -> None:
        """Wait until a request may be sent.

        Raises:
            RetryableError: that would take longer than patience lasts.
        """
        while (wait := self._try()) > 0:
            if wait > self._rate.patience:
                raise RetryableError(
                    f"no request may be sent for another {wait:.0f} s", after=wait
                ) from None
            self._runtime.sleep(wait)

    def refused(self, after: float | None) -> None:
        """Let nobody send for a while: the CRM said that it is enough, and perhaps how long."""
        with self._lock:
            now = self._runtime.monotonic()
            if not after:
                # the others who were in flight were refused for the same reason, not for a new one
                if now < self._paused_until:
                    return
                after = backoff(self._refusals, FIRST_WAIT, self._runtime)
                self._refusals += 1
            self._paused_until = max(self._paused_until, now + after)

    def accepted(self) -> None:
        """Take note that the CRM is willing again."""
        self._refusals = 0

    def _try(self) -> float:
        """Take a token if there is one; else say how long to wait."""
        with self._lock:
            now = self._runtime.monotonic()
            spaced = self._next - (self._rate.burst - 1) * self._interval
            wait = max(spaced, self._paused_until) - now
            if wait > 0:
                return wait
            if self._rate.per_day is not None and (rest := self._wait_for_tomorrow()) > 0:
                return rest
            self._next = max(self._next, now) + self._interval
            return 0.0

    def _wait_for_tomorrow(self) -> float:
        now = self._runtime.now()
        day = int(now // DAY)
        if day != self._day:
            self._day, self._sent_today = day, 0
        if self._rate.per_day is not None and self._sent_today >= self._rate.per_day:
            return (day + 1) * DAY - now
        self._sent_today += 1
        return 0.0
