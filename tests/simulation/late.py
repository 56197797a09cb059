"""The CRM file of the simulated CRM that answers later."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from crm.errors import RetryableError
from crm.http import Client
from crm.protocol import (
    Capabilities,
    Field,
    Gone,
    Outcome,
    Pending,
    Rejected,
    RemoteRecord,
    Write,
    Written,
)
from crm.transport import Call


class Late:
    """Hands batches over, and collects what became of them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.capabilities = Capabilities(
            operations=frozenset({"create", "update", "delete"}),
            batch="per_record",
            max_batch=3,
            max_find=3,
            page_size=100,
            repeatable_create=False,
            repeatable_batch=True,
        )

    def describe(self, object_name: str) -> list[Field]:
        return []

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        yield self._records(object_name, {})

    def count(self, object_name: str) -> int | None:
        return int(self._read("GET", f"count/{object_name}", None)["count"])

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        return self._records(object_name, {"field": field_name, "values": list(values)})

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        said = {
            "object": object_name,
            "operation": writes[0].operation,
            "writes": [
                {"key": each.key, "id": each.remote_id, "fields": dict(each.fields)}
                for each in writes
            ],
        }
        call = Call("hand over", "POST", f"/jobs/{batch_id}", body=orjson.dumps(said))
        reading = self._client.write(call)
        receipt = reading.data["receipt"]
        return [Pending(each.key, receipt) for each in writes]

    def collect(self, object_name: str, receipt: str) -> list[Outcome]:
        call = Call("collect", "GET", f"/jobs/{receipt}")
        reading = self._client.read(call)
        if reading.meaning == "gone":
            return []
        if not isinstance(reading.data, dict):
            raise RetryableError("collect: no clear answer")
        told = [_outcome(each) for each in reading.data["outcomes"]]
        return [*told, *self._still_due(receipt, {each.key for each in told}, reading.data)]

    def _still_due(
        self, receipt: str, told: set[str], data: Mapping[str, Any]
    ) -> Iterator[Outcome]:
        for key in data["keys"]:
            if key not in told:
                yield Pending(key, receipt, after=data["after"])

    def _records(self, object_name: str, said: Mapping[str, Any]) -> list[RemoteRecord]:
        found = self._read("POST", f"records/{object_name}", orjson.dumps(said))
        return [
            RemoteRecord(each["id"], {k: v for k, v in each.items() if k not in {"id", "updated"}})
            for each in found
        ]

    def _read(self, method: str, path: str, body: bytes | None) -> Any:
        return self._client.read(Call(path, method, f"/{path}", body=body)).data


def _outcome(told: Mapping[str, Any]) -> Outcome:
    match told["status"]:
        case "gone":
            return Gone(told["key"])
        case "rejected":
            return Rejected(told["key"], told["code"], "refused by a rule", told["field"])
    return Written(told["key"], told["id"], told.get("fields"))
