"""One budget of requests per account: a token for each, retries and reads included."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.budget import Budget, InMemory, Store
from crm.errors import RetryableError
from crm.runtime import Runtime

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
LONGEST_DAY = 26 * 3600.0
"""Seconds; the one on which summer time ends has 25 hours."""
STEPS = 50
"""How finely a window is counted: a place comes free at most this share of a window late."""


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


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget."""

    in_window: int | None
    """Requests that may go at once; None if no window is known."""
    per_second: float | None
    """How many requests may go in the long run; None if nothing bounds them."""
    today: int | None
    """None if no day is known to be bounded."""
    day_ends: float
    """In seconds since 1970."""
    under_way: int
    paused_for: float
    """Seconds for which the CRM asked everybody to wait."""
    refused_at: float | None
    """When it last said that it is enough, in seconds since 1970."""


class Quota:
    """Hands out permission to send a request, to all who share its store."""

    def __init__(self, rate: Rate, runtime: Runtime, store: Store | None = None) -> None:
        self._rate = rate
        self._runtime = runtime
        self._store = store or InMemory()
        self._interval = 1 / rate.per_second if rate.per_second else 0.0
        self._zone = UTC if rate.time_zone == "UTC" else ZoneInfo(rate.time_zone)
        self._was_refused = False

    def take(self) -> None:
        """Wait until a request may be sent; `ended` must be called when it has been.

        Raises:
            RetryableError: that would take longer than patience lasts.
        """
        while (wait := self.try_take()) > 0:
            if wait > self._rate.patience:
                raise RetryableError(
                    f"no request may be sent for another {wait:.0f} s", after=wait
                ) from None
            self._runtime.sleep(wait)

    def try_take(self) -> float:
        """Take a token if there is one; else say how many seconds to wait."""
        with self._store.changing() as budget:
            self._was_refused = budget.refusals > 0
            now = self._runtime.monotonic()
            spaced = budget.next - (self._rate.burst - 1) * self._interval
            wait = max(spaced, budget.paused_until) - now
            if wait > 0:
                return wait
            wait = self._wait_for_window(budget, now) or self._wait_for_tomorrow(budget)
            if wait > 0:
                return wait
            budget.next = max(budget.next, now) + self._interval
            budget.sent_today += 1
            if budget.left_today is not None:
                budget.left_today = max(0, budget.left_today - 1)
            count, _ = budget.under_way.get(self._store.me, (0, now))
            budget.under_way[self._store.me] = (count + 1, now)
            return 0.0

    def refused(self, after: float | None) -> None:
        """Let nobody send for a while: the CRM said that it is enough, and perhaps how long."""
        with self._store.changing() as budget:
            now = self._runtime.monotonic()
            budget.refused_at = self._runtime.now()
            if not after:
                # the others who were in flight were refused for the same reason, not for a new one
                if now < budget.paused_until:
                    return
                after = backoff(budget.refusals, FIRST_WAIT, self._runtime)
                budget.refusals += 1
                self._was_refused = True
            budget.paused_until = max(budget.paused_until, now + after)

    def accepted(self) -> None:
        """Take note that the CRM is willing again."""
        if self._was_refused:
            with self._store.changing() as budget:
                budget.refusals = 0
                self._was_refused = False

    def ended(self, said: Said | None = None) -> None:
        """Take note that a request was answered, or given up, and of what the answer `said`.

        A place in the window is free again a window after this, not after the request left:
        nobody knows when in between the CRM counted it.
        """
        with self._store.changing() as budget:
            count, since = budget.under_way.pop(self._store.me, (1, 0.0))
            if count > 1:
                budget.under_way[self._store.me] = (count - 1, since)
            now = self._runtime.monotonic()
            self._note_answers(budget, now, 1)
            if said is not None:
                self._believe(budget, now, said)

    def _believe(self, budget: Budget, now: float, said: Said) -> None:
        """Believe what the CRM says of the budget; others may be drawing on it too."""
        if said.window:
            budget.window = said.window
        if said.limit:
            budget.limit = said.limit
            if said.remaining is not None:
                others = said.limit - said.remaining - self._in_window(budget, now)
                self._note_answers(budget, now, max(0, others))
        if said.remaining_today is not None:
            self._begin_day(budget)
            budget.left_today = said.remaining_today
            budget.is_spent = budget.is_spent or said.remaining_today == 0

    def spent(self) -> float:
        """Take note that there is nothing left of this day; gives the seconds until the next."""
        with self._store.changing() as budget:
            now = self._begin_day(budget)
            budget.refused_at = now
            budget.is_spent = True
            return budget.day_ends - now

    def left(self) -> Left:
        """Say what is left; nothing is taken."""
        budget = self._store.read()
        now = self._runtime.monotonic()
        per_window, window = self._window_of(budget)
        rates = [self._rate.per_second, None if per_window is None else per_window / window]
        self._begin_day(budget)
        per_day = self._rate.per_day
        today = [budget.left_today, None if per_day is None else per_day - budget.sent_today]
        return Left(
            in_window=per_window and max(0, per_window - self._in_window(budget, now)),
            per_second=min((rate for rate in rates if rate is not None), default=None),
            today=0
            if budget.is_spent
            else min((max(0, each) for each in today if each is not None), default=None),
            day_ends=budget.day_ends,
            under_way=_under_way(budget),
            paused_for=max(0.0, budget.paused_until - now),
            refused_at=budget.refused_at,
        )

    def _window_of(self, budget: Budget) -> tuple[int | None, float]:
        """How many requests how many seconds may hold."""
        own, said = self._rate.per_window, budget.limit
        is_own = said is None or (self._rate.is_firm and own is not None and own < said)
        return own if is_own else said, budget.window or self._rate.window

    def _wait_for_window(self, budget: Budget, now: float) -> float:
        per_window, window = self._window_of(budget)
        if per_window is None or self._in_window(budget, now) < per_window:
            return 0.0
        for name in self._store.lost(budget):
            # nobody will say when they ended; until now the CRM may have counted them
            self._note_answers(budget, now, budget.under_way.pop(name)[0])
        # with all of them under way there is nothing to count from yet
        return budget.answered[0][0] + window - now if budget.answered else window / STEPS

    def _in_window(self, budget: Budget, now: float) -> int:
        """How many requests the window holds, as far as anybody knows."""
        _, window = self._window_of(budget)
        old = 0
        while old < len(budget.answered) and budget.answered[old][0] + window <= now:
            old += 1
        del budget.answered[:old]
        return _under_way(budget) + sum(count for _, count in budget.answered)

    def _note_answers(self, budget: Budget, now: float, count: int) -> None:
        per_window, window = self._window_of(budget)
        if per_window is None or count == 0:
            return
        # answers of one step count as one, at its end: the budget stays small for any window
        step = window / STEPS
        moment = max(now, math.ceil(now / step) * step)
        if budget.answered and budget.answered[-1][0] >= moment:
            moment, before = budget.answered.pop()
            count += before
        budget.answered.append((moment, count))

    def _wait_for_tomorrow(self, budget: Budget) -> float:
        now = self._begin_day(budget)
        per_day = self._rate.per_day
        if budget.is_spent or (per_day is not None and budget.sent_today >= per_day):
            return budget.day_ends - now
        return 0.0

    def _begin_day(self, budget: Budget) -> float:
        now = self._runtime.now()
        # a day that ends later than any can was begun by a clock that was wrong
        if not now < budget.day_ends <= now + LONGEST_DAY:
            today = datetime.fromtimestamp(now, self._zone)
            midnight = datetime.combine(today.date() + timedelta(days=1), datetime.min.time())
            budget.day_ends = midnight.replace(tzinfo=self._zone).timestamp()
            budget.sent_today, budget.left_today, budget.is_spent = 0, None, False
        return now


def _under_way(budget: Budget) -> int:
    return sum(count for count, _ in budget.under_way.values())
