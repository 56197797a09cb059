"""Reads pointers and predicates, which stand everywhere in a profile."""

from typing import Any

from crm.answers import Predicate
from crm.pointer import compile_pointer, first_of
from crm.selfbuilt.calls import compile_part
from crm.selfbuilt.reader import Reader


def read_predicate(parent: Reader, key: str) -> Predicate | None:
    """Read what must stand where; None if the profile doesn't say."""
    if not parent.has(key):
        return None
    reader = parent.section(key)
    predicate = Predicate(read_pointer(reader, "pointer", ""), reader.list("equals"))
    reader.done()
    return predicate


def read_pointer(reader: Reader, key: str, default: str | None = None) -> Any:
    """Read a pointer, or several of which the first that finds something counts."""
    texts = reader.any(key, default)
    if texts is None:
        return None
    many = texts if isinstance(texts, list) else [texts]
    if not all(isinstance(each, str) for each in many):
        reader.wrong(key, "must be a pointer, or a list of them")
    return compile_part(reader, key, lambda: first_of(tuple(compile_pointer(t) for t in many)))
