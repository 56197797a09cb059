"""JSON pointers: where something stands in a CRM's answer.

RFC 6901, and two words of our own, because validation errors often are a mapping
of field to complaint: `@first` is the first member of a mapping or a list, `@name`
the name of that member (`/data/@first/code` and `/data/@name`).
"""

from collections.abc import Callable
from typing import Any

Pointer = Callable[[Any], Any]
"""Takes an answer; gives what stands there, None if nothing does."""


def compile_pointer(text: str) -> Pointer:
    """Turn `/data/items/0` into a function; "" is the whole answer."""
    if not text:
        return _whole
    if not text.startswith("/"):
        raise ValueError("a pointer starts with a slash (or is empty: the whole answer)")
    steps = [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]
    if len(steps) == 1 and not steps[0].startswith("@"):
        only = steps[0]
        # most pointers name a member of a mapping, and they are asked for every record
        return lambda value: value.get(only) if isinstance(value, dict) else _step(value, only)
    return lambda value: _walk(value, steps)


def first_of(pointers: tuple[Pointer, ...]) -> Pointer:
    """Ask one pointer after the other until one finds something."""
    if len(pointers) == 1:
        return pointers[0]

    def find(value: Any) -> Any:
        for pointer in pointers:
            found = pointer(value)
            if found is not None:
                return found
        return None

    return find


def _whole(value: Any) -> Any:
    return value


def _walk(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = _step(value, step)
        if value is None:
            return None
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        if step == "@first":
            return next(iter(value.values()), None)
        if step == "@name":
            return next(iter(value), None)
        return value.get(step)
    if isinstance(value, list):
        if step == "@first":
            return value[0] if value else None
        if step.isascii() and step.isdigit() and int(step) < len(value):
            return value[int(step)]
    return None
