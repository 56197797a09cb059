"""How many requests an account may send, and how many it did."""

from collections import deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.hubspot.problems import Problem
from sandbox.hubspot.switches import Switches


class Window:
    """How many requests came in any window of so many seconds."""

    def __init__(self) -> None:
        self.accepted: deque[float] = deque()
        self.arrived: deque[float] = deque()
        self.peak = 0
        """The most that arrived in one window, refused ones too."""
        self.refused = 0

    def admit(self, now: float, limit: int, seconds: float) -> bool:
        """Count a request; say whether it may be carried out."""
        for times in (self.accepted, self.arrived):
            while times and times[0] <= now - seconds:
                times.popleft()
        self.arrived.append(now)
        self.peak = max(self.peak, len(self.arrived))
        if len(self.accepted) >= limit:
            self.refused += 1
            return False
        self.accepted.append(now)
        return True


class Quotas:
    """The budgets of an account: bursts and days, searches and associations apart."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.burst = Window()
        self.search = Window()
        self.associations = Window()
        self.days: dict[str, int] = {"requests": 0, "associations": 0}
        self.refused_for_the_day = 0
        self._day_ends = 0.0

    def admit(self, kind: str, now: float, *, is_oauth: bool) -> dict[str, str]:
        """Count a request of a kind (`search`, `associations` or another); gives its headers.

        Raises:
            Problem: it is one too many.
        """
        switches = self.switches
        self._begin_day(now)
        if kind == "search":
            # searches are answered without headers, says HubSpot's guide to usage
            self._admit_to(self.search, now, switches.search_per_second, 1.0)
            self._count_day("requests", switches.daily)
            return {}
        if kind == "associations":
            window, limit = self.associations, switches.association_burst
            self._admit_to(window, now, limit, switches.burst_window)
            self._count_day("associations", switches.association_daily)
            return {}
        window, limit = self.burst, switches.burst
        self._admit_to(window, now, limit, switches.burst_window)
        self._count_day("requests", switches.daily)
        headers = {
            "X-HubSpot-RateLimit-Max": str(limit),
            "X-HubSpot-RateLimit-Remaining": str(limit - len(window.accepted)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(switches.burst_window * 1000)),
        }
        if not is_oauth:
            left = switches.daily - self.days["requests"]
            headers["X-HubSpot-RateLimit-Daily"] = str(switches.daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
        return headers

    def said(self) -> dict[str, int]:
        """What the account did, for whoever wants to check a client."""
        return {
            "most_in_a_window": self.burst.peak,
            "most_searches_in_a_second": self.search.peak,
            "most_associations_in_a_window": self.associations.peak,
            "refused_in_bursts": self.burst.refused + self.associations.refused,
            "refused_searches": self.search.refused,
            "refused_for_the_day": self.refused_for_the_day,
            "requests_today": self.days["requests"],
            "associations_today": self.days["associations"],
        }

    def _admit_to(self, window: Window, now: float, limit: int, seconds: float) -> None:
        if not window.admit(now, limit, seconds):
            is_search = window is self.search
            policy = self.switches.search_policy if is_search else self.switches.burst_policy
            raise too_many(policy)

    def _count_day(self, name: str, limit: int) -> None:
        if self.days[name] >= limit:
            self.refused_for_the_day += 1
            raise too_many(self.switches.daily_policy)
        self.days[name] += 1

    def _begin_day(self, now: float) -> None:
        if now < self._day_ends:
            return
        zone = ZoneInfo(self.switches.time_zone)
        today = datetime.fromtimestamp(now, zone).date()
        midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone)
        self._day_ends = midnight.timestamp()
        self.days = dict.fromkeys(self.days, 0)


def too_many(policy: str) -> Problem:
    """The refusal of a request that is one too many."""
    return Problem(
        429, "RATE_LIMITS", f"You have reached your {policy} limit", {"policy": [policy]}
    )
