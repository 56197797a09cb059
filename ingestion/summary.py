"""How a run or a check looks to people and to programs."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestion.checking import CheckSummary
from ingestion.landing import SourceSummary
from ingestion.tables import Problem


def as_json(items: Sequence[Any]) -> str:
    """Dataclasses for a program."""
    return json.dumps([dataclasses.asdict(item) for item in items], ensure_ascii=False, indent=2)


def print_summaries(console: Console, summaries: Sequence[SourceSummary]) -> None:
    """What was landed, and below it what was met."""
    table = Table(box=None, pad_edge=False)
    table.add_column("source")
    table.add_column("table")
    for heading in ("new rows", "size", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for summary in summaries:
        word = "" if summary.status == "done" else summary.status
        if not summary.tables:
            table.add_row(summary.source, "", "", "", f"{summary.seconds:.1f}", word or "nothing")
        for position, landed in enumerate(summary.tables):
            is_first = position == 0
            table.add_row(
                summary.source if is_first else "",
                landed.name,
                f"{landed.rows:,}",
                size(landed.bytes),
                f"{summary.seconds:.1f}" if is_first else "",
                "; ".join(
                    filter(
                        None,
                        (
                            word if is_first else "",
                            column_news(landed.new_columns, landed.vanished_columns),
                        ),
                    )
                ),
            )
    console.print(table)
    for summary in summaries:
        _print_problems(console, summary.problems)


def print_checks(console: Console, checks: Sequence[CheckSummary]) -> None:
    """What was found, a source after the other."""
    for check in checks:
        console.print(Text.assemble((check.source, "bold"), f" ({check.kind}): {check.status}"))
        for table in check.tables:
            how = f"new by {table.cursor}" if table.cursor else "new by comparing"
            console.print(Text(f"  {table.name}: key {', '.join(table.key)}; {how}"))
            console.print(Text(f"    {', '.join(table.columns)}", style="dim"))
        _print_problems(console, check.problems)


def column_news(new: Sequence[str], vanished: Sequence[str]) -> str:
    """What changed about the columns, in words."""
    words = []
    if new:
        words.append(f"new columns: {', '.join(new)}")
    if vanished:
        words.append(f"columns no longer there: {', '.join(vanished)}")
    return "; ".join(words)


def size(count: int) -> str:
    """Bytes in a unit that people read."""
    if count < 1000:
        return f"{count} B"
    number = count / 1000
    for unit in ("kB", "MB"):
        if number < 1000:
            return f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    for problem in problems:
        word = ("error: ", "red") if problem.is_error else ("note: ", "yellow")
        console.print(Text.assemble(word, problem.message), soft_wrap=True)
