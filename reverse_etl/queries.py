"""What the ledger tells: every list of the command line is one query here.

Facts only, so that what these return may be logged; `words_of` alone quotes the
CRM, whose words may hold a value.
"""

from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, func, literal, null, select, union_all

from crm.processes import Holder, is_alive
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import (
    deliveries,
    delivery_values,
    intents,
    leases,
    records,
    rejects,
    reviews,
    runs,
)

RECONCILE = "reconcile"
"""The command of a run that only looks."""
Rows = list[dict[str, Any]]


def latest_runs(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """The newest run of each sync that delivers."""
    newest = (
        select(runs.c.sync, func.max(runs.c.started_at).label("started_at"))
        .where(runs.c.command != RECONCILE)
        .group_by(runs.c.sync)
        .subquery()
    )
    query = select(runs).join(
        newest, and_(newest.c.sync == runs.c.sync, newest.c.started_at == runs.c.started_at)
    )
    with ledger.reading() as connection:
        return {row["sync"]: row for row in _rows(connection, query)}


def status(ledger: Ledger) -> Rows:
    """One row a sync: its last run, what it knows, what waits."""
    with ledger.reading() as connection:
        live = _counted(
            connection,
            select(records.c.sync, func.count()).where(records.c.state == "live"),
            records.c.sync,
        )
        waiting = _counted(
            connection,
            select(rejects.c.sync, func.count()).where(rejects.c.state == "waiting"),
            rejects.c.sync,
        )
        asked = _counted(
            connection,
            select(reviews.c.sync, func.count()).where(reviews.c.state == "open"),
            reviews.c.sync,
        )
        unknown = _counted(
            connection,
            select(intents.c.sync, func.sum(intents.c.records)),
            intents.c.sync,
        )
    cut_off = interrupted(ledger)
    return [
        {
            "sync": sync,
            "last_run": run["run_id"],
            "command": run["command"],
            "status": "interrupted" if run["run_id"] in cut_off else run["status"],
            "started_at": run["started_at"],
            "finished_at": run["finished_at"],
            "records": live.get(sync, 0),
            "rejects": waiting.get(sync, 0),
            "held": orjson.loads(run["counts"] or "{}").get("held", 0),
            "reviews": asked.get(sync, 0),
            "unknown": unknown.get(sync, 0),
            "message": run["message"],
        }
        for sync, run in sorted(latest_runs(ledger).items())
    ]


def interrupted(ledger: Ledger) -> set[str]:
    """The runs whose process ended without a word; the next apply picks up what they left."""

    def running(connection: Connection) -> dict[str, Holder | None]:
        query = (
            select(runs.c.run_id, leases.c.host, leases.c.pid, leases.c.process_started)
            .outerjoin_from(runs, leases, leases.c.run_id == runs.c.run_id)
            .where(runs.c.status == "running")
        )
        return {
            row.run_id: None if row.pid is None else Holder(row.host, row.pid, row.process_started)
            for row in connection.execute(query)
        }

    with ledger.reading() as connection:
        found = running(connection)
    ended = {run_id for run_id, holder in found.items() if not (holder and is_alive(holder))}
    if ended:
        # one that ended well just now, before we looked for its process, has said so since
        with ledger.reading() as connection:
            ended &= running(connection).keys()
    return ended


def history(
    ledger: Ledger,
    sync: str | None = None,
    *,
    key: str | None = None,
    run: str | None = None,
    outcome: str | None = None,
    error: str | None = None,
    since: str | None = None,
    limit: int = 20,
) -> Rows:
    """The runs, newest first; or, with a key, a run, an outcome or an error, what was sent."""
    if key is run is outcome is error is None:
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.sync)
        wanted = [(runs.c.sync, sync)]
        moment = runs.c.started_at
    else:
        d = deliveries.c
        query = select(
            d.intent_at, d.sync, d.key, d.operation, d.fields, d.outcome, d.outcome_at,
            d.error_code, d.error_field, d.remote_id, d.attempt, d.run_id,
        ).order_by(d.delivery_id.desc())  # fmt: skip
        wanted = [
            (d.sync, sync), (d.key, key), (d.run_id, run), (d.outcome, outcome),
            (d.error_code, error),
        ]  # fmt: skip
        moment = d.outcome_at
    query = query.where(*(column == value for column, value in wanted if value is not None))
    if since is not None:
        query = query.where(moment >= since)
    with ledger.reading() as connection:
        return _rows(connection, query.limit(limit))


def errors(
    ledger: Ledger,
    sync: str | None = None,
    *,
    key: str | None = None,
    error: str | None = None,
    run: str | None = None,
    since: str | None = None,
) -> Rows:
    """The retry queue: what the CRM refused and what is gone from it, longest waiting first."""
    q = rejects.c
    query = (
        select(
            q.sync, q.key, q.error_code, q.error_field, q.attempts, q.since, q.last_at,
            q.operation, q.run_id, q.delivery_id,
        )
        .where(q.state == "waiting")
    )  # fmt: skip
    r = records.c
    gone = select(
        r.sync, r.key, literal("gone"), null(), literal(1), r.changed_at, r.changed_at,
        literal("update"), r.run_id, null(),
    ).where(r.state == "gone")  # fmt: skip
    queue = union_all(query, gone).subquery()
    listed = queue.c
    wanted = [
        (listed.sync, sync), (listed.key, key), (listed.error_code, error), (listed.run_id, run),
    ]  # fmt: skip
    chosen = select(queue).where(*(col == value for col, value in wanted if value is not None))
    if since is not None:
        chosen = chosen.where(listed.last_at >= since)
    with ledger.reading() as connection:
        return _rows(connection, chosen.order_by(listed.since, listed.sync, listed.key))


def words_of(ledger: Ledger, delivery_ids: list[int]) -> dict[int, str]:
    """What the CRM said of deliveries, in its own words, as long as they are kept."""
    v = delivery_values.c
    with ledger.reading() as connection:
        found = connection.execute(
            select(v.delivery_id, v.message).where(v.delivery_id.in_(delivery_ids))
        )
        return {row.delivery_id: row.message for row in found if row.message}


def _counted(connection: Connection, query: Any, by: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query.group_by(by))}


def _rows(connection: Connection, query: Any) -> Rows:
    rows: list[Row[Any]] = list(connection.execute(query))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it
