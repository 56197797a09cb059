"""How much memory a plan may take, and where the rest lies.

DuckDB moves what doesn't fit to disk, but what one statement must hold at once (the keys
of a join, the rows of a sort) has to fit. So each statement is first given little, and if
that is too little, twice as much.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from reverse_etl.plan.fields import literal

LEAST_MB = 32
_ENOUGH_MB = 1 << 20
_PREFIX = ".plan-"
_LOCK = "lock"


@contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A folder for what a plan can't hold in memory, as long as the block lasts.

    It holds values of records. What a killed process left behind is removed by whoever plans
    next: the lock in the folder went with the process.
    """
    for left in beside.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    unlocked = Path(tempfile.mkdtemp(prefix=".new-plan-", dir=beside))
    with (unlocked / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # others see it only from now on, when it is locked
        folder = unlocked.rename(beside / unlocked.name.replace(".new-plan-", _PREFIX))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = (folder / _LOCK).open("r+")
    except OSError:
        return  # its owner is just removing it
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(folder, ignore_errors=True)


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
