"""The fault plan: what shall go wrong with the next requests.

A plan is a list of steps, as JSON:

    [{"fault": "busy", "times": 3, "on": "batch/upsert", "retry_after": 1},
     {"fault": "error_after", "status": 502, "on": "write"}]

Each request meets the first step that is for it, and uses it up once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

Kind = Literal[
    "busy",  # says that it is too much, with `policy` and `retry_after` as far as the vendor does
    "error",  # answers `status` (500), as the vendor says such things; nothing is done
    "error_after",  # does it, then answers `status` (500)
    "timeout",  # does it, says nothing for `seconds` (3600), then cuts the connection
    "cut",  # cuts the connection; nothing is done
    "cut_after",  # does it, then cuts the connection
    "short",  # does it, and cuts the connection in the middle of the answer
    "shuffle",  # does it, and answers in another order
    "expire_token",  # forgets the tokens it gave, and doesn't know this request's
    "lag",  # from this request on, searches see a write `seconds` later
    "slow",  # does it, and answers after `seconds`
]


class FaultError(ValueError):
    """A fault plan that can't be; it says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One step of a plan."""

    fault: Kind
    times: int = 1
    on: str = ""
    """`read`, `write`, or a part of the path; "" is every request."""
    status: int = 500
    retry_after: float | None = None
    policy: str = "TEN_SECONDLY_ROLLING"
    seconds: float = 3600.0

    def hits(self, path: str, *, is_read: bool) -> bool:
        """Say whether it is for this request."""
        if self.on in {"read", "write"}:
            return (self.on == "read") == is_read
        return self.on in path


class FaultPlan:
    """The steps that are left."""

    def __init__(self) -> None:
        self._steps: list[tuple[Fault, int]] = []

    def add(self, steps: Sequence[Fault]) -> None:
        """Put more steps at the end."""
        self._steps += [(step, step.times) for step in steps]

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._steps = []

    def next(self, path: str, *, is_read: bool) -> Fault | None:
        """Give the step that this request meets; it is used up once."""
        for place, (step, left) in enumerate(self._steps):
            if step.hits(path, is_read=is_read):
                if left > 1:
                    self._steps[place] = (step, left - 1)
                else:
                    del self._steps[place]
                return step
        return None

    def left(self) -> list[dict[str, Any]]:
        """The steps that are left, as JSON."""
        return [
            {name: getattr(step, name) for name in _NAMES} | {"times": left}
            for step, left in self._steps
        ]


def read_faults(said: Any) -> list[Fault]:
    """Read a plan.

    Raises:
        FaultError: it isn't one.
    """
    steps = said if isinstance(said, list) else [said]
    return [_read_step(step) for step in steps]


def _read_step(step: Any) -> Fault:
    if not isinstance(step, dict):
        raise FaultError('a step is an object such as {"fault": "busy", "times": 3}')
    if step.get("fault") not in get_args(Kind):
        raise FaultError(f"`fault` must be one of {', '.join(get_args(Kind))}")
    unknown = sorted(set(step) - set(_NAMES))
    if unknown:
        raise FaultError(f"a step knows no `{unknown[0]}`; it knows {', '.join(_NAMES)}")
    for name, kind in _KINDS.items():
        if name in step and not kind(step[name]):
            raise FaultError(f"`{name}` of a step can't be {step[name]!r}")
    return Fault(**step)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


_NAMES = tuple(each.name for each in fields(Fault))
_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "times": lambda value: isinstance(value, int) and value > 0,
    "on": lambda value: isinstance(value, str),
    "status": lambda value: isinstance(value, int) and 400 <= value <= 599,
    "retry_after": lambda value: value is None or _is_number(value),
    "policy": lambda value: isinstance(value, str),
    "seconds": _is_number,
}
