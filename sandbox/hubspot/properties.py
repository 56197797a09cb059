"""Properties: what there are at the start, how they are made, and what values they take."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sandbox.hubspot.problems import Problem, invalid, invalid_property

TYPE_IDS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "orders": "0-123",
    "leads": "0-136",
}
OBJECT_NAMES = {type_id: name for name, type_id in TYPE_IDS.items()}

FIELD_TYPES = {
    "string": {"text", "textarea", "html", "file", "phonenumber"},
    "number": {"number", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox"},
    "bool": {"booleancheckbox"},
    "date": {"date"},
    "datetime": {"date"},
    "phone_number": {"phonenumber"},
}
MERGED_IDS = "hs_merged_object_ids"
MOST_UNIQUE = 10
"""Properties with unique values per object."""
LONGEST = 65_536

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MILLISECONDS = re.compile(r"-?\d{1,15}")

Check = Callable[[str], str]
"""Gives the value as it is kept; raises ValueError with a code and words."""


@dataclass(slots=True)
class Property:
    """One property of one object."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "information"
    options: list[dict[str, Any]] = field(default_factory=list)
    is_unique: bool = False
    is_read_only: bool = False
    max_length: int = LONGEST
    """Shorter than usual by a validation rule that an administrator sets."""
    is_required: bool = False
    is_email: bool = False

    def described(self) -> dict[str, Any]:
        """As the properties API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": self.group,
            "options": self.options,
            "displayOrder": -1,
            "hasUniqueValue": self.is_unique,
            "calculated": False,
            "externalOptions": False,
            "hidden": False,
            "formField": not self.is_read_only,
            "hubspotDefined": self.is_read_only,
            "archived": False,
            "modificationMetadata": {
                "archivable": not self.is_read_only,
                "readOnlyDefinition": self.is_read_only,
                "readOnlyValue": self.is_read_only,
            },
        }

    def check(self) -> Check | None:
        """What a value goes through; None if any text will do."""
        if self.is_email:
            return _email
        if self.type == "enumeration":
            values = frozenset(str(option["value"]) for option in self.options)
            return lambda value: _option(value, values, many=self.field_type == "checkbox")
        special = _CHECKS.get(self.type)
        longest = self.max_length
        return special or (lambda value: _text(value, longest))


def usual(object_name: str) -> dict[str, Property]:
    """The properties that every account has; a small choice of them."""
    modified = "lastmodifieddate" if object_name == "contacts" else "hs_lastmodifieddate"
    read_only = {"hs_object_id": "number", "createdate": "datetime", modified: "datetime"}
    made = {
        name: Property(name, name, type_, "date" if type_ == "datetime" else "number")
        for name, type_ in read_only.items()
    }
    made[MERGED_IDS] = Property(MERGED_IDS, MERGED_IDS)
    for each in made.values():
        each.is_read_only = True
    for name in _USUAL.get(object_name, ()):
        made[name] = Property(name, name.replace("_", " ").capitalize())
    for name in ("amount", "hs_price_quantity", "quantity", "price", "annualrevenue"):
        if name in made:
            made[name].type = made[name].field_type = "number"
    for name in _REQUIRED.get(object_name, ()):
        made[name].is_required = True
    if object_name == "contacts":
        made["email"].is_email = True
    if "lifecyclestage" in made:
        stages = ("subscriber", "lead", "opportunity", "customer", "other")
        made["lifecyclestage"].type = "enumeration"
        made["lifecyclestage"].field_type = "radio"
        made["lifecyclestage"].options = [option(stage) for stage in stages]
    if "closedate" in made:
        made["closedate"].type, made["closedate"].field_type = "datetime", "date"
    return made


def option(value: str) -> dict[str, Any]:
    """An option of an enumeration."""
    return {"label": value, "value": value, "displayOrder": -1, "hidden": False}


def read_property(said: Any, existing: Mapping[str, Property]) -> Property:
    """Read what a request says of a new property.

    Raises:
        Problem: it can't be made.
    """
    if not isinstance(said, dict):
        raise invalid("a property is an object")
    for name in ("name", "label", "type", "fieldType", "groupName"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise invalid(f"{name} is required")
    if not _NAME.fullmatch(said["name"]):
        raise invalid("a property's name has small letters, digits and underscores")
    if said["name"] in existing:
        raise Problem(409, "OBJECT_ALREADY_EXISTS", f"A property {said['name']} exists already")
    if said["fieldType"] not in FIELD_TYPES.get(said["type"], ()):
        raise invalid("this type doesn't go with this fieldType")
    is_unique = bool(said.get("hasUniqueValue"))
    if is_unique and sum(each.is_unique for each in existing.values()) >= MOST_UNIQUE:
        raise invalid(f"an object has at most {MOST_UNIQUE} properties with unique values")
    return Property(
        name=said["name"],
        label=said["label"],
        type=said["type"],
        field_type=said["fieldType"],
        group=said["groupName"],
        options=list(said.get("options") or []),
        is_unique=is_unique,
    )


class Checker:
    """Looks at the properties of a record before it is written."""

    def __init__(
        self, properties: Mapping[str, Property], *, only_strings: bool, lower_email: bool
    ) -> None:
        self._checks = {
            name: None if each.is_read_only else (each.check() or str)
            for name, each in properties.items()
        }
        self._required = [name for name, each in properties.items() if each.is_required]
        self._only_strings = only_strings
        self._lower = lower_email

    def known(self, names: Mapping[str, Any]) -> None:
        """Make sure that there are such properties.

        Raises:
            Problem: there is none of a name.
        """
        for name in names:
            if name not in self._checks:
                message = f"Property {name!r} does not exist"
                raise invalid_property(name, "PROPERTY_DOESNT_EXIST", message)

    def values(self, said: Mapping[str, Any]) -> dict[str, str]:
        """Give the values as they are kept.

        Raises:
            Problem: one isn't acceptable.
        """
        kept = {}
        for name, given in said.items():
            value = given if given.__class__ is str else self._as_text(name, given)
            check = self._checks.get(name)
            if check is None:
                if name not in self._checks:
                    self.known(said)
                raise invalid_property(name, "READ_ONLY_VALUE", f"{name} is read-only")
            if value:
                try:
                    value = check(value)
                except ValueError as error:
                    code, words = error.args
                    raise invalid_property(name, code, f"{name}: {words}") from None
            kept[name] = value
        if self._lower and "email" in kept:
            kept["email"] = kept["email"].lower()
        return kept

    def whole(self, kept: Mapping[str, str]) -> None:
        """Make sure that a new record has what every record must have.

        Raises:
            Problem: something is missing.
        """
        for name in self._required:
            if not kept.get(name):
                raise invalid_property(name, "REQUIRED_FIELD", f"{name} is required")

    def _as_text(self, name: str, value: Any) -> str:
        if self._only_strings:
            raise invalid_property(name, "INVALID_TYPE", f"{name} wants text")
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: str, longest: int) -> str:
    if len(value) > longest:
        raise ValueError("MAX_LENGTH_EXCEEDED", f"longer than {longest} characters")
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("INVALID_EMAIL", "no e-mail address")
    return value


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError("INVALID_NUMBER", "no number")
    return value


def _bool(value: str) -> str:
    if value not in {"true", "false"}:
        raise ValueError("INVALID_BOOLEAN", "neither true nor false")
    return value


def _option(value: str, values: frozenset[str], *, many: bool) -> str:
    chosen = value.strip(";").split(";") if many else [value]
    if not values.issuperset(chosen):
        raise ValueError("INVALID_OPTION", f"none of the options {', '.join(sorted(values))}")
    return value


def _date(value: str) -> str:
    try:
        if not _MILLISECONDS.fullmatch(value):
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromtimestamp(int(value) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError("INVALID_DATE", "no date") from None
    if int(value) % 86_400_000:
        raise ValueError("INVALID_DATE", "no midnight in UTC")
    return moment.date().isoformat()


def _datetime(value: str) -> str:
    try:
        if _MILLISECONDS.fullmatch(value):
            return iso(int(value))
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError  # noqa: TRY301 - one place says what is expected
        return iso(milliseconds(moment))
    except (OverflowError, OSError, ValueError):
        raise ValueError("INVALID_DATE", "no time with its zone") from None


def milliseconds(moment: datetime) -> int:
    """A moment as HubSpot counts time."""
    return round(moment.timestamp() * 1000)


def iso(at: int) -> str:
    """A moment as HubSpot writes it."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


_CHECKS: Mapping[str, Check] = {
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
}
_USUAL: Mapping[str, tuple[str, ...]] = {
    "contacts": (
        *("email", "firstname", "lastname", "phone", "mobilephone", "jobtitle", "company"),
        *("address", "city", "state", "zip", "country", "website", "lifecyclestage"),
    ),
    "companies": (
        *("name", "domain", "phone", "address", "city", "state", "zip", "country"),
        *("description", "industry", "website", "annualrevenue", "lifecyclestage"),
    ),
    "deals": ("dealname", "dealstage", "pipeline", "amount", "closedate", "dealtype"),
    "tickets": ("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority"),
    "products": ("name", "description", "price", "hs_sku"),
    "line_items": ("name", "price", "quantity", "hs_product_id"),
    "orders": ("hs_order_name", "hs_external_order_id", "hs_currency_code", "amount"),
    "leads": ("hs_lead_name", "hs_lead_type", "hs_lead_label"),
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {"deals": ("dealname", "dealstage")}
"""What HubSpot's guide to an object says must be given; its others want one of several."""
