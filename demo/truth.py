"""The truth: which record of which system is of whom. What identity resolution is measured by."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Truth(NamedTuple):
    """One record of one system, and the person or organisation it is of."""

    source_system: str
    source_record_id: str
    entity_type: str
    entity: str


def person(system: str, record_id: str, entity: str) -> Truth:
    """Say that a record is of a person."""
    return Truth(system, record_id, "person", entity)


def organisation(system: str, record_id: str, entity: str) -> Truth:
    """Say that a record is of a company."""
    return Truth(system, record_id, "organisation", entity)


def write(path: Path, rows: Iterable[Truth]) -> None:
    """Write the truth as CSV, in the order given."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Truth._fields)
        writer.writerows(rows)
