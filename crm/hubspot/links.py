"""To-one associations as fields: `associations.companies` holds the id of one company.

HubSpot's associations are many-to-many. A contact or a deal has one primary
company, though, and that is what such a field is where there is one; else it is
the associated record with the lowest id. Setting the field associates the new
record before the old one is let go, so that a record never stands without; what
people associated besides stays as it is. (HubSpot's guide to associations v4.)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from crm.errors import FatalError, RetryableError
from crm.http import Client
from crm.hubspot.batches import Batch, Refusal, Report, pair_name
from crm.hubspot.rules import ASSOCIATIONS
from crm.transport import Call

T = TypeVar("T")

MOST_READ = 1_000
MOST_ARCHIVED = 100

PRIMARY: Mapping[tuple[str, str], int] = {("contacts", "companies"): 1, ("deals", "companies"): 5}
"""The type ids of an association with the primary company (HubSpot's guide to associations)."""


_NOT_SAID = Refusal("not_associated", "HubSpot doesn't say that it was associated", None)


class Links:
    """Reads and writes the associations of one object with another."""

    def __init__(self, client: Client, source: str, target: str) -> None:
        self._client = client
        self._source = source
        self._target = target
        self._path = f"/crm/v4/associations/{source}/{target}/batch"
        self._primary = PRIMARY.get((source, target))

    def read(self, ids: Sequence[str]) -> dict[str, str]:
        """Give what each of these records is associated with; nothing for those without."""
        found = self._all_of(ids)
        return {source: self._chosen(targets) for source, targets in found.items() if targets}

    def let_go(self, former: Mapping[str, str]) -> None:
        """Take away former associations of records, as far as they are still there."""
        found = self._all_of([*former])
        there = {(source, str(each["toObjectId"])) for source in found for each in found[source]}
        self.drop([pair for pair in former.items() if pair in there])

    def _all_of(self, ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = {}
        asked: list[dict[str, str]] = [{"id": each} for each in ids]
        while asked:
            following: list[dict[str, str]] = []
            for share in _shares(asked, MOST_READ):
                for item in self._asked("read", share).get("results") or []:
                    source = str(item["from"]["id"])
                    found.setdefault(source, []).extend(item.get("to") or [])
                    after = ((item.get("paging") or {}).get("next") or {}).get("after")
                    if after:
                        following.append({"id": source, "after": after})
            asked = following
        return found

    def write(self, wanted: Mapping[str, str | None], held: Mapping[str, str]) -> Report:
        """Set the association of each of these records; the report is by their order.

        Nothing here is done twice by being asked for twice, so it is asked for until it is done.
        """
        sources = list(wanted)
        added = [s for s in sources if wanted[s] and wanted[s] != held.get(s)]
        made = self._add([(s, wanted[s] or "") for s in added])
        if made.not_sent:
            raise RetryableError(f"association with {self._target}: not all of them were made")
        report = Report(results={n: {} for n in range(len(sources))})
        refused = set()
        for place, source in enumerate(added):
            if place not in made.results:
                refused.add(source)
                number = sources.index(source)
                del report.results[number]
                report.refusals[number] = made.refusals.get(place) or made.nameless or _NOT_SAID
        self.drop(
            [
                (source, held[source])
                for source in sources
                if source in held and held[source] != wanted[source] and source not in refused
            ]
        )
        return report

    def drop(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Take associations away."""
        for share in _shares(pairs, MOST_ARCHIVED):
            inputs = [{"from": {"id": one}, "to": [{"id": other}]} for one, other in share]
            self._asked("archive", inputs)

    def _add(self, pairs: Sequence[tuple[str, str]]) -> Report:
        if not pairs:
            return Report()
        ends = [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]
        if self._primary is None:
            return self._batch("associate/default").report(ends)
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self._primary}
        return self._batch("create").report([{**each, "types": [spec]} for each in ends])

    def _batch(self, verb: str) -> Batch:
        return Batch(
            what=f"association of {self._source} with {self._target}",
            path=f"{self._path}/{verb}",
            send=self._client.settle,
            name_of_input=lambda each: pair_name(each["from"]["id"], each["to"]["id"]),
            name_of_result=_pair_of,
            budgets=(ASSOCIATIONS,),
        )

    def _asked(self, verb: str, inputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        call = Call(
            f"{verb} of associations of {self._source} with {self._target}",
            "POST",
            f"{self._path}/{verb}",
            headers={"Content-Type": "application/json"},
            body=orjson.dumps({"inputs": inputs}),
            budgets=(ASSOCIATIONS,),
        )
        reading = self._client.read(call)
        if reading.meaning == "gone":
            raise FatalError(f"{call.what}: {reading}: HubSpot has no such association")
        return reading.data if isinstance(reading.data, dict) else {}

    def _chosen(self, targets: Sequence[Mapping[str, Any]]) -> str:
        """The one record that the field is."""
        for target in targets:
            types = target.get("associationTypes") or []
            if any(each.get("typeId") == self._primary for each in types):
                return str(target["toObjectId"])
        return min((str(each["toObjectId"]) for each in targets), key=_number)


def _pair_of(result: Mapping[str, Any]) -> str:
    """The pair an answer speaks of; associating by default answers for both directions."""
    if "fromObjectId" in result:
        return pair_name(result["fromObjectId"], result.get("toObjectId"))
    return pair_name((result.get("from") or {}).get("id"), (result.get("to") or {}).get("id"))


def _number(record_id: str) -> tuple[int, str]:
    return (int(record_id) if record_id.isdecimal() else 0, record_id)


def _shares(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
