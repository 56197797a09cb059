"""What a connection knows of one object: its properties, and which of them are read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from crm.errors import FatalError
from crm.http import Client
from crm.hubspot.rules import Options
from crm.hubspot.values import MERGED_IDS, is_hidden, read_property
from crm.protocol import Field
from crm.transport import Call

LINK = "associations."
"""What a field's name begins with if it is no property but an association."""

UNIQUE: Mapping[str, frozenset[str]] = {"contacts": frozenset({"email"})}
"""Properties that are unique though they don't say so (HubSpot's guide to contacts)."""

REQUIRED: Mapping[str, frozenset[str]] = {"deals": frozenset({"dealname", "dealstage"})}
"""What a new record must have (HubSpot's guides to its objects); the API doesn't say."""


@dataclass(frozen=True, slots=True)
class HubSpotObject:
    """One object of an account."""

    name: str
    path: str
    fields: Mapping[str, Field]
    """Properties and associations, by the name that a column's `field` gives."""
    read: tuple[str, ...]
    """The properties that are asked for when records are read."""
    associated: tuple[str, ...]
    """The objects whose to-one association is a field."""
    time_names: frozenset[str]
    modified_name: str

    def is_unique(self, field_name: str) -> bool:
        """Whether a record can be looked up by this property."""
        known = self.fields.get(field_name)
        return known is not None and known.unique

    def reading(self, fields: Collection[str]) -> "HubSpotObject":
        """Give the same object, of whose records no more is asked for than these fields.

        They are read whatever the connection says of what is usually read; what HubSpot shows
        unasked stays as it came.
        """
        wanted = dict.fromkeys([*fields, MERGED_IDS])
        return replace(
            self,
            read=tuple(n for n in wanted if n in self.fields and not n.startswith(LINK)),
            associated=tuple(each for each in self.associated if f"{LINK}{each}" in wanted),
            time_names=self.time_names & wanted.keys(),
        )


class Objects:
    """Describes objects, each once for a connection."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._known: dict[str, HubSpotObject] = {}
        self._lock = Lock()

    def get(self, name: str) -> HubSpotObject:
        """Give what is known of an object."""
        known = self._known.get(name)
        if known is None:
            with self._lock:
                known = self._known.get(name) or self._described(name)
                self._known[name] = known
        return known

    def _described(self, name: str) -> HubSpotObject:
        call = Call(f"description of {name}", "GET", f"/crm/v3/properties/{name}")
        reading = self._client.read(call)
        if reading.meaning == "gone" or not isinstance(reading.data, dict):
            raise FatalError(f"{call.what}: {reading}: HubSpot has no such object")
        items = reading.data.get("results") or []
        fields: dict[str, Field] = {}
        shown: list[str] = []
        for item in items:
            field = read_property(item)
            fields[field.name] = _completed(name, field)
            if not field.read_only and not is_hidden(item):
                shown.append(field.name)
        associated = tuple(self._options.names(f"associations.{name}"))
        for other in associated:
            label = f"{LINK}{other}"
            fields[label] = Field(label, label, "association", links_to=other)
        chosen = tuple(self._options.names(f"properties.{name}")) or tuple(shown)
        modified = "lastmodifieddate" if name in {"contacts", "0-1"} else "hs_lastmodifieddate"
        wanted = dict.fromkeys([*chosen, self._options.external_id, MERGED_IDS])
        return HubSpotObject(
            name=name,
            path=self._options.objects_path(name),
            fields=fields,
            # a property that isn't there isn't read; writing it is what must fail
            read=tuple(each for each in wanted if each in fields),
            associated=associated,
            time_names=frozenset(n for n, each in fields.items() if each.type == "datetime"),
            modified_name=modified,
        )


def _completed(name: str, field: Field) -> Field:
    """A property with what is known of it though the API doesn't say."""
    is_unique = field.unique or field.name in UNIQUE.get(name, ())
    is_required = field.name in REQUIRED.get(name, ())
    if (is_unique, is_required) == (field.unique, field.required):
        return field
    return Field(
        field.name,
        field.label,
        field.type,
        required=is_required,
        read_only=field.read_only,
        unique=is_unique,
        options=field.options,
    )
