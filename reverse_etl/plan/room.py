"""How much memory a plan may take: little, and more where a statement can't do with it.

DuckDB moves what doesn't fit to disk, but what one statement must hold at once (the keys
of a join, the rows of a sort) has to fit. So each statement is first given little, and if
that is too little, twice as much.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from reverse_etl.plan.fields import literal

LEAST_MB = 32
_ENOUGH_MB = 1 << 20


def limit(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    """Give a connection little memory, and a folder for what doesn't fit."""
    connection.execute(f"set temp_directory = {literal(str(scratch))}")
    connection.execute(f"set memory_limit = '{LEAST_MB}MiB'")


def execute(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Sequence[Any] | None = None,
    *,
    megabytes: int = LEAST_MB,
) -> None:
    """Carry out a statement whose result nobody fetches, with as much memory as it needs.

    Args:
        connection: one that was limited.
        sql: the statement.
        parameters: its parameters.
        megabytes: what it is given first.

    Raises:
        duckdb.OutOfMemoryException: the machine hasn't got that much.
    """
    if megabytes > LEAST_MB:
        connection.execute(f"set memory_limit = '{megabytes}MiB'")
    while True:
        try:
            connection.execute(sql, parameters)
        except duckdb.OutOfMemoryException:
            if megabytes >= _ENOUGH_MB:
                raise
            megabytes *= 2
            connection.execute(f"set memory_limit = '{megabytes}MiB'")
        else:
            break
    if megabytes > LEAST_MB:
        connection.execute(f"set memory_limit = '{LEAST_MB}MiB'")
