"""What is to be undone: named runs, a sync's runs since a moment, or all that wrote some keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from reverse_etl.errors import SyncConfigurationError
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import deliveries, runs
from reverse_etl.syncs import Sync


@dataclass(frozen=True, slots=True)
class Undo:
    """Whose writes are to be undone."""

    runs: Mapping[str, Sequence[str]]
    """Runs by sync."""
    keys: Sequence[str] | None = None
    """Only of these keys."""


def runs_to_undo(
    ledger: Ledger,
    named: Sequence[str] = (),
    *,
    sync: str | None = None,
    since: str | None = None,
    keys: Sequence[str] = (),
) -> Undo:
    """The runs that wrote something and are meant.

    Args:
        ledger: where they are looked up.
        named: runs by their ids.
        sync: only runs of this one.
        since: only runs that began at this moment or later.
        keys: only what was written of these records.

    Raises:
        SyncConfigurationError: it isn't said what is meant, or there is no such run.
    """
    if not named and not keys and (sync is None or since is None):
        raise SyncConfigurationError(
            "say what is to be undone: runs by their ids (`reverse-etl history` has them), "
            "`--sync` and `--since` together, or `--key`"
        )
    d, r = deliveries.c, runs.c
    query = select(r.sync, r.run_id).order_by(r.started_at, r.run_id)
    if named:
        query = query.where(r.run_id.in_(named))
    if sync is not None:
        query = query.where(r.sync == sync)
    if since is not None:
        query = query.where(r.started_at >= since)
    if keys:
        wrote = select(d.run_id).where(
            d.sync == r.sync, d.key.in_(keys), d.outcome == "written", d.run_id == r.run_id
        )
        query = query.where(wrote.exists())
    found: dict[str, list[str]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query):
            found.setdefault(row.sync, []).append(row.run_id)
    missing = set(named) - {run_id for of_sync in found.values() for run_id in of_sync}
    if missing and not keys and since is None:
        raise SyncConfigurationError(
            f"the ledger has no run {', '.join(sorted(missing))}"
            + (f" of {sync}" if sync is not None else "")
        )
    return Undo(found, list(keys) or None)


def syncs_to_undo(syncs: Mapping[str, Sync], ledger: Ledger, undo: Undo) -> list[Sync]:
    """The syncs of the runs, in the order in which they are undone.

    What was linked to goes after what links to it; what comes back, as it went out at first.
    However few rows a model has, an undo isn't held up by that: it looks at what was sent.

    Raises:
        SyncConfigurationError: a sync of these runs is no longer in the project.
    """
    unknown = [name for name in undo.runs if name not in syncs]
    if unknown:
        raise SyncConfigurationError(
            f"the project has no sync {', '.join(unknown)} any more, so it can't be undone"
        )
    wanted = [
        replace(sync, guard=replace(sync.guard, min_rows=0))
        for name, sync in syncs.items()
        if name in undo.runs
    ]
    return wanted if _brings_back(ledger, undo) else wanted[::-1]


def _brings_back(ledger: Ledger, undo: Undo) -> bool:
    """Whether the runs had removed what earlier ones created: not if one of them created it."""
    d = deliveries.c
    ids = [run_id for of_sync in undo.runs.values() for run_id in of_sync]
    is_withdrawn_last = func.max(d.delivery_id) == func.max(d.delivery_id).filter(
        d.operation == "withdraw"
    )
    is_created = func.count().filter(d.operation == "create") > 0
    query = (
        select(d.key)
        .where(d.run_id.in_(ids), d.outcome == "written")
        .group_by(d.sync, d.key, d.remote_id)
        .having(is_withdrawn_last, ~is_created)
        .limit(1)
    )
    with ledger.reading() as connection:
        return connection.execute(query).first() is not None
