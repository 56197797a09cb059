"""How well, and how fast, records are matched: `python -m benchmarks.identity --records R.csv`.

R.csv holds records in canonical form, of people and organisations; --truth T.csv says whose each
record is, by source_system, source_record_id and entity. The project's own models run on them in
a warehouse of their own. Printed are precision, recall and F1, over pairs and B-cubed, the size of
the review queue, and what each step took: its share of all steps' time, and its CPU seconds in
floors, one floor being a single hash join of the identifiers.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from benchmarks.identity.inputs import InputError
from benchmarks.identity.measurement import Measurement, measure
from benchmarks.identity.project import BuildError
from benchmarks.identity.scores import Scores

LARGEST_STEPS = 12
WIDTH = 120


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, required=True, help="CSV in canonical form")
    parser.add_argument("--truth", type=Path, help="CSV: source_system, source_record_id, entity")
    parser.add_argument("--clusters", type=Path, help="where to write each record's customer_id")
    parser.add_argument(
        "--baselines", action="store_true", help="also measure simpler ways, Splink among them"
    )
    parser.add_argument("--home", type=Path, help="where to build and to leave the warehouse")
    parser.add_argument("--threads", type=int, default=1, help="models that dbt builds at once")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="tongke-identity-") as scratch:
            folder = (options.home or Path(scratch)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            found = measure(
                options.records,
                options.truth,
                folder,
                clusters=options.clusters,
                with_baselines=options.baselines,
                threads=options.threads,
            )
    except InputError as error:
        parser.error(str(error))
    except BuildError as error:
        sys.exit(str(error))
    if found.ignored_columns:
        print(f"not read: {', '.join(found.ignored_columns)}", file=sys.stderr)
    if options.format == "json":
        print(json.dumps(found.as_data(), indent=2))
    else:
        show(found, Console(width=WIDTH))


def show(found: Measurement, console: Console) -> None:
    """Print for people."""
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
        console.print(_table_of_scores({"": found.scores} | dict(found.baselines)))
    if review is not None:
        console.print(
            f"in review: {review.pairs:,} pairs, {review.records:,} records "
            f"({review.records_share:.1%})"
        )
    data = found.as_data()
    steps = Table("step", *_RIGHT, box=None)
    for step in data["steps"][:LARGEST_STEPS]:
        figures = (f"{step['wall_s']:.2f}", f"{step['cpu_s']:.2f}", f"{step['share']:.1%}")
        steps.add_row(step["name"], *figures, f"{step['floors']}")
    console.print(steps)
    total = data["total"]
    console.print(
        f"all steps {total['steps_wall_s']} s ({total['steps_cpu_s']} s CPU), with dbt's start "
        f"{total['wall_s']} s; at most {total['rss_mb']} MB; "
        f"the floor {data['floor']['wall_s']} s ({data['floor']['cpu_s']} s CPU)"
    )


_RIGHT = ("seconds", "CPU", "share", "floors")


def _table_of_scores(ways: Mapping[str, Mapping[str, Scores]]) -> Table:
    table = Table(Column("", no_wrap=True), "records", "entities", "clusters", box=None)
    for name in ("precision", "recall", "F1", "B-cubed F1"):
        table.add_column(name)
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


if __name__ == "__main__":
    main()
