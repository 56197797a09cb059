"""What a CRM would refuse, a record at a time: reverse_etl/plan/validation.py again."""

import re
from collections.abc import Iterator

from crm.protocol import Field, LengthUnit
from reverse_etl.plan import Change, Rules
from reverse_etl.plan.planner import CHANGING
from reverse_etl.plan.validation import (
    BOOLEANS,
    CHOICES,
    DATES,
    NUMBER,
    NUMBERS,
    TEXTS,
    TRUTHS,
    declared_length,
)
from reverse_etl.syncs import Column, Sync

UNITS = {"characters": "characters", "utf16": "UTF-16 units", "bytes": "bytes"}


def faults(sync: Sync, change: Change, rules: Rules) -> Iterator[str]:
    """Why a change would be refused; nothing if it wouldn't."""
    is_new = change.operation == "create"
    if not is_new and change.operation not in CHANGING:
        return
    for column in sync.columns:
        fault = _fault(column, change, rules, is_new=is_new)
        if fault is not None:
            yield f"{column.field}: {fault}"
    mapped = {column.field for column in sync.columns}
    for name in rules.fields if is_new else ():
        if name not in mapped and _is_required(rules, name):
            yield f"{name}: the CRM requires it, and no column goes to it"


def _fault(column: Column, change: Change, rules: Rules, *, is_new: bool) -> str | None:
    name = column.field
    is_written = name in change.payload
    value = _text(change.payload.get(name))
    if is_written and value is not None and not column.links_to:
        fault = _fault_of_value(column, value, rules)
        if fault is not None:
            return fault
    if not _is_required(rules, name):
        return None
    if is_new:
        return None if is_written else "the CRM requires it, and there is none"
    is_emptied = is_written and value is None
    return "the CRM requires it, and it would be emptied" if is_emptied else None


def _fault_of_value(column: Column, value: str, rules: Rules) -> str | None:
    said = rules.fields.get(column.field)
    if said is not None and said.source != "sample":
        fault = _fault_of_kind(said, value)
        if fault is not None:
            return fault
        length = _length(value, rules.unit)
        if said.max_length and said.type in TEXTS and length > said.max_length:
            return f"{length} {UNITS[rules.unit]}, the CRM takes {said.max_length}"
    declared = declared_length(column)
    if declared is not None and len(value) > declared:
        return f"{len(value)} characters, the contract takes {declared}"
    return None


def _fault_of_kind(said: Field, value: str) -> str | None:
    fault = None
    if said.type in NUMBERS and not re.fullmatch(NUMBER, value):
        fault = "not a number"
    elif said.type in BOOLEANS and value.strip(" ").lower() not in TRUTHS:
        fault = "neither true nor false"
    elif said.type in DATES and not re.search("[0-9]", value):
        fault = "not a date"
    elif said.type in CHOICES and said.options:
        chosen = value.split(";")
        is_one = value in said.options or value.startswith("[")
        if not is_one and not set(chosen) <= {*said.options, ""}:
            fault = "not one of the CRM's options"
    return fault


def _is_required(rules: Rules, name: str) -> bool:
    said = rules.fields.get(name)
    return said is not None and said.required and not said.read_only


def _length(value: str, unit: LengthUnit) -> int:
    if unit == "bytes":
        return len(value.encode())
    return len(value.encode("utf-16-le")) // 2 if unit == "utf16" else len(value)


def _text(value: object) -> str | None:
    """What travels, as the text that it came from."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
