"""What a profile says, compiled: the shapes that the other modules work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from crm.answers import Predicate
from crm.pointer import Pointer
from crm.protocol import Field, Operation
from crm.selfbuilt.calls import CallTemplate
from crm.template import Template, TextTemplate
from crm.times import TimeFormat

Nulls = Literal["send", "omit", "empty"]
BatchKind = Literal["atomic", "per_record"]
Match = Literal["position", "index", "name", "key", "id"]
PagingKind = Literal["none", "keyset", "cursor", "page", "offset"]


@dataclass(frozen=True, slots=True)
class RecordRules:
    """Where a record holds what."""

    id: Pointer
    fields: Pointer
    updated_at: Pointer
    omit: frozenset[str]


@dataclass(frozen=True, slots=True)
class ItemRules:
    """How a batch's answer speaks of single records."""

    at: Pointer
    match: Match
    by: Pointer
    ok: Predicate | None
    status: Pointer | None
    code: Pointer | None
    message: Pointer | None
    field_name: Pointer | None
    id: Pointer | None
    record: Pointer | None


@dataclass(frozen=True, slots=True)
class BatchRules:
    """One request that carries many records."""

    call: CallTemplate
    kind: BatchKind
    max_items: int
    results: ItemRules | None
    errors: ItemRules | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A record's part of a batch."""

    template: Template
    batch: BatchRules


@dataclass(frozen=True, slots=True)
class WriteRules:
    """How one operation is done: by a request of its own, or as an entry of a batch."""

    send: CallTemplate | Entry
    id: Pointer
    record: Pointer | None
    new_id: Callable[[str, int], str] | None
    """Makes ids of our key, by number: the first, and those that do where it is taken."""
    is_repeatable: bool
    missing_is_gone: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """How one page follows another."""

    kind: PagingKind = "none"
    size: int = 100
    size_said: Pointer | None = None
    first: int = 1
    next: Pointer | None = None
    after: Mapping[str, Pointer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """A request for records, page by page."""

    variants: Mapping[tuple[bool, bool], CallTemplate]
    """By (has `since`, follows a page)."""
    items: Pointer
    paging: Paging


@dataclass(frozen=True, slots=True)
class Find:
    """A query by the values of a field."""

    query: Query
    term: TextTemplate | None
    join: str
    max_values: int
    max_length: int
    gone_is_none: bool
    """Reads by key say "gone" when there is none; elsewhere that is a wrong address."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Where the CRM says which fields an object has."""

    call: CallTemplate
    items: Pointer
    attributes: Mapping[str, Pointer]
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectRules:
    """What can be done with one object, and how."""

    name: str
    external_id: str
    nulls: Nulls
    times: TimeFormat
    record: RecordRules
    fields: Mapping[str, Field]
    time_fields: frozenset[str]
    scan: Query | None
    find: Find | None
    find_by_id: Find | None
    count: tuple[CallTemplate, Pointer] | None
    describe: Describe | None
    writes: Mapping[Operation, WriteRules]
