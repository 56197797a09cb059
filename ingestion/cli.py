"""The `ingestion` command: it parses, prints, and says by its exit code how it went.

0 all done · 1 nothing could be read · 2 usage or configuration · 3 some could, some couldn't
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from ingestion import config
from ingestion.checking import CheckSummary, checked
from ingestion.config import Instance
from ingestion.errors import ConfigurationError, IngestionError, unforeseen
from ingestion.landing import Landing, SourceSummary, quieten_dlt
from ingestion.sources import KINDS, open_source
from ingestion.summary import as_json, print_checks, print_summaries
from ingestion.tables import Problem
from warehouse.connection import WarehouseBusyError, warehouse_path

NOTHING, USAGE, PARTLY = 1, 2, 3

app = typer.Typer(
    help="Land every system's data in the warehouse, as it is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
output = Console()
errors = Console(stderr=True)


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]


def main() -> None:
    """Run the command."""
    quieten_dlt()
    try:
        app()
    except ConfigurationError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(USAGE)


@app.command("list")
def list_sources(format_: FormatOption = Format.TABLE) -> None:
    """Show the sources that the settings name.

    Example: ingestion list --format json
    """
    found = config.instances()
    if format_ is Format.JSON:
        typer.echo(as_json(found))
        return
    if not found:
        typer.echo(
            f"There is no source in {config.settings_path()}. Add a section [sources.<name>] with "
            f"a kind: {', '.join(KINDS)}"
        )
        return
    table = RichTable(box=None, pad_edge=False)
    for heading in ("source", "kind", "lands in"):
        table.add_column(heading)
    for instance in found:
        table.add_row(instance.name, instance.kind, f"raw_{instance.name}")
    output.print(table)


@app.command()
def check(
    sources: Annotated[list[str] | None, typer.Argument(help="Which; all if none.")] = None,
    *,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Connect to sources and say what would be read; land nothing.

    Example: ingestion check erp
    """
    summaries = [checked(instance) for instance in _chosen(sources or [], everything=not sources)]
    if format_ is Format.JSON:
        typer.echo(as_json(summaries))
    else:
        print_checks(output, summaries)
    raise typer.Exit(_exit_code(summaries))


@app.command()
def run(
    sources: Annotated[list[str] | None, typer.Argument(help="Which sources.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Read everything; in a CRM and in Roundup, look for records that are gone.",
        ),
    ] = False,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Land what is new in the sources.

    Running again lands nothing twice; breaking off loses nothing.

    Example: ingestion run erp shop
    """
    instances = _chosen(sources or [], everything=everything)
    with _progress(format_) as tell:
        summaries = [
            _landed(instance, full=full, tell=tell, patience=60.0) for instance in instances
        ]
    if format_ is Format.JSON:
        typer.echo(as_json(summaries))
    else:
        print_summaries(output, summaries)
    raise typer.Exit(_exit_code(summaries))


def _landed(
    instance: Instance, *, full: bool, tell: Callable[[str, str, int], None], patience: float
) -> SourceSummary:
    """One source's run; what goes wrong with it is in the summary, and the others go on."""
    landing = Landing(
        warehouse_path(),
        config.pipelines_path(),
        patience,
        on_rows=lambda table, rows: tell(instance.name, table, rows),
    )
    tell(instance.name, "", 0)
    failed = SourceSummary(instance.name, instance.kind, "failed")
    try:
        return landing.run(instance.name, instance.kind, open_source(instance), full=full)
    except ConfigurationError as error:
        return replace(failed, status="misconfigured", problems=(Problem(None, str(error)),))
    except (IngestionError, WarehouseBusyError) as error:
        return replace(failed, problems=(Problem(None, str(error)),))
    except Exception as error:  # noqa: BLE001 - whatever one source does, the others go on
        return replace(failed, problems=(Problem(None, unforeseen(instance.name, error)),))


def _chosen(names: list[str], *, everything: bool) -> list[Instance]:
    """The instances of these names.

    Raises:
        ConfigurationError: there is no such source, or none was named.
    """
    there = {instance.name: instance for instance in config.instances()}
    listed = ", ".join(there) or f"none; add [sources.<name>] in {config.settings_path()}"
    if everything and names:
        raise ConfigurationError("name the sources, or say --all, not both")
    if everything:
        if not there:
            raise ConfigurationError(f"there are no sources: {listed}")
        return list(there.values())
    if not names:
        raise ConfigurationError(f"say which sources, or --all. There are: {listed}")
    unknown = [name for name in names if name not in there]
    if unknown:
        raise ConfigurationError(f"there is no source {', '.join(unknown)}. There are: {listed}")
    return [there[name] for name in dict.fromkeys(names)]


def _exit_code(summaries: list[SourceSummary] | list[CheckSummary]) -> int:
    """What the command answers to whoever called it."""
    statuses = {summary.status for summary in summaries}
    if statuses == {"done"}:
        return 0
    if statuses == {"misconfigured"}:
        return USAGE
    return NOTHING if statuses <= {"failed", "misconfigured"} else PARTLY


@contextmanager
def _progress(format_: Format) -> Iterator[Callable[[str, str, int], None]]:
    """A moving line on a terminal; nothing where the output goes to a file or a program."""
    if format_ is Format.JSON or not errors.is_terminal:
        yield lambda _source, _table, _rows: None
        return
    totals: dict[tuple[str, str], int] = {}
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    ) as progress:
        task = progress.add_task("")

        def tell(source: str, table: str, rows: int) -> None:
            count = totals[source, table] = totals.get((source, table), 0) + rows
            where = f"{source}.{table}: {count:,} rows" if table else f"{source} …"
            progress.update(task, description=where)

        yield tell
