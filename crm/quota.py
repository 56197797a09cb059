"""One budget of requests per connection: a token for each, retries and reads included."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.errors import RetryableError
from crm.runtime import Runtime

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a CRM may be asked."""

    per_second: float | None = None
    burst: int = 1
    """How many requests may go at once after a rest; 1 spaces them evenly."""
    per_window: int | None = None
    """How many requests any `window` seconds may hold; they may all go at once."""
    window: float = 10.0
    is_firm: bool = False
    """What the CRM says of its window may lower `per_window`, but not raise it."""
    per_day: int | None = None
    time_zone: str = "UTC"
    """Where midnight is, at which the day of `per_day` begins."""
    in_flight: int = 4
    patience: float = 120.0
    """The longest wait in seconds that is waited here; a longer one is the caller's to decide."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of the budget, as far as it does."""

    limit: int | None = None
    remaining: int | None = None
    window: float | None = None
    """In seconds."""
    remaining_today: int | None = None


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
        self._zone = UTC if rate.time_zone == "UTC" else ZoneInfo(rate.time_zone)
        self._day_ends = 0.0
        self._sent_today = 0
        self._is_spent = False
        self._per_window = rate.per_window
        self._window = rate.window
        self._under_way = 0
        self._ended: deque[float] = deque()  # when the window's other requests were answered

    def take(self) -> None:
        """Wait until a request may be sent; `ended` must be called when it has been.

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

    def ended(self) -> None:
        """Take note that a request was answered, or given up.

        A place in the window is free again a window after this, not after the request left:
        nobody knows when in between the CRM counted it.
        """
        with self._lock:
            self._under_way -= 1
            if self._per_window is not None:
                self._ended.append(self._runtime.monotonic())

    def told(self, said: Said) -> None:
        """Believe what the CRM says of the budget; others may be drawing on it too."""
        with self._lock:
            if said.window:
                self._window = said.window
            if said.limit:
                own = self._rate.per_window
                is_kept = self._rate.is_firm and own is not None and own < said.limit
                self._per_window = own if is_kept else said.limit
                if said.remaining is not None:
                    now = self._forget_old()
                    others = said.limit - said.remaining - self._under_way - len(self._ended)
                    self._ended.extend([now] * max(0, others))
            if said.remaining_today == 0:
                self._begin_day()
                self._is_spent = True

    def spent(self) -> float:
        """Take note that there is nothing left of this day; gives the seconds until the next."""
        with self._lock:
            now = self._begin_day()
            self._is_spent = True
            return self._day_ends - now

    def _try(self) -> float:
        """Take a token if there is one; else say how long to wait."""
        with self._lock:
            now = self._runtime.monotonic()
            spaced = self._next - (self._rate.burst - 1) * self._interval
            wait = max(spaced, self._paused_until) - now
            if wait > 0:
                return wait
            rest = self._wait_for_window() or self._wait_for_tomorrow()
            if rest > 0:
                return rest
            self._next = max(self._next, now) + self._interval
            self._sent_today += 1
            self._under_way += 1
            return 0.0

    def _wait_for_window(self) -> float:
        if self._per_window is None:
            return 0.0
        now = self._forget_old()
        if self._under_way + len(self._ended) < self._per_window:
            return 0.0
        # with all of them under way there is nothing to count from yet
        return self._ended[0] + self._window - now if self._ended else self._window / 100

    def _forget_old(self) -> float:
        now = self._runtime.monotonic()
        while self._ended and self._ended[0] + self._window <= now:
            self._ended.popleft()
        return now

    def _wait_for_tomorrow(self) -> float:
        if self._rate.per_day is None and not self._is_spent:
            return 0.0
        now = self._begin_day()
        per_day = self._rate.per_day
        if self._is_spent or (per_day is not None and self._sent_today >= per_day):
            return self._day_ends - now
        return 0.0

    def _begin_day(self) -> float:
        now = self._runtime.now()
        if now >= self._day_ends:
            today = datetime.fromtimestamp(now, self._zone)
            midnight = datetime.combine(today.date() + timedelta(days=1), datetime.min.time())
            self._day_ends = midnight.replace(tzinfo=self._zone).timestamp()
            self._sent_today, self._is_spent = 0, False
        return now
