"""A CRM that enforces exactly what it says of its fields: the rules, in plain Python."""

import re
from collections.abc import Callable, Mapping, Sequence

from crm.protocol import Field, LengthUnit, Value, Write

TEXTS = {"text", "string", "email", "url", "phone", "phone_number", "textarea"}
TRUTHS = {"true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"}
LENGTHS: Mapping[LengthUnit, tuple[str, Callable[[str], int]]] = {
    "characters": ("characters", len),
    "utf16": ("UTF-16 units", lambda text: len(text.encode("utf-16-le")) // 2),
    "bytes": ("bytes", lambda text: len(text.encode())),
}


def as_text(value: Value) -> str:
    """A value as the CRM keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def wrong_value(field: Field, value: str, unit: LengthUnit) -> str | None:
    """Why a field doesn't take a value; None if it does."""
    if field.type == "number":
        number = re.fullmatch(r" *[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? *", value, re.ASCII)
        return None if number else "not a number"
    if field.type in {"boolean", "bool"}:
        return None if value.strip(" ").lower() in TRUTHS else "neither true nor false"
    if field.type in {"date", "datetime"}:
        return None if re.search("[0-9]", value) else "not a date"
    if field.type in {"select", "enumeration"} and field.options:
        chosen = {value} if value in field.options else set(value.split(";")) - {""}
        is_list = value.startswith("[")
        return None if is_list or chosen <= set(field.options) else "not one of the CRM's options"
    if field.type in TEXTS and field.max_length:
        name, length = LENGTHS[unit]
        if length(value) > field.max_length:
            return f"{length(value)} {name}, the CRM takes {field.max_length}"
    return None


def refusal(
    fields: Sequence[Field], write: Write, unit: LengthUnit = "characters"
) -> list[tuple[str, str]]:
    """The fields for which a CRM refuses a write, each with the reason; empty if it takes it."""
    wrong = []
    for field in fields:
        value = write.fields.get(field.name)
        is_empty = value is None or value == ""
        if not is_empty:
            words = wrong_value(field, as_text(value), unit)
        elif field.required and write.operation == "create":
            words = "required"
        elif field.required and field.name in write.fields:
            words = "can't be emptied"
        else:
            words = None
        if words is not None:
            wrong.append((field.name, words))
    return wrong
