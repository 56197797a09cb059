"""How plans, results and lists look: tables for people, JSON for programs."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reverse_etl.engine import Applied, Planned
from reverse_etl.ledger.reviews import Asked
from reverse_etl.plan import Change, Plan
from reverse_etl.syncs import Sync


class Format(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


SAMPLE = 5
WIDE = 120
SHOWN = (
    "create", "adopt", "update", "merge", "flag", "restore", "release", "withdraw", "archive",
    "delete", "redirect", "conflict", "held",
)  # fmt: skip
_WORDS = {
    "create": "[green]+ create[/]",
    "adopt": "[cyan]= adopt[/]",
    "update": "[yellow]~ update[/]",
    "merge": "[red]→ merge[/]",
    "flag": "[red]~ flag[/]",
    "restore": "[yellow]↶ restore[/]",
    "release": "[yellow]↶ release[/]",
    "withdraw": "[red]↶ withdraw[/]",
    "archive": "[red]- archive[/]",
    "delete": "[red]- delete[/]",
    "redirect": "[cyan]→ redirect[/]",
    "conflict": "[magenta]! conflict[/]",
    "held": "[magenta]… held[/]",
}


def new_console() -> Console:
    """A console as wide as the terminal; where there is none (a log, a pipe), wide enough."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


def plan_as_data(
    plan: Plan, planned: Sequence[Planned], limit: int | None, plan_id: str | None = None
) -> dict[str, Any]:
    """A plan as JSON can carry it; `limit` changes of each operation, or all."""
    return {
        "plan_id": plan_id,
        "syncs": [
            {
                "sync": each.sync.name,
                "desired": each.counts.desired,
                "known": each.counts.known,
                "unchanged": each.counts.unchanged,
                "operations": dict(each.counts.operations),
                "guard": list(each.verdict.reasons),
                "unknown": each.unsettled,
                "unreleased": each.unreleased,
                "fields": [dataclasses.asdict(field) for field in plan.fields(each.sync)],
                "asked": dict(each.counts.asks),
                "questions": [
                    {
                        "key": asked.key,
                        "field": asked.field,
                        "ours": asked.ours,
                        "theirs": asked.theirs,
                    }
                    for asked in _asked(plan, each.sync, limit)
                ],
                "changes": [_change_as_data(change) for change in _sampled(plan, each.sync, limit)],
            }
            for each in planned
        ],
    }


def print_plan(console: Console, plan: Plan, planned: Sequence[Planned], limit: int | None) -> None:
    """A plan as tables: the numbers, how often each field is written, then the changes."""
    numbers = Table(title="Plan", title_justify="left")
    numbers.add_column("sync", no_wrap=True)
    headings = ("create", "adopt", "update", "merge", "flag", "remove", "redirect", "held")
    for name in (*headings, "unchanged", "kept"):
        numbers.add_column(name, justify="right")
    for each in planned:
        count = each.counts.operations
        removed = count.get("archive", 0) + count.get("delete", 0)
        unchanged = each.counts.unchanged + count.get("unchanged", 0)
        row = [count.get(name, 0) for name in ("create", "adopt", "update", "merge", "flag")]
        row += [removed, count.get("redirect", 0), count.get("held", 0), unchanged]
        row.append(count.get("keep", 0))
        numbers.add_row(each.sync.name, *(str(number) for number in row))
    console.print(numbers)
    for each in planned:
        print_fields(console, plan, each.sync)
        print_changes(console, plan, each.sync, limit)
        print_asked(console, plan, each, limit)
        if each.unsettled:
            console.print(
                f"{each.sync.name}: of {each.unsettled} records nobody knows yet whether they "
                "were written; `reverse-etl apply` finds out first"
            )
        _print_unreleased(console, each)
        for reason in each.verdict.reasons:
            console.print(f"[bold red]guard[/] {each.sync.name}: {reason}")
    if not any(each.counts.sending or each.verdict.reasons for each in planned):
        console.print("[bold green]Nothing to do:[/] every CRM holds what the models say.")


def print_fields(console: Console, plan: Plan, sync: Sync) -> None:
    """How often each field of one sync would be written."""
    table = Table(title=f"{sync.name}: records by field", title_justify="left")
    table.add_column("field", overflow="fold")
    for name in ("creates", "updates", "clears"):
        table.add_column(name, justify="right")
    for each in plan.fields(sync):
        cleared = f"[red]{each.clears}[/]" if each.clears else "0"
        table.add_row(escape(each.field), str(each.creates), str(each.updates), cleared)
    if table.row_count:
        console.print(table)


def print_changes(console: Console, plan: Plan, sync: Sync, limit: int | None) -> None:
    """The changes of one sync, old → new."""
    table = Table(title=sync.name, title_justify="left", show_lines=False)
    for name in ("", "key", "field", "now", "will be", "why"):
        table.add_column(name, overflow="fold")
    total = 0
    for change in _sampled(plan, sync, limit):
        total += 1
        word = _WORDS.get(change.operation, change.operation)
        lines = _field_lines(change)
        if not lines:
            table.add_row(word, change.key, "", "", "", change.reason or "")
        for number, (name, old, new) in enumerate(lines):
            first = number == 0
            table.add_row(
                word if first else "",
                change.key if first else "",
                name,
                old,
                new,
                (change.reason or "") if first else "",
            )
    if total:
        console.print(table)
        counted = plan.counts(sync).operations
        rest = sum(counted.get(name, 0) for name in SHOWN) - total
        if rest > 0:
            console.print(f"… and {rest} more of {sync.name}; `--full` shows all")


def print_asked(console: Console, plan: Plan, planned: Planned, limit: int | None) -> None:
    """The fields of one sync that aren't written, for a person is to decide."""
    counts = planned.counts.asks
    if not counts:
        return
    table = Table(title=f"{planned.sync.name}: a person is asked", title_justify="left")
    for name in ("key", "field", "theirs", "ours"):
        table.add_column(name, overflow="fold")
    for asked in _asked(plan, planned.sync, limit):
        sides = (escape(_shown(asked.theirs)), escape(_shown(asked.ours)))
        table.add_row(asked.key, escape(asked.field), *sides)
    console.print(table)
    fields = ", ".join(f"{escape(name)} {count}" for name, count in counts.items())
    console.print(f"{planned.sync.name}: in conflict, by field: {fields}")


def print_applied(console: Console, applied: Sequence[Applied]) -> None:
    """What came of each sync."""
    table = Table(title="Applied", title_justify="left")
    table.add_column("sync", no_wrap=True)
    table.add_column("status", no_wrap=True)
    names = ("created", "adopted", "updated", "merged", "removed", "rejected", "held", "requests")
    for name in names:
        table.add_column(name, justify="right")
    for each in applied:
        tally = each.tally
        held = each.counts.operations if each.counts else {}
        waiting = held.get("held", 0) + held.get("conflict", 0) + tally.waiting + tally.gone
        numbers = [tally.created, tally.adopted]
        numbers += [tally.updated + tally.restored + tally.released, tally.merged]
        numbers.append(tally.archived + tally.deleted + tally.withdrawn)
        numbers += [tally.rejected, waiting, tally.requests]
        table.add_row(each.sync.name, each.status, *(str(number) for number in numbers))
    console.print(table)
    for each in applied:
        if each.recovered:
            console.print(
                f"{each.sync.name}: {each.recovered} records of an interrupted run were "
                "looked up in the CRM first"
            )
        _print_unreleased(console, each)
        if each.problem:
            console.print(f"[bold red]{each.sync.name}[/]: {each.problem}")
        for reason, count in each.held:
            console.print(f"{each.sync.name}: {count} held: {escape(reason)}")
        if each.counts and each.counts.asks:
            console.print(
                f"{each.sync.name}: {sum(each.counts.asks.values())} fields wait for a person; "
                f"`reverse-etl reviews {each.sync.name}` shows them"
            )
        if each.tally.rejected:
            console.print(
                f"{each.sync.name}: {each.tally.rejected} rejected; "
                f"`reverse-etl errors {each.sync.name}` says why"
            )


def applied_as_data(applied: Sequence[Applied]) -> dict[str, Any]:
    """What came of each sync, as JSON can carry it."""
    return {
        "syncs": [
            {
                "sync": each.sync.name,
                "run_id": each.run.run_id,
                "status": each.status,
                "problem": each.problem,
                "recovered": each.recovered,
                "unreleased": each.unreleased,
                "held": each.counts.operations.get("held", 0) if each.counts else 0,
                "held_for": [
                    {"reason": reason, "records": count} for reason, count in each.held
                ],
                "conflicts": each.counts.operations.get("conflict", 0) if each.counts else 0,
                "asked": dict(each.counts.asks) if each.counts else {},
                **{
                    name: getattr(each.tally, name)
                    for name in (
                        "created", "adopted", "updated", "merged", "archived", "deleted",
                        "restored", "released", "withdrawn", "rejected", "gone", "waiting",
                        "not_written", "unknown", "requests",
                    )
                },
            }
            for each in applied
        ]
    }  # fmt: skip


def print_rows(console: Console, rows: Sequence[Mapping[str, Any]], *, empty: str) -> None:
    """A list of the ledger's as a table."""
    if not rows:
        console.print(empty)
        return
    table = Table()
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)


def as_json(data: Any) -> str:
    """JSON with the characters that people read."""
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


def _print_unreleased(console: Console, each: Planned | Applied) -> None:
    if each.unreleased:
        console.print(
            f"{each.sync.name}: {each.unreleased} records stay planned, for this release leaves "
            "them out"
        )


def _asked(plan: Plan, sync: Sync, limit: int | None) -> Iterable[Asked]:
    return islice((asked for page in plan.asked(sync) for asked in page), limit)


def _sampled(plan: Plan, sync: Sync, limit: int | None) -> Iterable[Change]:
    for operation in SHOWN:
        yield from plan.changes(sync, (operation,), limit=limit)


def _field_lines(change: Change) -> list[tuple[str, str, str]]:
    before = change.before or {}
    if change.operation in {"withdraw", "archive", "delete"}:
        return [(name, _shown(value), "") for name, value in before.items() if value]
    return [
        (name, _shown(before.get(name)), _shown(value)) for name, value in change.payload.items()
    ]


def _shown(value: Any) -> str:
    return "∅" if value is None or value == "" else str(value)


def _change_as_data(change: Change) -> dict[str, Any]:
    return {
        "key": change.key,
        "operation": change.operation,
        "reason": change.reason,
        "merged_into": change.winner,
        "cause": change.cause,
        "remote_id": change.remote_id,
        "fields": [
            {"field": name, "now": (change.before or {}).get(name), "will_be": value}
            for name, value in change.payload.items()
        ],
    }
