"""A batch on its way: what is sent together, how often, and what was heard of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reverse_etl.ledger import Attempt, Settled

SettledAs = Literal["written", "rejected", "not_written", "gone"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on with a CRM that doesn't take our requests."""

    sends: int = 8
    """How often one batch is sent before the run gives up on the CRM."""
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_wait: float = 300.0
    """A CRM that wants us to wait longer than that ends the run; the next one goes on."""
    longest_job: float = 3600.0
    """So long a run waits for what the CRM answers later; the next one collects it."""


@dataclass(slots=True)
class Batch:
    """Records of one operation that travel together."""

    batch_id: str
    operation: str
    attempts: Sequence[Attempt]
    intent_at: str = ""
    """When its intent was written down; empty as long as it isn't."""
    sends: int = 0
    due: float = 0.0
    receipt: str | None = None
    """What the CRM gave for it, if it answers later; it isn't sent then, but asked for."""
    given_up_at: float = 0.0
    answers: int = 0
    """How many batches had been answered when it was made."""
    is_unsure: bool = False
    """It may have been carried out: nobody heard of one of its sends."""

    def settled(self, attempt: Attempt, outcome: SettledAs, **facts: Any) -> Settled:
        """What became of one of its records."""
        return Settled(
            attempt,
            outcome,
            sends=self.sends,
            batch_id=self.batch_id,
            intent_at=self.intent_at,
            **facts,
        )


@dataclass(slots=True)
class Answer:
    """A batch's outcomes, sorted by what is to be done about them."""

    settled: list[Settled] = field(default_factory=list)
    again: list[Attempt] = field(default_factory=list)
    lost: list[Attempt] = field(default_factory=list)
    """Surely not written either, but not because the CRM refused: it failed, or never heard."""
    unknown: list[Attempt] = field(default_factory=list)
    pending: dict[str, list[Attempt]] = field(default_factory=dict)
    """By receipt."""
    unreadable: str | None = None
    """Why what became of those that are unknown can't be read back now."""
    after: float = 0.0
    """Seconds before what is pending is worth asking for."""
