"""One account: its records, associations, switches, tokens and quotas."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from sandbox.hubspot.associations import Associations
from sandbox.hubspot.problems import Problem
from sandbox.hubspot.properties import OBJECT_NAMES, TYPE_IDS, Property
from sandbox.hubspot.quotas import Quotas
from sandbox.hubspot.store import FIRST_ID, Record, Table
from sandbox.hubspot.switches import Switches
from sandbox.hubspot.tokens import Tokens


class Account:
    """All that a sandbox holds."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self.tokens = Tokens(self.switches)
        self.quotas = Quotas(self.switches)
        self.associations = Associations(self.switches)
        self.tables: dict[str, Table] = {}
        self.reads = 0
        self.writes = 0
        self.new_id: Callable[[], int] = count(FIRST_ID).__next__
        for name in TYPE_IDS:
            self.empty(name)

    def table(self, name: str) -> Table:
        """The records of an object, by its name or its type id.

        Raises:
            Problem: there is no such object.
        """
        known = OBJECT_NAMES.get(name, name)
        found = self.tables.get(known) or self.tables.get(f"{known}s")
        if found is None:
            raise Problem(400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}")
        return found

    def empty(self, name: str) -> None:
        """Begin anew with an object: usual properties, no record."""
        if name in self.tables:
            for record_id in self.tables[name].records:
                self.associations.remove_all(name, record_id)
        self.tables[name] = Table(name, self.switches)

    def count(self, *, is_read: bool) -> None:
        """Count a request."""
        if is_read:
            self.reads += 1
        else:
            self.writes += 1

    def as_data(self) -> dict[str, Any]:
        """What is worth keeping, as JSON."""
        return {
            "objects": {
                name: {
                    "properties": [asdict(each) for each in table.properties.values()],
                    "records": [_record_as_data(each) for each in table.records.values()],
                    "merged": table.merged,
                    "erased": sorted(table.erased),
                }
                for name, table in self.tables.items()
            },
            "associations": [
                [*pair, source, target, sorted(types)]
                for pair, held in self.associations.held.items()
                for source, targets in held.items()
                for target, types in targets.items()
            ],
        }

    def save(self, path: Path) -> None:
        """Write it to a file, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(orjson.dumps(self.as_data(), option=orjson.OPT_INDENT_2))
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take up what was saved."""
        data = orjson.loads(path.read_bytes())
        last = FIRST_ID
        for name, said in data["objects"].items():
            table = self.tables[name]
            table.properties = {each["name"]: Property(**each) for each in said["properties"]}
            for each in said["records"]:
                record = _record_of_data(each)
                table.records[record.id] = record
                last = max(last, int(record.id) + 1)
            live = [each for each in table.records.values() if each.archived_at is None]
            live.sort(key=lambda record: record.updated)
            table.by_change = {record.id: record for record in live}
            table.ids = sorted(int(record_id) for record_id in table.records)
            table.merged, table.erased = said["merged"], set(said["erased"])
            table.rebuild()
        for one, other, source, target, types in data["associations"]:
            places = self.associations.held.setdefault((one, other), {}).setdefault(source, {})
            places[target] = set(types)
        self.new_id = count(last).__next__


def _record_as_data(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__slots__}


def _record_of_data(data: dict[str, Any]) -> Record:
    record = Record(data["id"], data["updated"])
    for name in Record.__slots__:
        setattr(record, name, data[name])
    return record
