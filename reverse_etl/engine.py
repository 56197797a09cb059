"""Plan and apply: the whole way from the warehouse to the CRMs.

A plan and an apply take the same way, up to the moment at which one of them
writes: leases and recovery (apply only), the difference, the look at the CRM,
the decision, the guard.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from crm.errors import CrmError
from crm.protocol import Crm
from reverse_etl import builds
from reverse_etl.clock import World
from reverse_etl.delivery import Delivery, Patience, Tally
from reverse_etl.errors import ExitCode, StoppedError, SyncError
from reverse_etl.ledger import Ledger, Run
from reverse_etl.plan import Counts, Plan, Planner, Verdict, judge
from reverse_etl.plan.saved import SavedPlan
from reverse_etl.syncs import Sync

Opener = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
"""Opens a connection that sees the warehouse as `warehouse`."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a sync's records; all by default."""

    keys: list[str] | None = None
    forced: bool = False
    """Also what was rejected and hasn't changed since."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A sync's plan, and whether it may be applied as it is."""

    sync: Sync
    counts: Counts
    verdict: Verdict
    unsettled: int = 0
    """Records of which nobody knows yet whether they were written; apply finds out first."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a sync."""

    sync: Sync
    run: Run
    counts: Counts | None
    verdict: Verdict | None
    tally: Tally
    recovered: int = 0
    problem: str | None = None
    """Why it wasn't done, in words."""
    is_stopped: bool = False
    """Whether a guard stopped it, its own or that of a sync it comes after."""

    @property
    def status(self) -> str:
        """The run's status, as the ledger has it."""
        if self.is_stopped:
            return "stopped"
        if self.problem is not None and self.tally.written == 0:
            return "failed"
        held = self.counts is not None and (
            self.counts.operations.get("held", 0) or self.counts.operations.get("conflict", 0)
        )
        return "done" if self.tally.is_whole and not held and self.problem is None else "partial"


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that plan and apply need of the world, passed in."""

    manifest: Mapping[str, Any]
    ledger: Ledger
    connect: Callable[[str], Crm]
    open_warehouse: Opener
    world: World
    patience: Patience = field(default_factory=Patience)
    new_executor: Callable[[int], Executor] = ThreadPoolExecutor
    new_planner: Callable[[duckdb.DuckDBPyConnection, Ledger], Planner] = Planner
    is_stopping: Callable[[], bool] = lambda: False
    check_builds: bool = True
    _connections: dict[str, Crm] = field(default_factory=dict, init=False, repr=False)

    @contextmanager
    def planned(
        self, syncs: Sequence[Sync], selection: Selection | None = None
    ) -> Iterator[tuple[Plan, list[Planned]]]:
        """The plan of these syncs, as long as the block lasts. Writes nothing to a CRM.

        Raises:
            StoppedError: a model wasn't built, or its tests didn't pass.
        """
        with self._taken(syncs, selection or Selection()) as planner:
            planned = []
            for sync in syncs:
                with self._connected(sync) as (crm, executor):
                    counts = planner.decide(sync, crm, executor, crm.capabilities.in_flight)
                planned.append(
                    Planned(
                        sync,
                        counts,
                        judge(
                            sync,
                            counts.operations,
                            desired=counts.desired,
                            known=counts.known,
                        ),
                        len(self.ledger.unsettled(sync.name)),
                    )
                )
            yield planner.plan, planned

    def apply(
        self,
        syncs: Sequence[Sync],
        selection: Selection | None = None,
        *,
        saved: SavedPlan | None = None,
        command: str = "apply",
    ) -> list[Applied]:
        """Make the CRMs hold what the models say; one result a sync.

        With a saved plan, exactly what it says is done: what has moved since is a conflict,
        what it doesn't name is left alone, and the guard has had its look.

        Raises:
            HeldByAnotherError: another process is applying one of the syncs; nothing was done.
            StoppedError: a model wasn't built, or its tests didn't pass; nothing was sent.
        """
        selection = selection or Selection()
        if saved is not None:
            selection = Selection(saved.keys(), selection.forced, selection.limit)
        with ExitStack() as stack:
            runs: dict[str, Run] = {}
            results: list[Applied] = []
            stack.callback(self._abandon, runs, results)
            plan_id = saved.plan_id if saved else None
            for sync in syncs:
                runs[sync.name] = self.ledger.start_run(sync, command, plan_id=plan_id)
            recovered = {sync.name: self._recover(sync, runs[sync.name]) for sync in syncs}
            # what nobody knows of yet might be sent twice
            unknown = {sync.name: bool(self.ledger.unsettled(sync.name)) for sync in syncs}
            planner = stack.enter_context(self._taken(syncs, selection))
            for sync in syncs:
                blocking = _blocking(sync, results)
                if unknown[sync.name] or blocking:
                    problem = "what became of an earlier run's records can't be read back yet"
                    if blocking:
                        problem = (
                            f"{blocking.sync.name}, which goes before it, is {blocking.status}"
                        )
                    applied = Applied(
                        sync,
                        runs[sync.name],
                        None,
                        None,
                        Tally(),
                        recovered[sync.name],
                        problem,
                        is_stopped=blocking is not None and blocking.is_stopped,
                    )
                else:
                    applied = self._apply_one(
                        planner, sync, runs[sync.name], selection, saved, recovered[sync.name]
                    )
                results.append(applied)
                self.ledger.finish_run(
                    applied.run, applied.status, _counts(applied), applied.problem
                )
            return results

    def _apply_one(
        self,
        planner: Planner,
        sync: Sync,
        run: Run,
        selection: Selection,
        saved: SavedPlan | None,
        recovered: int,
    ) -> Applied:
        tally, counts, verdict = Tally(), None, None
        try:
            with self._connected(sync) as (crm, executor):
                counts = planner.decide(sync, crm, executor, crm.capabilities.in_flight)
                if saved is not None:
                    saved.restrict(planner.plan, sync)
                    counts = planner.plan.counts(sync)
                verdict = judge(sync, counts.operations, desired=counts.desired, known=counts.known)
                if saved is None and not verdict.passed:
                    problem = "the guard stopped it: " + "; ".join(verdict.reasons)
                    return Applied(
                        sync, run, counts, verdict, tally, recovered, problem, is_stopped=True
                    )
                delivery = Delivery(
                    sync,
                    run,
                    crm=crm,
                    ledger=self.ledger,
                    executor=executor,
                    world=self.world,
                    patience=self.patience,
                    is_stopping=self.is_stopping,
                )
                tally = delivery.tally
                if saved is None:
                    delivery.look(planner.plan.changes(sync, ("unchanged", "forget")))
                delivery.deliver(planner.plan.changes(sync, limit=selection.limit))
        except (CrmError, SyncError) as error:
            return Applied(sync, run, counts, verdict, tally, recovered, str(error))
        if saved is not None:
            # whoever applied it by its name has seen what the guard says
            verdict = Verdict(sync.name, ())
        return Applied(sync, run, counts, verdict, tally, recovered, tally.stopped)

    def _recover(self, sync: Sync, run: Run) -> int:
        if not self.ledger.unsettled(sync.name):
            return 0
        with self._connected(sync) as (crm, executor):
            delivery = Delivery(
                sync,
                run,
                crm=crm,
                ledger=self.ledger,
                executor=executor,
                world=self.world,
                patience=self.patience,
                is_stopping=self.is_stopping,
            )
            return delivery.recover()

    @contextmanager
    def _taken(self, syncs: Sequence[Sync], selection: Selection) -> Iterator[Planner]:
        """A planner that has taken the difference; the warehouse is let go of within seconds."""
        with self.open_warehouse() as connection:
            if self.check_builds:
                self._check(connection, syncs)
            planner = self.new_planner(connection, self.ledger)
            planner.take(syncs, keys=selection.keys, forced=selection.forced)
            connection.execute("detach warehouse")
            yield planner

    def _check(self, connection: duckdb.DuckDBPyConnection, syncs: Sequence[Sync]) -> None:
        results = builds.read_results(connection)
        found = {
            sync.name: wrong
            for sync in syncs
            if (wrong := builds.problems(self.manifest, sync, results))
        }
        if found:
            lines = [
                f"sync {name}: {wrong[0]}" + (f", and {len(wrong) - 1} more" * (len(wrong) > 1))
                for name, wrong in found.items()
            ]
            raise StoppedError(
                "the models can't be trusted:\n"
                + "\n".join(lines)
                + f"\nrun `dbt build --select +exposure:{next(iter(found))}`, and mend what fails"
            )

    @contextmanager
    def _connected(self, sync: Sync) -> Iterator[tuple[Crm, Executor]]:
        # one connection for all syncs of a CRM: they share its quota
        if sync.destination not in self._connections:
            self._connections[sync.destination] = self.connect(sync.destination)
        crm = self._connections[sync.destination]
        with self.new_executor(crm.capabilities.in_flight) as executor:
            yield crm, executor

    def _abandon(self, runs: Mapping[str, Run], results: Sequence[Applied]) -> None:
        """Close the runs that an error left open, so that nobody waits for us."""
        finished = {applied.run.run_id for applied in results}
        for run in runs.values():
            if run.run_id not in finished:
                self.ledger.finish_run(run, "failed", {}, "ended by an error")


def exit_code(applied: Sequence[Applied]) -> ExitCode:
    """What an apply of these syncs ends with."""
    statuses = {each.status for each in applied}
    if statuses <= {"done"}:
        return ExitCode.DONE
    if "stopped" in statuses:
        # of all, this is what a person must look at first
        return ExitCode.STOPPED
    return ExitCode.FAILED if statuses == {"failed"} else ExitCode.PARTLY


def _blocking(sync: Sync, results: Sequence[Applied]) -> Applied | None:
    """The sync that this one comes after, and that was stopped or failed."""
    for other in results:
        if other.sync.name in sync.after and other.status in {"stopped", "failed"}:
            return other
    return None


def _counts(applied: Applied) -> dict[str, int]:
    tally = applied.tally
    counts = {
        name: getattr(tally, name)
        for name in (
            "created", "adopted", "updated", "archived", "deleted", "rejected", "gone",
            "waiting", "not_written", "unknown", "requests",
        )
    }  # fmt: skip
    if applied.counts is not None:
        counts |= {
            "desired": applied.counts.desired,
            "held": applied.counts.operations.get("held", 0),
            "conflicts": applied.counts.operations.get("conflict", 0),
            "kept": applied.counts.operations.get("keep", 0),
        }
    return counts | {"recovered": applied.recovered}
