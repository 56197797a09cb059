"""What a measurement looks like to people."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from benchmarks.identity.measurement import Measurement
from benchmarks.identity.scores import Scores

LARGEST_STEPS = 12
WIDTH = 120


def show(found: Measurement, console: Console) -> None:
    """Print scores, review queue and the largest steps."""
    counts, review = found.counts, found.review
    console.print(
        f"{counts.records:,} records: {counts.persons:,} of people, "
        f"{counts.organisations:,} of organisations"
    )
    if found.scores:
        console.print(
            f"{counts.without_truth:,} of them aren't in the truth and aren't scored; "
            f"{counts.truth_without_record:,} rows of the truth have no record"
        )
        console.print(_scores({"": found.scores} | dict(found.baselines)))
    if review is not None:
        known = "" if review.same_share is None else f"; {review.same_share:.0%} of them are one"
        console.print(
            f"in review: {review.pairs:,} pairs, {review.records:,} records "
            f"({review.records_share:.1%}){known}"
        )
    data = found.as_data()
    console.print(_steps(data["steps"][:LARGEST_STEPS]))
    total, floor = data["total"], data["floor"]
    console.print(
        f"all steps {total['steps_wall_s']} s ({total['steps_cpu_s']} s CPU), with dbt's start "
        f"{total['wall_s']} s; at most {total['rss_mb']} MB; "
        f"the floor {floor['wall_s']} s ({floor['cpu_s']} s CPU)"
    )


def _scores(ways: Mapping[str, Mapping[str, Scores]]) -> Table:
    names = ("records", "entities", "clusters", "precision", "recall", "F1", "B-cubed F1")
    table = _table("", *names)
    for way, by_type in ways.items():
        for kind, scores in by_type.items():
            pairwise = scores.pairwise
            table.add_row(
                f"{way} {kind}".strip(),
                *(f"{each:,}" for each in (scores.records, scores.entities, scores.clusters)),
                *(f"{each:.4f}" for each in (pairwise.precision, pairwise.recall, pairwise.f1)),
                f"{scores.b_cubed.f1:.4f}",
            )
    return table


def _steps(steps: list[dict[str, float]]) -> Table:
    table = _table("step", "seconds", "CPU", "share", "floors")
    for step in steps:
        table.add_row(
            str(step["name"]),
            f"{step['wall_s']:.2f}",
            f"{step['cpu_s']:.2f}",
            f"{step['share']:.1%}",
            f"{step['floors']}",
        )
    return table


def _table(first: str, *figures: str) -> Table:
    table = Table(box=None)
    table.add_column(first, no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right")
    return table
