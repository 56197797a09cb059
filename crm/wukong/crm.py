"""悟空CRM 11: leads, customers, contacts, products, opportunities, contracts.

It takes a record a call and says no id of a new one, so our key stands in a custom
field with unique values, by which it is searched for; searches see a write seconds
later. Errors come with HTTP 200 and a code in the answer. (The source of its server,
version 11: controllers, enums and the search service.)
"""

from collections.abc import Iterator, Sequence

from crm.errors import FatalError
from crm.http import Client
from crm.protocol import Capabilities, Field, Outcome, RemoteRecord, Write
from crm.wukong.objects import Objects, WukongObject
from crm.wukong.reader import Reader
from crm.wukong.rules import Options
from crm.wukong.writer import Writer


class Wukong:
    """A server of 悟空CRM."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._objects = Objects(client)
        self.capabilities = Capabilities(
            operations=frozenset({"create", "update", "delete"}),
            batch="none",
            max_batch=1,
            max_find=options.values_per_search,
            page_size=options.page_size,
            repeatable_create=False,
            read_lag=options.read_lag,
            in_flight=options.in_flight,
        )

    def describe(self, object_name: str) -> list[Field]:
        """Give the fields that people see."""
        return [each.field for each in self._objects.get(object_name).fields.values()]

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        """Give all records, or those changed since, in the order of their changes.

        It waits for `read_lag` first: what was written before it was asked for, it shows.
        """
        # or a plan would take what the last run wrote for something that people changed back
        if self._options.read_lag > 0:
            self._client.runtime.sleep(self._options.read_lag)
        yield from self._reader(self._objects.get(object_name)).by_change(since)

    def count(self, object_name: str) -> int | None:
        """Count the records that searches see."""
        return self._reader(self._objects.get(object_name)).count()

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        """Find records by their ids, at once, or by a field, `read_lag` seconds after a write."""
        found = self._objects.get(object_name)
        reader = self._reader(found)
        wanted = list(dict.fromkeys(values))
        if field_name in {"id", found.place.id_name}:
            # no id of 悟空's is anything but a number
            records = reader.by_ids([each for each in wanted if each.isdecimal()])
        else:
            records = reader.by_values(field_name, wanted)
        return list({each.remote_id: each for each in records}.values())

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        """Write a record."""
        del batch_id  # 悟空 knows no idempotency key
        if not writes:
            return []
        if len(writes) > 1:
            raise ValueError("a batch holds one record")
        if writes[0].operation not in self.capabilities.operations:
            raise FatalError(
                f"{object_name}: 悟空 deletes records for good; it doesn't archive any"
            )
        return [self._writer(object_name).write(writes[0])]

    def collect(self, object_name: str, receipt: str) -> list[Outcome]:
        """Look for a new record whose id isn't known yet."""
        return self._writer(object_name).collect(receipt)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.transport.close()

    def _reader(self, found: WukongObject) -> Reader:
        return Reader(self._client, found, self._options)

    def _writer(self, object_name: str) -> Writer:
        found = self._objects.get(object_name)
        return Writer(self._client, found, self._reader(found), self._options)
