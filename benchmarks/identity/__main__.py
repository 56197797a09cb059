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
from pathlib import Path

from rich.console import Console

from benchmarks.identity.inputs import InputError
from benchmarks.identity.measurement import measure
from benchmarks.identity.project import BuildError
from benchmarks.identity.report import WIDTH, show


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
    parser.add_argument(
        "--rules-alone", action="store_true", help="join by sure rules, compare no pairs"
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
                rules_alone=options.rules_alone,
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


if __name__ == "__main__":
    main()
