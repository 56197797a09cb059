"""How far the running syncs are, and when they will be done."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, case, func, select

from crm.quota import Left
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import deliveries, runs


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has done of its plan; read from the ledger while another process delivers."""

    planned: int
    done: int
    """Records whose outcome is known."""
    batches: int
    """Requests that brought those outcomes."""
    began_at: datetime | None
    """When the first of them was sent."""

    @property
    def rest(self) -> int:
        """Records that are still to be sent."""
        return max(0, self.planned - self.done)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a run will be done, if it goes on as it does."""

    per_second: float
    """Records."""
    finishes_at: datetime
    limited_by: str | None
    """`quota` if that is what it waits for; `day` if today's will not do."""


def read(ledger: Ledger) -> dict[str, Progress]:
    """The progress of every run that has a plan and isn't closed, by its id."""
    query = select(runs.c.run_id, runs.c.counts).where(
        runs.c.status == "running", runs.c.counts.is_not(None)
    )
    with ledger.reading() as connection:
        return {
            row.run_id: _progress(connection, row.run_id, orjson.loads(row.counts))
            for row in connection.execute(query)
        }


def forecast(progress: Progress, budgets: Sequence[Left], now: datetime) -> Forecast | None:
    """When a run will be done; nobody knows as long as no outcome is there."""
    passed = 0.0 if progress.began_at is None else (now - progress.began_at).total_seconds()
    if passed <= 0 or progress.done == 0:
        return None
    per_second = progress.done / passed
    as_before = progress.rest / per_second
    requests = math.ceil(progress.rest * progress.batches / progress.done)
    as_allowed = max((_seconds(left, requests) for left in budgets), default=0.0)
    limited_by = "quota" if requests and as_allowed > 0.8 * as_before else None
    finishes_at = now + timedelta(seconds=max(as_before, as_allowed))
    for left in budgets:
        if left.today is not None and requests > left.today:
            limited_by = "day"
            tomorrow = datetime.fromtimestamp(left.day_ends, now.tzinfo)
            finishes_at = max(finishes_at, tomorrow)
    return Forecast(per_second, finishes_at, limited_by)


def _seconds(left: Left, requests: int) -> float:
    """How long so many requests take if nothing but the budget holds them up."""
    waiting = max(0, requests - (left.in_window or 0))
    return left.paused_for + (waiting / left.per_second if left.per_second else 0.0)


def _progress(connection: Connection, run_id: str, counts: Mapping[str, int]) -> Progress:
    d = deliveries.c
    done = case((d.outcome != "not_written", 1), else_=0)
    # by the number of the delivery, which is the table's own order: runs have no index there
    row = connection.execute(
        select(func.sum(done), func.count(d.batch_id.distinct()), func.min(d.intent_at)).where(
            d.delivery_id > counts["after_delivery"], d.run_id == run_id
        )
    ).one()
    began_at = None if row[2] is None else datetime.fromisoformat(row[2])
    return Progress(counts["planned"], row[0] or 0, row[1], began_at)
