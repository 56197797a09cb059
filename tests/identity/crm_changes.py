"""What happens in a CRM to the customers of a random history, and comes home from there.

We write customers there with their ids; people type over what we wrote, type in others, and
delete. A record has at most one version a day, and a day one build.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.identity.conftest import crm_contact, ledger_record

Row = Mapping[str, Any]

FIELDS = {
    "contacts": {"full_name": "name", "phone": "mobile", "email": "email"},
    "companies": {"company_name": "name", "phone": "phone", "address": "address"},
}
"""The CRM's fields, by the columns of the records that fill them."""


class CrmChanges:
    """The CRM's records as they stood on each day, and what the ledger knows of them."""

    def __init__(self, chance: random.Random, imagine: Mapping[str, Callable[[], Row]]) -> None:
        self._random = chance
        self._imagine = imagine
        self._day = 1
        self._versions: dict[tuple[str, str, int], Row] = {}
        self._states: dict[tuple[str, str, int], Row] = {}

    def next_day(self) -> None:
        """What happens from now on is newer."""
        self._day += 1

    def versions(self, object_name: str) -> Sequence[Row]:
        """Every version of the CRM's records."""
        return [row for (name, _, _), row in self._versions.items() if name == object_name]

    def states(self) -> Sequence[Row]:
        """Every state of the ledger's records."""
        return list(self._states.values())

    def write(self, object_name: str, entity_id: str, record: Row) -> None:
        """We write a customer as one of its records knows it, into a record of theirs or anew."""
        newest = self._newest(object_name)
        theirs = [key for key, row in newest.items() if not row["external_id"]]
        remote_id = self._random.choice([*theirs, f"x{len(newest)}"])
        written = {field: record[column] for column, field in FIELDS[object_name].items()}
        self._stand(object_name, remote_id, {**written, "external_id": entity_id})
        self._states[object_name, remote_id, self._day] = ledger_record(
            entity_id,
            remote_id,
            self._day,
            json.dumps({field: value for field, value in written.items() if value}),
            object=object_name,
            sync=f"selfbuilt_{object_name}",
            origin="adopted" if remote_id in newest else "created",
        )

    def type_in(self, object_name: str) -> None:
        """Somebody types over a value of a record, or types in a new one."""
        newest = self._newest(object_name)
        imagined = self._imagine[object_name]()
        typed = {field: imagined[column] for column, field in FIELDS[object_name].items()}
        if object_name == "contacts":
            typed["company"] = self._random.choice([*self._newest("companies"), None])
        remote_id = self._random.choice([*newest, f"x{len(newest)}"])
        if remote_id in newest:
            field = self._random.choice(list(typed))
            typed = {**newest[remote_id], field: typed[field]}
        self._stand(object_name, remote_id, {"external_id": None, **typed})

    def delete(self, object_name: str) -> None:
        """Somebody deletes a record, or brings a deleted one back."""
        newest = self._newest(object_name)
        if newest:
            remote_id = self._random.choice(list(newest))
            row = newest[remote_id]
            self._stand(object_name, remote_id, row, is_deleted=not row["_is_deleted"])

    def _newest(self, object_name: str) -> dict[str, Row]:
        return {row["id"]: row for row in self.versions(object_name)}

    def _stand(
        self, object_name: str, remote_id: str, values: Row, *, is_deleted: bool = False
    ) -> None:
        row = {**values, **crm_contact(remote_id, self._day), "_is_deleted": is_deleted}
        self._versions[object_name, remote_id, self._day] = row
