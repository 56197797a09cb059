"""What a connection knows of one module: where it is, and which fields it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import orjson

from crm.errors import FatalError
from crm.http import Client
from crm.protocol import Field
from crm.transport import Call

FIXED = 1
"""The `fieldType` of a field that is a column of its module's table, and stands in `entity`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is."""

    prefix: str
    label: int
    """Its number where modules go by numbers."""
    id_name: str


PLACES: Mapping[str, Place] = {
    "leads": Place("/crmLeads", 1, "leadsId"),
    "customer": Place("/crmCustomer", 2, "customerId"),
    "contacts": Place("/crmContacts", 3, "contactsId"),
    "product": Place("/crmProduct", 4, "productId"),
    "business": Place("/crmBusiness", 5, "businessId"),
    "contract": Place("/crmContract", 6, "contractId"),
}

_TYPES: Mapping[int, str] = {
    1: "text",
    2: "textarea",
    3: "select",
    4: "date",
    5: "number",
    6: "number",
    7: "phone",
    13: "datetime",
    14: "email",
    25: "url",
    41: "boolean",
}
_LINKS: Mapping[int, str] = {15: "customer", 16: "business", 17: "contacts", 20: "contract"}
_SEARCHED_AS: Mapping[str, str] = {"phone": "mobile", "url": "website", "boolean": "boolean_value"}
"""What a search calls a type, where it isn't our word."""


@dataclass(frozen=True, slots=True)
class WukongField:
    """A field, and how it is written."""

    field: Field
    said: Mapping[str, Any]
    """What of its description goes along with its value."""

    @property
    def is_fixed(self) -> bool:
        """Whether it stands in `entity`, by its name."""
        return bool(self.said["fieldType"] == FIXED)

    @property
    def form_type(self) -> str:
        """What a search calls its type."""
        return _SEARCHED_AS.get(self.field.type, self.field.type)


@dataclass(frozen=True, slots=True)
class WukongObject:
    """One module of a server."""

    name: str
    place: Place
    fields: Mapping[str, WukongField]
    """By `fieldName`."""

    def named_in(self, message: str) -> str | None:
        """The field that a refusal names by its label; None if it is none or several."""
        hits = {f.field.label: name for name, f in self.fields.items() if f.field.label in message}
        # 手机 stands in 手机号, too
        longest = [label for label in hits if not any(label in o and label != o for o in hits)]
        return hits[longest[0]] if len(longest) == 1 else None


class Objects:
    """Describes modules, each once for a connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, WukongObject] = {}
        self._lock = Lock()

    def get(self, name: str) -> WukongObject:
        """Give what is known of a module.

        Raises:
            FatalError: there is no such module.
        """
        if name not in PLACES:
            raise FatalError(f"悟空 has no {name}; it has {', '.join(PLACES)}")
        known = self._known.get(name)
        if known is None:
            with self._lock:
                known = self._known.get(name) or self._described(name)
                self._known[name] = known
        return known

    def _described(self, name: str) -> WukongObject:
        place = PLACES[name]
        reading = self._client.read(post(f"description of {name}", f"/crmField/list/{place.label}"))
        if not isinstance(reading.data, dict) or not isinstance(reading.data.get("data"), list):
            raise FatalError(f"description of {name}: {reading}: no list of fields")
        fields = {str(each["fieldName"]): _field(each) for each in reading.data["data"]}
        return WukongObject(name, place, fields)


def post(what: str, path: str, body: Any = None) -> Call:
    """Make a request; all of them are POSTs.

    Raises:
        TypeError: the body can't be written as JSON.
    """
    headers = {"Content-Type": "application/json"}
    return Call(
        what, "POST", path, headers=headers, body=orjson.dumps({} if body is None else body)
    )


def _field(item: Mapping[str, Any]) -> WukongField:
    type_ = item.get("type")
    links_to = _LINKS.get(type_) if isinstance(type_, int) else None
    word = _TYPES.get(type_, str(type_)) if isinstance(type_, int) else str(type_)
    return WukongField(
        Field(
            name=str(item["fieldName"]),
            label=str(item.get("name") or item["fieldName"]),
            type="link" if links_to else word,
            required=item.get("isNull") == 1,  # 1 is yes, whatever its name says
            unique=item.get("isUnique") == 1,
            max_length=item.get("maxLength") or None,
            options=_options(item.get("options")) if word == "select" else (),
            links_to=links_to,
        ),
        {name: item.get(name) for name in ("fieldId", "fieldName", "name", "type", "fieldType")},
    )


def _options(said: Any) -> tuple[str, ...]:
    listed = said.split(",") if isinstance(said, str) else said
    return tuple(str(each) for each in listed) if isinstance(listed, list) else ()
