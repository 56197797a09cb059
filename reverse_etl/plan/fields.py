"""How a column becomes a field's value, and who decides on it: SQL for one column.

Everything is compared as text. Empty and null are the same: CRMs disagree on
which of them they answer with.
"""

from dataclasses import dataclass

from reverse_etl.syncs import Column

_NUMBERS = {"tinyint", "smallint", "integer", "int", "bigint", "hugeint", "utinyint", "usmallint"}
_NUMBERS |= {"uinteger", "ubigint", "uhugeint"}
_FLOATS = {"double", "float", "real"}


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


def as_json(column: Column, expression: str) -> str:
    """The value as it travels, as JSON: numbers and booleans as such, all else as text.

    Money and times are text: a CRM that reads JSON numbers as floats would change them.
    """
    kind = column.data_type.partition("(")[0].strip()
    if kind in _NUMBERS or kind in {"boolean", "bool"}:
        typed = expression
    elif kind in _FLOATS:
        # JSON has no NaN and no infinity
        typed = f"case when isfinite({expression}) then {expression} end"
    elif kind in {"timestamptz", "timestamp with time zone"}:
        typed = f"strftime({expression} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    elif kind.startswith("timestamp") or kind == "datetime":
        typed = f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    elif kind in {"blob", "bytea", "varbinary"}:
        typed = f"to_base64({expression})"
    elif column.data_type.endswith("]") or kind in {"json", "struct", "map", "list", "union"}:
        typed = f"to_json({expression})::varchar"
    else:
        typed = f"{expression}::varchar"
    return f"to_json({typed})"


def field_json(record: str, name: str) -> str:
    """One field of a record held as a JSON object, as JSON text; `null` if absent."""
    return f"coalesce(json_extract({record}, {_path(name)})::varchar, 'null')"


def field_text(record: str, name: str) -> str:
    """The text of one field of a record held as a JSON object; empty or absent is null."""
    return f"nullif(json_extract_string({record}, {_path(name)}), '')"


def has_field(record: str, name: str) -> str:
    """Whether a record held as a JSON object has the field at all."""
    return f"coalesce(json_exists({record}, {_path(name)}), false)"


def is_written(column: Column, sides: Sides) -> str:
    """SQL that is true where the field of a record that is there is to be written.

    The table of cases is docs/reference/ownership.md.
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


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _path(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return literal(f'$."{escaped}"')
