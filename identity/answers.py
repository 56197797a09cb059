"""What is answered to whoever asks why two are one, or why a value won."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Apart(StrEnum):
    """Why two customers are two."""

    DECIDED = "people decided that they are different"
    CUT = "something links them, and something contradicts it"
    ASKED = "it is a question of the review queue"
    DOUBTFUL = "it is possible, and not among the questions that are asked"
    IMPROBABLE = "what they have in common is too little, or what they don't is too much"
    STRANGERS = "they share nothing by which records are compared"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one respect."""

    comparison: str
    meaning: str
    bits: Decimal
    value: str | None = None
    other_value: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Two records that are taken for one, and why."""

    record_key: str
    other_record_key: str
    linked_by: str
    rule: str
    identifier_type: str | None = None
    identifier: str | None = None
    weight: Decimal | None = None
    probability: Decimal | None = None
    findings: tuple[Finding, ...] = ()
    decided_by: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records of two customers that were compared or decided on."""

    record_key: str
    other_record_key: str
    verdict: str
    judged_by: str
    is_vetoed: bool
    weight: Decimal | None
    probability: Decimal | None
    findings: tuple[Finding, ...]
    pair_key: str | None
    state: str | None
    decided_by: str | None
    reason: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that might have become the golden record's."""

    record_key: str
    source_system: str
    value: str | None
    lost_because: str | None


@dataclass(frozen=True, slots=True)
class Golden:
    """A value of the golden record, and what it won against."""

    attribute: str
    rule: str
    record_key: str
    source_system: str
    bearer_count: int
    value_count: int
    value: str | None
    losers: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: its records, what ties them together, and where its values come from."""

    entity_type: str
    entity_id: str
    records: tuple[str, ...]
    links: tuple[Link, ...]
    values: tuple[Golden, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Why two records are one: the strongest links that lead from the one to the other."""

    entity_type: str
    entity_id: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Why two records are two."""

    entity_type: str
    entity_id: str
    other_entity_id: str
    because: Apart
    cut_links: tuple[Link, ...]
    has_other_claims: bool
    """Each has a number of which a customer has one, and they are different."""
    pairs: tuple[Pair, ...]
