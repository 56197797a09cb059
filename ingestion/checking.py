"""What a source would give, without landing anything."""

from dataclasses import dataclass
from pathlib import Path

from ingestion.config import Instance
from ingestion.errors import ConfigurationError, IngestionError, unforeseen
from ingestion.landed import Landed
from ingestion.landing import Status
from ingestion.sources import open_source
from ingestion.tables import Problem

_NOWHERE = Landed(Path("there-is-no-such-warehouse"), "raw")
"""What is landed already must not hide what is wrong in a file."""


@dataclass(frozen=True, slots=True)
class TableCheck:
    """A table that would be read."""

    name: str
    key: tuple[str, ...]
    cursor: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What a look at a source showed."""

    source: str
    kind: str
    status: Status
    tables: tuple[TableCheck, ...] = ()
    problems: tuple[Problem, ...] = ()


def checked(instance: Instance) -> CheckSummary:
    """Connect to a source, and say what is there and what is wrong."""
    try:
        source = open_source(instance)
    except ConfigurationError as error:
        return CheckSummary(
            instance.name, instance.kind, "misconfigured", problems=(Problem(None, str(error)),)
        )
    try:
        tables = tuple(
            TableCheck(
                table.name,
                table.key,
                table.cursor,
                tuple(f"{field.name} {field.type}" for field in table.columns),
            )
            for table in source.tables(_NOWHERE)
        )
        problems = tuple(source.problems())
    except IngestionError as error:
        return CheckSummary(
            instance.name, instance.kind, "failed", problems=(Problem(None, str(error)),)
        )
    except Exception as error:  # noqa: BLE001 - whatever one source does, the others go on
        problem = Problem(None, unforeseen(instance.name, error))
        return CheckSummary(instance.name, instance.kind, "failed", problems=(problem,))
    finally:
        source.close()
    has_errors = any(problem.is_error for problem in problems)
    status: Status = "done" if not has_errors else "partly" if tables else "failed"
    return CheckSummary(instance.name, instance.kind, status, tables, problems)
