"""What people say of two records."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What people say of two records."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer, as it is stored: text in every column."""

    entity_type: str
    record_key: str
    other_record_key: str
    verdict: str
    decided_by: str
    reason: str
    decided_at: str
    """In UTC, to the microsecond."""
    probability: str | None
    """What the weights said when it was decided."""
