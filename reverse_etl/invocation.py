"""What the commands share: their options, what they open, and how they end."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, NoReturn

import duckdb
import typer

from crm.connections import connect
from crm.runtime import Runtime, until
from reverse_etl import render
from reverse_etl.clock import World, text
from reverse_etl.engine import Engine
from reverse_etl.errors import ExitCode
from reverse_etl.ledger import Ledger, ledger_path
from reverse_etl.manifest import default_manifest, read_manifest, read_syncs
from reverse_etl.render import Format
from reverse_etl.syncs import Sync
from warehouse.connection import attached_read_only

Syncs = Annotated[list[str] | None, typer.Argument(help="Which syncs; all by default.")]
OneSync = Annotated[
    str | None, typer.Argument(metavar="[SYNC]", help="Which sync; all by default.")
]
As = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]


def known_syncs() -> dict[str, Sync]:
    """The syncs of the project, by name."""
    return read_syncs(read_manifest(default_manifest()))


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """The ledger, as long as the block lasts."""
    ledger = Ledger(ledger_path(), World())
    try:
        yield ledger
    finally:
        ledger.close()


def new_engine(ledger: Ledger, stop: threading.Event) -> Engine:
    """An engine that is asked to stop by `stop`, even while it waits for a CRM."""
    return Engine(
        read_manifest(default_manifest()),
        ledger,
        partial(connect, runtime=Runtime(sleep=until(stop))),
        open_warehouse,
        ledger.world,
        is_stopping=stop.is_set,
    )


def open_warehouse() -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """A connection with the warehouse attached, to be read."""
    return attached_read_only()


@contextmanager
def stopping(*, at_once: bool = False) -> Iterator[threading.Event]:
    """Let SIGINT and SIGTERM end the delivery after what is under way, not in its middle.

    Where nothing is written it ends `at_once`: SIGTERM as ever, and SIGINT lets go of the threads
    that wait for the CRM, for which it would be waited else.
    """
    stop = threading.Event()

    def ask(*_: object) -> None:
        stop.set()
        if at_once:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT,) if at_once else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def utc(moment: datetime | None) -> str | None:
    """A moment as the ledger writes it; one that was typed is UTC."""
    return None if moment is None else text(moment.replace(tzinfo=UTC))


def print_rows(rows: list[dict[str, Any]], format_: Format, empty: str) -> None:
    """Print rows; for people, `empty` if there are none."""
    if format_ is Format.JSON:
        typer.echo(render.as_json(rows))
    else:
        render.print_rows(render.new_console(), rows, empty=empty)


def end(message: str, code: ExitCode) -> NoReturn:
    """End the command with a message for whoever called it."""
    typer.echo(message, err=True)
    sys.exit(code)
