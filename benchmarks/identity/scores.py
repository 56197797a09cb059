"""How well clusters agree with a truth, counted over the clusters' sizes.

No pair is ever looked at: a cluster of n records has n (n - 1) / 2 of them, so the
time depends on the number of records, however large a cluster is.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from benchmarks.identity.inputs import ENTITY_TYPES


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision and recall."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean; 0 if both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def as_data(self) -> dict[str, float]:
        """Rounded, for JSON."""
        return {
            "precision": round(self.precision, 5),
            "recall": round(self.recall, 5),
            "f1": round(self.f1, 5),
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """How well the clusters of some records agree with their truth."""

    records: int
    entities: int
    clusters: int
    pairwise: Agreement
    """Of the pairs put together, how many belong together; of those that do, how many were."""
    b_cubed: Agreement
    """The same for each record's cluster, averaged over the records."""

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "records": self.records,
            "entities": self.entities,
            "clusters": self.clusters,
            "pairwise": self.pairwise.as_data(),
            "b_cubed": self.b_cubed.as_data(),
        }


def score(connection: duckdb.DuckDBPyConnection, labelled: str) -> Scores:
    """Compare `cluster_id` with `entity` in a relation that has a row per record.

    Where nothing was put together, precision is 1; where nothing belongs together, recall is.
    """
    found = connection.execute(
        f"""
        with cells as (
            select cluster_id, entity, count(*) as records
            from {labelled}
            group by cluster_id, entity
        ),

        sized as (
            select
                records,
                sum(records) over (partition by cluster_id) as cluster_size,
                sum(records) over (partition by entity) as entity_size
            from cells
        )

        select
            coalesce(sum(records), 0),
            (select count(distinct entity) from cells),
            (select count(distinct cluster_id) from cells),
            -- of a cell, each record is in a pair with each record of its cluster, or its entity
            coalesce(sum(records * (records - 1)), 0),
            coalesce(sum(records * (cluster_size - 1)), 0),
            coalesce(sum(records * (entity_size - 1)), 0),
            coalesce(sum(cast(records as double) * records / cluster_size), 0),
            coalesce(sum(cast(records as double) * records / entity_size), 0)
        from sized
        """
    ).fetchone()
    records, entities, clusters, right, put, true, precise, recalled = (
        int(value) if place < 6 else float(value) for place, value in enumerate(found or [0] * 8)
    )
    return Scores(
        records=int(records),
        entities=int(entities),
        clusters=int(clusters),
        pairwise=Agreement(right / put if put else 1.0, right / true if true else 1.0),
        b_cubed=Agreement(
            precise / records if records else 1.0, recalled / records if records else 1.0
        ),
    )


def score_each(connection: duckdb.DuckDBPyConnection, labelled: str) -> dict[str, Scores]:
    """Score all records, and those of each entity type that there are."""
    scores = {"all": score(connection, labelled)}
    for entity_type in ENTITY_TYPES:
        found = score(connection, f"(select * from {labelled} where entity_type = '{entity_type}')")
        if found.records:
            scores[entity_type] = found
    return scores
