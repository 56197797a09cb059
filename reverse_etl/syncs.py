"""What is to be synced.

A sync is a model (the desired state, in our names), its columns' meta (the
mapping to the CRM's fields) and an exposure (where to and how).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from crm.protocol import Operation

Owner = Literal["warehouse", "crm", "fill_empty", "newest", "review"]
CONTESTED: frozenset[Owner] = frozenset({"newest", "review"})
"""Owners under which a person may have to be asked."""
Mode = Literal["upsert", "create_only", "update_only", "mirror"]
OnMissing = Literal["keep", "flag", "archive", "delete"]
OnGone = Literal["hold", "recreate"]
OnMerged = Literal["merge", "keep", "flag", "archive"]
FINGERPRINT = "fingerprint"

_WRITES: Mapping[Mode, frozenset[Operation]] = {
    "upsert": frozenset({"create", "update"}),
    "create_only": frozenset({"create"}),
    "update_only": frozenset({"update"}),
    "mirror": frozenset({"create", "update"}),
}
_UNSAID: tuple[Any, ...] = (None, "", False, [], {})


@dataclass(frozen=True, slots=True, order=True)
class ColumnTest:
    """A test of dbt's on a column."""

    name: str
    arguments: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As it is written down: `relationships (field: person_id; to: dim_people)`."""
        arguments = "; ".join(f"{name}: {value}" for name, value in self.arguments)
        return f"{self.name} ({arguments})" if arguments else self.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sync model, and the CRM field it goes to."""

    name: str
    field: str
    data_type: str
    description: str
    owner: Owner = "warehouse"
    changed_at: str | None = None
    """The model's column with the time at which our value changed; for owner `newest`."""
    changed_at_field: str | None = None
    """The CRM's field with the time at which its value of this field changed."""
    links_to: str | None = None
    """The sync whose record this field points at; the column holds that record's key."""
    required_link: bool = False
    """Without the link the record waits, instead of going out unlinked."""
    max_length: int | None = None
    pii: str | None = None
    tests: tuple[ColumnTest, ...] = ()
    rule: str | None = None
    """What the field holds, in words for business; the description if there are none."""
    rule_zh: str | None = None
    label_zh: str | None = None
    """What people call the field in Chinese."""
    default: str | None = None
    """What the model fills in where there is no value, in words."""
    source: str | None = None
    """What the column is made of, where that can't be read from the SQL, or is better said."""

    @property
    def mapping(self) -> dict[str, Any]:
        """What is signed of it; what isn't said isn't in it."""
        return _said(
            {
                "column": self.name,
                "type": self.data_type,
                "label_zh": self.label_zh,
                "owner": self.owner,
                "changed_at": self.changed_at,
                "changed_at_field": self.changed_at_field,
                "links_to": self.links_to,
                "required_link": self.required_link,
                "max_length": self.max_length,
                "rule": _words(self.rule or self.description),
                "rule_zh": _words(self.rule_zh or ""),
                "default": self.default,
                "source": _words(self.source or ""),
                "personal_data": self.pii,
                "tests": [str(test) for test in self.tests],
            }
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A change of more than `share` of what is known, and of more than `above` records, stops."""

    share: float
    above: int


@dataclass(frozen=True, slots=True)
class Guard:
    """How much one plan may change before a person must have looked at it."""

    creates: Limit = Limit(0.20, 50)
    updates: Limit = Limit(0.30, 50)
    archives: Limit = Limit(0.01, 5)
    """Removals of every kind: flagged, archived, deleted."""
    min_rows: int = 1
    rejects: Limit = Limit(0.10, 50)
    """What can't be sent or was refused, of the rows wanted; in delivery, of those answered."""
    clears: Limit = Limit(0.10, 50)
    """Records that would lose the value of one field."""
    merges: Limit = Limit(0.01, 5)


@dataclass(frozen=True, slots=True)
class Sync:
    """One object of one CRM, kept as one model says."""

    name: str
    destination: str
    object: str
    model: str
    """The model's unique id in dbt's manifest."""
    schema: str
    table: str
    key: str
    """The key column."""
    columns: tuple[Column, ...]
    """Those with a field, in the model's order; the key column is among them."""
    mode: Mode = "upsert"
    on_missing: OnMissing = "keep"
    on_gone: OnGone = "hold"
    removes_as_it_can: bool = False
    """A mirror that doesn't say how it removes: it archives, or deletes where that can't be."""
    flag: tuple[tuple[str, str], ...] = ()
    """What is written into a record that is no longer wanted: fields and values, as text."""
    after: tuple[str, ...] = ()
    guard: Guard = Guard()
    match: tuple[tuple[str, ...], ...] = ()
    """Groups of CRM fields; a record that isn't ours and equals all of a group is adopted."""
    record_id: str | None = None
    """The column with the id of the CRM record that identity found to be this one."""
    redirects: tuple[str, str] | None = None
    """Schema and table of the merged and split keys."""
    merged: OnMerged = "merge"
    """What becomes of the record of a key that was merged into another."""
    merged_flag: tuple[tuple[str, str], ...] = ()
    """What is written into such a record: fields and values, as text."""
    can_merge: bool = False
    """Whether its CRM merges records; `suited` finds out."""
    linked_from: tuple[tuple[str, str], ...] = ()
    """The syncs that link to this one, each with the field that does."""
    description: str = ""
    records: str = ""
    """Which records are meant: the model's own description."""
    records_zh: str | None = None
    """The same in Chinese."""
    is_signature_demanded: bool = False
    """Whether it is applied only with its mapping signed as it stands."""

    @property
    def key_field(self) -> str:
        """The CRM field that holds our key."""
        return next(column.field for column in self.columns if column.name == self.key)

    @property
    def links(self) -> tuple[Column, ...]:
        """The columns that point at records of other syncs."""
        return tuple(column for column in self.columns if column.links_to)

    @property
    def contested(self) -> tuple[tuple[int, Column], ...]:
        """The columns of which a person may be asked, each with its place."""
        return tuple(each for each in enumerate(self.columns) if each[1].owner in CONTESTED)

    @property
    def on_merged(self) -> OnMerged:
        """What becomes of the record of a merged key, as the CRM and the mode allow it."""
        is_possible = self.can_merge and self.mode != "create_only"
        return "keep" if self.merged == "merge" and not is_possible else self.merged

    @property
    def operations(self) -> frozenset[Operation]:
        """What the CRM must be able to do for it."""
        needed: set[Operation] = set(_WRITES[self.mode])
        if self.on_missing != "keep":
            needed.add("update" if self.on_missing == "flag" else self.on_missing)
        if self.redirects and self.merged in {"flag", "archive"}:
            needed.add("update" if self.merged == "flag" else "archive")
        return frozenset(needed)

    @property
    def mapping(self) -> dict[str, Any]:
        """What is signed: which records go where, and each field with the words said of it.

        All of it comes from the project's YAML, so that it is the same wherever it is read,
        whether or not the CRM can be asked. What isn't said isn't in it.
        """
        settings = {
            "destination": self.destination,
            "object": self.object,
            "records": _words(self.records),
            "records_zh": _words(self.records_zh or ""),
            "key": self.key_field,
            "mode": self.mode,
            # as it can: that is the CRM's business
            "on_missing": None if self.removes_as_it_can else self.on_missing,
            "on_gone": None if self.on_gone == "hold" else self.on_gone,
            "flag": dict(self.flag),
            "merged": None if self.merged == "merge" else self.merged,
            "merged_flag": dict(self.merged_flag),
            "match": sorted(sorted(group) for group in self.match),
        }
        fields = {column.field: column.mapping for column in self.columns}
        return {"settings": _said(settings), "fields": fields}

    @property
    def mapping_hash(self) -> str:
        """The hash of what is signed; each run notes it."""
        return hash_of(self.mapping)

    def suited(self, possible: frozenset[Operation]) -> "Sync":
        """The sync as a CRM with these operations carries it out."""
        must_delete = self.removes_as_it_can and "archive" not in possible and "delete" in possible
        suited = replace(
            self,
            on_missing="delete" if must_delete else self.on_missing,
            can_merge="merge" in possible,
        )
        return self if suited == self else suited


def hash_of(mapping: Mapping[str, Any]) -> str:
    """The hash of a mapping: the same on any machine, in whatever order it was written."""
    text = json.dumps(mapping, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in _UNSAID}


def _words(text: str) -> str:
    """A text without its line breaks, which are the YAML's."""
    return " ".join(text.split())
