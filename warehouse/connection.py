"""Open the warehouse, and wait one's turn.

A DuckDB file belongs to one writing process at a time, and while one writes
nobody else can even read it. Everybody who meets the lock waits with back-off
and, at the end of their patience, says for whom.
"""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import duckdb

DEFAULT_PATH = "var/warehouse.duckdb"
DEFAULT_PATIENCE = 60.0

T = TypeVar("T")

_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")


class WarehouseBusyError(Exception):
    """Another process held the warehouse for longer than we were told to wait."""


class WarehouseMissingError(Exception):
    """There is no warehouse file yet."""


def warehouse_path() -> Path:
    """The warehouse's file: TONGKE_WAREHOUSE, or var/warehouse.duckdb."""
    return Path(os.environ.get("TONGKE_WAREHOUSE", DEFAULT_PATH))


def extension_path(name: str) -> str:
    """Where the wheel of a DuckDB extension put its binary, for a LOAD that needs no network.

    The wheels come from PyPI as duckdb-extension-<name>, at exactly DuckDB's version.
    """
    package = files(f"duckdb_extension_{name}")
    return str(package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension")


@contextmanager
def attached_read_only(
    path: Path | None = None,
    *,
    extensions: tuple[str, ...] = (),
    patience: float = DEFAULT_PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection that sees the warehouse as `warehouse`, read-only.

    The file is let go with `detach warehouse`, or when the block ends; what was
    copied into temporary tables stays until then.

    Raises:
        WarehouseMissingError: the file isn't there.
        WarehouseBusyError: another process wrote for longer than `patience` seconds.
    """
    path = path or warehouse_path()
    if not path.exists():
        raise WarehouseMissingError(
            f"there is no warehouse at {path}: run `ingestion run --all` and `dbt build` first, "
            "or set TONGKE_WAREHOUSE"
        )
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            # pip has checked the hash of the wheel that it came in; DuckDB would hash the 35 MB
            # of the extension again at every start, which takes it a quarter of a second
            "allow_unsigned_extensions": "true",
        },
    )
    try:
        for name in extensions:
            connection.load_extension(extension_path(name))
        quoted = str(path).replace("'", "''")
        waiting(
            lambda: connection.execute(f"attach '{quoted}' as warehouse (read_only)"),
            path=path,
            patience=patience,
            sleep=sleep,
        )
        yield connection
    finally:
        connection.close()


def waiting(
    action: Callable[[], T],
    *,
    path: Path,
    patience: float = DEFAULT_PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do what opens the warehouse, trying again while another process holds it.

    Raises:
        WarehouseBusyError: still held after `patience` seconds.
    """
    waited, pause = 0.0, 0.1
    while True:
        try:
            return action()
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            if waited >= patience:
                found = _HOLDER.search(str(error))
                holder = f"process {found['pid']}" if found else "another process"
                raise WarehouseBusyError(
                    f"the warehouse {path} is held by {holder}; waited {waited:.0f} s. "
                    "Let it finish, or end it, and try again"
                ) from error
            # a little randomness, or those who wait meet again at every try
            pause = min(pause * 2, 5.0) * random.uniform(0.7, 1.0)  # noqa: S311 - no secret
            sleep(pause)
            waited += pause
