"""The records of a server: the database, and the search index that follows it later."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.wukong.fields import CUSTOM, FIXED, Field, usual
from sandbox.wukong.problems import (
    CUSTOM_VALUE_TAKEN,
    FIXED_VALUE_TAKEN,
    INVALID,
    WITHOUT_CUSTOMER,
    Problem,
)
from sandbox.wukong.switches import Switches

Record = dict[str, Any]


class Module:
    """The records of one module."""

    def __init__(self, name: str, id_name: str, switches: Switches) -> None:
        self.name = name
        self.id_name = id_name
        self.switches = switches
        self.fields = usual(name)
        self.records: dict[int, Record] = {}
        self._index: dict[int, Record] = {}
        self._due: list[tuple[float, int, Record | None]] = []
        """When the index will know what of which record."""

    def save(self, said: Mapping[str, Any], record_id: int, now: float, *, is_new: bool) -> None:
        """Make a record, or change it; `said` is by field names.

        Raises:
            Problem: something of it isn't acceptable.
        """
        before: Record = {} if is_new else self.records[record_id]
        kept = dict(before)
        if self.switches.update_replaces:
            kept = {name: kept[name] for name in kept if name not in self.fields}
        for name, value in said.items():
            if value is None and self.switches.null_keeps and name in before:
                kept[name] = before[name]
            else:
                kept[name] = self.fields[name].kept(value, self.switches)
        self._check_whole(kept)
        self._check_unique(kept, record_id, now)
        at = self._local(now)
        kept |= {self.id_name: record_id, "updateTime": at}
        kept.setdefault("createTime", at)
        # the one that was changed last stands at the end
        self.records.pop(record_id, None)
        self.records[record_id] = kept
        self._tell_index(record_id, dict(kept), now)

    def remove(self, record_id: int, now: float) -> None:
        """Remove a record for good."""
        del self.records[record_id]
        self._tell_index(record_id, None, now)

    def shown(self, record: Mapping[str, Any]) -> Record:
        """A record with all its fields, as an answer has it."""
        return {**dict.fromkeys(self.fields), **record}

    def indexed(self, now: float) -> Sequence[Record]:
        """The records as a search sees them."""
        for due, record_id, record in sorted(self._due, key=lambda each: each[0]):
            if due <= now:
                self._index.pop(record_id, None)
                if record is not None:
                    self._index[record_id] = record
        self._due = [each for each in self._due if each[0] > now]
        return list(self._index.values())

    def reindex(self) -> None:
        """Let the index know all at once."""
        self._index, self._due = dict(self.records), []

    def _tell_index(self, record_id: int, record: Record | None, now: float) -> None:
        # a shorter lag doesn't let an older write come after a newer one
        earlier = [due for due, other, _ in self._due if other == record_id]
        self._due.append((max([now + self.switches.index_lag, *earlier]), record_id, record))

    def _check_whole(self, kept: Mapping[str, Any]) -> None:
        if self.name == "contacts" and kept.get("customerId") is None:
            raise Problem(WITHOUT_CUSTOMER, "请先选择客户")
        for each in self.fields.values():
            if each.is_required and kept.get(each.field_name) is None:
                raise Problem(INVALID, f"{self._named(each)}不能为空")

    def _check_unique(self, kept: Mapping[str, Any], record_id: int, now: float) -> None:
        uniques = [each for each in self.fields.values() if each.is_unique]
        if not uniques:
            return
        seen = self.switches.unique_sees == "index"
        others = self.indexed(now) if seen else self.records.values()
        for each in uniques:
            value = kept.get(each.field_name)
            if value is not None and any(
                other.get(each.field_name) == value and other[self.id_name] != record_id
                for other in others
            ):
                code = CUSTOM_VALUE_TAKEN if each.field_type == CUSTOM else FIXED_VALUE_TAKEN
                raise Problem(code, f"{self._named(each)}已存在")

    def _named(self, each: Field) -> str:
        return each.name if self.switches.messages_name_fields else ""

    def _local(self, now: float) -> str:
        zone = ZoneInfo(self.switches.time_zone)
        return f"{datetime.fromtimestamp(now, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def named(module: Module, body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a body says, by the names of fields; what isn't known is passed over in silence."""
    for name, value in (body.get("entity") or {}).items():
        known = module.fields.get(name)
        if known is not None and known.field_type == FIXED:
            yield name, value
    by_id = {each.field_id: each for each in module.fields.values()}
    for item in body.get("field") or []:
        known = by_id.get(item.get("fieldId"))
        if known is not None and known.field_type != FIXED:
            yield known.field_name, item.get("value")
