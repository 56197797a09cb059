"""How an undo looks: what would be taken back, what is left and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reverse_etl import render
from reverse_etl.engine import Applied, Planned
from reverse_etl.plan import Plan
from reverse_etl.undo.planner import Left

SHOWN = ("restore", "release", "withdraw", "create")
SAMPLE = 20
"""So many of what is left are named in a table; JSON has all."""


def print_plan(
    console: Console,
    plan: Plan,
    planned: Sequence[Planned],
    leftovers: Mapping[str, Sequence[Left]],
) -> None:
    """The plan of an undo as tables: the numbers, then the changes, then what is left."""
    numbers = Table(title="Undo", title_justify="left")
    numbers.add_column("sync", no_wrap=True)
    for name in (*SHOWN, "left"):
        numbers.add_column(name, justify="right")
    for each in planned:
        count = each.counts.operations
        row = [count.get(name, 0) for name in (*SHOWN, "held")]
        numbers.add_row(each.sync.name, *(str(number) for number in row))
    console.print(numbers)
    for each in planned:
        render.print_fields(console, plan, each.sync)
        render.print_changes(console, plan, each.sync, render.SAMPLE)
        _print_left(console, each.sync.name, leftovers.get(each.sync.name, ()))
        for reason in each.verdict.reasons:
            console.print(f"[bold red]guard[/] {each.sync.name}: {reason}")
    if not any(each.counts.sending for each in planned):
        console.print("[bold green]Nothing to do:[/] nothing can be taken back, or all of it was.")


def print_applied(
    console: Console, applied: Sequence[Applied], leftovers: Mapping[str, Sequence[Left]]
) -> None:
    """What came of an undo, and what it left."""
    render.print_applied(console, applied)
    for each in applied:
        _print_left(console, each.sync.name, leftovers.get(each.sync.name, ()))


def with_left(data: Mapping[str, Any], leftovers: Mapping[str, Sequence[Left]]) -> dict[str, Any]:
    """What JSON has of a plan or a result, with what is left of each sync."""
    syncs = [
        {**each, "left": [asdict(left) for left in leftovers.get(each["sync"], ())]}
        for each in data["syncs"]
    ]
    return {**data, "syncs": syncs}


def _print_left(console: Console, sync: str, left: Sequence[Left]) -> None:
    if not left:
        return
    table = Table(title=f"{sync}: left as it is", title_justify="left")
    for name in ("key", "field", "why"):
        table.add_column(name, overflow="fold")
    for each in left[:SAMPLE]:
        table.add_row(escape(each.key), escape(each.field), escape(each.reason))
    console.print(table)
    if len(left) > SAMPLE:
        console.print(f"… and {len(left) - SAMPLE} more of {sync}; `--format json` has all")
