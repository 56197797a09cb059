"""Undo in a test's world: what the command does, without the command line."""

from typing import Any

from worlds import TestWorld

from reverse_etl import undo
from reverse_etl.engine import Applied, Selection
from reverse_etl.ledger import retention
from reverse_etl.plan import Change


def undone(
    world: TestWorld,
    *runs: str,
    limit: int | None = None,
    **meant: Any,
) -> tuple[list[Applied], set[tuple[str, str, str]]]:
    """Undo runs; what came of each sync, and what was left: key, field and reason."""
    syncs = {sync.name: sync for sync in world.syncs}
    request = undo.runs_to_undo(world.ledger, runs, **meant)
    leftovers: undo.Leftovers = {}
    undoing = undo.engine_for(world.engine, request, syncs, leftovers)
    wanted = undo.syncs_to_undo(syncs, world.ledger, request)
    applied = undoing.apply(wanted, Selection(limit=limit), command="undo", undoes=request.runs)
    return applied, {
        (left.key, left.field, left.reason) for of in leftovers.values() for left in of
    }


def undo_planned(world: TestWorld, *runs: str, **meant: Any) -> list[Change]:
    """What an undo would change."""
    syncs = {sync.name: sync for sync in world.syncs}
    request = undo.runs_to_undo(world.ledger, runs, **meant)
    undoing = undo.engine_for(world.engine, request, syncs)
    wanted = undo.syncs_to_undo(syncs, world.ledger, request)
    with undoing.planned(wanted) as (plan, _):
        return [change for sync in wanted for change in plan.changes(sync)]


def purged(world: TestWorld) -> None:
    """Forget all values that are older than now."""
    world.clock.sleep(10.0)
    retention.purge(world.ledger, world.world.now())


def erased(world: TestWorld) -> None:
    """Forget all values of the first person."""
    retention.erase(world.ledger, ["p1"])
