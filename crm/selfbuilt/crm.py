"""The self-built REST CRM: any API that a profile can describe.

Everything that is particular to a CRM stands in its profile (docs/reference/crm-profile.md);
this file knows only the order of things: fill a template, send it, read per record what came.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from crm.errors import CrmError, FatalError
from crm.http import Client
from crm.protocol import (
    Capabilities,
    Field,
    Operation,
    Outcome,
    RemoteRecord,
    Unknown,
    Write,
    Written,
)
from crm.selfbuilt.profile import Profile
from crm.selfbuilt.records import guess_type, read_description, read_fields, read_record
from crm.selfbuilt.rules import Entry, Find, ObjectRules, Paging, Query
from crm.selfbuilt.sender import Sender

Record = Mapping[str, Any]
T = TypeVar("T")


class SelfBuilt:
    """A CRM that a profile describes."""

    def __init__(self, profile: Profile, client: Client, settings: Mapping[str, str]) -> None:
        self._profile = profile
        self._client = client
        self._settings = settings
        self._objects: dict[str, ObjectRules] = {}
        self._lock = Lock()
        self.capabilities = _capabilities(
            profile, [self._rules(name) for name in profile.object_names() or ["object"]]
        )

    def describe(self, object_name: str) -> list[Field]:
        """Give the fields as the CRM describes them, or as they look; the profile goes first."""
        rules = self._rules(object_name)
        described = self._described(rules)
        if described is None:
            described = self._sampled(rules)
        return list({**described, **rules.fields}.values())

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        """Give all records page by page, or those changed since."""
        rules = self._rules(object_name)
        query = _wanted(rules.scan, object_name, "scan")
        values = {"since": rules.times.write(since)} if since is not None else {}
        for items in self._pages(query, values, has_since=since is not None):
            yield [read_record(rules, item) for item in items]

    def count(self, object_name: str) -> int | None:
        """Count the records, if the CRM does that for us."""
        rules = self._rules(object_name)
        if rules.count is None:
            return None
        call, pointer = rules.count
        reading = self._client.read(call.make({}), is_empty=lambda data: not pointer(data))
        found = pointer(reading.data) if reading.meaning == "ok" else None
        if found is None:
            raise FatalError(f"count of {object_name}: {reading}: no count where the profile says")
        return int(found)

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        """Find records by the values of a field ("id": by the CRM's id)."""
        rules = self._rules(object_name)
        by_id = rules.find_by_id if field_name == "id" else None
        find = by_id or _wanted(rules.find, object_name, "find")
        found: dict[str, RemoteRecord] = {}
        for asked in _shares(find, field_name, list(dict.fromkeys(values))):
            for items in self._pages(
                find.query, asked, has_since=False, gone_is_none=find.gone_is_none
            ):
                for item in items:
                    record = read_record(rules, item)
                    found[record.remote_id] = record
        return list(found.values())

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        """Write records of one operation; one outcome for each."""
        if not writes:
            return []
        rules = self._rules(object_name)
        operation = writes[0].operation
        if any(write.operation != operation for write in writes):
            raise ValueError("a batch holds one operation")
        how = rules.writes.get(operation)
        if how is None:
            raise FatalError(f"{object_name}: this CRM's profile knows no {operation}")
        find_by_id = partial(self.find, object_name, "id")
        sender = Sender(self._client, self._profile, rules, how, find_by_id)
        outcomes = sender.send(writes, batch_id or uuid.uuid4().hex)
        if operation == "create":
            outcomes = self._with_ids(object_name, rules, outcomes)
        return outcomes

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.transport.close()

    def _rules(self, object_name: str) -> ObjectRules:
        rules = self._objects.get(object_name)
        if rules is None:
            with self._lock:
                rules = self._profile.object(object_name, self._settings)
                self._objects[object_name] = rules
        return rules

    def _pages(
        self,
        query: Query,
        values: Mapping[str, Any],
        *,
        has_since: bool,
        gone_is_none: bool = False,
    ) -> Iterator[list[Record]]:
        """Give the items of one page after the other."""
        paging = query.paging
        place: dict[str, Any] = {"size": paging.size, "page": paging.first, "offset": 0}
        follows = False
        while True:
            call = query.variants[has_since, follows].make({**values, **place})
            reading = self._client.read(call, is_empty=lambda data: not _items(query, data))
            if reading.meaning == "gone":
                if gone_is_none:
                    return
                raise FatalError(f"{call.what}: {reading}: the CRM has no such object")
            items = _items(query, reading.data)
            if items:
                yield items
            following = _next_place(paging, place, items, reading.data)
            if following is None:
                return
            if following == place:
                raise FatalError(f"{call.what}: the CRM's next page is the same page")
            place, follows = following, True

    def _described(self, rules: ObjectRules) -> dict[str, Field] | None:
        """Ask the CRM; None if it has no such request, or not for us."""
        describe = rules.describe
        if describe is None:
            return None
        try:
            reading = self._client.read(describe.call.make({}))
        except FatalError:
            return None
        if reading.meaning == "gone":
            return None
        described = {}
        for item in describe.items(reading.data) or []:
            said = {key: pointer(item) for key, pointer in describe.attributes.items()}
            field = read_description(said, describe.types)
            described[field.name] = field
        return described

    def _sampled(self, rules: ObjectRules) -> dict[str, Field]:
        """Look at some records; better than nothing where the CRM doesn't describe itself."""
        if rules.scan is None:
            return {}
        seen: dict[str, str] = {}
        for items in self._pages(rules.scan, {}, has_since=False):
            for item in items:
                for name, value in read_fields(rules, item).items():
                    seen[name] = seen.get(name) or guess_type(value)
            break
        return {
            name: Field(name, name, type_ or "text", source="sample")
            for name, type_ in seen.items()
        }

    def _with_ids(
        self, object_name: str, rules: ObjectRules, outcomes: list[Outcome]
    ) -> list[Outcome]:
        """Look up the ids of new records, for CRMs that don't say them."""
        nameless = [o.key for o in outcomes if isinstance(o, Written) and not o.remote_id]
        if not nameless:
            return outcomes
        ids: dict[str, str] = {}
        try:
            for record in self.find(object_name, rules.external_id, nameless):
                ids[str(record.fields.get(rules.external_id))] = record.remote_id
        except CrmError:
            # they were written; who reads them back later will find them
            ids.clear()
        return [
            outcome
            if not isinstance(outcome, Written) or outcome.remote_id
            else Written(outcome.key, ids[outcome.key], outcome.observed)
            if outcome.key in ids
            else Unknown(outcome.key)
            for outcome in outcomes
        ]


def _capabilities(profile: Profile, objects: Sequence[ObjectRules]) -> Capabilities:
    writes = [how for rules in objects for how in rules.writes.values()]
    operations: frozenset[Operation] = frozenset(o for rules in objects for o in rules.writes)
    batches = [how.send.batch for how in writes if isinstance(how.send, Entry)]
    finds = [rules.find.max_values for rules in objects if rules.find is not None]
    creates = [rules.writes["create"] for rules in objects if "create" in rules.writes]
    return Capabilities(
        operations=operations,
        batch="none"
        if not batches
        else "atomic"
        if any(batch.kind == "atomic" for batch in batches)
        else "per_record",
        max_batch=min((batch.max_items for batch in batches), default=1),
        max_find=min(finds, default=1),
        page_size=min((rules.scan.paging.size for rules in objects if rules.scan), default=1),
        repeatable_create=bool(creates) and all(how.is_repeatable for how in creates),
        repeatable_batch=profile.idempotency_header is not None,
        read_lag=profile.read_lag,
        in_flight=profile.rate.in_flight,
        length_unit=profile.length_unit,
    )


def _wanted(query: T | None, object_name: str, what: str) -> T:
    if query is None:
        raise FatalError(f"{object_name}: this CRM's profile knows no {what}")
    return query


def _shares(find: Find, field_name: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Share values out over requests, none with more or longer ones than an address can take."""
    share: list[str] = []
    terms: list[str] = []
    length = 0
    for value in values:
        term = find.term({"field": field_name, "value": value}) if find.term else value
        size = len(f"{term}{find.join}".encode(errors="replace"))
        if share and (len(share) >= find.max_values or length + size > find.max_length):
            yield _asked(find, field_name, share, terms)
            share, terms, length = [], [], 0
        share.append(value)
        terms.append(term)
        length += size
    if share:
        yield _asked(find, field_name, share, terms)


def _asked(find: Find, field_name: str, share: list[str], terms: list[str]) -> dict[str, Any]:
    return {
        "field": field_name,
        "values": share,
        "value": share[0],
        "terms": find.join.join(terms),
    }


def _items(query: Query, data: Any) -> list[Record]:
    found = query.items(data)
    if isinstance(found, dict):
        return [found]
    return found if isinstance(found, list) else []


def _next_place(
    paging: Paging, place: Mapping[str, Any], items: Sequence[Record], data: Any
) -> dict[str, Any] | None:
    """Say where the next page begins; None if there is none."""
    if paging.kind == "none":
        return None
    if paging.kind == "cursor":
        cursor = paging.next(data) if paging.next else None
        return {**place, "cursor": cursor} if cursor not in (None, "", False) else None
    # without its word for it, a page shorter than ours may be the CRM's own largest
    said = paging.size_said(data) if paging.size_said else None
    if not items or (isinstance(said, int) and len(items) < said):
        return None
    match paging.kind:
        case "keyset":
            return {**place, **{name: after(items[-1]) for name, after in paging.after.items()}}
        case "page":
            return {**place, "page": place["page"] + 1}
    return {**place, "offset": place["offset"] + len(items)}
