"""Roundup: users and issues over its REST API.

Roundup filters by activity at a resolution of one second, so a run begins at the last
landed second again; what changed while it read is fetched in another round. It pages by
preparing every item from the page on and then leaving out what doesn't fit, so pages of
whole items would cost the square of their number: the ids are listed, which is cheap,
and the items fetched by their ids, which no change in between can shift.
A retired item vanishes from the collection: when the count says so, ids are compared.
https://www.roundup-tracker.org/docs/rest.html
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.config import Instance, settings
from ingestion.errors import SourceError
from ingestion.landed import Landed
from ingestion.sources.roundup.client import Client
from ingestion.tables import Problem, Reading, Table

ROUNDS = 10
"""How often what changed meanwhile is fetched, before the next run is left to do it."""

_COLUMNS = {
    "users": ("username", "realname", "address", "phone", "organisation"),
    "issues": ("title", "status", "priority"),
}
_CLASSES = {"users": "user", "issues": "issue"}


@dataclass(frozen=True, slots=True)
class RoundupSettings:
    """`[sources.<name>]` of kind roundup."""

    url: str
    """The tracker's base address, as in the browser."""
    username: str
    password: str = field(repr=False)
    requester: str | None = "requester"
    """The issue's link to the user who asked; "" where the tracker has none."""
    page_size: int = 500
    """How many items are asked for at once, by their ids: an address has its length."""
    lag: float = 60.0
    timeout: float = 60.0


def open_source(instance: Instance) -> "RoundupSource":
    """The source of an instance."""
    config = settings(instance, RoundupSettings)
    client = Client(
        instance.name, config.url, config.username, config.password, timeout=config.timeout
    )
    return RoundupSource(instance.name, config, client)


class RoundupSource:
    """The users and issues of one tracker."""

    def __init__(self, name: str, config: RoundupSettings, client: Client) -> None:
        self._name = name
        self._config = config
        self._client = client
        self._names: dict[str, dict[str, str]] = {}

    def tables(self, landed: Landed) -> list[Table]:  # noqa: ARG002 - the protocol's signature
        """Users and issues, if the tracker answers and shows us both."""
        for table, class_name in _CLASSES.items():
            # nobody has the id 0, but the fields of the answer are checked all the same
            self._client.items(class_name, [0], self._fields(table))
        self._names = {
            class_name: self._client.names(class_name) for class_name in ("status", "priority")
        }
        return [
            Table(
                name,
                ("id",),
                _schema(name),
                cursor="activity",
                lag=self._config.lag,
                may_repeat=True,
            )
            for name in _CLASSES
        ]

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """What was active since the start, what became so meanwhile, and what was retired."""
        table = reading.table.name
        start = reading.start if isinstance(reading.start, dt.datetime) else None
        seen: dict[int, dt.datetime | None] = {}
        for _round in range(ROUNDS):
            ids = self._client.ids(_CLASSES[table], since=start)
            # by the tracker's clock, not ours; a second more, for that is its resolution
            start = self._client.now() - dt.timedelta(seconds=1)
            has_news = False
            for chunk in _chunks(ids, self._config.page_size):
                items = self._client.items(_CLASSES[table], chunk, self._fields(table))
                rows = [self._row(table, item) for item in items]
                fresh = [row for row in rows if seen.get(row["id"], ...) != row["activity"]]
                seen.update((row["id"], row["activity"]) for row in fresh)
                if fresh:
                    has_news = True
                    yield pa.Table.from_pylist(fresh, schema=reading.table.columns)
            if not has_news:
                break
        yield from self._retired_and_back(reading, seen)

    def problems(self) -> list[Problem]:
        """None: what goes wrong here stops the reading."""
        return []

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _fields(self, table: str) -> tuple[str, ...]:
        fields = (*_COLUMNS[table], "creation", "activity")
        if table == "issues" and self._config.requester:
            return (*fields, self._config.requester)
        return fields

    def _row(self, table: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """An item of the API as a row."""
        row: dict[str, Any] = {
            "id": int(item["id"]),
            "creation": date(item.get("creation")),
            "activity": date(item.get("activity")),
            "is_retired": False,
        }
        if table == "users":
            for name in _COLUMNS[table]:
                row[name] = item.get(name)
            return row
        row["title"] = item.get("title")
        for name in ("status", "priority"):
            row[name] = self._names[name].get(_id(item.get(name)) or "")
        requester = _id(item.get(self._config.requester)) if self._config.requester else None
        row["requester_id"] = int(requester) if requester else None
        return row

    def _retired_and_back(self, reading: Reading, seen: Mapping[int, object]) -> Iterator[pa.Table]:
        """A row for each item that was retired, or is back: their activity doesn't tell."""
        table, class_name = reading.table.name, _CLASSES[reading.table.name]
        held = reading.landed.newest(table, "id", ("activity",))
        if held is None:
            held = reading.table.columns.empty_table()
        alive = {*held.filter(pc.invert(held["is_retired"]))["id"].to_pylist(), *seen}
        known = {*held["id"].to_pylist(), *seen}
        is_whole = reading.full or reading.start is None
        # ids are given in turn: a gap is an item that was retired before we came
        first = 1 if is_whole else max(held["id"].to_pylist(), default=0) + 1
        gaps = set(range(first, max(known, default=0))) - known
        if not is_whole and not gaps and self._client.count(class_name) == len(alive):
            return
        there = set(self._client.ids(class_name))
        # what came back after it was retired is no activity either
        for chunk in _chunks(sorted(there - alive), self._config.page_size):
            items = self._client.items(class_name, chunk, self._fields(table))
            back = [self._row(table, item) for item in items]
            yield pa.Table.from_pylist(back, schema=reading.table.columns)
        missing = (alive | gaps) - there - seen.keys()
        last = {row["id"]: row for row in held.filter(_is_in(held["id"], missing)).to_pylist()}
        rows = []
        for id_ in sorted(missing):
            # asked for by its id, a retired item still answers
            item = self._client.item(class_name, id_, self._fields(table))
            row = self._row(table, item) if item else last.get(id_)
            if row is not None:
                rows.append({**row, "is_retired": True})
        if rows:
            yield pa.Table.from_pylist(rows, schema=reading.table.columns)


def _schema(table: str) -> pa.Schema:
    time = pa.timestamp("us")
    return pa.schema(
        [
            ("id", pa.int64()),
            *((name, pa.string()) for name in _COLUMNS[table]),
            *([("requester_id", pa.int64())] if table == "issues" else []),
            ("creation", time),
            ("activity", time),
            ("is_retired", pa.bool_()),
        ]
    )


def date(text: str | None) -> dt.datetime | None:
    """Roundup's own form of a moment in UTC: 2026-11-22.01:04:43."""
    if not text:
        return None
    try:
        return dt.datetime.strptime(text[:19], "%Y-%m-%d.%H:%M:%S")  # noqa: DTZ007 - raw times carry no zone
    except ValueError:
        raise SourceError(f"Roundup gave a date of an unknown form: {text[:40]}") from None


def _is_in(ids: pa.ChunkedArray, wanted: set[int]) -> pa.ChunkedArray:
    return pc.is_in(ids, pa.array(sorted(wanted), pa.int64()))


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))


def _id(link: Any) -> str | None:
    """The id behind a link, however verbose the answer."""
    if isinstance(link, Mapping):
        link = link.get("id")
    return None if link is None else str(link)
