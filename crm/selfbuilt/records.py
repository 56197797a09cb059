"""Records as the CRM shows and wants them, and as we do."""

from collections.abc import Mapping
from typing import Any

import orjson

from crm.errors import FatalError
from crm.protocol import Field, RemoteRecord, Value
from crm.selfbuilt.rules import ObjectRules

_SCALARS = frozenset({str, int, float, bool, type(None)})


def read_record(rules: ObjectRules, item: Mapping[str, Any]) -> RemoteRecord:
    """Read a record of the CRM's."""
    remote_id = rules.record.id(item)
    if remote_id is None:
        raise FatalError(f"a record of {rules.name} has no id where the profile says")
    updated = rules.times.read(rules.record.updated_at(item))
    return RemoteRecord(str(remote_id), read_fields(rules, item), updated)


def read_fields(rules: ObjectRules, item: Any) -> dict[str, Value]:
    """Give the fields of a record as values; a list or a mapping becomes JSON text."""
    shown: dict[str, Any] = dict(rules.record.fields(item) or {})
    for name in rules.record.omit:
        shown.pop(name, None)
    # asked of every record, so asked all at once
    if not _SCALARS.issuperset(map(type, shown.values())):
        for name, value in shown.items():
            if isinstance(value, (list, dict)):
                shown[name] = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    for name in rules.time_fields & shown.keys():
        shown[name] = rules.times.read(shown[name]) or shown[name]
    return shown


def write_fields(rules: ObjectRules, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Give the fields as the CRM wants its times and its nothings."""
    sent = dict(fields)
    if rules.nulls != "send":
        for name, value in fields.items():
            if value is None:
                if rules.nulls == "empty":
                    sent[name] = ""
                else:
                    del sent[name]
    for name in rules.time_fields & sent.keys():
        value = sent[name]
        if isinstance(value, str) and value:
            sent[name] = rules.times.write(value)
    return sent


def read_description(said: Mapping[str, Any], types: Mapping[str, str]) -> Field:
    """Read what the CRM says of a field."""
    type_ = str(said.get("type") or "text")
    options = said.get("options")
    length = said.get("max_length")
    return Field(
        name=str(said["name"]),
        label=str(said.get("label") or said["name"]),
        type=types.get(type_, type_),
        required=bool(said.get("required")),
        read_only=bool(said.get("read_only")),
        unique=bool(said.get("unique")),
        max_length=length if isinstance(length, int) and length > 0 else None,
        options=tuple(str(each) for each in options) if isinstance(options, list) else (),
        links_to=read_text(said.get("links_to")),
    )


def guess_type(value: Any) -> str:
    """Guess a field's type from a value of it; "" if the value says nothing."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "text" if value else ""


def read_text(value: Any) -> str | None:
    """Give what should be text as text."""
    return None if value is None else value if isinstance(value, str) else str(value)
