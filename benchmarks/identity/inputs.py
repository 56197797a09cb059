"""The files that a measurement takes: records in canonical form, and the truth about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

COLUMNS = (
    "source_system",
    "source_record_id",
    "entity_type",
    "full_name",
    "phone",
    "email",
    "wechat_unionid",
    "national_id",
    "company_name",
    "tax_id",
    "address",
    "city",
    "birth_date",
    "updated_at",
)
REQUIRED = COLUMNS[:3]
TRUTH_COLUMNS = ("source_system", "source_record_id", "entity")
ENTITY_TYPES = ("person", "organisation")
SHOWN = 3
"""How many of the records that are wrong a message names."""


class InputError(Exception):
    """A file can't be taken as it is; the message says why, by the records' keys."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records there are, and how the truth fits them."""

    records: int
    persons: int
    organisations: int
    without_truth: int
    """Records that aren't in the truth: they take part, but aren't scored."""
    truth_without_record: int
    """Rows of the truth whose record isn't there."""


def load_records(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """Land a CSV of records where the project expects them; the columns that it ignores.

    Raises:
        InputError: a column is missing, a key is empty or doubled, or an entity type is unknown.
    """
    there = _columns(connection, path, REQUIRED)
    values = ", ".join(
        f"{_quoted(name)} as {name}" if name in there else f"cast(null as varchar) as {name}"
        for name in COLUMNS
    )
    connection.execute("create schema if not exists raw_canonical")
    _read(
        connection,
        path,
        f"create or replace table raw_canonical.records as select {values}, "
        "'1' as _dlt_load_id, cast(null as varchar) as _dlt_id",
    )
    types = ", ".join(f"'{each}'" for each in ENTITY_TYPES)
    _refuse(
        connection,
        f"select source_system || ':' || source_record_id from raw_canonical.records "
        f"where trim(coalesce(entity_type, '')) not in ({types})",
        f"{path.name}: entity_type is neither {' nor '.join(ENTITY_TYPES)} in",
    )
    _refuse_keys(connection, "raw_canonical.records", path)
    return tuple(name for name in there if name not in COLUMNS)


def load_truth(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Load the truth as the table `truth`, by record_key.

    Raises:
        InputError: a column is missing, or a key is empty or doubled.
    """
    _columns(connection, path, TRUTH_COLUMNS)
    _read(connection, path, "create or replace temporary table given_truth as select *")
    _refuse_keys(connection, "given_truth", path)
    connection.execute(
        "create or replace table truth as "
        "select source_system || ':' || source_record_id as record_key, entity from given_truth"
    )
    _refuse(
        connection,
        "select record_key from truth where coalesce(entity, '') = ''",
        f"{path.name}: there is no entity for",
    )


def count(connection: duckdb.DuckDBPyConnection) -> Counts:
    """Count what was loaded; without a truth, no record has one."""
    connection.execute("create table if not exists truth (record_key varchar, entity varchar)")
    found = connection.execute(
        """
        with keyed as (
            select entity_type, source_system || ':' || source_record_id as record_key
            from raw_canonical.records
        )
        select
            count(*) filter (where keyed.record_key is not null),
            count(*) filter (where trim(keyed.entity_type) = 'person'),
            count(*) filter (where trim(keyed.entity_type) = 'organisation'),
            count(*) filter (where truth.record_key is null),
            count(*) filter (where keyed.record_key is null)
        from keyed
        full outer join truth on keyed.record_key = truth.record_key
        """
    ).fetchone()
    return Counts(*(found or (0, 0, 0, 0, 0)))


def _columns(
    connection: duckdb.DuckDBPyConnection, path: Path, required: Sequence[str]
) -> list[str]:
    """Look which columns a CSV has; those that are required must be among them."""
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    there = [name for name, *_ in _read(connection, path, "describe select *").fetchall()]
    missing = [name for name in required if name not in there]
    if missing:
        raise InputError(
            f"{path.name} lacks the columns {', '.join(missing)}; it needs {', '.join(required)}"
        )
    return there


def _read(
    connection: duckdb.DuckDBPyConnection, path: Path, statement: str
) -> duckdb.DuckDBPyConnection:
    """Run a statement from a CSV in UTF-8, with or without a byte order mark."""
    quoted = str(path).replace("'", "''")
    try:
        return connection.execute(
            f"{statement} from read_csv('{quoted}', header = true, all_varchar = true, "
            "delim = ',', quote = '\"', escape = '\"')"
        )
    except duckdb.Error:
        # DuckDB's own message would quote the file's lines
        raise InputError(
            f"{path.name} can't be read: it has to be a CSV in UTF-8, parted by commas, "
            "with the columns' names in its first line"
        ) from None


def _refuse_keys(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    _refuse(
        connection,
        f"select 'row ' || cast(row_number() over () as varchar) from {table} "
        "where coalesce(source_system, '') = '' or coalesce(source_record_id, '') = ''",
        f"{path.name}: source_system or source_record_id is empty in",
    )
    _refuse(
        connection,
        f"select source_system || ':' || source_record_id from {table} group by all "
        "having count(*) > 1",
        f"{path.name}: there is more than one row for",
    )


def _refuse(connection: duckdb.DuckDBPyConnection, wrong: str, message: str) -> None:
    """Raise, if a query finds something, with how much and the first ones."""
    found = connection.execute(
        f"select count(*), list(key order by key)[:{SHOWN}] from ({wrong}) as wrong (key)"
    ).fetchone()
    if found and found[0]:
        more = f" and {found[0] - SHOWN} more" if found[0] > SHOWN else ""
        raise InputError(f"{message} {', '.join(found[1])}{more}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
