"""Values as HubSpot shows them; it wants them as text, in which nothing clears a property."""

from collections.abc import Mapping
from typing import Any

from crm.protocol import Field, RemoteRecord, Value
from crm.times import TimeFormat

MERGED_IDS = "hs_merged_object_ids"
"""The property in which HubSpot notes the ids of the records that were merged into one."""

_TIMES = TimeFormat()


def shown_fields(properties: Mapping[str, Any], time_names: frozenset[str]) -> dict[str, Value]:
    """Give the properties of an answer as values; times in our form."""
    shown = dict(properties)
    for name in time_names:
        if name in shown:
            shown[name] = shown_time(shown[name])
    return shown


def shown_time(value: Any) -> Value:
    """Give a time of an answer in our form; what is none stays as it is."""
    # as HubSpot writes them; a batch holds hundreds, so they don't go through a calendar
    if value.__class__ is str and len(value) == 24 and value.endswith("Z"):
        return f"{value[:-1]}000Z"
    return _TIMES.read(value) or value


def read_record(item: Mapping[str, Any], time_names: frozenset[str]) -> RemoteRecord:
    """Read a record of an answer."""
    updated = shown_time(item.get("updatedAt"))
    fields = shown_fields(item.get("properties") or {}, time_names)
    merged = fields.get(MERGED_IDS)
    formerly = tuple(str(merged).split(";")) if merged else ()
    return RemoteRecord(str(item["id"]), fields, str(updated) if updated else None, formerly)


def read_property(item: Mapping[str, Any]) -> Field:
    """Read what HubSpot says of a property."""
    changes = item.get("modificationMetadata") or {}
    options = item.get("options") or []
    return Field(
        name=str(item["name"]),
        label=str(item.get("label") or item["name"]),
        type=str(item.get("type") or "string"),
        read_only=bool(changes.get("readOnlyValue") or item.get("calculated")),
        unique=bool(item.get("hasUniqueValue")),
        options=tuple(str(each.get("value")) for each in options),
    )


def is_hidden(item: Mapping[str, Any]) -> bool:
    """Whether people don't see a property, so that it's no use to read it."""
    return bool(item.get("hidden"))
