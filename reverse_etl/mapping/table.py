"""The mapping of a sync as a table that people read: one row a field."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.protocol import Field
from reverse_etl.mapping.origin import Origin
from reverse_etl.mapping.signatures import Change, Signature
from reverse_etl.mapping.words import (
    ABOUT,
    HEADINGS,
    OF_A_CHANGE,
    OF_WHAT_IS_SIGNED,
    Language,
    kind,
    test,
    type_of,
    word,
)
from reverse_etl.syncs import Column, Sync

_CHANGING = {**ABOUT, **HEADINGS, **OF_WHAT_IS_SIGNED}

Row = Mapping[str, str]
"""A field's line, by the names of `HEADINGS`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table of one sync."""

    sync: str
    about: Sequence[tuple[str, str]]
    """What is said above the table: headings and texts."""
    rows: Sequence[Row]

    def as_data(self) -> dict[str, Any]:
        """The table as JSON can carry it."""
        return {"sync": self.sync, "about": dict(self.about), "fields": self.rows}


def sheet(
    sync: Sync,
    described: Sequence[Field],
    origins: Mapping[str, Origin],
    signature: Signature | None,
    language: Language,
) -> Sheet:
    """The table of a sync: the fields that we know of first, then those that are the CRM's own.

    `described` is what the CRM says of the object's fields, empty if it can't be asked;
    `origins` goes by our columns.
    """
    by_name = {field.name: field for field in described}
    ours = [
        _ours(sync, column, by_name.pop(column.field, None), origins[column.name], language)
        for column in sync.columns
    ]
    theirs = [_theirs(field, language) for field in by_name.values()]
    return Sheet(sync.name, _about(sync, signature, language), ours + theirs)


def changed_rows(changes: Sequence[Change], language: Language) -> list[dict[str, str | None]]:
    """What has changed, as the lines of a list; None where there was or is nothing."""
    return [
        {
            word("sync", language, OF_A_CHANGE): change.sync,
            word("field", language, OF_A_CHANGE): change.field,
            word("what", language, OF_A_CHANGE): word(change.what, language, _CHANGING),
            word("was", language, OF_A_CHANGE): _shown(change.was, language),
            word("now", language, OF_A_CHANGE): _shown(change.now, language),
        }
        for change in changes
    ]


def headings(language: Language) -> list[str]:
    """The headings of the table's columns."""
    return [word(name, language, HEADINGS) for name in HEADINGS]


def listed(columns: Iterable[str]) -> str:
    """Columns of sources, those of one table together."""
    by_table: dict[str, list[str]] = defaultdict(list)
    for column in sorted(columns):
        table, _, name = column.rpartition(".")
        by_table[table].append(name)
    return "; ".join(f"{table}: {', '.join(names)}" for table, names in by_table.items())


def _shown(value: Any, language: Language) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(str(_shown(each, language)) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{name} = {each}" for name, each in value.items())
    return word("yes", language) if value is True else str(value)


def _about(
    sync: Sync, signature: Signature | None, language: Language
) -> Sequence[tuple[str, str]]:
    on_missing = "as_it_can" if sync.removes_as_it_can else sync.on_missing
    texts = {
        "destination": sync.destination,
        "object": sync.object,
        "records": " ".join(((language == "zh" and sync.records_zh) or sync.records).split()),
        "key": sync.key_field,
        "mode": word(sync.mode, language),
        "on_missing": word(on_missing, language),
        "on_gone": "" if sync.on_gone == "hold" else word(sync.on_gone, language),
        "flag": ", ".join(f"{name} = {value}" for name, value in sync.flag),
        "match": "; ".join(" + ".join(group) for group in sync.match),
        "hash": sync.mapping_hash,
        "signature": _signed(sync, signature, language),
    }
    return [(word(name, language, ABOUT), text) for name, text in texts.items() if text]


def _signed(sync: Sync, signature: Signature | None, language: Language) -> str:
    if signature is None:
        return word("unsigned", language)
    name = "signed" if signature.hash == sync.mapping_hash else "changed"
    return word(name, language).format(by=signature.signed_by, on=signature.signed_on)


def _ours(
    sync: Sync, column: Column, field: Field | None, origin: Origin, language: Language
) -> Row:
    said = _of_model(column) if field is None else field
    label = column.label_zh if language == "zh" else None
    rule = column.rule_zh if language == "zh" else None
    longest = said.max_length or column.max_length
    values = {
        "field": column.field,
        "label": label or said.label,
        "type": type_of(said.type, language),
        "length": str(longest or ""),
        "required": word("yes", language) if said.required else "",
        "options": ", ".join(said.options),
        "described_by": word("by_model" if field is None else f"by_{field.source}", language),
        "owner": word(column.owner, language),
        "column": f"{sync.table}.{column.name}",
        "sources": _sources(column, origin, language),
        "rule": " ".join((rule or column.rule or column.description).split()),
        "default": column.default or "",
        "links_to": column.links_to or "",
        "personal_data": kind(column.pii, language) if column.pii else "",
        "tests": "; ".join(test(each, language) for each in column.tests),
    }
    return {name: values[name] for name in HEADINGS}


def _theirs(field: Field, language: Language) -> Row:
    values = {
        "field": field.name,
        "label": field.label,
        "type": type_of(field.type, language),
        "length": str(field.max_length or ""),
        "required": word("yes", language) if field.required else "",
        "options": ", ".join(field.options),
        "described_by": word(f"by_{field.source}", language),
        "owner": word("crm", language),
        "rule": word("not_theirs", language),
    }
    return {name: values.get(name, "") for name in HEADINGS}


def _of_model(column: Column) -> Field:
    """What the sync itself says of a field, where the CRM can't be asked."""
    tests = {each.name: dict(each.arguments) for each in column.tests}
    values = tests.get("accepted_values", {}).get("values", "")
    return Field(
        column.field,
        label="",
        type="link" if column.links_to else column.data_type,
        required=not tests.keys().isdisjoint({"not_null", "not_blank"}),
        options=tuple(values.split(", ")) if values else (),
    )


def _sources(column: Column, origin: Origin, language: Language) -> str:
    if column.source:
        return f"{column.source} {word('stated', language)}"
    parts = [listed(origin.columns)] if origin.columns else []
    for name, gaps in (("beyond", origin.gaps), ("uncompiled", origin.uncompiled)):
        if gaps:
            parts.append(f"{word(name, language)} {', '.join(sorted(gaps))}")
    return "; ".join(parts) or word("computed", language)
