"""Associations between records, with their types and the one primary company."""

from collections.abc import Iterator
from typing import Any

from sandbox.hubspot.switches import Switches

Pair = tuple[str, str]

USUAL_TYPES: dict[Pair, int] = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("contacts", "deals"): 4,
    ("deals", "contacts"): 3,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
}
PRIMARY_TYPES: dict[Pair, int] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}
"""Type ids as HubSpot's guide to associations lists them."""
OTHER_TYPES = 9_000
"""Where the ids begin that the sandbox gives to pairs whose own it doesn't know."""


class Associations:
    """Who is associated with whom."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.held: dict[Pair, dict[str, dict[str, set[int]]]] = {}
        """By pair of objects, from which, to which: the type ids."""
        self._others: dict[Pair, int] = {}

    def usual_type(self, pair: Pair) -> int:
        """The type of an association without a label."""
        known = USUAL_TYPES.get(pair)
        if known is None:
            known = self._others.setdefault(pair, OTHER_TYPES + len(self._others))
        return known

    def of(self, pair: Pair, record_id: str) -> dict[str, set[int]]:
        """What a record is associated with, and how."""
        return self.held.get(pair, {}).get(record_id, {})

    def add(self, pair: Pair, source: str, target: str, types: set[int]) -> set[int]:
        """Associate two records; gives how they are associated now."""
        back = (pair[1], pair[0])
        primary = PRIMARY_TYPES.get(pair)
        is_towards_company = pair[1] == "companies" and primary is not None
        wanted = set(types)
        if (
            is_towards_company
            and self.switches.first_company_is_primary
            and not any(primary in each for each in self.of(pair, source).values())
        ):
            wanted.add(primary or 0)
        if is_towards_company and primary in wanted:
            self._no_primary(pair, source)
        self._put(pair, source, target, wanted | {self.usual_type(pair)})
        back_types = {self.usual_type(back)}
        if is_towards_company and primary in wanted:
            back_types.add(PRIMARY_TYPES[back])
        self._put(back, target, source, back_types)
        return self.held[pair][source][target]

    def remove(self, pair: Pair, source: str, target: str) -> None:
        """Remove every association between two records."""
        for (one, other), here, there in ((pair, source, target), (pair[::-1], target, source)):
            found = self.held.get((one, other), {}).get(here)
            if found is not None:
                found.pop(there, None)
                if not found:
                    del self.held[one, other][here]

    def remove_types(self, pair: Pair, source: str, target: str, types: set[int]) -> None:
        """Remove labels; the association itself stays."""
        found = self.of(pair, source).get(target)
        if found is not None:
            found -= types

    def remove_all(self, name: str, record_id: str) -> None:
        """Remove what a record is associated with."""
        for pair, target in list(self._from(name, record_id)):
            self.remove(pair, record_id, target)

    def move(self, name: str, record_id: str, to: str) -> None:
        """Give another record the associations of one."""
        for pair, target in list(self._from(name, record_id)):
            types = self.of(pair, record_id)[target]
            self.remove(pair, record_id, target)
            self.add(pair, to, target, types - {PRIMARY_TYPES.get(pair, 0)})

    def shown(self, pair: Pair, record_id: str) -> list[dict[str, Any]]:
        """What a record is associated with, as the API shows it."""
        return [
            {"toObjectId": target, "associationTypes": [_shown_type(pair, t) for t in sorted(held)]}
            for target, held in self.of(pair, record_id).items()
        ]

    def _from(self, name: str, record_id: str) -> Iterator[tuple[Pair, str]]:
        for pair, held in self.held.items():
            if pair[0] == name:
                for target in held.get(record_id, {}):
                    yield pair, target

    def _put(self, pair: Pair, source: str, target: str, types: set[int]) -> None:
        places = self.held.setdefault(pair, {}).setdefault(source, {})
        places.setdefault(target, set()).update(types)

    def _no_primary(self, pair: Pair, source: str) -> None:
        """A record has one primary company at most."""
        back = (pair[1], pair[0])
        for target, held in self.of(pair, source).items():
            held.discard(PRIMARY_TYPES[pair])
            self.of(back, target).get(source, set()).discard(PRIMARY_TYPES[back])


def _shown_type(pair: Pair, type_id: int) -> dict[str, Any]:
    label = "Primary" if PRIMARY_TYPES.get(pair) == type_id else None
    return {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": label}
