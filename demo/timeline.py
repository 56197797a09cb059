"""When things happen at the demo company: more of it each year, less on Sundays, most on 11/11."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

_WEEKDAY_WEIGHTS = (1.1, 1.1, 1.05, 1.05, 1.0, 0.7, 0.5)
_SINGLES_DAY_WEIGHT = 6.0
_GROWTH = 0.8
"""How much busier the last day is than the first."""


def busy_days(total: int, first: date, end: date) -> Iterator[tuple[date, int]]:
    """Spread exactly `total` events over the days from `first` up to `end`, without `end`."""
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    weights = [
        _WEEKDAY_WEIGHTS[day.weekday()]
        * (1 + _GROWTH * number / len(days))
        * (_SINGLES_DAY_WEIGHT if (day.month, day.day) == (11, 11) else 1)
        for number, day in enumerate(days)
    ]
    done, weight_so_far, whole = 0, 0.0, sum(weights)
    for day, weight in zip(days, weights, strict=True):
        weight_so_far += weight
        due = round(total * weight_so_far / whole)
        yield day, due - done
        done = due


def moment(rng: Random, day: date) -> datetime:
    """Draw a moment of that day between eight in the morning and ten in the evening."""
    seconds = rng.randrange(8 * 3600, 22 * 3600)
    return datetime.combine(day, time()) + timedelta(seconds=seconds)
