"""What a reconciliation found, as data and as tables; counts alone, no keys and no values."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reverse_etl.reconciliation.findings import KINDS
from reverse_etl.reconciliation.reconcile import Reconciled


def as_data(results: Sequence[Reconciled]) -> dict[str, Any]:
    """What was found, as JSON can carry it."""
    return {
        "syncs": [
            {
                "sync": each.sync.name,
                "problem": each.problem,
                **each.counts,
                "fields": [
                    {"field": name, "owner": owner, "records": count}
                    for name, owner, count in each.fields
                ],
            }
            for each in results
        ]
    }


def show(console: Console, results: Sequence[Reconciled]) -> None:
    """What was found: a table of counts, and one of the fields that people changed."""
    table = Table(title="Reconciled", title_justify="left")
    table.add_column("sync", no_wrap=True)
    for name in ("records", *KINDS, "never ours"):
        table.add_column(name.replace("_", " "), justify="right")
    for each in results:
        counts = [each.records, *(each.kinds.get(kind, 0) for kind in KINDS), each.never_ours]
        table.add_row(each.sync.name, *(str(count) for count in counts))
    console.print(table)
    for each in results:
        if each.problem:
            console.print(f"[bold red]{each.sync.name}[/]: {escape(each.problem)}")
        if each.unjudged:
            console.print(
                f"{each.sync.name}: nothing is said of {each.unjudged} records, which a sync wrote "
                "meanwhile"
            )
        for name, owner, count in each.fields:
            console.print(f"{each.sync.name}: {escape(name)} ({owner}) changed in {count} records")
