"""What a CRM would refuse, said before it is sent: SQL for one field.

Only what is certain is judged: a record that the CRM would take must not be held.
Where the CRM says nothing of a field, or calls its type by a word that isn't
known here, the CRM itself decides. So it does where another record matters (a
value that must be unique) and where it has rules that no description tells.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from crm.protocol import Capabilities, Field, LengthUnit
from reverse_etl.plan.fields import can_hold, is_number, literal
from reverse_etl.syncs import Column, Sync

TEXTS = frozenset({"text", "string", "email", "url", "phone", "phone_number", "textarea"})
"""Types whose `max_length` is a length; of a number, some CRMs call the largest value so."""
NUMBERS = frozenset({"number"})
BOOLEANS = frozenset({"boolean", "bool"})
DATES = frozenset({"date", "datetime"})
CHOICES = frozenset({"select", "enumeration"})

NUMBER = r" *[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)? *"
TRUTHS = ("true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0")
_UNITS: Mapping[LengthUnit, str] = {
    "characters": "characters",
    "utf16": "UTF-16 units",
    "bytes": "bytes",
}
_DECLARED = re.compile(r"(?:var)?char\((\d+)\)|character varying\((\d+)\)|text\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a CRM says of an object's fields."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    """By name."""
    unit: LengthUnit = "characters"

    @classmethod
    def of(cls, described: Sequence[Field], capabilities: Capabilities) -> "Rules":
        """Those of a description."""
        return cls({each.name: each for each in described}, capabilities.length_unit)

    @property
    def are_complete(self) -> bool:
        """Whether the CRM itself described the object, so that there are no other fields."""
        return any(each.source == "crm" for each in self.fields.values())


@dataclass(frozen=True, slots=True)
class Written:
    """SQL for a field that may be written."""

    value: str
    """The value, as text; null empties the field."""
    condition: str
    """Whether it is written at all."""


def problems(sync: Sync, rules: Rules, capabilities: Capabilities) -> Iterator[str]:
    """What of a sync its CRM can't do, whatever the rows: wrong settings, one line each."""
    able = sorted(capabilities.operations)
    for operation in sorted(sync.operations - capabilities.operations):
        yield (
            f"sync {sync.name}: {sync.destination} can't {operation} {sync.object}; "
            f"it can {', '.join(able) or 'only be read'}"
        )
    flags = {"on_missing": dict(sync.flag), "merged": dict(sync.merged_flag)}
    for column in sync.columns:
        for setting, flag in flags.items():
            if column.field in flag and not can_hold(column, flag[column.field]):
                yield (
                    f"sync {sync.name}: `{setting}` flags by {column.field}, whose column "
                    f"{column.name} is {column.data_type}; {flag[column.field]} isn't one"
                )
        said = rules.fields.get(column.field)
        if said is None and rules.are_complete:
            near = get_close_matches(column.field, rules.fields)
            yield (
                f"sync {sync.name}: column {column.name} goes to the field `{column.field}`, "
                f"which {sync.object} in {sync.destination} doesn't have"
                + (f"; near it are {', '.join(near)}" if near else "")
            )
        elif said is not None and said.read_only and column.owner != "crm":
            yield (
                f"sync {sync.name}: column {column.name} goes to the field `{column.field}`, "
                f"which is read-only in {sync.destination}; `owner: crm` leaves it alone"
            )


def fault_of_new(sync: Sync, rules: Rules, written: Sequence[Written]) -> str:
    """SQL for why a new record would be refused; empty text if it wouldn't.

    `written` is in the order of the sync's columns.
    """
    faults = []
    for column, each in zip(sync.columns, written, strict=True):
        cases = list(_value_cases(column, rules, each))
        if _is_required(rules, column.field):
            words = "the CRM requires it, and there is none"
            cases.append((f"not ({each.condition})", literal(f"{column.field}: {words}")))
        faults += _first(cases)
    mapped = {column.field for column in sync.columns}
    for name in rules.fields:
        if name not in mapped and _is_required(rules, name):
            faults.append(literal(f"{name}: the CRM requires it, and no column goes to it"))
    return _together(faults)


def fault_of_known(sync: Sync, rules: Rules, written: Sequence[Written]) -> str:
    """SQL for why a change of a record that is there would be refused; empty if it wouldn't."""
    faults = []
    for column, each in zip(sync.columns, written, strict=True):
        cases = list(_value_cases(column, rules, each))
        if _is_required(rules, column.field):
            words = "the CRM requires it, and it would be emptied"
            emptied = f"{each.condition} and {each.value} is null"
            cases.append((emptied, literal(f"{column.field}: {words}")))
        faults += _first(cases)
    return _together(faults)


def _value_cases(column: Column, rules: Rules, written: Written) -> Iterator[tuple[str, str]]:
    """Conditions under which a value is refused, each with SQL for the reason."""
    if column.links_to:
        # what goes out is the CRM's own id
        return
    value = written.value

    def case(condition: str, reason: str) -> tuple[str, str]:
        return f"{written.condition} and {condition}", reason

    said = rules.fields.get(column.field)
    if said is not None and said.source != "sample":
        # a number's own text is one, so there is nothing to look at
        cases = () if said.type in NUMBERS and is_number(column) else _kind_cases(said, value)
        for condition, words in cases:
            yield case(condition, literal(f"{column.field}: {words}"))
        if said.max_length and said.type in TEXTS:
            length = _length(value, rules.unit)
            limit = f"the CRM takes {said.max_length}"
            reason = _measured(column.field, length, _UNITS[rules.unit], limit)
            yield case(f"{length} > {said.max_length}", reason)
    declared = declared_length(column)
    if declared is not None:
        length = _length(value, "characters")
        reason = _measured(column.field, length, "characters", f"the contract takes {declared}")
        yield case(f"{length} > {declared}", reason)


def _kind_cases(said: Field, value: str) -> Iterator[tuple[str, str]]:
    if said.type in NUMBERS:
        yield f"not regexp_full_match({value}, {literal(NUMBER)})", "not a number"
    elif said.type in BOOLEANS:
        truths = ", ".join(literal(each) for each in TRUTHS)
        yield f"lower(trim({value})) not in ({truths})", "neither true nor false"
    elif said.type in DATES:
        # how a CRM writes its days is its own affair, but without a digit none does
        yield f"not regexp_matches({value}, '[0-9]')", "not a date"
    elif said.type in CHOICES and said.options:
        options = ", ".join(literal(each) for each in said.options)
        # several may be chosen: parted by semicolons, or as a list in JSON
        several = f"list_has_all([{options}, ''], string_split({value}, ';'))"
        refused = f"{value} not in ({options}) and not {several} and {value}[1] <> '['"
        yield refused, "not one of the CRM's options"


def declared_length(column: Column) -> int | None:
    """The most characters that the model's contract allows, by `max_length` or by the type."""
    found = _DECLARED.fullmatch(column.data_type.strip().lower())
    declared = [int(each) for each in found.groups() if each] if found else []
    return min([*declared, *([column.max_length] if column.max_length else [])], default=None)


def _length(value: str, unit: LengthUnit) -> str:
    if unit == "bytes":
        return f"strlen({value})"
    if unit == "utf16":
        beyond = r"[^\x{10000}-\x{10FFFF}]"
        return f"(length({value}) + length(regexp_replace({value}, '{beyond}', '', 'g')))"
    return f"length({value})"


def _measured(name: str, length: str, unit: str, limit: str) -> str:
    return f"{literal(f'{name}: ')} || {length} || {literal(f' {unit}, {limit}')}"


def _is_required(rules: Rules, name: str) -> bool:
    said = rules.fields.get(name)
    return said is not None and said.required and not said.read_only


def _first(cases: Sequence[tuple[str, str]]) -> list[str]:
    """SQL for the first case that holds, as a list of one; of none if there are no cases."""
    whens = " ".join(f"when {condition} then {reason}" for condition, reason in cases)
    return [f"case {whens} end"] if cases else []


def _together(faults: Sequence[str]) -> str:
    return f"concat_ws('; ', {', '.join(faults)})" if faults else "''"
