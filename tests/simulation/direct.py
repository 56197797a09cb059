"""A CRM that only shows what it holds, and an executor that does everything at once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from crm.protocol import Capabilities, Field, Outcome, RemoteRecord


class AtOnce(Executor):
    """Runs what it is given at once, in this thread."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class StillCrm:
    """Records to be read."""

    objects: dict[str, Sequence[RemoteRecord]]

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset(), "none", 1, 2, 2, repeatable_create=False)

    def count(self, object_name: str) -> int:
        return len(self.objects[object_name])

    def describe(self, object_name: str) -> list[Field]:
        raise NotImplementedError

    def write(self, *_args: object, **_named: object) -> list[Outcome]:
        raise NotImplementedError

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        yield list(self.objects[object_name])

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        return [
            record
            for record in self.objects[object_name]
            if (record.remote_id if field_name == "id" else record.fields.get(field_name)) in values
        ]
