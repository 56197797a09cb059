"""The whole story, for `make demo`: every step is a command that a user could type.

From nothing to five filled systems, to one warehouse, to a plan that can be read before anything
is written, to a CRM that knows its customers; then one change at each system, and a second round.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from demo import crm, settings, systems
from demo.layout import DEFAULT_HOME, REPOSITORY, Home

PARTLY_DONE = 3
"""What `reverse-etl` says when records wait in the retry queue: no failure of the demo."""
STOPPED = 4
"""What `reverse-etl` says when a guard stopped it."""
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Step:
    """One command, and why it is run."""

    command: tuple[str, ...]
    why: str = ""
    accepted: frozenset[int] = frozenset({0})
    log: str = ""
    """Where the output goes if it is long; then only its last line is shown."""


@dataclass(frozen=True)
class Chapter:
    """Some steps under one heading."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Setting:
    """Where and on what company the story plays."""

    home: Home
    size: int
    seed: int
    as_of: date | None
    """None for today, as the commands themselves take it."""


def chapters(setting: Setting) -> tuple[Chapter, ...]:
    """Return the story's chapters."""
    as_of = setting.as_of
    folder = _shown(setting.home.folder)
    there = () if folder == str(DEFAULT_HOME) else ("--home", folder)
    of_size = ("--size", str(setting.size), "--seed", str(setting.seed))
    day = ("--as-of", as_of.isoformat()) if as_of else ()
    of_day = ("--vars", f"{{as_of: '{as_of.isoformat()}'}}") if as_of else ()
    plan = f"{folder}/first.plan"
    apply = ("reverse-etl", "apply", "--plan", plan)
    ingest = ("ingestion", "run", "--all")
    build = ("dbt", "build", *of_day)
    rebuild = (*build, "--exclude-resource-type", "unit_test")
    log = f"{folder}/dbt-build.log"
    python = ("python", "-m", "demo")
    delivered = frozenset({0, PARTLY_DONE})
    return (
        Chapter(
            "Five systems that disagree",
            (
                Step(
                    (*python, "start", *of_size, *day, *there),
                    "An ERP, a helpdesk, finance's workbooks, a shop, and the CRM in which"
                    " salespeople have already typed. Real servers, real files, made-up people.",
                ),
            ),
        ),
        Chapter(
            "One customer",
            (
                Step(ingest, "Everything lands in one DuckDB file, as each system gave it."),
                Step(
                    build,
                    "dbt finds out which records are the same person or company, tests what it"
                    " found, and builds what the CRM should hold.",
                    log=log,
                ),
            ),
        ),
        Chapter(
            "A plan, before anything is written",
            (
                Step(
                    ("reverse-etl", "plan", "--out", plan),
                    "What would be created, adopted and updated in the CRM, and why.",
                ),
            ),
        ),
        Chapter(
            "A crash in the middle",
            (
                Step(
                    (*python, "kill", *there, "--", *apply),
                    "Exactly that plan is applied, nothing else. But this machine dies in the"
                    " middle of it, requests under way: kill -9.",
                ),
                Step(
                    ("reverse-etl", "status"),
                    "What was about to be sent is in the ledger. Of some records nobody knows"
                    " whether they were written.",
                ),
                Step(
                    apply,
                    "The same again: those are looked up in the CRM first, then the rest goes out.",
                    delivered,
                ),
                Step(
                    (*python, "count", *there),
                    "The CRM's own count: the crash has doubled nothing and lost nothing.",
                ),
                Step(
                    ("reverse-etl", "plan"),
                    "Nothing is left to do, so a second plan is empty.",
                    delivered,
                ),
            ),
        ),
        Chapter(
            "A mistake upstream",
            (
                Step(
                    (*python, "spoil", *there),
                    "Somebody breaks a join: nine in ten orders vanish from their model, and orders"
                    " that vanish are to be deleted in the CRM.",
                ),
                Step(
                    ("reverse-etl", "apply"),
                    "A guard stops it, says why, and nothing is sent. The next build, below, puts"
                    " the model right.",
                    frozenset({STOPPED}),
                ),
            ),
        ),
        Chapter(
            "One change at each system",
            tuple(
                Step((*python, "change", system, *there), why)
                for system, why in (
                    ("erp", "A clerk enters a customer's new mobile number."),
                    ("helpdesk", "A customer calls; the agent opens a ticket."),
                    ("finance", "An accountant corrects an overdue invoice by a cent."),
                    ("shop", "A buyer orders once more; the export of the day arrives."),
                    ("crm", "A salesperson notes something in the CRM: theirs to say, not ours."),
                )
            ),
        ),
        Chapter(
            "The second round",
            (
                Step(ingest, "Only what changed since."),
                Step(
                    rebuild,
                    "What came in is tested; the SQL, whose unit tests the first build ran, is the"
                    " same.",
                    log=log,
                ),
                Step(
                    ("reverse-etl", "plan"),
                    "Field by field: what changed at the source, and nothing salespeople own.",
                    delivered,
                ),
                Step(("reverse-etl", "apply"), "", delivered),
            ),
        ),
        Chapter(
            "Questions for people",
            (
                Step(
                    ("identity", "review", "list", "--limit", "3"),
                    "Are these two one? Where rules and weights leave it open, people are asked,"
                    " with the evidence field by field.",
                ),
                Step(
                    (*python, "answer", *there),
                    "Somebody who knows two of them says that they are one person.",
                ),
                Step(
                    (*python, "retitle", "erp", *there),
                    "Meanwhile a clerk corrects a job title in the ERP,",
                ),
                Step(("ingestion", "run", "erp"), "which comes into the warehouse."),
                Step(
                    rebuild,
                    "The answer wins over every rule and weight, in this build and in all to come.",
                    log=log,
                ),
                Step(
                    (*python, "retitle", "crm", *there),
                    "Before the clerk's title reaches the CRM, a salesperson types another there.",
                ),
                Step(
                    ("reverse-etl", "plan"),
                    "Two customers became one: the record of the younger id is marked, and what"
                    " hung on it follows. And both sides changed one field: a person decides.",
                    delivered,
                ),
                Step(
                    ("reverse-etl", "apply", "--percent", "50"),
                    "Half of the customers first, the same ones every time.",
                    delivered,
                ),
                Step(("reverse-etl", "apply"), "Then the others.", delivered),
                Step(("reverse-etl", "reviews"), "What a person is asked about the CRM's fields."),
                Step((*python, "settle", *there), "Whoever typed it knows better."),
                Step(
                    ("reverse-etl", "apply"),
                    "The answer holds as long as both sides stay as they are.",
                    delivered,
                ),
            ),
        ),
        Chapter(
            "Taken back",
            (
                Step(
                    (*python, "undo", *there),
                    "A delivery turns out to be wrong: each field gets back what it held before,"
                    " unless somebody has changed it since.",
                    delivered,
                ),
                Step(
                    ("reverse-etl", "plan"),
                    "It stays so until the sources say something new.",
                    delivered,
                ),
            ),
        ),
    )


def environment_of(home: Home) -> dict[str, str]:
    """Return what tells every command to work on the demo instead of on one's own data."""
    return {
        "DLT_PROJECT_DIR": _shown(home.folder),
        "TONGKE_WAREHOUSE": _shown(home.warehouse),
        "TONGKE_LEDGER": _shown(home.ledger),
        "TONGKE_PIPELINES": _shown(home.pipelines),
        "TONGKE_QUOTA": _shown(home.quota),
        "DBT_PROFILES_DIR": "profiles",
    }


def tell(setting: Setting, console: Console, *, keep: bool) -> int:
    """Tell the story and return its exit code; whatever happens, stop what it started."""
    began = time.monotonic()
    home, code = setting.home, 1
    try:
        code = _tell(chapters(setting), home, console)
        if code == 0:
            _say_goodbye(home, console, keep=keep)
    finally:
        if not (keep and code == 0):
            with _undisturbed():
                systems.stop(home)
    outcome = "Done" if code == 0 else "Stopped"
    console.print(f"\n{outcome} after {_duration(time.monotonic() - began)}.")
    return code


def _tell(all_chapters: Sequence[Chapter], home: Home, console: Console) -> int:
    settings_of_demo = environment_of(home)
    console.print("These settings point every command at the demo:", style="dim")
    for name, value in settings_of_demo.items():
        console.print(f"  export {name}={value}", style="dim", markup=False)
    # the project's commands are installed beside the Python that runs this
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = {**os.environ, **settings_of_demo, "PATH": path}
    for number, chapter in enumerate(all_chapters, start=1):
        console.print()
        console.print(Rule(f"{number}. {chapter.title}", align="left"))
        for step in chapter.steps:
            code = _take(step, environment, console)
            if code not in step.accepted:
                console.print(
                    f"`{_typed(step.command)}` ended with exit code {code}; the story ends here.",
                    style="bold red",
                    markup=False,
                )
                return abs(code)
    return 0


def _take(step: Step, environment: Mapping[str, str], console: Console) -> int:
    """Run a step's command as the user would, and return its exit code."""
    console.print()
    if step.why:
        console.print(step.why, style="dim", markup=False)
    console.print(f"$ {_typed(step.command)}", style="bold cyan", markup=False)
    began = time.monotonic()
    if step.log:
        log = REPOSITORY / step.log
        with log.open("w", encoding="utf-8") as output:
            code = _run(step.command, environment, output)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
        # of a success the last line is enough; of a failure, what led to it
        for line in lines[-1:] if code in step.accepted else lines[-40:]:
            console.print(Text.from_ansi(line))
        console.print(f"(all of it is in {step.log})", style="dim", markup=False)
    else:
        code = _run(step.command, environment, None)
    console.print(f"({_duration(time.monotonic() - began)})", style="dim")
    return code


def _run(command: Sequence[str], environment: Mapping[str, str], output: TextIO | None) -> int:
    """Run a command to its end; if we are to end, it ends first, in its own way."""
    sys.stdout.flush()
    with subprocess.Popen(  # noqa: S603  the commands are ours
        command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output and subprocess.STDOUT
    ) as process:
        try:
            return process.wait()
        except BaseException as interruption:
            with _undisturbed():
                # a Ctrl-C has reached it as well, a SIGTERM hasn't
                if not isinstance(interruption, KeyboardInterrupt):
                    process.terminate()
                try:
                    process.wait(_PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
            raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Clear up without being interrupted a second time."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_goodbye(home: Home, console: Console, *, keep: bool) -> None:
    state = home.read_state()
    page = f"{state.urls['crm']}_/" if state else ""
    console.print()
    console.print(Rule("The CRM", align="left"))
    if not keep:
        console.print(f"Its page was {page}; `make demo KEEP=1` leaves it up to look around in.")
        return
    password = settings.read_passwords(home).crm[crm.ADMIN_EMAIL]
    console.print(f"Its page is   {page}")
    console.print(f"sign in as    {crm.ADMIN_EMAIL}", markup=False)
    console.print(f"password      {password}", markup=False)
    console.print("`make demo-stop` ends it.")


def _typed(command: Sequence[str]) -> str:
    return shlex.join(command)


def _shown(path: Path) -> str:
    """Return a path as seen from the repository, where every command runs."""
    resolved = path.resolve()
    if resolved.is_relative_to(REPOSITORY):
        return str(resolved.relative_to(REPOSITORY))
    return str(resolved)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"
