"""The CRMs of the simulation, each a whole server behind one call.

- `SelfBuiltServer` is like PocketBase: filters, atomic batches, tokens, guests
  who are shown nothing.
- `LateServer` takes jobs, and says later what became of them.
- `HubSpotServer` is the sandbox of HubSpot; wukong.py has that of 悟空.

A server knows nothing of faults; the network has them.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from crm.transport import Answer, Request
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.problems import Problem
from sandbox.hubspot.properties import Property
from sandbox.messages import Request as SandboxRequest

Fields = dict[str, Any]
Place = tuple[str, str]
"""Object and id of a record."""
State = dict[Place, dict[str, str]]
"""What every live record holds, as text; what is empty isn't there."""

Form = Callable[[str], str]
"""How a CRM keeps what a field is given."""
FORMS: Sequence[tuple[str, Form]] = (
    ("phone", lambda text: text.replace(" ", "")),
    ("phone", lambda _: ""),  # a field that is dropped without a word
    ("name", str.strip),
    ("name", lambda text: text[:LONGEST]),
    ("title", str.lower),
    ("count", lambda text: str(round(int(text), -1))),
)

LONGEST = 20
"""Characters of a name; a longer one is refused."""
OBJECTS = ("companies", "contacts", "orders")
FIELDS = ("name", "phone", "title", "stage", "notes", "count")
LINKS: Mapping[str, Mapping[str, str]] = {
    "companies": {},
    "contacts": {"company": "companies"},
    "orders": {"company": "companies", "contact": "contacts"},
}
"""By object: which field points at which object."""


class Editable(Protocol):
    """What people type in."""

    def state(self) -> State:
        """What it holds."""

    def put(self, object_name: str, fields: Mapping[str, str], remote_id: str | None) -> str:
        """Write a record as people do; gives its id.

        Raises:
            RefusedError: it won't be written so; the others refuse as well.
        """

    def remove(self, place: Place) -> None:
        """Remove a record as people do."""


class Server(Editable, Protocol):
    """A CRM's server."""

    key_field: str
    quota: tuple[int, float] | None
    """So many requests in any window of so many seconds."""

    leads_on: bool
    """The id of a record that was merged into another finds the other."""

    def handle(self, request: Request, now: float) -> Answer:
        """Carry out a request that has arrived."""

    def budget(self, request: Request) -> str:
        """Which budget a request draws on."""

    def forget_tokens(self) -> None:
        """Let every token end."""

    def restore(self, place: Place) -> None:
        """Bring a record back as people do."""

    def merge(self, winner: Place, loser: str) -> None:
        """Make two records one as people do."""

    def shown(self, name: str, text: str) -> str:
        """A value in the form that it keeps it in."""

    def is_amid(self, request: Request) -> bool:
        """Whether a request belongs to the one before, so that nothing may come in between."""

    def lives_on(self) -> Mapping[Place, Place]:
        """Where merged records went."""

    def under_way(self) -> set[Place]:
        """The records of which something is still to be carried out."""


@dataclass
class RefusedError(Exception):
    """A record can't be written as it is."""

    name: str
    code: str
    status: int = 400


@dataclass
class Store:
    """Records in memory, with the rules that they must keep."""

    is_unique: bool = True
    """The key may be there once only."""
    forms: Mapping[str, Form] = field(default_factory=dict)
    """By field: what is kept of a value."""
    objects: dict[str, dict[str, Fields]] = field(
        default_factory=lambda: {name: {} for name in OBJECTS}
    )
    bin: dict[Place, Fields] = field(default_factory=dict)
    """What was removed."""
    key_field: str = "external_id"
    _made: int = 0

    def write(
        self,
        object_name: str,
        said: Fields,
        remote_id: str | None,
        now: float,
        *,
        is_taken: bool = False,
    ) -> str:
        """Make a record, or change it; gives its id. One that is taken is no id of a new record."""
        records = self.objects[object_name]
        kept = {name: self._kept(object_name, name, value) for name, value in said.items()}
        key = kept.get(self.key_field)
        if self.is_unique and key:
            for other, fields in records.items():
                is_other = is_taken or other != remote_id
                if is_other and fields.get(self.key_field) == key:
                    raise RefusedError(self.key_field, "validation_not_unique")
        # of two rules that are broken, PocketBase names the key's
        if is_taken:
            raise RefusedError("id", "validation_not_unique")
        if remote_id is None:
            self._made += 1
            remote_id = f"made{self._made:011d}"
        empty = {self.key_field: "", **dict.fromkeys([*FIELDS, *LINKS[object_name]], "")}
        records[remote_id] = {**(records.get(remote_id) or empty), **kept, "updated": now}
        return remote_id

    def remove(self, object_name: str, remote_id: str) -> bool:
        """Remove a record; what pointed at it points at nothing."""
        removed = self.objects[object_name].pop(remote_id, None)
        if removed is None:
            return False
        self.bin[object_name, remote_id] = removed
        for other, links in LINKS.items():
            for name, target in links.items():
                records = self.objects[other] if target == object_name else {}
                for each, fields in records.items():
                    if fields[name] == remote_id:
                        records[each] = {**fields, name: ""}
        return True

    def state(self) -> State:
        return {
            (object_name, remote_id): {
                name: str(value)
                for name, value in fields.items()
                if value not in ("", None) and name != "updated"
            }
            for object_name, records in self.objects.items()
            for remote_id, fields in records.items()
        }

    def _kept(self, object_name: str, name: str, value: Any) -> Any:
        if name not in {self.key_field, *FIELDS, *LINKS[object_name]}:
            return ""
        if value is None:
            return ""
        if name in self.forms and value != "":
            value = self.forms[name](str(value))
        if name == "name" and len(value) > LONGEST:
            raise RefusedError("name", "validation_max_text_constraint")
        target = LINKS[object_name].get(name)
        if target and value and value not in self.objects[target]:
            raise RefusedError(name, "validation_missing_rel_records")
        return value


@dataclass
class OverStore:
    """What servers have in common whose records are in a store."""

    store: Store
    leads_on: bool = field(default=False, init=False)
    now: float = field(default=0.0, init=False)
    """When the last request arrived; what people change is no older."""

    def budget(self, _request: Request) -> str:
        return ""

    def state(self) -> State:
        return self.store.state()

    def lives_on(self) -> Mapping[Place, Place]:
        return {}

    def put(self, object_name: str, fields: Mapping[str, str], remote_id: str | None) -> str:
        return self.store.write(object_name, dict(fields), remote_id, self.now)

    def remove(self, place: Place) -> None:
        self.store.remove(*place)

    def restore(self, place: Place) -> None:
        object_name, remote_id = place
        fields = {k: v for k, v in self.store.bin[place].items() if k != "updated"}
        for name, target in LINKS[object_name].items():
            if fields[name] not in self.store.objects[target]:
                fields[name] = ""
        self.store.write(object_name, fields, remote_id, self.now)

    def merge(self, winner: Place, loser: str) -> None:
        merge_by_hand(self, winner, loser)

    def shown(self, name: str, text: str) -> str:
        form = self.store.forms.get(name)
        return form(text) if form and text else text

    def is_amid(self, _request: Request) -> bool:
        return False


def merge_by_hand(server: Editable, winner: Place, loser: str) -> None:
    """Fill one record from another, point there what pointed at the other, and remove that."""
    state = server.state()
    object_name, remote_id = winner
    for place, fields in state.items():
        for name, target in LINKS[place[0]].items():
            if target == object_name and fields.get(name) == loser:
                server.put(place[0], {name: remote_id}, place[1])
    server.remove((object_name, loser))
    lost = state[object_name, loser]
    gained = {name: value for name, value in lost.items() if name not in state[winner]}
    if gained:
        server.put(object_name, gained, remote_id)


@dataclass
class SelfBuiltServer(OverStore):
    """PocketBase, as far as its profile needs it."""

    names_the_bad: bool = True
    """A batch's refusal says which of its records is bad."""
    page_cap: int = 1000
    token_life: float = 3600.0
    quota: tuple[int, float] | None = None
    key_field: str = "external_id"
    tokens: dict[str, float] = field(default_factory=dict)
    _signed_in: int = 0

    def forget_tokens(self) -> None:
        self.tokens.clear()

    def under_way(self) -> set[Place]:
        return set()

    def handle(self, request: Request, now: float) -> Answer:
        self.now = now
        address = urlsplit(request.url)
        parts = [unquote(part) for part in address.path.strip("/").split("/")][1:]
        said = orjson.loads(request.body) if request.body else {}
        token = next((v for k, v in request.headers.items() if k == "Authorization"), "")
        is_known = self.tokens.get(token, 0.0) > now
        match request.method, parts:
            case "POST", ["collections", "users", "auth-with-password"]:
                answer = _answer(200, {"token": self._token(now)})
            case "POST", ["collections", "users", "auth-refresh"]:
                answer = _answer(200, {"token": token}) if is_known else _problem(401)
            case "GET", ["collections", name, "records"]:
                parameters = {k: v[0] for k, v in parse_qs(address.query).items()}
                answer = self._listed(name if is_known else None, parameters)
            case "POST", ["batch"]:
                answer = self._batch(said["requests"], now, is_known=is_known)
            case _, ["collections", name, "records", *rest]:
                try:
                    answer = _answer(*self._one(request.method, name, rest, said, now, is_known))
                except RefusedError as refused:
                    answer = _problem(refused.status, _named(refused))
            case _:
                answer = _problem(404)
        return answer

    def _token(self, now: float) -> str:
        self._signed_in += 1
        claims = orjson.dumps({"exp": int(now + self.token_life), "n": self._signed_in})
        token = f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"
        self.tokens[token] = now + self.token_life
        return token

    def _listed(self, name: str | None, parameters: Mapping[str, str]) -> Answer:
        size = min(int(parameters["perPage"]), self.page_cap)
        if name is None:
            return _answer(200, {"perPage": size, "totalItems": 0, "items": []})
        items = [self._item(name, remote_id) for remote_id in self.store.objects[name]]
        if "filter" in parameters:
            test = Filter(parameters["filter"])
            items = [item for item in items if test.holds(item)]
        for key in reversed(parameters.get("sort", "id").split(",")):
            items.sort(key=lambda item: item[key])
        return _answer(200, {"perPage": size, "totalItems": len(items), "items": items[:size]})

    def _batch(
        self, requests: Sequence[Mapping[str, Any]], now: float, *, is_known: bool
    ) -> Answer:
        before = {name: dict(records) for name, records in self.store.objects.items()}
        results = []
        for number, each in enumerate(requests):
            _, _, _, name, _, *rest = each["url"].split("/")
            try:
                status, item = self._one(
                    each["method"], unquote(name), [unquote(r) for r in rest], each.get("body"),
                    now, is_known,
                )  # fmt: skip
            except RefusedError as refused:
                self.store.objects = before
                if not self.names_the_bad:
                    return _problem(400)
                said = {"status": refused.status, "message": "no", "data": _named(refused)}
                return _problem(400, {"requests": {str(number): {"response": said}}})
            results.append({"status": status, "body": item})
        return _answer(200, results)

    def _one(
        self,
        method: str,
        name: str,
        rest: Sequence[str],
        said: Fields | None,
        now: float,
        is_known: bool,
    ) -> tuple[int, Fields | None]:
        if not is_known:
            raise RefusedError("", "", 404 if rest else 400)
        if method in {"PATCH", "DELETE"} and rest[0] not in self.store.objects[name]:
            raise RefusedError("", "", 404)
        if method == "DELETE":
            self.store.remove(name, rest[0])
            return 204, None
        fields = dict(said or {})
        remote_id = rest[0] if rest else fields.pop("id", None)
        is_taken = method == "POST" and remote_id in self.store.objects[name]
        return 200, self._item(
            name, self.store.write(name, fields, remote_id, now, is_taken=is_taken)
        )

    def _item(self, name: str, remote_id: str) -> Fields:
        fields = self.store.objects[name][remote_id]
        return {"id": remote_id, **fields, "updated": f"{fields['updated']:020.6f}"}


class Filter:
    """A filter in PocketBase's language, as far as its profile speaks it."""

    _TOKEN = re.compile(r"\(|\)|\|\||&&|(\w+)(>=|>|=)'((?:[^'\\]|\\.)*)'")

    def __init__(self, text: str) -> None:
        self._tokens = list(self._TOKEN.finditer(text))
        assert sum(len(token[0]) for token in self._tokens) == len(text), text

    def holds(self, item: Fields) -> bool:
        """Whether a record passes."""
        rest = iter([*self._tokens, None])
        self._next = next(rest)
        self._rest = rest
        return self._any(item)

    def _any(self, item: Fields) -> bool:
        value = self._all(item)
        while self._next is not None and self._next[0] == "||":
            self._next = next(self._rest)
            value = self._all(item) or value
        return value

    def _all(self, item: Fields) -> bool:
        value = self._term(item)
        while self._next is not None and self._next[0] == "&&":
            self._next = next(self._rest)
            value = self._term(item) and value
        return value

    def _term(self, item: Fields) -> bool:
        token, self._next = self._next, next(self._rest)
        assert token is not None
        if token[0] == "(":
            value = self._any(item)
            self._next = next(self._rest)
            return value
        held, wanted = str(item.get(token[1], "")), re.sub(r"\\(.)", r"\1", token[3])
        return held == wanted if token[2] == "=" else held > wanted or held == wanted == token[2]


@dataclass
class Job:
    """A batch that was handed over."""

    object_name: str
    operation: str
    writes: list[dict[str, Any]]
    due: float
    halfway: float
    """When the first half of its outcomes is there; the rest is at `due`."""
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0


@dataclass
class LateServer(OverStore):
    """Takes jobs under ids that the sender chooses, and carries each out once, later."""

    longest: float = 0.0
    """Seconds until a job is carried out."""
    forgets: bool = False
    """A receipt whose outcomes were told once is forgotten."""
    quota: tuple[int, float] | None = None
    key_field: str = "external_id"
    jobs: dict[str, Job] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    on_job: Callable[[], None] = lambda: None
    """Called after each job: what one writes, the next may remove within the same request."""

    def forget_tokens(self) -> None:
        """It knows no tokens."""

    def under_way(self) -> set[Place]:
        waiting = [job for job in self.jobs.values() if not job.outcomes]
        return {(job.object_name, each["id"]) for job in waiting for each in job.writes}

    def handle(self, request: Request, now: float) -> Answer:
        self.now = now
        self.work(now)
        said = orjson.loads(request.body) if request.body else {}
        match urlsplit(request.url).path.strip("/").split("/"):
            case ["records", name]:
                return _answer(200, list(self._found(name, said)))
            case ["count", name]:
                return _answer(200, {"count": len(self.store.objects[name])})
            case ["jobs", batch_id] if request.method == "POST":
                length = self.longest * (1 + len(self.jobs) % 3) / 3
                job = Job(said["object"], said["operation"], said["writes"], now + length, now)
                if batch_id not in self.told:
                    self.jobs.setdefault(batch_id, job)
                self.work(now)
                return _answer(200, {"receipt": batch_id})
            case ["jobs", batch_id]:
                return self._told(batch_id, now)
        return _problem(404)

    def work(self, now: float) -> None:
        """Carry out what is due."""
        for job in self.jobs.values():
            if not job.outcomes and job.due <= now:
                job.outcomes = [self._carried_out(job, each, now) for each in job.writes]
                job.halfway = now + self.longest / 2
                self.on_job()

    def _found(self, name: str, said: Mapping[str, Any]) -> Iterator[Fields]:
        for remote_id, fields in self.store.objects[name].items():
            value = remote_id if said.get("field") == "id" else fields.get(said.get("field", ""))
            if not said or str(value) in said["values"]:
                yield {"id": remote_id, **fields}

    def _told(self, batch_id: str, now: float) -> Answer:
        job = self.jobs.get(batch_id)
        if job is None:
            return _problem(404)
        keys = [each["key"] for each in job.writes]
        if not job.outcomes:
            return _answer(200, {"keys": keys, "outcomes": [], "after": max(1.0, job.due - now)})
        half = len(job.outcomes) // 2 if now < job.halfway else len(job.outcomes)
        if half == len(job.outcomes) and self.forgets and job.asked:
            del self.jobs[batch_id]
            self.told.add(batch_id)
            return _problem(404)
        job.asked += half == len(job.outcomes)
        after = max(1.0, job.halfway - now)
        return _answer(200, {"keys": keys, "outcomes": job.outcomes[:half], "after": after})

    def _carried_out(self, job: Job, said: Mapping[str, Any], now: float) -> dict[str, Any]:
        told: dict[str, Any] = {"key": said["key"], "id": said["id"]}
        if job.operation != "create" and said["id"] not in self.store.objects[job.object_name]:
            return {**told, "status": "gone"}
        if job.operation == "delete":
            self.store.remove(job.object_name, said["id"])
            return {**told, "status": "written"}
        try:
            remote_id = self.store.write(job.object_name, said["fields"], said["id"], now)
        except RefusedError as refused:
            return {**told, "status": "rejected", "code": refused.code, "field": refused.name}
        shown = self.store.objects[job.object_name][remote_id]
        return {**told, "status": "written", "id": remote_id, "fields": shown}


class HubSpotServer:
    """The sandbox of HubSpot, with the same fields for every object."""

    key_field = "tongke_id"
    leads_on = True
    quota: tuple[int, float] | None = None
    """The sandbox counts by itself."""
    NAMES: Mapping[str, str] = {
        "companies": "companies",
        "contacts": "contacts",
        # associated without a primary one, unlike contacts
        "orders": "tickets",
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._now = 0.0
        for object_name in self.NAMES.values():
            table = sandbox.account.table(object_name)
            for each in table.properties.values():
                each.is_required = False
            table.add_property(Property(self.key_field, "ours", is_unique=True))
            for name in FIELDS:
                longest = LONGEST if name == "name" else 1000
                kind = "number" if name == "count" else "string"
                table.add_property(Property(name, name, kind, max_length=longest))

    def budget(self, request: Request) -> str:
        if "/crm/v4/" in request.url:
            return "associations"
        return "search" if request.url.endswith("/search") else ""

    def forget_tokens(self) -> None:
        self.sandbox.account.tokens.granted.clear()

    def under_way(self) -> set[Place]:
        return set()

    def handle(self, request: Request, now: float) -> Answer:
        self._now = now
        address = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        said = SandboxRequest(
            request.method, address.path, address.query, headers, request.body or b""
        )
        answer = self.sandbox(said)
        return Answer(answer.status, answer.headers, answer.encoded())

    def state(self) -> State:
        account = self.sandbox.account
        wanted = {self.key_field, *FIELDS}
        state: State = {}
        for ours, theirs in self.NAMES.items():
            for record in account.table(theirs).by_change.values():
                fields = {n: v for n, v in record.properties.items() if n in wanted and v}
                for name, target in LINKS[ours].items():
                    linked = account.associations.of((theirs, self.NAMES[target]), record.id)
                    primary = [each for each, types in linked.items() if 1 in types]
                    if linked:
                        fields[name] = (primary or sorted(linked, key=int))[0]
                state[ours, record.id] = fields
        return state

    def lives_on(self) -> Mapping[Place, Place]:
        return {
            (ours, goes): (ours, to)
            for ours, theirs in self.NAMES.items()
            for goes, to in self.sandbox.account.table(theirs).merged.items()
        }

    def put(self, object_name: str, fields: Mapping[str, str], remote_id: str | None) -> str:
        account = self.sandbox.account
        table = account.table(self.NAMES[object_name])
        try:
            kept = table.checker.values(fields)
            if remote_id is None:
                return table.create(kept, account.new_id(), self._at).id
            table.update(table.must_find(remote_id), kept, self._at)
        except Problem as problem:
            raise RefusedError("", problem.category) from None
        return remote_id

    def remove(self, place: Place) -> None:
        account = self.sandbox.account
        table = account.table(self.NAMES[place[0]])
        table.archive(table.must_find(place[1]), self._at)
        account.associations.remove_all(table.name, place[1])

    def restore(self, place: Place) -> None:
        table = self.sandbox.account.table(self.NAMES[place[0]])
        record = table.get(place[1], archived=True)
        if record is None or record.id != place[1]:
            raise RefusedError("", "OBJECT_NOT_FOUND")
        try:
            table.claim(record.properties, record)
        except Problem as problem:
            raise RefusedError("", problem.category) from None
        record.archived_at = None
        table.touch(record, self._at)
        table.settle(record.properties, record)

    def merge(self, winner: Place, loser: str) -> None:
        account = self.sandbox.account
        table = account.table(self.NAMES[winner[0]])
        primary, other = table.must_find(winner[1]), table.must_find(loser)
        account.associations.move(table.name, other.id, primary.id)
        table.archive(other, self._at)
        table.merged[other.id] = primary.id
        gained = {
            name: value
            for name, value in other.properties.items()
            if name not in primary.properties and not table.properties[name].is_read_only
        }
        table.update(primary, gained, self._at)
        del table.records[other.id]

    def shown(self, _name: str, text: str) -> str:
        return text

    def is_amid(self, _request: Request) -> bool:
        return False

    @property
    def _at(self) -> int:
        return round(self._now * 1000)


def _named(refused: RefusedError) -> Fields:
    if not refused.name:
        return {}
    return {refused.name: {"code": refused.code, "message": "refused by a rule"}}


def _answer(status: int, data: Any) -> Answer:
    return Answer(status, {}, b"" if data is None else orjson.dumps(data))


def _problem(status: int, data: Fields | None = None) -> Answer:
    return _answer(status, {"status": status, "message": "no", "data": data or {}})
