"""Search, page by page, past the ten thousand hits that one search can show.

A page begins where the last one ended, by value instead of by place: a record
that changes meanwhile then moves to the end of what is still to come, where
with places it would make its neighbours slip past.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from crm.errors import FatalError
from crm.http import Client
from crm.hubspot.rules import SEARCH
from crm.transport import Call

MOST_IN_PAGE = 200
ID = "hs_object_id"

Filter = Mapping[str, Any]
Item = Mapping[str, Any]


class Search:
    """Searches one object's records."""

    def __init__(self, client: Client, object_name: str, path: str) -> None:
        self._client = client
        self._what = f"search of {object_name}"
        self._path = f"{path}/search"

    def total(self) -> int:
        """How many records there are."""
        return int(self._page({"limit": 1}).get("total") or 0)

    def by_id(self, filters: Sequence[Filter], properties: Sequence[str]) -> Iterator[list[Item]]:
        """Hits in the order of their ids."""
        last = "0"
        while True:
            beyond = {"propertyName": ID, "operator": "GT", "value": last}
            items = self._items([*filters, beyond], ID, properties)
            if items:
                yield items
                last = str(items[-1]["id"])
            if len(items) < MOST_IN_PAGE:
                return

    def by_change(
        self,
        since: int,
        modified_name: str,
        properties: Sequence[str],
        changed_at: Callable[[Item], int],
    ) -> Iterator[list[Item]]:
        """Hits in the order of their changes, from a moment on, in milliseconds since 1970."""
        seen: set[str] = set()
        while True:
            start = {"propertyName": modified_name, "operator": "GTE", "value": str(since)}
            items = self._items([start], modified_name, properties)
            fresh = [each for each in items if str(each["id"]) not in seen]
            if fresh:
                yield fresh
            if len(items) < MOST_IN_PAGE:
                return
            last = changed_at(items[-1])
            if last > since:
                seen = {str(each["id"]) for each in items if changed_at(each) == last}
                since = last
                continue
            # a whole page of one moment: go through that moment by id, and on behind it
            seen.update(str(each["id"]) for each in fresh)
            moment = {"propertyName": modified_name, "operator": "EQ", "value": str(since)}
            for page in self.by_id([moment], properties):
                if fresh := [each for each in page if str(each["id"]) not in seen]:
                    yield fresh
            since, seen = since + 1, set()

    def _items(self, filters: Sequence[Filter], sort: str, properties: Sequence[str]) -> list[Item]:
        said = self._page(
            {
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
                "properties": properties,
                "limit": MOST_IN_PAGE,
            }
        )
        items: list[Item] = said.get("results") or []
        return items

    def _page(self, search: Mapping[str, Any]) -> Mapping[str, Any]:
        call = Call(
            self._what,
            "POST",
            self._path,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(search),
            budgets=(SEARCH, ""),
        )
        reading = self._client.read(call)
        if reading.meaning == "gone" or not isinstance(reading.data, dict):
            raise FatalError(f"{call.what}: {reading}: HubSpot has no such object")
        return reading.data
