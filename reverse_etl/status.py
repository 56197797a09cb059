"""How the syncs and the connections stand, as data and as tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from crm.budget_files import Drawn
from reverse_etl.clock import text
from reverse_etl.progress import Progress, forecast
from reverse_etl.render import print_rows

REQUESTS = "requests"
"""What a connection's own budget is called; the others have names."""
_WHY = {"quota": ", as fast as the quota allows", "day": ", for today's quota won't do", None: ""}


def as_data(
    rows: Sequence[Mapping[str, Any]],
    running: Mapping[str, Progress],
    budgets: Sequence[Drawn],
    destinations: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """The status as JSON can carry it; `running` goes by the run, `destinations` by the sync."""
    syncs = []
    for row in rows:
        connection = destinations.get(row["sync"])
        lefts = [b.left for b in budgets if b.connection == connection and b.budget == ""]
        progress = running.get(row["last_run"])
        shown = None
        if progress is not None:
            # one that was cut off goes nowhere
            ahead = forecast(progress, lefts, now) if row["status"] == "running" else None
            shown = {
                "planned": progress.planned,
                "done": progress.done,
                "records_per_second": ahead and round(ahead.per_second, 1),
                "finishes_at": ahead and text(ahead.finishes_at),
                "limited_by": ahead and ahead.limited_by,
            }
        syncs.append({**row, "progress": shown})
    return {"syncs": syncs, "connections": [_budget(each, now) for each in budgets]}


def show(console: Console, data: Mapping[str, Any]) -> None:
    """The status as two tables."""
    syncs = [{**row, "progress": _sentence(row["progress"])} for row in data["syncs"]]
    print_rows(console, syncs, empty="nothing was ever applied")
    if data["connections"]:
        print_rows(console, data["connections"], empty="")


def _budget(drawn: Drawn, now: datetime) -> dict[str, Any]:
    left = drawn.left
    return {
        "connection": drawn.connection,
        "budget": drawn.budget or REQUESTS,
        "left_in_window": left.in_window,
        "left_today": left.today,
        "under_way": left.under_way,
        "paused_until": text(now + timedelta(seconds=left.paused_for)) if left.paused_for else None,
        "refused_at": _moment(left.refused_at),
        "used_at": _moment(drawn.used_at),
    }


def _sentence(progress: Mapping[str, Any] | None) -> str | None:
    if progress is None:
        return None
    said = f"{progress['done']} of {progress['planned']}"
    if progress["finishes_at"] is not None:
        said += f", {progress['records_per_second']} a second, done at {progress['finishes_at']}"
        said += _WHY[progress["limited_by"]]
    return said


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else text(datetime.fromtimestamp(seconds, UTC))
