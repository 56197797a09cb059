"""Plan and apply: the whole way from the warehouse to the CRMs.

A plan and an apply take the same way, up to the moment at which one of them
writes: leases and recovery (apply only), the difference, the look at the CRM,
the decision, the guard.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from crm.errors import ConfigurationError, CrmError, RetryableError
from crm.protocol import Crm
from reverse_etl import builds
from reverse_etl.clock import World
from reverse_etl.delivery import ASKED_TO_STOP, Delivery, Patience, Tally
from reverse_etl.errors import ExitCode, StoppedError, SyncConfigurationError, SyncError
from reverse_etl.ledger import Ledger, Run, reviews
from reverse_etl.plan import Counts, Plan, Planner, Rules, Verdict, judge, problems, room
from reverse_etl.plan.release import Release
from reverse_etl.plan.saved import SavedPlan
from reverse_etl.syncs import Sync

SPARE_WORKERS = 2
"""They have the next requests ready when a connection is free, so that none waits for one."""

MET = ("adopt", "update", "unchanged", "held")
"""Operations of records that are wanted, and that a person may be asked about."""

HELD_REASONS = 3
"""So many reasons for which records are held are said of a run; a plan shows all."""

Opener = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
"""Opens a connection that sees the warehouse as `warehouse`."""

NewPlanner = Callable[[duckdb.DuckDBPyConnection, Ledger, Path, Callable[[], bool]], Planner]
"""Makes a planner from a connection, the ledger, a folder for what doesn't fit into memory, and
whether somebody asks to stop."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a sync's records; all by default."""

    keys: list[str] | None = None
    forced: bool = False
    """Also what was rejected and hasn't changed since, and anew what is known to be gone."""
    again: bool = False
    """Of the keys, also those that haven't moved: somebody changed them in the CRM."""
    limit: int | None = None
    release: Release = field(default_factory=Release)
    """Of what is planned and judged, what goes out."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A sync's plan, and whether it may be applied as it is."""

    sync: Sync
    counts: Counts
    verdict: Verdict
    unsettled: int = 0
    """Records of which nobody knows yet whether they were written; apply finds out first."""
    unreleased: int = 0
    """Records that would be written, but not in this release; `counts` has them too."""


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
    held: tuple[tuple[str, int], ...] = ()
    """The most frequent reasons for which records are held, and of how many each."""
    unreleased: int = 0
    """Records that stay planned, for the release leaves them out."""
    is_stopped: bool = False
    """Whether a guard stopped it, its own or that of a sync it comes after."""

    @property
    def is_interrupted(self) -> bool:
        """Whether we were asked to stop before its end; nothing went wrong, the next goes on."""
        return self.problem == ASKED_TO_STOP

    @property
    def status(self) -> str:
        """The run's status, as the ledger has it."""
        if self.is_stopped:
            return "stopped"
        if self.is_interrupted:
            return "partial"
        if self.problem is not None and self.tally.written == 0:
            return "failed"
        held = self.counts is not None and (
            self.counts.operations.get("held", 0) or self.counts.operations.get("conflict", 0)
        )
        is_asking = self.counts is not None and any(self.counts.asks.values())
        is_whole = self.tally.is_whole and not held and not is_asking
        return "done" if is_whole and self.problem is None else "partial"

    @property
    def message(self) -> str | None:
        """What the ledger notes of the run, for people: the problem, or why records are held."""
        reasons = "; ".join(f"{reason} ({count})" for reason, count in self.held)
        return self.problem or (f"held: {reasons}" if reasons else None)


@dataclass(frozen=True, slots=True)
class _Suited:
    """A sync as its CRM can carry it out, and what the CRM says of its fields."""

    sync: Sync
    rules: Rules
    unreachable: CrmError | None = None
    """Why the CRM couldn't be asked."""
    problems: tuple[str, ...] = ()
    """What the CRM can't do of what the sync asks."""


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
    new_planner: NewPlanner = Planner
    is_stopping: Callable[[], bool] = lambda: False
    check_builds: bool = True
    _connections: dict[str, Crm] = field(default_factory=dict, init=False, repr=False)

    @contextmanager
    def planned(
        self, syncs: Sequence[Sync], selection: Selection | None = None
    ) -> Iterator[tuple[Plan, list[Planned]]]:
        """The plan of these syncs, as long as the block lasts. Writes nothing to a CRM.

        Raises:
            SyncConfigurationError: a CRM can't do what a sync asks of it.
            StoppedError: a model wasn't built, or its tests didn't pass.
        """
        selection = selection or Selection()
        syncs = [self._able(sync) for sync in syncs]
        with self._asked(syncs) as suited, self._taken(syncs, selection) as planner:
            planned = []
            for each in suited():
                sync = each.sync
                with self._connected(sync) as (crm, executor):
                    counts = _decided(planner, each, crm, executor)
                unsettled = len(self.ledger.unsettled(sync.name))
                verdict = judge(sync, counts)
                unreleased = counts.sending - _released(planner.plan, sync, counts, selection)
                planned.append(Planned(sync, counts, verdict, unsettled, unreleased))
            yield planner.plan, planned

    def apply(
        self,
        syncs: Sequence[Sync],
        selection: Selection | None = None,
        *,
        saved: SavedPlan | None = None,
        command: str = "apply",
        undoes: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Applied]:
        """Make the CRMs hold what the models say; one result a sync.

        With a saved plan, exactly what it says is done: what has moved since is a conflict,
        what it doesn't name is left alone, and the guard has had its look. `undoes` are the runs
        of each sync that the new run is noted to undo.

        Raises:
            SyncConfigurationError: a CRM can't do what a sync asks of it; nothing was sent.
            HeldByAnotherError: another process is applying one of the syncs; nothing was done.
            StoppedError: a model wasn't built, or its tests didn't pass; nothing was sent.
        """
        selection = selection or Selection()
        if saved is not None:
            selection = replace(selection, keys=saved.keys(), again=True)
        syncs = [self._able(sync) for sync in syncs]
        with ExitStack() as stack:
            runs: dict[str, Run] = {}
            results: list[Applied] = []
            stack.callback(self._abandon, runs, results)
            plan_id = saved.plan_id if saved else None
            for sync in syncs:
                runs[sync.name] = self.ledger.start_run(
                    sync, command, plan_id=plan_id, undoes=(undoes or {}).get(sync.name)
                )
                if sync.contested:
                    reviews.look_again(self.ledger, sync.name)
            recovered = {sync.name: self._recover(sync, runs[sync.name]) for sync in syncs}
            # what nobody knows of yet might be sent twice
            unknown = {sync.name: bool(self.ledger.unsettled(sync.name)) for sync in syncs}
            suited = stack.enter_context(self._asked(syncs))
            planner = stack.enter_context(self._taken(syncs, selection))
            for each in suited():
                sync = each.sync
                blocking = _blocking(sync, results)
                problem = self._obstacle(blocking, is_unknown=unknown[sync.name])
                if problem is not None:
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
                        planner, each, runs[sync.name], selection, saved, recovered[sync.name]
                    )
                results.append(applied)
                self.ledger.finish_run(
                    applied.run, applied.status, _counts(applied), applied.message
                )
            return results

    def _obstacle(self, blocking: Applied | None, *, is_unknown: bool) -> str | None:
        """Why a sync can't even be planned."""
        if self.is_stopping():
            return ASKED_TO_STOP
        if blocking is not None:
            return f"{blocking.sync.name}, which goes before it, is {blocking.status}"
        if is_unknown:
            return "what became of an earlier run's records can't be read back yet"
        return None

    def _apply_one(
        self,
        planner: Planner,
        suited: _Suited,
        run: Run,
        selection: Selection,
        saved: SavedPlan | None,
        recovered: int,
    ) -> Applied:
        sync, tally, counts, verdict = suited.sync, Tally(), None, None
        try:
            with self._connected(sync) as (crm, executor):
                counts = _decided(planner, suited, crm, executor)
                if saved is not None:
                    saved.restrict(planner.plan, sync)
                    counts = planner.plan.counts(sync)
                verdict = judge(sync, counts)
                if saved is None and not verdict.passed:
                    problem = "the guard stopped it: " + "; ".join(verdict.reasons)
                    return Applied(
                        sync, run, counts, verdict, tally, recovered, problem, is_stopped=True
                    )
                released = _released(planner.plan, sync, counts, selection)
                self.ledger.plan_run(run, released)
                delivery = self._delivery(sync, run, crm, executor)
                tally = delivery.tally
                is_chosen = selection.keys is not None or not selection.release.is_whole
                is_whole = planner.plan.is_of_all and not is_chosen
                self._review(planner.plan, sync, run, is_whole=is_whole)
                if saved is None:
                    seen = planner.plan.changes(sync, ("unchanged", "forget", "redirect"))
                    delivery.look(seen)
                    held = planner.plan.changes(sync, ("held",))
                    # of a merge, it is the other's record that is gone
                    delivery.miss(
                        each for each in held if each.cause == "gone" and each.winner is None
                    )
                delivery.deliver(planner.plan.changes(sync, limit=selection.limit))
        except (CrmError, SyncError) as error:
            # a wait for the CRM that was cut short is no failure of the CRM's
            is_cut_short = isinstance(error, RetryableError) and self.is_stopping()
            problem = ASKED_TO_STOP if is_cut_short else str(error)
            return Applied(sync, run, counts, verdict, tally, recovered, problem)
        if saved is not None:
            # whoever applied it by its name has seen what the guard says
            verdict = Verdict(sync.name, ())
        return Applied(
            sync,
            run,
            counts,
            verdict,
            tally,
            recovered,
            tally.stopped,
            tuple(planner.plan.held(sync, HELD_REASONS)),
            unreleased=counts.sending - released,
        )

    def _review(self, plan: Plan, sync: Sync, run: Run, *, is_whole: bool) -> None:
        """Bring the review list up to what the plan says; a whole one leaves no record out."""
        reviews.settle_others(self.ledger, run, [column.field for _, column in sync.contested])
        for settled in plan.settled(sync):
            reviews.settle(self.ledger, run, settled)
        self._settle_moot(plan, sync, run, is_whole=is_whole)
        for asked in plan.asked(sync):
            reviews.ask(self.ledger, run, asked)

    def _settle_moot(self, plan: Plan, sync: Sync, run: Run, *, is_whole: bool) -> None:
        """Close what is asked about records that are made anew, gone, or none of ours any more."""
        asked = reviews.unsettled(self.ledger, sync.name) if sync.contested else []
        if not asked:
            return
        keys = {each.key for each in asked}
        # nothing in them is theirs, or nothing is there
        moot = {
            each.key
            for each in plan.changes(sync, ("create", "held"))
            if each.operation == "create" or (each.cause == "gone" and each.winner is None)
        }
        if is_whole:
            # what was never adopted, or was let go, no plan names once nobody wants it
            named = {each.key for each in plan.changes(sync, MET)}
            moot |= keys - named - self.ledger.remote_ids(sync.name, sorted(keys)).keys()
        if closed := [(each.key, each.field) for each in asked if each.key in moot]:
            reviews.settle(self.ledger, run, closed)

    def _recover(self, sync: Sync, run: Run) -> int:
        # each run's deliveries are its own, whoever finds out what came of them: it may be undone
        left_by = dict.fromkeys(intent.run_id for intent in self.ledger.unsettled(sync.name))
        if not left_by:
            return 0
        with self._connected(sync) as (crm, executor):
            return sum(
                self._delivery(sync, replace(run, run_id=each), crm, executor).recover()
                for each in left_by
            )

    def _delivery(self, sync: Sync, run: Run, crm: Crm, executor: Executor) -> Delivery:
        return Delivery(
            sync,
            run,
            crm=crm,
            ledger=self.ledger,
            executor=executor,
            world=self.world,
            patience=self.patience,
            is_stopping=self.is_stopping,
        )

    @contextmanager
    def _taken(self, syncs: Sequence[Sync], selection: Selection) -> Iterator[Planner]:
        """A planner that has taken the difference; the warehouse is let go of within seconds."""
        # what a plan can't hold in memory lies beside the ledger, which holds the same values
        with (
            room.scratch(self.ledger.path.parent) as scratch,
            self.open_warehouse() as connection,
        ):
            if self.check_builds:
                self._check(connection, syncs)
            planner = self.new_planner(connection, self.ledger, scratch, self.is_stopping)
            planner.take(syncs, keys=selection.keys, forced=selection.forced, again=selection.again)
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
    def _asked(self, syncs: Sequence[Sync]) -> Iterator[Callable[[], list[_Suited]]]:
        """Ask the CRMs what fields they have, all at once, while the block does something else.

        What it yields waits for the answers. A CRM that can't be asked now leaves the sync to
        fail when its turn comes, and the others go on.
        """
        with self.new_executor(len(syncs) or 1) as executor:
            answers = [executor.submit(self._ask, sync) for sync in syncs]
            yield lambda: _agreed([answer.result() for answer in answers])

    def _ask(self, sync: Sync) -> _Suited:
        crm = self._connection(sync)
        rules, unreachable = Rules(), None
        try:
            rules = Rules.of(crm.describe(sync.object), crm.capabilities)
        except ConfigurationError:
            raise
        except CrmError as error:
            unreachable = error
        return _Suited(sync, rules, unreachable, tuple(problems(sync, rules, crm.capabilities)))

    @contextmanager
    def _connected(self, sync: Sync) -> Iterator[tuple[Crm, Executor]]:
        crm = self._connection(sync)
        with self.new_executor(crm.capabilities.in_flight + SPARE_WORKERS) as executor:
            yield crm, executor

    def _able(self, sync: Sync) -> Sync:
        """The sync as its CRM can carry it out."""
        return sync.suited(self._connection(sync).capabilities.operations)

    def _connection(self, sync: Sync) -> Crm:
        # one connection for all syncs of a CRM: they share its quota
        if sync.destination not in self._connections:
            self._connections[sync.destination] = self.connect(sync.destination)
        return self._connections[sync.destination]

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


def _agreed(suited: list[_Suited]) -> list[_Suited]:
    wrong = [problem for each in suited for problem in each.problems]
    if wrong:
        raise SyncConfigurationError("\n".join(wrong))
    return suited


def _decided(planner: Planner, suited: _Suited, crm: Crm, executor: Executor) -> Counts:
    if suited.unreachable is not None:
        raise suited.unreachable
    in_flight = crm.capabilities.in_flight
    return planner.decide(suited.sync, crm, executor, in_flight, suited.rules)


def _released(plan: Plan, sync: Sync, counts: Counts, selection: Selection) -> int:
    """Leave in a plan what goes out now; of how many records that is."""
    sending = counts.sending
    if not selection.release.is_whole:
        selection.release.restrict(plan, sync)
        sending = plan.counts(sync).sending
    return sending if selection.limit is None else min(sending, selection.limit)


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
            "created", "adopted", "updated", "merged", "archived", "deleted", "restored",
            "released", "withdrawn", "rejected", "gone", "waiting", "not_written", "unknown",
            "requests",
        )
    }  # fmt: skip
    if applied.counts is not None:
        counts |= {
            "desired": applied.counts.desired,
            "held": applied.counts.operations.get("held", 0),
            "conflicts": applied.counts.operations.get("conflict", 0),
            "kept": applied.counts.operations.get("keep", 0),
            "redirected": applied.counts.operations.get("redirect", 0),
            "asked": sum(applied.counts.asks.values()),
        }
    return counts | {"recovered": applied.recovered, "unreleased": applied.unreleased}
