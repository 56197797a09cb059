"""Reads records: by id, where a write is seen at once, or by a search, where it is seen later.

A search says which records there are; what those it finds hold is read by id, so
that it is never old. Only a scan takes records as the search shows them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm.answers import Reading
from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.http import Client
from crm.protocol import RemoteRecord
from crm.wukong.objects import WukongObject, post
from crm.wukong.rules import GONE, MOST_AT_ONCE, MOST_IN_PAGE, Options
from crm.wukong.values import Values

Item = Mapping[str, Any]
Condition = dict[str, Any]

IS, AT_LEAST, AT_MOST = 1, 8, 10
ASCENDING = 2
CHANGED = "updateTime"
BEGINNING = "1970-01-02T00:00:00.000000Z"


class Reader:
    """Reads the records of one module."""

    def __init__(self, client: Client, found: WukongObject, options: Options) -> None:
        self._client = client
        self._object = found
        self._options = options
        self._values = Values(options.zone)

    def record(self, item: Item) -> RemoteRecord:
        """Read a record of an answer."""
        fields = {
            name: self._values.read(each.field, item.get(name))
            for name, each in self._object.fields.items()
        }
        updated = self._values.times.read(item.get(CHANGED))
        return RemoteRecord(self._id(item), fields, updated)

    def ask(self, remote_id: str) -> tuple[Reading, Item | None]:
        """Ask for a record by its id; gives the answer, and the record if there is one.

        Raises:
            RetryableError: it can't be asked now.
            FatalError: the CRM refuses us.
        """
        path = f"{self._object.place.prefix}/queryById/{remote_id}"
        try:
            # as a change that does nothing: that a record is refused us is no end of everything
            reading = self._client.settle(post(f"read of {self._object.name}", path))
        except UnknownOutcomeError as error:
            raise RetryableError(str(error)) from None
        item = reading.data.get("data") if isinstance(reading.data, dict) else None
        if reading.meaning != "ok" or not item:
            return reading, None
        # one that isn't there may be shown with nothing in it; one without an id is none of ours
        if not isinstance(item, dict) or self._object.place.id_name not in item:
            raise FatalError(f"read of {self._object.name}: {reading}: a record without its id")
        return reading, item if item[self._object.place.id_name] is not None else None

    def by_ids(self, remote_ids: Sequence[str]) -> Iterator[RemoteRecord]:
        """The records with these ids, as they are now."""
        for remote_id in remote_ids:
            reading, item = self.ask(remote_id)
            if item is not None:
                yield self.record(item)
            elif reading.meaning == "refused" or is_nowhere(reading):
                raise FatalError(
                    f"read of {self._object.name}: {reading}: may our user see all of them?"
                )

    def by_values(self, field_name: str, values: Sequence[str]) -> Iterator[RemoteRecord]:
        """The records of which a search knows that their field has one of the values."""
        known = self._object.fields.get(field_name)
        if known is None:
            raise FatalError(f"{self._object.name} has no field {field_name}")
        for start in range(0, len(values), self._options.values_per_search):
            share = values[start : start + self._options.values_per_search]
            test = _condition(field_name, known.form_type, IS, share)
            for record in self.by_ids([self._id(item) for item in self._all([test])]):
                # a search may take more for equal than we do, and see what was there before
                if str(record.fields[field_name]) in share:
                    yield record

    def count(self) -> int:
        """How many records a search sees."""
        return _total(self._page([], 1, 1))

    def by_change(self, since: str | None) -> Iterator[list[RemoteRecord]]:
        """All that were changed from a moment on, in the order of their changes.

        It is the first page that is asked for again and again, from the last change on: the
        number of a page would lead past those that move back while people work.
        """
        size = self._options.page_size
        low = since or BEGINNING
        seen: set[str] = set()
        while True:
            items = _listed(self._page([self._from(AT_LEAST, low)], 1, size))
            fresh = [each for each in items if self._id(each) not in seen]
            if fresh:
                yield [self.record(each) for each in fresh]
            if len(items) < size:
                return
            last = self._changed_at(items[-1])
            if last <= self._values.shown_time(low):
                # more of one second than a page holds: all of that second, and on behind it
                seen.update(self._id(each) for each in fresh)
                rest = [each for each in self._moment(last) if self._id(each) not in seen]
                if rest:
                    yield [self.record(each) for each in rest]
                low, seen = self._values.next_second(last), set()
            else:
                low = last
                seen = {self._id(each) for each in items if self._changed_at(each) == last}

    def _moment(self, moment: str) -> Sequence[Item]:
        tests = [self._from(AT_LEAST, moment), self._from(AT_MOST, moment)]
        data = self._page(tests, 1, MOST_AT_ONCE, page_type=0)
        items = _listed(data)
        # its index may count no further than it shows
        if len(items) < _total(data) or len(items) >= MOST_AT_ONCE:
            raise FatalError(
                f"search of {self._object.name}: too many records were changed in one second; "
                f"悟空 shows no more than {MOST_AT_ONCE} at once"
            )
        return items

    def _all(self, tests: Sequence[Condition]) -> Iterator[Item]:
        number = 1
        while True:
            items = _listed(self._page(tests, number, MOST_IN_PAGE))
            yield from items
            if len(items) < MOST_IN_PAGE:
                return
            number += 1

    def _page(
        self, tests: Sequence[Condition], number: int, size: int, *, page_type: int = 1
    ) -> Item:
        body = {
            "page": number,
            "limit": size,
            "pageType": page_type,
            "label": self._object.place.label,
            "sortField": CHANGED,
            "order": ASCENDING,
            "searchList": tests,
        }
        what = f"search of {self._object.name}"
        reading = self._client.read(post(what, f"{self._object.place.prefix}/queryPageList", body))
        data = reading.data.get("data") if isinstance(reading.data, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("list"), list):
            raise FatalError(f"{what}: {reading}: no list of records; is base_url right?")
        return data

    def _from(self, kind: int, moment: str) -> Condition:
        return _condition(CHANGED, "datetime", kind, [self._values.times.write(moment)])

    def _id(self, item: Item) -> str:
        remote_id = item.get(self._object.place.id_name)
        if remote_id is None:
            raise FatalError(f"search of {self._object.name}: a record without its id")
        return str(remote_id)

    def _changed_at(self, item: Item) -> str:
        moment = self._values.times.read(item.get(CHANGED))
        if moment is None:
            raise FatalError(f"search of {self._object.name}: a record has no time of change")
        return moment


def is_nowhere(reading: Reading) -> bool:
    """Whether there is no such address, as an HTTP 404 says, and not no such record."""
    return reading.meaning == "gone" and reading.code not in GONE


def _condition(name: str, form_type: str, kind: int, values: Sequence[str]) -> Condition:
    return {"name": name, "formType": form_type, "type": kind, "values": list(values)}


def _listed(data: Item) -> Sequence[Item]:
    items: Sequence[Item] = data["list"]
    return items


def _total(data: Item) -> int:
    total = data.get("totalRow")
    if not isinstance(total, int):
        raise FatalError("a search doesn't say how many it found")
    return total
