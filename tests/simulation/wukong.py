"""悟空CRM as one of the simulated CRMs: its sandbox, with the same fields for every module."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from crm.transport import Answer, Request
from sandbox.messages import Request as SandboxRequest
from sandbox.wukong.api import Wukong as Sandbox
from sandbox.wukong.fields import CUSTOM, FIXED, NUMBER, TEXT, Field
from sandbox.wukong.problems import Problem
from sandbox.wukong.store import Module
from sandbox.wukong.switches import Switches
from tests.simulation.servers import (
    FIELDS,
    LINKS,
    LONGEST,
    Form,
    Place,
    RefusedError,
    State,
    merge_by_hand,
)


@dataclass(slots=True)
class FormedField(Field):
    """A field that keeps values in a form of its own."""

    form: Form = str

    def kept(self, value: Any, switches: Switches) -> Any:
        if value is None or value == "":
            return None
        # nothing is kept as null
        return super(FormedField, self).kept(self.form(str(value)), switches)


class WukongServer:
    """The sandbox of 悟空; what points at a record of its modules is text, as leads can't be."""

    key_field = "external_id"
    leads_on = False
    NAMES: Mapping[str, str] = {"companies": "customer", "contacts": "leads", "orders": "product"}

    def __init__(
        self, sandbox: Sandbox, quota: tuple[int, float] | None, forms: Mapping[str, Form]
    ) -> None:
        self.sandbox = sandbox
        self.quota = quota
        self._forms = forms
        self._unread: set[Place] = set()
        """What was written and wasn't read back yet."""
        for ours, theirs in self.NAMES.items():
            made: list[Field] = [Field(1, self.key_field, "ours", TEXT, CUSTOM, is_unique=True)]
            for number, name in enumerate((*FIELDS, *LINKS[ours]), 2):
                kind = NUMBER if name == "count" else TEXT
                longest = LONGEST if name == "name" else None
                form = forms.get(name, str)
                made.append(FormedField(number, name, name, kind, FIXED, longest, form=form))
            sandbox.account.modules[theirs].fields = {each.field_name: each for each in made}

    def budget(self, _request: Request) -> str:
        return ""

    def forget_tokens(self) -> None:
        self.sandbox.account.sessions.tokens.clear()

    def lives_on(self) -> Mapping[Place, Place]:
        return {}

    def under_way(self) -> set[Place]:
        # what the CRM makes of our values, it tells only who reads them a moment later
        return self._unread

    def handle(self, request: Request, _now: float) -> Answer:
        address = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        said = SandboxRequest(
            request.method, address.path, address.query, headers, request.body or b""
        )
        before = self.state() if address.path.endswith(("/add", "/update")) else None
        answer = self.sandbox(said)
        if before is not None:
            now = self.state()
            self._unread |= {place for place in now if now[place] != before.get(place)}
        if "/queryById/" in address.path:
            number = address.path.rpartition("/")[2]
            self._unread = {place for place in self._unread if place[1] != number}
        return Answer(answer.status, answer.headers, answer.encoded())

    def state(self) -> State:
        return {
            (ours, str(record_id)): {
                name: str(value)
                for name in (self.key_field, *FIELDS, *LINKS[ours])
                if (value := record.get(name)) is not None
            }
            for ours, theirs in self.NAMES.items()
            for record_id, record in self.sandbox.account.modules[theirs].records.items()
        }

    def put(self, object_name: str, fields: Mapping[str, str], remote_id: str | None) -> str:
        account = self.sandbox.account
        module = self._module(object_name)
        number = account.new_id() if remote_id is None else int(remote_id)
        # the page that people type in says all of it
        said = {**module.records.get(number, {}), **fields}
        said = {name: value for name, value in said.items() if name in module.fields}
        try:
            module.save(said, number, self.sandbox.clock(), is_new=remote_id is None)
        except Problem as problem:
            raise RefusedError("", str(problem.code)) from None
        return str(number)

    def remove(self, place: Place) -> None:
        self._module(place[0]).remove(int(place[1]), self.sandbox.clock())

    def restore(self, _place: Place) -> None:
        raise RefusedError("", "deleted for good")

    def merge(self, winner: Place, loser: str) -> None:
        merge_by_hand(self, winner, loser)

    def shown(self, name: str, text: str) -> str:
        return self._forms[name](text) if name in self._forms and text else text

    def is_amid(self, request: Request) -> bool:
        # an update carries the record as it was read just before
        return request.url.endswith(("/update", "/login"))

    def _module(self, object_name: str) -> Module:
        return self.sandbox.account.modules[self.NAMES[object_name]]
