"""Two CRMs of different nature, and how what they are sent is read.

`SelfBuilt` is a PocketBase server that would take a double: its batches are atomic, its
creates get an id of its own, and nothing in it keeps our key unique. `HubSpot` is the
sandbox: upserts of a hundred with an answer for each, and associations beside them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import requests

from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.associations import PRIMARY_TYPES
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.crm.pocketbase import EMAIL, PASSWORD, PocketBase
from tests.kills.gate import Fate, Sent
from tests.kills.project import TYPED, Names

OBJECTS = ("companies", "contacts")
NOTE = "typed by a person"

PROFILE = """
extends: pocketbase
objects:
  "*":
    create:
      # a new record each time, whatever it holds
      new_id: null
      repeatable: false
      entry: {method: POST, body: "{fields}"}
    # small ones, so that there are many to be killed in
    batch: {max_items: 20}
rate: {in_flight: 4}
"""


class System(Protocol):
    """A CRM to be delivered to while we are killed."""

    names: Names
    url: str
    window: int
    """So many records at most are under way: as many batches stand ready as are in flight."""

    def settings(self, url: str) -> Mapping[str, str]:
        """The connection to it through that address."""

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """All that it holds: key, name, email, amount, company (its own id), id, notes."""

    def read_writes(self, method: str, path: str, body: bytes) -> Sequence[Sent]:
        """The records that a request writes; none if it reads."""

    def read_fates(self, status: int, content: bytes, sent: Sequence[Sent]) -> Sequence[Fate]:
        """What the server's answer says of them."""


class SelfBuilt:
    """A PocketBase server without an upsert and without a unique key."""

    names = Names("external_id", "company", "name", "delete")
    window = 2 * 4 * 20

    def __init__(self, server: PocketBase, folder: Path) -> None:
        self._server = server
        self._profile = folder / "profile.yml"
        self._profile.write_text(PROFILE, encoding="utf-8")
        self.url = server.url
        for name in OBJECTS:
            server.create_collection(name, [{"name": field, "type": "text"} for field in _TEXTS])
            server.call("PATCH", f"/api/collections/{name}", {"indexes": [], "fields": _FIELDS})
        path = "/api/collections/contacts/records"
        for number in range(TYPED):
            typed = {"email": f"p{number}@example.com", "notes": NOTE}
            server.call("POST", path, typed)

    def settings(self, url: str) -> Mapping[str, str]:
        return {
            "kind": "selfbuilt",
            "profile": str(self._profile),
            "base_url": url,
            "identity": EMAIL,
            "password": PASSWORD,
        }

    def records(self, object_name: str) -> list[dict[str, Any]]:
        path = f"/api/collections/{object_name}/records?perPage=1000&skipTotal=1"
        items = self._server.call("GET", path)["items"]
        assert len(items) < 1000
        return [{**item, "key": item["external_id"]} for item in items]

    def read_writes(self, method: str, path: str, body: bytes) -> Sequence[Sent]:
        if path != "/api/batch":
            return []
        return [
            Sent(
                (each.get("body") or {}).get("external_id") or each["url"].rpartition("/")[2],
                json.dumps(each, sort_keys=True),
            )
            for each in json.loads(body)["requests"]
        ]

    def read_fates(self, status: int, content: bytes, sent: Sequence[Sent]) -> Sequence[Fate]:
        fate: Fate = "done" if status == 200 else "refused"
        return [fate] * len(sent)


_TEXTS = ("external_id", "name", "amount", "company", "notes")
_FIELDS = [
    *({"name": name, "type": "text"} for name in _TEXTS),
    {"name": "email", "type": "email"},
    {"name": "created", "type": "autodate", "onCreate": True},
    {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
]


class HubSpot:
    """The sandbox of HubSpot."""

    names = Names("tongke_id", "associations.companies", "lastname", "archive")
    window = 2 * 2 * 100

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self._account = sandbox.account
        self._account.switches.change({"burst": 10**6, "association_burst": 10**6})
        self.url = url
        for name in OBJECTS:
            table = self._account.table(name)
            table.add_property(Property("tongke_id", "ours", is_unique=True))
            table.add_property(Property("amount", "amount", "number"))
        headers = {"Authorization": f"Bearer {self._account.tokens.private}"}
        for number in range(TYPED):
            typed = {"email": f"p{number}@example.com", "jobtitle": NOTE}
            path = f"{url}/crm/v3/objects/contacts"
            body = {"properties": typed}
            requests.post(path, json=body, headers=headers, timeout=30).raise_for_status()

    def settings(self, url: str) -> Mapping[str, str]:
        return {
            "kind": "hubspot",
            "base_url": url,
            "access_token": self._account.tokens.private,
            "associations__contacts": "companies",
            "read_lag": "0",
            "rate__in_flight": "2",
            "rate__per_window": str(10**6),
            "association_rate__per_window": str(10**6),
            "search_rate__per_window": "5",
        }

    def records(self, object_name: str) -> list[dict[str, Any]]:
        found = []
        for record in self._account.table(object_name).by_change.values():
            said = record.properties
            # the field is the primary company; a kill between the two requests of a change may
            # leave the former one beside it, as docs/explanation/how-delivery-works.md says
            pair = (object_name, "companies")
            linked = [
                company
                for company, types in self._account.associations.of(pair, record.id).items()
                if PRIMARY_TYPES.get(pair) in types
            ]
            found.append(
                {
                    "id": record.id,
                    "key": said.get("tongke_id", ""),
                    "name": said.get("lastname") or said.get("name", ""),
                    "email": said.get("email", ""),
                    "amount": said.get("amount", ""),
                    "company": ", ".join(linked),
                    "notes": said.get("jobtitle", ""),
                }
            )
        return found

    def read_writes(self, method: str, path: str, body: bytes) -> Sequence[Sent]:
        object_name, _, verb = path.removeprefix("/crm/v3/objects/").partition("/batch/")
        if object_name not in OBJECTS or verb not in {"upsert", "update", "archive"}:
            return []
        inputs = json.loads(body)["inputs"]
        for each in inputs:
            each.pop("objectWriteTraceId", None)
        return [Sent(each["id"], f"{path} {json.dumps(each, sort_keys=True)}") for each in inputs]

    def read_fates(self, status: int, content: bytes, sent: Sequence[Sent]) -> Sequence[Fate]:
        if status >= 400:
            return ["refused"] * len(sent)
        results = json.loads(content or b"{}").get("results")
        if results is None:
            return ["done"] * len(sent)
        named = {each["id"] for each in results}
        named |= {each["properties"].get("tongke_id") for each in results}
        return ["done" if each.record in named else "refused" for each in sent]


@contextmanager
def selfbuilt(folder: Path) -> Iterator[System]:
    """A PocketBase server, as long as the block lasts."""
    server = PocketBase(folder)
    try:
        yield SelfBuilt(server, folder)
    finally:
        server.close()


@contextmanager
def hubspot(_folder: Path) -> Iterator[System]:
    """A sandbox of HubSpot, as long as the block lasts."""
    sandbox = Sandbox()
    with serving(sandbox) as url:
        yield HubSpot(sandbox, url)


SYSTEMS = {"selfbuilt": selfbuilt, "hubspot": hubspot}
