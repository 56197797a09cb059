"""The records of an account, and what leads to them."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.hubspot.problems import Problem, conflict, not_found
from sandbox.hubspot.properties import Checker, Property, iso, usual
from sandbox.hubspot.switches import Switches

FIRST_ID = 100_001


class Record:
    """One record."""

    __slots__ = ("archived_at", "created_at", "id", "properties", "updated", "updated_at")

    def __init__(self, record_id: str, at: int) -> None:
        self.id = record_id
        self.updated = at
        self.created_at = self.updated_at = iso(at)
        self.archived_at: str | None = None
        self.properties: dict[str, str] = {}

    def shown(self, wanted: list[str] | None = None) -> dict[str, Any]:
        """As the API shows it, with these properties or all that have a value."""
        properties: Mapping[str, str | None] = self.properties
        if wanted is not None:
            properties = {name: self.properties.get(name) for name in wanted}
        shown = {
            "id": self.id,
            "properties": properties,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "archived": self.archived_at is not None,
        }
        if self.archived_at is not None:
            shown["archivedAt"] = self.archived_at
        return shown


class Table:
    """The records of one object."""

    def __init__(self, name: str, switches: Switches) -> None:
        self.name = name
        self.switches = switches
        self.properties = usual(name)
        self.records: dict[str, Record] = {}
        """Live and archived ones."""
        self.by_change: dict[str, Record] = {}
        """The live ones, the one that was changed last at the end."""
        self.ids: list[int] = []
        self.merged: dict[str, str] = {}
        self.erased: set[str] = set()
        self.stale: dict[str, tuple[float, dict[str, str] | None]] = {}
        """What searches still see of a record that was changed, and until when."""
        self.unique: dict[str, dict[str, str]] = {}
        self.modified_name = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
        self._checker: tuple[tuple[bool, bool], Checker] | None = None
        self.rebuild()

    @property
    def checker(self) -> Checker:
        """What values go through, as the switches are now."""
        switches = self.switches
        rules = (switches.takes_only_strings, switches.lowercases_email)
        if self._checker is None or self._checker[0] != rules:
            only_strings, lower_email = rules
            checker = Checker(self.properties, only_strings=only_strings, lower_email=lower_email)
            self._checker = (rules, checker)
        return self._checker[1]

    def rebuild(self) -> None:
        """Work out again what follows from the properties and the records."""
        self._checker = None
        self.unique = {
            name: {} for name, each in self.properties.items() if each.is_unique or each.is_email
        }
        for record in self.by_change.values():
            for name, places in self.unique.items():
                if value := record.properties.get(name):
                    places[value] = record.id

    def add_property(self, made: Property) -> None:
        """Add a property."""
        self.properties[made.name] = made
        self.rebuild()

    def get(self, record_id: str, *, archived: bool = False) -> Record | None:
        """The record with this id."""
        record = self.records.get(record_id)
        if record is None and self.switches.merged_ids_lead_on and record_id in self.merged:
            record = self.records.get(self.merged[record_id])
        if record is None or (record.archived_at is not None) != archived:
            return None
        return record

    def find(self, value: str, name: str | None) -> Record | None:
        """The record with this value of a unique property; without one, with this id.

        Raises:
            Problem: the property's values aren't unique.
        """
        if name is None or name == "hs_object_id":
            return self.get(value)
        places = self.unique.get(name)
        if places is None:
            message = f"{name} is no property with unique values"
            raise Problem(400, "VALIDATION_ERROR", message, {"propertyName": [name]})
        if name == "email" and self.switches.lowercases_email:
            value = value.lower()
        found = places.get(value)
        return self.records[found] if found is not None else None

    def must_find(self, value: str, name: str | None = None) -> Record:
        """The record with this id, or this value of a unique property.

        Raises:
            Problem: there is none.
        """
        record = self.find(value, name)
        if record is None:
            raise not_found(f"No {self.name} record has the id {value}", [value])
        return record

    def create(self, kept: dict[str, str], record_id: int, at: int) -> Record:
        """Make a record of values that have been looked at.

        Raises:
            Problem: a unique value is another record's, or something is missing.
        """
        self.checker.whole(kept)
        self.claim(kept, None)
        if self.switches.gdpr_blocks_email and kept.get("email") in self.erased:
            raise Problem(409, "CONFLICT", "This e-mail was erased for good")
        record = Record(str(record_id), at)
        self.note_stale(record, at, None)
        record.properties = {name: value for name, value in kept.items() if value}
        record.properties["hs_object_id"] = record.id
        record.properties["createdate"] = record.created_at
        record.properties[self.modified_name] = record.updated_at
        self.records[record.id] = self.by_change[record.id] = record
        self.ids.append(record_id)
        self.settle(kept, record)
        return record

    def update(self, record: Record, kept: Mapping[str, str], at: int) -> None:
        """Change a record by values that have been looked at.

        Raises:
            Problem: a unique value is another record's.
        """
        self.claim(kept, record)
        self.note_stale(record, at, record.properties)
        properties = dict(record.properties)
        for name, value in kept.items():
            places = self.unique.get(name)
            if places is not None and properties.get(name) not in {None, value}:
                places.pop(properties[name], None)
            if value:
                properties[name] = value
            else:
                properties.pop(name, None)
        record.properties = properties
        self.settle(kept, record)
        self.touch(record, at)

    def touch(self, record: Record, at: int) -> None:
        """Note that a record was changed now."""
        if record.updated != at:
            record.updated, record.updated_at = at, iso(at)
        record.properties[self.modified_name] = record.updated_at
        self.by_change.pop(record.id, None)
        self.by_change[record.id] = record

    def lead_on(self, merged: str, to: str) -> None:
        """Note where a merged id leads, and those that led to it."""
        self.merged |= {old: to for old, new in self.merged.items() if new == merged}
        self.merged[merged] = to

    def rename(self, record: Record, record_id: int) -> None:
        """Give a record another id."""
        self.forget(record)
        del self.records[record.id]
        record.id = record.properties["hs_object_id"] = str(record_id)
        self.records[record.id] = self.by_change[record.id] = record
        self.ids.append(record_id)
        self.settle(record.properties, record)

    def archive(self, record: Record, at: int) -> None:
        """Put a record into the recycle bin; its unique values are free again."""
        self.note_stale(record, at, record.properties)
        record.archived_at = iso(at)
        self.forget(record)

    def erase(self, record: Record) -> None:
        """Remove a record for good."""
        self.forget(record)
        if email := record.properties.get("email"):
            self.erased.add(email)
        del self.records[record.id]

    def forget(self, record: Record) -> None:
        """Take a record out of everything that leads to it."""
        self.by_change.pop(record.id, None)
        for name, places in self.unique.items():
            if places.get(record.properties.get(name, "")) == record.id:
                del places[record.properties[name]]

    def claim(self, kept: Mapping[str, str], record: Record | None) -> None:
        """Make sure that unique values are free, or this record's already.

        Raises:
            Problem: one is another's.
        """
        for name, places in self.unique.items():
            holder = places.get(kept.get(name, ""))
            if holder is not None and (record is None or holder != record.id):
                said = f". Existing ID: {holder}" if self.switches.conflict_names_id else ""
                raise conflict(f"A {self.name} record with this {name} already exists{said}", name)

    def settle(self, kept: Mapping[str, str], record: Record) -> None:
        """Note unique values as this record's."""
        for name, places in self.unique.items():
            if value := kept.get(name):
                places[value] = record.id

    def note_stale(self, record: Record, at: int, before: dict[str, str] | None) -> None:
        """Let searches see what was there before for a while."""
        if self.switches.index_lag > 0:
            _, seen = self.stale.get(record.id, (0.0, before))
            self.stale[record.id] = (at / 1000 + self.switches.index_lag, seen)

    def indexed(self, now: float) -> Iterator[tuple[Record, dict[str, str]]]:
        """The records as a search sees them, the one that was changed last at the end."""
        if self.stale:
            self.stale = {i: each for i, each in self.stale.items() if each[0] > now}
        if not self.stale:
            for record in self.by_change.values():
                yield record, record.properties
            return
        ordered = sorted(self.records.values(), key=lambda record: record.updated)
        for record in ordered:
            if record.id in self.stale:
                seen = self.stale[record.id][1]
                if seen is not None:
                    yield record, seen
            elif record.archived_at is None:
                yield record, record.properties

    def page(self, after: str | None, limit: int, *, archived: bool) -> tuple[list[Record], bool]:
        """Records in the order of their ids from beyond `after`, and whether there are more."""
        start = bisect_left(self.ids, int(after) + 1) if after else 0
        found: list[Record] = []
        for place in range(start, len(self.ids)):
            number = self.ids[place]
            record = self.records.get(str(number))
            if record is None or (record.archived_at is not None) != archived:
                continue
            if len(found) == limit:
                return found, True
            found.append(record)
        return found, False
