"""How a column becomes a field's value, and who decides on it: SQL for one column.

Everything is compared as text. Empty and null are the same: CRMs disagree on
which of them they answer with.
"""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from reverse_etl.syncs import Column

HashOf = Callable[[str], str]
"""Makes of SQL for a value SQL for its hash."""

_INTEGERS = {"tinyint", "smallint", "integer", "int", "bigint"}
_INTEGERS |= {"utinyint", "usmallint", "uinteger", "ubigint"}
_FLOATS = {"double", "float", "real"}
_BOOLEANS = {"boolean", "bool"}


@dataclass(frozen=True, slots=True)
class Sides:
    """SQL for the four sides of a comparison, each text or null."""

    ours: str
    """What we want."""
    theirs: str
    """What the CRM holds now."""
    sent: str
    """What we last sent."""
    expected: str
    """What the CRM showed when we had sent it: CRMs trim, round and reformat."""
    ours_at: str = "null"
    """When ours changed; a number, or null if nobody knows."""
    theirs_at: str = "null"
    """When theirs changed, likewise."""


@dataclass(frozen=True, slots=True)
class Question:
    """SQL for what a person was asked about a field, and what they said; null if nobody was."""

    answer: str
    """`ours`, `theirs` or `value`."""
    ours_hash: str
    theirs_hash: str
    """The two values that the person saw."""
    answer_hash: str
    """Of an answer that is a value of its own."""
    value: str
    """That value, as long as it is kept."""


UNASKED = Question("null", "null", "null", "null", "null")


def as_text(column: Column, expression: str) -> str:
    """A column's value as text; empty is null."""
    kind = _kind(column)
    if kind in _FLOATS:
        # JSON has no NaN and no infinity
        text = f"case when isfinite({expression}) then {expression}::varchar end"
    elif kind in {"timestamptz", "timestamp with time zone"}:
        text = f"strftime({expression} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    elif kind.startswith("timestamp") or kind == "datetime":
        text = f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    elif kind in {"blob", "bytea", "varbinary"}:
        text = f"to_base64({expression})"
    elif column.data_type.endswith("]") or kind in {"json", "struct", "map", "list", "union"}:
        text = f"to_json({expression})::varchar"
    else:
        text = f"{expression}::varchar"
    return f"nullif({text}, '')"


def as_json(column: Column, text: str) -> str:
    """The text of a value as it travels: numbers and booleans as such, all else as a string.

    Money and times are strings: a CRM that reads JSON numbers as floats would change them.
    """
    if _is_plain(column):
        return f"coalesce({text}, 'null')"
    return f"coalesce(to_json({text})::varchar, 'null')"


def can_hold(column: Column, text: str) -> bool:
    """Whether a text can travel as a value of the column."""
    if not _is_plain(column):
        return True
    if _kind(column) in _BOOLEANS:
        return text in {"true", "false"}
    try:
        return isinstance(orjson.loads(text), (int, float))
    except orjson.JSONDecodeError:
        return False


def in_one_form(column: Column, text: str) -> str:
    """A text that somebody typed, as a value of the column is told in a record: 1e2 is 100.0."""
    return orjson.dumps(orjson.loads(text)).decode() if _is_plain(column) else text


def field_json(record: str, name: str) -> str:
    """One field of a record held as a JSON object, as JSON text; `null` if absent."""
    return f"coalesce(json_extract({record}, {path_to(name)})::varchar, 'null')"


def field_text(record: str, name: str) -> str:
    """The text of one field of a record held as a JSON object; empty or absent is null."""
    return f"nullif(json_extract_string({record}, {path_to(name)}), '')"


def has_field(record: str, name: str) -> str:
    """Whether a record held as a JSON object has the field at all."""
    return f"coalesce(json_exists({record}, {path_to(name)}), false)"


def member(name: str, json: str, condition: str) -> str:
    """One member of a JSON object, if the condition holds; else null."""
    key = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '":'
    return f"case when {condition} then {literal(key)} || {json} end"


def an_object(members: list[str]) -> str:
    """A JSON object of those members that aren't null."""
    return f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'"


def is_created(column: Column, ours: str) -> str:
    """SQL that is true where the field of a new record is to be written."""
    return "false" if column.owner == "crm" else f"{ours} is not null"


def is_written(column: Column, sides: Sides) -> str:
    """SQL that is true where the field of a record that is there is to be written.

    The table of cases is docs/reference/ownership.md. Where a person may have to be asked,
    `verdict` says more.
    """
    ours, theirs, sent, expected = sides.ours, sides.theirs, sides.sent, sides.expected
    if column.owner == "crm":
        return "false"
    still_as_we_left_it = f"({sent} is not null and {theirs} is not distinct from {expected})"
    if column.owner == "fill_empty":
        # a person who emptied what we had filled meant it: only a new value of ours fills again
        return (
            f"({ours} is distinct from {theirs} and {ours} is distinct from {sent} "
            f"and (({theirs} is null and {ours} is not null) or {still_as_we_left_it}))"
        )
    # what we never wrote we never clear: a value that a person typed is news, not an error
    return (
        f"({ours} is distinct from {theirs} "
        f"and ({ours} is distinct from {sent} or {theirs} is distinct from {expected}) "
        f"and ({ours} is not null or {still_as_we_left_it}))"
    )


def verdict(column: Column, sides: Sides, hash_of: HashOf, asked: Question = UNASKED) -> str:
    """SQL for what becomes of a field about which a person may have to be asked.

    - `ours`: ours is written
    - `answered`: the same, for a person said so
    - `value`: what a person answered is written
    - `ask`: nothing is written, and a person is asked
    - `leave`: nothing is to be done

    The table of cases is docs/reference/ownership.md.
    """
    ours, theirs, sent, expected = sides.ours, sides.theirs, sides.sent, sides.expected
    as_we_left_it = f"({sent} is not null and {theirs} is not distinct from {expected})"
    unasked = ""
    if column.owner == "newest":
        at, their_at = sides.ours_at, sides.theirs_at
        unasked = f"when {at} > {their_at} then 'ours' when {at} < {their_at} then 'leave'"
    contest = f"case {unasked} when true then 'ask' end"
    is_same_ours = f"{hash_of(ours)} = {asked.ours_hash}"
    saw = f"({is_same_ours} and {hash_of(theirs)} = {asked.theirs_hash})"
    # ours was written as they said: it is what we sent, like any other value
    is_spent = f"({asked.answer} = 'ours' and {hash_of(sent)} = {asked.ours_hash})"
    # what they gave was written, and stands there: it is a person's value, though we sent it
    is_given = (
        f"({asked.answer} = 'value' and {hash_of(sent)} = {asked.answer_hash} and {as_we_left_it})"
    )
    # what was sent meanwhile may show as theirs did, where the CRM has a form of its own
    is_to_give = (
        f"({saw} and {asked.answer} = 'value' and {asked.value} is not null "
        f"and not coalesce({is_given}, false))"
    )
    # the same once ours changed, and a new question took the place of the one they answered
    is_argued = f"({asked.answer} is null and {hash_of(theirs)} = {asked.theirs_hash})"
    return f"""case
        when {ours} is not distinct from {theirs} then 'leave'
        when {is_to_give} then 'value'
        when {ours} = {sent} and {theirs} is not distinct from {expected} then 'leave'
        when {is_given} then if({is_same_ours} or {ours} is null, 'leave', 'ask')
        when {asked.answer} is not null and not coalesce({is_spent}, false) then
            case
                when {saw} and {asked.answer} = 'ours' then 'answered'
                when {saw} and {asked.answer} = 'theirs' then 'leave'
                when {ours} is null then 'leave'
                else {contest}
            end
        when ({as_we_left_it} or ({theirs} is null and {sent} is null))
            and not coalesce({is_argued}, false) then 'ours'
        when {ours} is null or {ours} is not distinct from {sent} then 'leave'
        else {contest}
    end"""


def is_number(column: Column) -> bool:
    """Whether the column's values are numbers, whatever they are."""
    return _kind(column) in {*_INTEGERS, *_FLOATS, "decimal", "numeric", "hugeint"}


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _is_plain(column: Column) -> bool:
    """Whether its values travel as numbers or booleans; a link is our key, whatever its type."""
    plain = _INTEGERS | _FLOATS | _BOOLEANS
    return _kind(column) in plain and not column.links_to


def _kind(column: Column) -> str:
    return column.data_type.partition("(")[0].strip()


def path_to(*names: str) -> str:
    """The path to one field of a record held as a JSON object, as an SQL string."""
    escaped = [name.replace("\\", "\\\\").replace('"', '\\"') for name in names]
    return literal("$" + "".join(f'."{name}"' for name in escaped))
