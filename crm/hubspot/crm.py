"""HubSpot: contacts, companies, deals and whatever else its objects API holds.

HubSpot takes a hundred records a call and answers for each of them. Creating is
an upsert by a property with unique values that holds our key, so that sending a
create twice makes one record. (HubSpot's API reference: CRM objects, v3.)
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson

from crm.errors import FatalError
from crm.http import Client
from crm.hubspot.links import Links
from crm.hubspot.objects import LINK, HubSpotObject, Objects
from crm.hubspot.rules import MOST_IN_BATCH, Options
from crm.hubspot.searches import Search
from crm.hubspot.values import read_record
from crm.hubspot.writer import Writer
from crm.protocol import Capabilities, Field, Gone, Outcome, RemoteRecord, Write
from crm.times import TimeFormat
from crm.transport import Call

_MILLISECONDS = TimeFormat("epoch_ms")
_TIMES = TimeFormat()


class HubSpot:
    """An account of HubSpot."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._objects = Objects(client, options)
        self.capabilities = Capabilities(
            operations=frozenset({"create", "update", "archive", "merge"}),
            batch="per_record",
            max_batch=MOST_IN_BATCH,
            max_find=MOST_IN_BATCH,
            page_size=options.page_size,
            repeatable_create=True,
            read_lag=options.read_lag,
            in_flight=options.in_flight,
        )

    def describe(self, object_name: str) -> list[Field]:
        """Give the properties, and the associations that the connection names."""
        return list(self._objects.get(object_name).fields.values())

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        """Give all records in the order of their ids; those changed since in that of changes."""
        if since is None:
            for records, _ in self.scan_from(object_name, None):
                yield records
            return
        found = self._objects.get(object_name)
        for items in self._changed(found, since):
            yield self._records(found, items)

    def scan_from(
        self, object_name: str, place: str | None, fields: Collection[str] | None = None
    ) -> Iterator[tuple[list[RemoteRecord], str | None]]:
        """Give all records behind a place, in the order of their ids."""
        found = self._objects.get(object_name)
        if fields is not None:
            found = found.reading(fields)
        for items, after in self._listed(found, place):
            yield self._records(found, items), after

    def count(self, object_name: str) -> int | None:
        """Count the records that searches see."""
        return self._search(self._objects.get(object_name)).total()

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        """Find records by their ids or by a property.

        A property with unique values is read at once; any other is searched for,
        and a search sees a write only after `read_lag` seconds.
        """
        found = self._objects.get(object_name)
        wanted = list(dict.fromkeys(values))
        records: dict[str, RemoteRecord] = {}
        for start in range(0, len(wanted), MOST_IN_BATCH):
            share = wanted[start : start + MOST_IN_BATCH]
            if field_name in {"id", "hs_object_id"}:
                # no id of HubSpot's is anything but a number; another would spoil the batch
                pages = self._read(found, [each for each in share if each.isdecimal()], None)
            elif found.is_unique(field_name):
                pages = self._read(found, share, field_name)
            else:
                test = {"propertyName": field_name, "operator": "IN", "values": share}
                pages = self._search(found).by_id([test], found.read)
            for items in pages:
                for record in self._records(found, items):
                    records[record.remote_id] = record
        return list(records.values())

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        """Write records of one operation; one outcome for each."""
        del batch_id  # HubSpot knows no idempotency key; an upsert needs none
        if not writes:
            return []
        operation = writes[0].operation
        if any(write.operation != operation for write in writes):
            raise ValueError("a batch holds one operation")
        if operation not in self.capabilities.operations:
            raise FatalError(f"{object_name}: HubSpot archives records; it doesn't {operation} any")
        found = self._objects.get(object_name)
        writer = Writer(self._client, found, self._options.external_id)
        if operation not in {"archive", "merge"}:
            return writer.write(operation, writes)
        there = self._there(found, [str(write.remote_id) for write in writes])
        meant = [write for write in writes if write.remote_id in there]
        outcomes = iter(writer.write(operation, meant) if meant else ())
        return [next(outcomes) if each.remote_id in there else Gone(each.key) for each in writes]

    def let_go(self, object_name: str, field_name: str, former: Mapping[str, str]) -> None:
        """Take away what records were associated with before, as far as it is still there."""
        Links(self._client, object_name, field_name.removeprefix(LINK)).let_go(former)

    def _listed(
        self, found: HubSpotObject, place: str | None
    ) -> Iterator[tuple[list[Mapping[str, Any]], str | None]]:
        parameters = {"limit": str(self._options.page_size), "properties": ",".join(found.read)}
        if place is not None:
            parameters["after"] = place
        while True:
            call = Call(f"scan of {found.name}", "GET", found.path, parameters)
            reading = self._client.read(call)
            if reading.meaning == "gone" or not isinstance(reading.data, dict):
                raise FatalError(f"{call.what}: {reading}: HubSpot has no such object")
            items = reading.data.get("results") or []
            after = ((reading.data.get("paging") or {}).get("next") or {}).get("after")
            if items:
                yield items, str(after) if after else None
            if not after:
                return
            if parameters.get("after") == after:
                raise FatalError(f"{call.what}: HubSpot's next page is the same page")
            parameters["after"] = str(after)

    def _changed(self, found: HubSpotObject, since: str) -> Iterator[list[Mapping[str, Any]]]:
        def changed_at(item: Mapping[str, Any]) -> int:
            shown = _TIMES.read((item.get("properties") or {}).get(found.modified_name))
            moment = shown or _TIMES.read(item.get("updatedAt"))
            if moment is None:
                raise FatalError(f"search of {found.name}: a record has no time of change")
            return int(_MILLISECONDS.write(moment))

        properties = [*found.read, found.modified_name]
        start = int(_MILLISECONDS.write(since))
        return self._search(found).by_change(start, found.modified_name, properties, changed_at)

    def _read(
        self, found: HubSpotObject, values: Sequence[str], id_property: str | None
    ) -> Iterator[list[Mapping[str, Any]]]:
        if not values:
            return
        body: dict[str, Any] = {
            "inputs": [{"id": each} for each in values],
            "properties": found.read,
            "propertiesWithHistory": [],
        }
        if id_property is not None:
            body["idProperty"] = id_property
        call = Call(
            f"read of {found.name}",
            "POST",
            f"{found.path}/batch/read",
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(body),
        )
        reading = self._client.read(call)
        # that some of them aren't there is no error, whether the answer is a 207 or a 404
        if reading.meaning == "ok" and isinstance(reading.data, dict):
            yield reading.data.get("results") or []

    def _there(self, found: HubSpotObject, ids: Sequence[str]) -> set[str]:
        """Those of the ids under which a record stands.

        The id of a record that people merged into another leads to the other, which nobody meant
        to take away. Between this look and the request they may still merge it.
        """
        pages = self._read(found, list(dict.fromkeys(ids)), None)
        return {str(item["id"]) for items in pages for item in items}.intersection(ids)

    def _records(
        self, found: HubSpotObject, items: Sequence[Mapping[str, Any]]
    ) -> list[RemoteRecord]:
        records = [read_record(item, found.time_names) for item in items]
        for other in found.associated:
            held = Links(self._client, found.name, other).read([r.remote_id for r in records])
            name = f"associations.{other}"
            records = [
                RemoteRecord(
                    record.remote_id,
                    {**record.fields, name: held.get(record.remote_id)},
                    record.updated_at,
                    record.formerly,
                )
                for record in records
            ]
        return records

    def _search(self, found: HubSpotObject) -> Search:
        return Search(self._client, found.name, found.path)
