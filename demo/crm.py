"""The CRM: a PocketBase server as the company's self-built CRM, in which salespeople type.

They typed before the warehouse knew anything: some companies and contacts are in there without
`external_id`, in their words, and a few are known to nobody else.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from random import Random
from string import ascii_lowercase, digits
from typing import Any
from urllib.parse import quote

import requests

from demo import truth
from demo.companies import FEATURED_COMPANY, Company
from demo.habits import Habits, Typist
from demo.people import Person
from demo.population import SHANGHAI, Population
from demo.vocabulary import NOTES, SALESPEOPLE, TITLES_OF_SALESPEOPLE

COMPANIES_TYPED = 0.15
HABITS = Habits(
    honorific=0.12,
    title_only=0.02,
    latin=0.02,
    traditional=0.02,
    spaced=0.04,
    dressed_phone=0.4,
    full_width=0.02,
    shouted_email=0.06,
    sloppy_company=0.55,
    placeholder=0.03,
    missing=0.25,
    company_phone=0.05,
)
STAGES = ("线索", "跟进中", "成交", "流失")
INTEGRATION_EMAIL = "integration@tongke.example"
ADMIN_EMAIL = "admin@tongke.example"
BATCH_SIZE = 200
_SIGNED_IN = '@request.auth.id != ""'
_AMOUNT = r"^-?\d+\.\d{2}$"
_ID_LETTERS = ascii_lowercase + digits


@dataclass(frozen=True, slots=True)
class Record:
    """What a salesperson typed, and of whom."""

    record_id: str
    of: Company | Person
    fields: dict[str, str]


@dataclass(frozen=True)
class Crm:
    """What salespeople have typed into the CRM so far."""

    companies: list[Record]
    contacts: list[Record]

    def truth(self) -> Iterator[truth.Truth]:
        """Say whose records these are."""
        for record in self.companies:
            yield truth.organisation("selfbuilt", f"company:{record.record_id}", record.of.entity)
        for record in self.contacts:
            yield truth.person("selfbuilt", f"contact:{record.record_id}", record.of.entity)


def salesperson_email(pinyin: str) -> str:
    """Return the address with which a salesperson signs in."""
    return f"{pinyin}@tongke.example"


def make_crm(population: Population) -> Crm:
    """Make what salespeople typed of a population."""
    rng = population.stream("crm")
    typist = Typist(rng, HABITS)
    # the featured company first, so that it is always there
    typed = [
        company
        for number, company in enumerate(population.companies)
        if number == 0 or rng.random() < COMPANIES_TYPED
    ]
    companies = [_company(rng, typist, company) for company in typed]
    by_entity = {record.of.entity: record for record in companies}
    contacts = [
        _contact(rng, typist, population, person, by_entity)
        for person in population.known_to("selfbuilt")
    ]
    return Crm(companies=companies, contacts=contacts)


class Server:
    """A running PocketBase, as its administrator or as one of its users."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def sign_in(self, collection: str, identity: str, password: str) -> None:
        """Sign in; what follows is done as that user."""
        answer = self.call(
            "POST",
            f"/api/collections/{collection}/auth-with-password",
            {"identity": identity, "password": password},
        )
        self._session.headers["Authorization"] = answer["token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API and return its answer; raise with the CRM's words if it refuses."""
        answer = self._session.request(method, self._url + path, json=body, timeout=60)
        if not answer.ok:
            raise RuntimeError(f"PocketBase refused {method} {path}: {answer.text[:500]}")
        return answer.json() if answer.content else None


def set_up(url: str, passwords: dict[str, str], crm: Crm) -> None:
    """Make the collections, accounts and limits of a fresh server, and type what was typed.

    `passwords` are by e-mail address: of the administrator (whom the server has already), of the
    integration and of every salesperson.
    """
    with closing(Server(url)) as server:
        server.sign_in("_superusers", ADMIN_EMAIL, passwords[ADMIN_EMAIL])
        # no limits yet: this is the administrator filling the server
        server.call("PATCH", "/api/settings", {"batch": _BATCH, "meta": _META})
        _make_collections(server)
        _make_users(server, passwords)
        type_in(server, crm)
        server.call("PATCH", "/api/settings", {"rateLimits": _RATE_LIMITS})


def type_in(server: Server, crm: Crm) -> None:
    """Type companies and contacts in the order given; a contact's company has to be there."""
    for collection, records in (("companies", crm.companies), ("contacts", crm.contacts)):
        _type(server, collection, records)


def change(url: str, email: str, password: str, now: datetime) -> str:
    """Let a salesperson move the featured contact to another stage and note why; and say so."""
    with closing(Server(url)) as server:
        server.sign_in("users", email, password)
        contact = _featured_contact(server)
        stage = STAGES[(STAGES.index(contact["stage"]) + 1) % len(STAGES)]
        note = f"{now.astimezone(SHANGHAI):%m-%d %H:%M} 电话沟通，要求报价"
        server.call(
            "PATCH",
            f"/api/collections/contacts/records/{contact['id']}",
            {"stage": stage, "notes": f"{contact['notes']}\n{note}".strip()},
        )
    return f"{email} moved {contact['name']} from {contact['stage']} to {stage}, and noted: {note}"


def retitle(url: str, email: str, password: str) -> str:
    """Let a salesperson give the featured contact another job title; and say so."""
    with closing(Server(url)) as server:
        server.sign_in("users", email, password)
        contact = _featured_contact(server)
        old = contact["title"]
        new = next(title for title in TITLES_OF_SALESPEOPLE if title != old)
        path = f"/api/collections/contacts/records/{contact['id']}"
        server.call("PATCH", path, {"title": new})
    return f"{email} gave {contact['name']} another job title: {old or '∅'} → {new}"


def _featured_contact(server: Server) -> dict[str, Any]:
    found = server.call(
        "GET",
        "/api/collections/contacts/records?perPage=1&filter="
        + quote('name = "林晓岚" && company.name ~ "华创科技"'),
    )
    contact: dict[str, Any] = found["items"][0]
    return contact


def _company(rng: Random, typist: Typist, company: Company) -> Record:
    first = company.entity == FEATURED_COMPANY
    return Record(
        record_id=_record_id(rng),
        of=company,
        fields={
            "name": typist.company(company),
            "tax_id": company.tax_id if first or rng.random() < 0.35 else "",
            "phone": typist.phone(company.switchboard) if rng.random() < 0.6 else "",
            "email": f"info@{company.domain}" if rng.random() < 0.2 else "",
            "city": company.city if rng.random() < 0.6 else "",
            "address": company.address if rng.random() < 0.3 else "",
            **_sales_fields(rng),
        },
    )


def _contact(
    rng: Random,
    typist: Typist,
    population: Population,
    person: Person,
    companies: dict[str, Record],
) -> Record:
    at_work = person.company is not None
    reach = typist.reach(person, population.as_of, at_work=at_work)
    company = companies.get(person.company.entity) if person.company else None
    return Record(
        record_id=_record_id(rng),
        of=person,
        fields={
            "name": typist.name(person),
            "mobile": reach.phone,
            # the CRM's form refuses what isn't an address, so 无 never got in
            "email": reach.email.strip() if "@" in reach.email else "",
            "wechat_unionid": person.wechat_unionid if rng.random() < 0.15 else "",
            "title": person.title if rng.random() < 0.4 else "",
            "company": company.record_id if company else "",
            **_sales_fields(rng),
        },
    )


def _sales_fields(rng: Random) -> dict[str, str]:
    owner, _ = rng.choice(SALESPEOPLE)
    return {
        "sales_owner": owner,
        "stage": rng.choices(STAGES, (4, 3, 2, 1))[0],
        "notes": rng.choice(NOTES) if rng.random() < 0.5 else "",
    }


def _record_id(rng: Random) -> str:
    return "".join(rng.choices(_ID_LETTERS, k=15))


def _type(server: Server, collection: str, records: Iterable[Record]) -> None:
    for batch in _batched(list(records), BATCH_SIZE):
        server.call(
            "POST",
            "/api/batch",
            {
                "requests": [
                    {
                        "method": "POST",
                        "url": f"/api/collections/{collection}/records",
                        "body": {"id": record.record_id, **record.fields},
                    }
                    for record in batch
                ]
            },
        )


def _make_users(server: Server, passwords: dict[str, str]) -> None:
    users = [(INTEGRATION_EMAIL, "Tongke", "integration")]
    users += [(salesperson_email(pinyin), name, "sales") for name, pinyin in SALESPEOPLE]
    for email, name, role in users:
        secret = passwords[email]
        server.call(
            "POST",
            "/api/collections/users/records",
            {
                "email": email,
                "name": name,
                "role": role,
                "verified": True,
                "password": secret,
                "passwordConfirm": secret,
            },
        )


def _make_collections(server: Server) -> None:
    users = server.call("GET", "/api/collections/users")
    fields = [*users["fields"], _choice("role", ("integration", "sales"))]
    server.call("PATCH", "/api/collections/users", {"fields": fields})
    companies = _collection(
        "companies",
        [
            _text("name", required=True, max=100),
            _text("tax_id"),
            _text("phone"),
            {"name": "email", "type": "email"},
            _text("city"),
            _text("address"),
            *_figures(),
            *_sales(),
        ],
    )
    companies_id = server.call("POST", "/api/collections", companies)["id"]
    contacts = _collection(
        "contacts",
        [
            _text("name", required=True, max=100),
            _text("mobile", max=20),
            {
                "name": "email",
                "type": "email",
                "exceptDomains": ["mailinator.com", "sharklasers.com"],
            },
            _text("wechat_unionid"),
            _text("title"),
            _text("record_status"),
            _link("company", companies_id),
            *_figures(),
            _text("last_contact_on"),
            *_sales(),
        ],
    )
    contacts_id = server.call("POST", "/api/collections", contacts)["id"]
    orders = _collection(
        "orders",
        [
            _text("order_no", required=True),
            _link("contact", contacts_id),
            _link("company", companies_id),
            _text("ordered_on"),
            _text("status"),
            _text("currency"),
            _text("amount", pattern=_AMOUNT),
            _text("channel"),
        ],
    )
    server.call("POST", "/api/collections", orders)


def _collection(name: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "base",
        "fields": [
            _text("external_id"),
            *fields,
            {"name": "created", "type": "autodate", "onCreate": True},
            {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
        ],
        # what people type has no external id, and may have none together
        "indexes": [
            f"CREATE UNIQUE INDEX {name}_ours ON {name} (external_id) WHERE external_id != ''",
            f"CREATE INDEX {name}_updated ON {name} (updated)",
        ],
        **dict.fromkeys(
            ("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), _SIGNED_IN
        ),
    }


def _figures() -> list[dict[str, Any]]:
    """What the warehouse works out of a customer; money is text, because numbers are floats."""
    return [
        _text("lifetime_value", pattern=_AMOUNT),
        _text("currency"),
        _text("last_order_on"),
        {"name": "open_tickets", "type": "number", "onlyInt": True},
        _text("overdue_amount", pattern=_AMOUNT),
        _text("source_systems"),
    ]


def _sales() -> list[dict[str, Any]]:
    """What salespeople own."""
    return [_text("sales_owner"), _choice("stage", STAGES), _text("notes")]


def _text(name: str, **rules: object) -> dict[str, Any]:
    return {"name": name, "type": "text", **rules}


def _choice(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "type": "select", "values": list(values), "maxSelect": 1}


def _link(name: str, collection_id: str) -> dict[str, Any]:
    return {"name": name, "type": "relation", "collectionId": collection_id, "maxSelect": 1}


def _batched(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


_META = {"appName": "客户管理系统", "hideControls": True}
_BATCH = {"enabled": True, "maxRequests": BATCH_SIZE, "timeout": 30}
_RATE_LIMITS = {
    "enabled": True,
    "rules": [
        # sign-in is looser than what a fresh server brings (2 in 3 s), which tests would trip over
        {
            "label": "POST /api/collections/users/auth-with-password",
            "duration": 1,
            "maxRequests": 20,
        },
        # every record of a batch counts as well, under the rule of its own action; without these
        # three a batch of more than 100 records could never get through
        *(
            {"label": f"*:{action}", "duration": 1, "maxRequests": 20_000}
            for action in ("create", "update", "delete")
        ),
        {"label": "/api/", "duration": 1, "maxRequests": 100},
    ],
}
