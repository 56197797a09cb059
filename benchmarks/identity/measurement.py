"""Measure identity on records of which the truth is known, or at least on how long it takes."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.identity import baselines, inputs
from benchmarks.identity.project import CLUSTERED, IDENTIFIED, REVIEWED, Build, build
from benchmarks.identity.scores import Scores, score_each
from benchmarks.measure import Measured, measured

REVIEW_TABLE = "fct_match_reviews"
SHOWN_AS = {"person": "person", "company": "organisation"}
"""What the models call an entity type, and what the records do."""


@dataclass(frozen=True, slots=True)
class Review:
    """How much is left for people to decide."""

    pairs: int
    records: int
    records_share: float
    """Of all records."""
    same_share: float | None
    """How many of the pairs are one, by the truth; null if it knows none of them."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that is said of one set of records."""

    counts: inputs.Counts
    ignored_columns: Sequence[str]
    build: Build
    floor: Measured
    scores: Mapping[str, Scores]
    """Of all records in the truth, and by entity type; empty if there is no truth."""
    review: Review | None
    """None if the project has no review queue."""
    baselines: Mapping[str, Mapping[str, Scores]] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        total = sum(step.wall_s for step in self.build.steps)
        return {
            "records": asdict(self.counts),
            "ignored_columns": list(self.ignored_columns),
            "scores": {name: scores.as_data() for name, scores in self.scores.items()},
            "review": None if self.review is None else asdict(self.review),
            "steps": [
                {
                    "name": step.name,
                    "wall_s": round(step.wall_s, 3),
                    "cpu_s": round(step.cpu_s, 3),
                    "share": round(step.wall_s / total, 4) if total else 0.0,
                    "floors": round(step.cpu_s / self.floor.cpu_s, 2) if self.floor.cpu_s else None,
                }
                for step in sorted(self.build.steps, key=lambda step: -step.wall_s)
            ],
            "floor": {
                "wall_s": round(self.floor.wall_s, 3),
                "cpu_s": round(self.floor.cpu_s, 3),
            },
            "total": {
                "steps_wall_s": round(total, 2),
                "steps_cpu_s": round(sum(step.cpu_s for step in self.build.steps), 2),
                "wall_s": round(self.build.wall_s, 2),
                "cpu_s": round(self.build.cpu_s, 2),
                "rss_mb": round(self.build.rss_mb),
            },
            "baselines": {
                name: {kind: scores.as_data() for kind, scores in by_type.items()}
                for name, by_type in self.baselines.items()
            },
        }


def measure(
    records: Path,
    truth: Path | None,
    folder: Path,
    *,
    clusters: Path | None = None,
    with_baselines: bool = False,
    rules_alone: bool = False,
    threads: int = 1,
) -> Measurement:
    """Land the records in a new warehouse in a folder, build, and compare with the truth.

    Raises:
        InputError: a file can't be taken as it is.
        BuildError: a model failed.
    """
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(warehouse) as connection:
        ignored = inputs.load_records(connection, records)
        if truth is not None:
            inputs.load_truth(connection, truth)
        counts = inputs.count(connection)
    wanted = [CLUSTERED, REVIEWED, *([IDENTIFIED] if clusters else [])]
    variables = {"identity_by_probability": False} if rules_alone else {}
    built = build(warehouse, folder, wanted, threads=threads, variables=variables)
    with duckdb.connect(warehouse) as connection:
        with measured() as floor:
            connection.execute(_FLOOR)
        _label(connection)
        scores = score_each(connection, "labelled") if truth is not None else {}
        review = _review(connection, counts)
        simpler = baselines.compare(connection) if truth and with_baselines else {}
        if clusters is not None:
            write_clusters(connection, clusters)
    return Measurement(counts, ignored, built, floor, scores, review, simpler)


def write_clusters(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the person or company of each record."""
    found = connection.execute(
        """
        select records.source_system, records.source_record_id, identified.entity_id
        from raw_canonical.records
        inner join intermediate.int_records_identified as identified
            on records.source_system || ':' || records.source_record_id = identified.record_key
        order by records.source_system, records.source_record_id
        """
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("source_system", "source_record_id", "customer_id"))
        while rows := found.fetchmany(10_000):
            writer.writerows(rows)


def _label(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `labelled`: the records that the truth knows, each with its cluster and its entity."""
    shown = " ".join(f"when '{ours}' then '{shown}'" for ours, shown in SHOWN_AS.items())
    connection.execute(
        f"""
        create or replace temporary table labelled as
        select
            clustered.record_key,
            case clustered.entity_type {shown} end as entity_type,
            -- a person's cluster and a company's may have the same name
            clustered.entity_type || ':' || clustered.cluster_id as cluster_id,
            truth.entity
        from intermediate.int_records_clustered as clustered
        inner join truth on clustered.record_key = truth.record_key
        """
    )


def _review(connection: duckdb.DuckDBPyConnection, counts: inputs.Counts) -> Review | None:
    there = connection.execute(
        "select table_schema from information_schema.tables where table_name = ?", [REVIEW_TABLE]
    ).fetchone()
    if there is None:
        return None
    table = f"{there[0]}.{REVIEW_TABLE}"
    found = connection.execute(
        f"""
        select
            (select count(*) from {table}),
            (
                select count(*)
                from (
                    select entity_type, record_key from {table}
                    union
                    select entity_type, other_record_key from {table}
                )
            ),
            (
                select avg(cast(one.entity = other.entity as integer))
                from {table} as reviews
                inner join truth as one on reviews.record_key = one.record_key
                inner join truth as other on reviews.other_record_key = other.record_key
            )
        """
    ).fetchone()
    pairs, records, same_share = found or (0, 0, None)
    share = records / counts.records if counts.records else 0.0
    return Review(pairs, records, share, same_share)


_FLOOR = """
create or replace temporary table floor as
with keyed as (
    select record_key, identifier_type, identifier
    from intermediate.int_person_identifiers_keyed
    where is_key
    union all by name
    select record_key, identifier_type, identifier
    from intermediate.int_company_identifiers_keyed
    where is_key
),

smallest as (
    select identifier_type, identifier, min(record_key) as other_record_key
    from keyed
    group by identifier_type, identifier
)

select keyed.record_key, smallest.other_record_key
from keyed
inner join smallest
    on
        keyed.identifier_type = smallest.identifier_type
        and keyed.identifier = smallest.identifier
"""
"""The least that any matching by identifiers has to do: group them once, and join them once."""
