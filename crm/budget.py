"""What is known of one budget of requests, and how those who draw on it share that."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol


@dataclass(slots=True)
class Budget:
    """One budget of an account, as all who draw on it know it.

    Times are those of the runtime's monotonic clock, where nothing else is said.
    """

    next: float = 0.0
    """When the next request would go if they were spaced evenly."""
    paused_until: float = 0.0
    refusals: int = 0
    """How often the CRM said in a row that it is enough, without saying for how long."""
    refused_at: float | None = None
    """When it said so last, in seconds since 1970."""
    limit: int | None = None
    """How many requests a window may hold, says the CRM."""
    window: float | None = None
    """How long a window is, says the CRM, in seconds."""
    day_ends: float = 0.0
    """In seconds since 1970."""
    sent_today: int = 0
    left_today: int | None = None
    """What the CRM said is left of the day, less what was sent since."""
    is_spent: bool = False
    """Whether the CRM said that nothing is left of the day."""
    under_way: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By who sent them: how many requests have no answer yet, and when the last of them left."""
    answered: list[tuple[float, int]] = field(default_factory=list)
    """The window's other requests: when they were answered, and how many were."""


class Store(Protocol):
    """Keeps one budget for all who draw on it."""

    @property
    def me(self) -> str:
        """The name under which our requests stand in `under_way`."""

    def changing(self) -> AbstractContextManager[Budget]:
        """Give the budget while nobody else has it; kept as it is when the block ends well."""

    def read(self) -> Budget:
        """Give a copy of the budget."""

    def lost(self, budget: Budget) -> list[str]:
        """Name those whose requests under way will never be said to have ended."""


class InMemory:
    """A budget that the threads of this process share, and nobody else."""

    me = ""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._budget = Budget()

    @contextmanager
    def changing(self) -> Iterator[Budget]:
        """Give the budget while no other thread has it."""
        with self._lock:
            yield self._budget

    def read(self) -> Budget:
        """Give a copy of the budget."""
        with self._lock:
            return replace(
                self._budget,
                under_way=dict(self._budget.under_way),
                answered=list(self._budget.answered),
            )

    def lost(self, budget: Budget) -> list[str]:  # noqa: ARG002 - the protocol's signature
        """Name nobody: these requests end with their process, and so does the budget."""
        return []
