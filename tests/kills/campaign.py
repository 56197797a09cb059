"""Kill an `apply` again and again, at points drawn from a seed, and hold it to its word.

After each kill: what had left the process was written down before, nothing is in the CRM
twice, and nothing was written again that had been written. A SIGTERM leaves nothing open.
At the end: every record is in the CRM exactly once, as the model has it, and a further run
sends nothing.
"""

import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from signal import Signals
from typing import get_args

from sqlalchemy import select

from reverse_etl.clock import World, text
from reverse_etl.ledger import Ledger, schema
from tests.kills.crms import NOTE, OBJECTS, SYSTEMS, System
from tests.kills.gate import SHORTLY, Aim, Counted, Gate, Moment, Seen, Shot
from tests.kills.project import POISON, TYPED, Models, Project

COMPANIES, CONTACTS = 60, 300
LONGEST_RUN = 300.0
"""Seconds after which a process that should have ended is taken to hang."""
PARTLY_DONE = 3
"""`apply` met the record that the CRM refuses, or was asked to stop."""


@dataclass(slots=True)
class Report:
    """What a campaign did, and what came of it."""

    system: str
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    """By signal, and by what the process was at."""
    runs: int = 0
    written: int = 0
    """Records that the CRM took."""
    under_way: int = 0
    """Records whose outcome was open when a process was killed."""
    sent_again: int = 0
    """Records that went out once more, as their request had been lost with a process."""
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """In words."""
        kills = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        return [
            f"{self.system}: {self.kills.total()} kills in {self.seconds:.0f} s, seed {self.seed}",
            f"  {kills}",
            f"  {self.runs} processes wrote {self.written} records, none twice; none is lost",
            f"  {self.under_way} were under way when killed, {self.sent_again} were sent again",
        ]


@dataclass(slots=True)
class Open:
    """What a process left in the ledger."""

    records: set[str] = field(default_factory=set)
    """The keys and the CRM's ids of the records whose outcome isn't known."""
    count: int = 0
    leases: int = 0
    running: int = 0
    """Runs, of any process, that aren't closed."""
    has_ended: bool = False
    """Whether all runs that it began are closed."""


class Campaign:
    """One CRM, one project, and a seed."""

    def __init__(self, system: System, gate: Gate, project: Project, report: Report) -> None:
        self.system = system
        self.gate = gate
        self.project = project
        self.report = report
        self.chance = random.Random(report.seed)
        self.models = Models()
        # of a run that nobody killed; the first is guessed
        self._whole_seconds = 3.0
        self._whole: dict[Counted, int] = {"requests": 40, "writes": 12}
        self._open = Open()
        self._sent: dict[str, Seen] = {}

    def run(self, kills: int) -> None:
        """Kill so often, and look at what is left."""
        self.models.begin(COMPANIES, CONTACTS)
        self.project.build(self.models)
        while self.report.kills.total() < kills:
            self._disturb()
            if self.chance.random() < 0.6:
                self.models.change(self.chance)
                self.project.build(self.models)
        self._finish()

    def _disturb(self) -> None:
        """Start an apply, and kill it somewhere in its life, if it lives that long."""
        command = ["apply"]
        if self.chance.random() < 0.15:
            saved = self.project.folder / "a.plan"
            saved.unlink(missing_ok=True)
            self.project.run("plan", "--out", str(saved))
            command += ["--plan", str(saved)]
        shot = Shot(self.chance.choices([Signals.SIGKILL, Signals.SIGTERM], [2, 1])[0])
        self.gate.begin()
        began_at, began = text(World().clock.now()), time.monotonic()
        patience = self.chance.uniform(0, 1.1 * self._whole_seconds)
        counted = self.chance.choices([None, *get_args(Counted)], [2, 3, 5])[0]
        if counted:
            number = self.chance.randint(1, self._whole[counted])
            moment: Moment = self.chance.choice(get_args(Moment))
            self.gate.aim(Aim(counted, number, moment, self.chance.choice(SHORTLY)), shot)
        with self.project.started(*command) as process:
            shot.process = process
            if not counted and not _has_ended(process, patience):
                shot.fire(self.gate.requests, self.gate.writes)
            assert _has_ended(process, LONGEST_RUN), "it hangs"
        self.gate.settle()
        self.report.runs += 1
        left = self._left(began_at)
        self._look(shot, process.returncode, left)
        if not shot.has_hit:
            self._whole_seconds = time.monotonic() - began
            self._whole["requests"] = max(5, self.gate.requests)
            self._whole["writes"] = max(2, self.gate.writes)

    def _look(self, shot: Shot, code: int, left: Open) -> None:
        """Hold what is there now against what was promised."""
        if shot.has_hit and shot.signal is Signals.SIGKILL and code == -Signals.SIGKILL:
            self._count(shot, left)
        elif shot.has_hit and shot.signal is Signals.SIGTERM:
            self._count(shot, left)
            # 0: it was through already; ended by the signal: it hadn't begun, or was past its end
            assert code in {0, PARTLY_DONE, -Signals.SIGTERM}, f"SIGTERM ended with {code}"
            if code == -Signals.SIGTERM:
                assert shot.requests_before == 0 or left.has_ended, "SIGTERM ended it in its middle"
            # what an earlier kill left may wait for the next run, but nothing is added
            assert left.records <= self._open.records, "SIGTERM left something open"
        else:
            assert code in {0, PARTLY_DONE}, f"undisturbed, it ended with {code}"
        if not shot.has_hit:
            assert left.count == 0, "an undisturbed process left something open"
        if code >= 0:
            assert left.leases == 0, "a process that ended left a lease"
        self._open = left
        for seen in self.gate.take_seen():
            before = self._sent.get(seen.sent.what)
            if before is not None and before.run != seen.run:
                assert (before.fate, seen.fate) != ("done", "done"), f"written twice: {seen.sent}"
                self.report.sent_again += before.fate == "dropped"
            if seen.fate == "dropped":
                assert seen.sent.record in left.records, f"sent without an intent: {seen.sent}"
            if before is None or before.fate != "done":
                self._sent[seen.sent.what] = seen
            self.report.written += seen.fate == "done"
        assert self.report.sent_again <= self.report.under_way
        self._assert_nothing_doubled()

    def _count(self, shot: Shot, left: Open) -> None:
        at = "sending" if shot.writes else "reading"
        if shot.requests_before == 0:
            at = "starting"
        if left.has_ended and shot.signal is Signals.SIGKILL:
            at = "finishing"
        self.report.kills[f"{shot.signal.name} {at}"] += 1
        self.report.under_way += left.count
        assert left.count <= self.system.window, "more was under way than may be"

    def _left(self, began_at: str) -> Open:
        """What is open in the ledger now."""
        left = Open()
        if not self.project.ledger.exists():
            return left
        with self.ledger() as ledger:
            for intent in (each for name in OBJECTS for each in ledger.unsettled(name)):
                left.count += len(intent.attempts)
                for attempt in intent.attempts:
                    left.records |= {attempt.key, attempt.remote_id or attempt.key}
            with ledger.reading() as connection:
                left.leases = len(connection.execute(select(schema.leases)).all())
                query = select(schema.runs.c.started_at, schema.runs.c.status)
                runs = connection.execute(query).all()
                began = [status for started_at, status in runs if started_at >= began_at]
                left.running = sum(status == "running" for _, status in runs)
                left.has_ended = bool(began) and "running" not in began
        return left

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The project's ledger, while no process has it."""
        ledger = Ledger(self.project.ledger, World())
        try:
            yield ledger
        finally:
            ledger.close()

    def _assert_nothing_doubled(self) -> None:
        for name in OBJECTS:
            keys = Counter(each["key"] for each in self.system.records(name) if each["key"])
            assert not (doubled := [key for key, count in keys.items() if count > 1]), doubled

    def _finish(self) -> None:
        """Let it come to its end, and look at all of it."""
        self.gate.begin()
        self.project.run("apply", expected=PARTLY_DONE)
        self.gate.begin()
        self.project.run("apply", expected=PARTLY_DONE)
        assert self.gate.writes == 0, "a further run sends something"
        planned = self.project.run("plan", "--full")["syncs"]
        rest = [change for sync in planned for change in sync["changes"]]
        assert [(each["key"], each["operation"]) for each in rest] == [(POISON, "held")]
        assert rest[0]["reason"]
        left = self._left("")
        assert (left.count, left.leases, left.running) == (0, 0, 0)
        self._assert_everything_is_there()

    def _assert_everything_is_there(self) -> None:
        ids = {each["id"]: each["key"] for each in self.system.records("companies")}
        for name, wanted in self.models.deliverable.items():
            records = self.system.records(name)
            assert len(records) == len(wanted)
            shown = {
                each["key"]: {
                    "name": each["name"],
                    "amount": int(Decimal(each["amount"]) * 100),
                    **(
                        {"email": each["email"], "company": ids.get(each["company"])}
                        if name == "contacts"
                        else {}
                    ),
                }
                for each in records
            }
            differing = {key: (shown.get(key), wanted[key]) for key in wanted}
            differing = {key: both for key, both in differing.items() if both[0] != both[1]}
            assert not differing, f"{name}: what is there, what is wanted: {differing}"
        typed = {each["key"] for each in self.system.records("contacts") if each["notes"] == NOTE}
        assert typed == {f"p{number}" for number in range(TYPED)}


def conduct(system: str, kills: int, seed: int) -> Report:
    """Run one campaign against one CRM, in a folder of its own."""
    report = Report(system, seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        with SYSTEMS[system](folder) as crm:
            gate = Gate(crm.url, crm.read_writes, crm.read_fates)
            project = Project(folder / "project", crm.names, crm.settings(gate.url))
            try:
                Campaign(crm, gate, project, report).run(kills)
            except BaseException as error:
                error.add_note(f"python -m tests.kills --system {system} --seed {seed}")
                error.add_note(f"the last that was said:\n{project.said()}")
                raise
            finally:
                gate.close()
    report.seconds = time.monotonic() - began
    return report


def _has_ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
