"""What can go wrong while data is landed, by what it costs.

Messages name the system, the file or page, and what to do. They carry no secret
and no value of a person's record.
"""

import traceback
from pathlib import Path

import duckdb
from dlt.common.exceptions import DltException

_ROOT = Path(__file__).parent


class IngestionError(Exception):
    """The base of all of them."""


class ConfigurationError(IngestionError):
    """A setting is missing or wrong; nothing was read. Mend the settings."""


class SourceError(IngestionError):
    """A source can't be read; nothing of it was landed. The other sources go on."""


class TableError(IngestionError):
    """One table of a source can't be landed; its other tables can."""

    def __init__(self, table: str, message: str) -> None:
        super().__init__(message)
        self.table = table


def told(error: BaseException) -> str:
    """What another's error says, if it speaks of files, memory and machines and not of values."""
    name = type(error).__name__
    if isinstance(error, OSError | duckdb.OperationalError | DltException):
        return f"{name}: {error}"
    return name


def unforeseen(source: str, error: Exception) -> str:
    """What is said of an error that nobody thought of: enough to find the line, and no value."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT)]
    place = "".join(
        f" at {Path(frame.filename).relative_to(_ROOT.parent)}:{frame.lineno}"
        for frame in ours[-1:]
    )
    return (
        f"{source}: {told(error)}{place}. Nobody foresaw this: please report it. What isn't "
        "landed yet, the next run lands"
    )
