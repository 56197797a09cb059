"""Reads what a profile says of one object."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from zoneinfo import ZoneInfoNotFoundError

from crm.pointer import Pointer
from crm.protocol import Field, Operation
from crm.selfbuilt.calls import CallTemplate, compile_call, compile_part
from crm.selfbuilt.pointers import read_pointer, read_predicate
from crm.selfbuilt.reader import Reader
from crm.selfbuilt.rules import (
    BatchRules,
    Describe,
    Entry,
    Find,
    ItemRules,
    Match,
    ObjectRules,
    Paging,
    PagingKind,
    Query,
    RecordRules,
    WriteRules,
)
from crm.template import Compiler, Way, as_text
from crm.times import TimeFormat

OPERATIONS: tuple[Operation, ...] = ("create", "update", "archive", "delete")

_WRITE_NAMES = ("key", "id", "new_id", "fields", "batch_id")
_PAGE_NAMES = ("since", "size", "page", "offset", "cursor")


class ObjectReader:
    """Reads one object's section.

    `settings` are the connection's; with the object's name they are the same in
    every request, so they are put in once, here.
    """

    def __init__(
        self, reader: Reader, name: str, settings: Mapping[str, str], literal: Way
    ) -> None:
        self._reader = reader
        self._label = name
        self._name = reader.text("name", name)
        self._fixed = {**settings, "object": self._name}
        self._literal = literal

    def read(self) -> ObjectRules:
        """Read all of it."""
        reader = self._reader
        fields = {
            each: _read_field(reader.optional("fields").optional(each), each)
            for each in reader.mapping("fields")
        }
        rules = ObjectRules(
            name=self._name,
            external_id=reader.text("external_id", "external_id"),
            nulls=reader.choice("nulls", ("send", "omit", "empty"), "send"),
            times=self._times(),
            record=self._record(),
            fields=fields,
            time_fields=frozenset(k for k, v in fields.items() if v.type == "datetime"),
            scan=self._query("scan"),
            find=self._find("find"),
            find_by_id=self._find("find_by_id"),
            count=self._count(),
            describe=self._describe(),
            writes=self._writes(),
        )
        reader.done()
        return rules

    def _compiler(self, *names: str) -> Compiler:
        return Compiler({*names}, self._literal, fixed=self._fixed)

    def _times(self) -> TimeFormat:
        reader = self._reader.optional("times")
        try:
            times = TimeFormat(reader.text("format", "iso"), reader.text("zone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            reader.wrong("zone", "is no time zone; one is Asia/Shanghai")
        reader.done()
        return times

    def _record(self) -> RecordRules:
        reader = self._reader.optional("record")
        rules = RecordRules(
            id=read_pointer(reader, "id", "/id"),
            fields=read_pointer(reader, "fields", ""),
            updated_at=read_pointer(reader, "updated_at", "/updated_at"),
            omit=frozenset(reader.list("omit")),
        )
        reader.done()
        return rules

    def _query(self, key: str, *names: str) -> Query | None:
        if not self._reader.has(key):
            return None
        return self._read_query(self._reader.section(key), key, names, done=True)

    def _read_query(self, reader: Reader, key: str, names: Sequence[str], *, done: bool) -> Query:
        since = reader.mapping("since")
        pages = reader.optional("paging")
        kind: PagingKind = pages.choice(
            "kind", ("none", "keyset", "cursor", "page", "offset"), "none"
        )
        after = {k: read_pointer(pages.optional("after"), k) for k in pages.mapping("after")}
        paging = Paging(
            kind=kind,
            size=pages.integer("size", 100) or 100,
            size_said=read_pointer(pages, "size_said"),
            first=pages.any("first", 1),
            next=read_pointer(pages, "next"),
            after={k: v for k, v in after.items() if v is not None},
        )
        if kind == "cursor" and paging.next is None:
            pages.wrong("next", "is missing: where the answer holds the cursor")
        if kind == "keyset" and not after:
            pages.wrong("after", "is missing: what of the last record the next page begins after")
        overlay = {"params": pages.mapping("params"), "body": pages.any("body", None)}
        pages.done()
        compiler = self._compiler(*names, *_PAGE_NAMES, *after)
        what = f"{key} of {self._label}"
        # pages and offsets are numbered from the first on, the others are only known afterwards
        first = [overlay] if kind in {"page", "offset"} else []
        variants = {}
        for has_since, follows in product((False, True), repeat=2):
            # what comes after the last record is changed since anyway
            layers = [since] if has_since and not (follows and kind == "keyset") else []
            layers += [overlay] if follows else first
            variants[has_since, follows] = compile_call(reader, compiler, what, *layers)
        query = Query(variants, read_pointer(reader, "items", ""), paging)
        if done:
            reader.done()
        return query

    def _find(self, key: str) -> Find | None:
        if not self._reader.has(key):
            return None
        reader = self._reader.section(key)
        term = reader.text("term", "")
        names = ("field", "value", "values", "terms")
        find = Find(
            query=self._read_query(reader, key, names, done=False),
            term=compile_part(reader, "term", lambda: self._compiler("field", "value").text(term))
            if term
            else None,
            join=reader.text("join", ""),
            max_values=reader.integer("max_values", 1) or 1,
            max_length=reader.integer("max_length", 4000) or 4000,
            gone_is_none=reader.flag("gone_is_none", default=False),
        )
        reader.done()
        return find

    def _count(self) -> tuple[CallTemplate, Pointer] | None:
        if not self._reader.has("count"):
            return None
        reader = self._reader.section("count")
        call = compile_call(reader, self._compiler(), f"count of {self._label}")
        pointer = read_pointer(reader, "pointer", "/count")
        reader.done()
        return call, pointer

    def _describe(self) -> Describe | None:
        if not self._reader.has("describe"):
            return None
        reader = self._reader.section("describe")
        attributes = {
            key: pointer
            for key in Field.__slots__
            if key != "source" and (pointer := read_pointer(reader, key)) is not None
        }
        if "name" not in attributes:
            reader.wrong("name", "is missing: where the description of a field holds its name")
        describe = Describe(
            call=compile_call(reader, self._compiler(), f"description of {self._label}"),
            items=read_pointer(reader, "items", ""),
            attributes=attributes,
            types={str(k): str(v) for k, v in reader.mapping("types").items()},
        )
        reader.done()
        return describe

    def _writes(self) -> dict[Operation, WriteRules]:
        batch = None
        if self._reader.has("batch"):
            batch = self._batch(self._reader.section("batch"))
        writes: dict[Operation, WriteRules] = {}
        for operation in OPERATIONS:
            if self._reader.has(operation):
                writes[operation] = self._write(operation, batch)
        return writes

    def _write(self, operation: Operation, batch: BatchRules | None) -> WriteRules:
        reader = self._reader.section(operation)
        compiler = self._compiler(*_WRITE_NAMES)
        send: CallTemplate | Entry
        if reader.has("entry"):
            template = compile_part(
                reader, "entry", lambda: compiler.structure(reader.any("entry"))
            )
            if reader.has("batch"):
                batch = self._batch(reader.section("batch"))
            if batch is None:
                reader.wrong("entry", "is of a batch, but the object has no `batch`")
            send = Entry(template, batch)
        else:
            send = compile_call(reader, compiler, f"{operation} of {self._label}", method="POST")
        rules = WriteRules(
            send=send,
            id=read_pointer(reader, "id", "/id"),
            record=read_pointer(reader, "record"),
            new_id=_new_id(reader.optional("new_id")),
            is_repeatable=reader.flag("repeatable", default=False),
            missing_is_gone=operation != "create",
        )
        reader.done()
        return rules

    def _batch(self, reader: Reader) -> BatchRules:
        compiler = self._compiler("entries", "batch_id")
        batch = BatchRules(
            call=compile_call(reader, compiler, f"batch of {self._label}", method="POST"),
            kind=reader.choice("kind", ("atomic", "per_record")),
            max_items=reader.integer("max_items") or 1,
            results=_read_items(reader, "results"),
            errors=_read_items(reader, "errors"),
        )
        reader.done()
        return batch


def _read_items(parent: Reader, key: str) -> ItemRules | None:
    if not parent.has(key):
        return None
    reader = parent.section(key)
    match: Match = reader.choice("match", ("position", "index", "name", "key", "id"), "position")
    rules = ItemRules(
        at=read_pointer(reader, "at", ""),
        match=match,
        by=read_pointer(reader, "by", "/index" if match == "index" else f"/{match}"),
        ok=read_predicate(reader, "ok"),
        status=read_pointer(reader, "status"),
        code=read_pointer(reader, "code"),
        message=read_pointer(reader, "message"),
        field_name=read_pointer(reader, "field"),
        id=read_pointer(reader, "id"),
        record=read_pointer(reader, "record"),
    )
    reader.done()
    return rules


def _read_field(reader: Reader, name: str) -> Field:
    made = Field(
        name=name,
        label=reader.text("label", name),
        type=reader.text("type", "text"),
        required=reader.flag("required", default=False),
        read_only=reader.flag("read_only", default=False),
        unique=reader.flag("unique", default=False),
        max_length=reader.integer("max_length", None),
        options=tuple(as_text(each) for each in reader.list("options")),
        links_to=reader.text("links_to", "") or None,
        source="profile",
    )
    reader.done()
    return made


def _new_id(reader: Reader) -> Callable[[str, int], str] | None:
    """Make the CRM's ids out of our key, so that the same create makes the same record."""
    if not list(reader.names()):
        return None
    algorithm = reader.choice("hash", ("md5", "sha1", "sha256"))
    length = reader.integer("length", 32)

    def make(key: str, number: int) -> str:
        text = f"{key}\0{number}" if number else key
        digest = hashlib.new(
            algorithm, text.encode("utf-8", "surrogatepass"), usedforsecurity=False
        )
        return digest.hexdigest()[:length]

    return make
