"""Made-up records with their truth: `python -m benchmarks.identity.generate --records N --out DIR`.

Six systems of one business know the same people and companies, each with its own habits:
see `profiles.py`. Written are records.csv, in canonical form, and truth.csv, which says whose each
record is. The same seed, language and number of records give the same files.
"""

import argparse
import csv
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from random import Random

from benchmarks.identity.population import make_block
from benchmarks.identity.profiles import PROFILES
from benchmarks.identity.typist import Record, Typist
from benchmarks.identity.worst import chains, hub

LANGUAGES = ("zh", "en", "mixed")
TRUTH_COLUMNS = ("source_system", "source_record_id", "entity")


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language", choices=LANGUAGES, default="mixed")
    parser.add_argument(
        "--worst",
        choices=("chains", "hub"),
        help="20 chains of 10,000 records, or one number on 50,000, instead",
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.worst == "chains":
        labelled = chains()
    elif options.worst == "hub":
        labelled = hub()
    else:
        labelled = islice(generate(options.seed, options.language), options.records)
    write(labelled, options.out)


def generate(seed: int, language: str) -> Iterator[tuple[Record, str]]:
    """Give records without end, each with the person or company that it is of."""
    serials = {profile.system: count(1) for profile in PROFILES}
    for number in count():
        block = make_block(seed, language, number)
        rng = Random(f"{seed}/{language}/{number}/records")
        typists = {profile: Typist(rng, profile) for profile in PROFILES}
        typed: list[tuple[Record, str]] = []
        for profile, typist in typists.items():
            for person in block.people:
                times = _times(rng, profile.knows_people, profile.doubled)
                typed += [(typist.person(person, ""), person.entity) for _ in range(times)]
            for company in block.companies:
                times = _times(rng, profile.knows_companies, profile.doubled)
                typed += [(typist.company(company, ""), company.entity) for _ in range(times)]
        rng.shuffle(typed)
        for record, entity in typed:
            # numbered in the order of arrival, so that an id says nothing of the person
            serial = next(serials[record.source_system])
            yield record._replace(source_record_id=f"{serial:07d}"), entity


def write(labelled: Iterator[tuple[Record, str]], folder: Path) -> None:
    """Write records.csv and truth.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "records.csv").open("w", encoding="utf-8", newline="") as records_file,
        (folder / "truth.csv").open("w", encoding="utf-8", newline="") as truth_file,
    ):
        records = csv.writer(records_file, lineterminator="\n")
        truth = csv.writer(truth_file, lineterminator="\n")
        records.writerow(Record._fields)
        truth.writerow(TRUTH_COLUMNS)
        for record, entity in labelled:
            records.writerow(record)
            truth.writerow((record.source_system, record.source_record_id, entity))


def _times(rng: Random, share: float, doubled: float) -> int:
    if rng.random() >= share:
        return 0
    return 1 + (rng.random() < doubled)


if __name__ == "__main__":
    main()
