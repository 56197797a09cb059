"""Set the two thresholds from labelled records: from where on pairs merge, and are asked about.

A threshold holds for pairs that were scored, which are the doubtful ones: what the sure rules
have joined never comes here. Probabilities take the size of the data into account, so
thresholds set on one size hold for another.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from identity.errors import IdentityError

STEP = Decimal("0.05")
LEAST, MOST = Decimal("0.3"), Decimal("0.99")


@dataclass(frozen=True, slots=True)
class Band:
    """The scored pairs from one probability on."""

    entity_type: str
    probability: Decimal
    pairs: int
    same: int

    @property
    def precision(self) -> float:
        """How many of these pairs are one, between 0 and 1."""
        return self.same / self.pairs if self.pairs else 1.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What to write into dbt_project.yml."""

    merge: Decimal
    review: Decimal


def bands(warehouse: Path, truth: Path) -> list[Band]:
    """How many pairs there are from each probability on, and how many of them are one.

    `truth` is a CSV of source_system, source_record_id and entity.

    Raises:
        IdentityError: none of the scored records is in the truth.
    """
    with duckdb.connect(warehouse, read_only=True) as connection:
        connection.execute(
            "create temporary table truth as "
            "select source_system || ':' || source_record_id as record_key, entity "
            "from read_csv(?, all_varchar = true)",
            [str(truth)],
        )
        rows = connection.execute(
            """
            select judged.entity_type, judged.probability, one.entity = other.entity
            from intermediate.int_pairs_judged as judged
            inner join truth as one on judged.record_key = one.record_key
            inner join truth as other on judged.other_record_key = other.record_key
            where judged.judged_by = 'weights'
            """
        ).fetchall()
    if not rows:
        raise IdentityError(f"{truth} knows none of the records whose pairs were scored")
    steps = [LEAST + STEP * number for number in range(int((MOST - LEAST) / STEP) + 1)] + [MOST]
    return [
        Band(
            entity_type,
            step,
            sum(1 for kind, probability, _ in rows if kind == entity_type and probability >= step),
            sum(
                1
                for kind, probability, same in rows
                if kind == entity_type and probability >= step and same
            ),
        )
        for entity_type in ("person", "company")
        for step in steps
    ]


def chosen(found: list[Band], precision: float) -> Thresholds:
    """The lowest probability from which on all pairs together are one with that precision.

    People are asked from where at least every second pair is one.

    Raises:
        IdentityError: the precision is reached nowhere.
    """
    people = [band for band in found if band.entity_type == "person" and band.pairs]
    precise = [band.probability for band in people if band.precision >= precision]
    if not precise:
        raise IdentityError(f"no probability gives a precision of {precision:.2f}")
    merge = min(precise)
    below = [band.probability for band in people if band.probability < merge]
    even = [
        step
        for step, upper in zip(below, [*below[1:], merge], strict=True)
        if _share_between(people, step, upper) >= 1 / 2
    ]
    return Thresholds(merge, min(even, default=merge))


def _share_between(people: list[Band], lower: Decimal, upper: Decimal) -> float:
    by_step = {band.probability: band for band in people}
    pairs = by_step[lower].pairs - by_step[upper].pairs
    same = by_step[lower].same - by_step[upper].same
    return same / pairs if pairs else 0.0
