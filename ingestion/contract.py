"""The schema contract: what a raw table's columns are, and when that has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A column that isn't what it was."""

    column: str
    landed: str
    offered: str


def duckdb_type(arrow: pa.DataType) -> str:
    """The DuckDB type in which dlt lands an Arrow type."""
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "TIMESTAMP WITH TIME ZONE" if arrow.tz else "TIMESTAMP"
    return _TYPES[str(arrow)]


_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "time64[us]": "TIME",
    "binary": "BLOB",
}


def changed_types(offered: pa.Schema, landed: Mapping[str, str]) -> list[TypeChange]:
    """The columns whose type differs from the landed one.

    A decimal of another scale counts: it would be rounded on its way in.
    """
    changes = []
    for field in offered:
        before, now = landed.get(field.name), duckdb_type(field.type)
        if before is not None and before != now:
            changes.append(TypeChange(field.name, before, now))
    return changes


def hints(schema: pa.Schema) -> Any:
    """The columns as dlt wants them told."""
    columns = py_arrow_to_table_schema_columns(schema)
    for column in columns.values():
        column["nullable"] = True
    return columns
