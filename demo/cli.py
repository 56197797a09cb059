"""`python -m demo`: the demo company's command line."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from demo import mishaps, questions, remedies, story, systems
from demo.layout import DEFAULT_HOME, REPOSITORY, Home
from demo.population import SMALLEST, today

app = typer.Typer(
    help="The demo company: five real systems that disagree about its customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# markup is off where text comes from the systems, and width is the terminal's
console = Console(highlight=False)

HomeOption = Annotated[
    Path, typer.Option("--home", help="The folder that holds everything of the demo.")
]
SizeOption = Annotated[int, typer.Option("--size", min=SMALLEST, help="How many people there are.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Another seed makes another company.")]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="The first day that hasn't happened yet; default: today in Shanghai.",
    ),
]


@app.command()
def start(
    size: SizeOption = 2000,
    seed: SeedOption = 1,
    as_of: AsOfOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make the company anew and start its servers; a demo that is there ends first.

    Example: python -m demo start --size 500
    """
    with _ending_on_sigterm(), _explained():
        systems.start(Home(home), size, seed, _day(as_of), _report)


@app.command()
def stop(home: HomeOption = DEFAULT_HOME) -> None:
    """End the servers that were started; doing it twice does no harm.

    Example: python -m demo stop
    """
    with _explained():
        ended = systems.stop(Home(home))
    console.print(f"ended: {', '.join(ended)}" if ended else "nothing was running")


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Show which servers run, and where. Exit code 1 if none does.

    Example: python -m demo status
    """
    state = Home(home).read_state()
    if state is None:
        console.print(f"there is no demo in {home}")
        raise typer.Exit(1)
    runs = systems.running(state)
    table = Table("server", "state", "process", "address", box=None)
    for name, process in state.processes.items():
        table.add_row(name, "runs" if runs[name] else "ended", str(process.pid), state.urls[name])
    console.print(f"{state.size:,} people, seed {state.seed}, as of {state.as_of}")
    console.print(table if runs else "no server was started, or all were stopped")
    if not any(runs.values()):
        raise typer.Exit(1)


@app.command()
def change(
    system: Annotated[str, typer.Argument(help=f"One of {', '.join(systems.SYSTEMS)}.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make exactly one change at one system, the way its own users would.

    erp: a contact's mobile changes. helpdesk: a customer has a new open ticket.
    finance: an overdue invoice is corrected by a cent. shop: a buyer orders once more.
    crm: a salesperson moves a contact to another stage and notes why.

    Example: python -m demo change erp
    """
    if system not in systems.SYSTEMS:
        raise typer.BadParameter(
            f"there is no {system}; there are {', '.join(systems.SYSTEMS)}", param_hint="SYSTEM"
        )
    with _explained():
        done = systems.change(Home(home), system)
    console.print(f"{system}: {done}", markup=False, soft_wrap=True)


@app.command()
def kill(
    command: Annotated[list[str], typer.Argument(help="A delivery to the CRM.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Run a delivery, and end it with kill -9 in its middle, when a third of the orders is there.

    Example: python -m demo kill -- reverse-etl apply --plan var/demo/first.plan
    """
    with _ending_on_sigterm(), _explained():
        done = mishaps.kill_midway(Home(home), systems.url(Home(home), "crm"), command)
    console.print(done, markup=False, soft_wrap=True)


@app.command()
def count(home: HomeOption = DEFAULT_HOME) -> None:
    """Count what the CRM holds against what the models want. Exit code 1 if anything is doubled.

    Example: python -m demo count
    """
    with _explained():
        held = mishaps.look(Home(home), systems.url(Home(home), "crm"))
    columns = ("wanted", "in the CRM", "doubled", "missing", "people's own")
    table = Table("", *columns, box=None)
    for each in held:
        numbers = (each.wanted, each.there, each.doubled, each.missing, each.of_people)
        table.add_row(each.collection, *(f"{number:,}" for number in numbers))
    console.print(table)
    if any(each.doubled for each in held):
        raise typer.Exit(1)


@app.command()
def spoil(home: HomeOption = DEFAULT_HOME) -> None:
    """Take nine in ten orders out of their model, as a join gone wrong would.

    The next `dbt build` makes the model anew.

    Example: python -m demo spoil
    """
    with _explained():
        done = mishaps.spoil(Home(home))
    console.print(done, markup=False, soft_wrap=True)


@app.command()
def answer(home: HomeOption = DEFAULT_HOME) -> None:
    """Answer one question of the review queue, as somebody would who knows the two.

    Shows the question and the command, which `identity review decide` is for any other.

    Example: python -m demo answer
    """
    with _explained():
        question = questions.find(Home(home))
        if question is None:
            console.print("nothing that the CRM holds twice is in question in so small a company")
            return
        review = question.review
        console.print(f"{review.record_key} is of {question.people[0]}", markup=False)
        console.print(f"{review.other_record_key} is of {question.people[1]}", markup=False)
        console.print(f"probability {review.probability}:", markup=False)
        for line in review.evidence.split("; "):
            console.print(f"  {line}", markup=False, soft_wrap=True)
        console.print(f"$ {shlex.join(question.command)}", markup=False, soft_wrap=True)
        code = questions.answer(Home(home), question)
    raise typer.Exit(code)


@app.command()
def retitle(
    system: Annotated[str, typer.Argument(help=f"One of {', '.join(systems.RETITLING)}.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give one contact another job title; at two systems, the two disagree.

    Example: python -m demo retitle crm
    """
    if system not in systems.RETITLING:
        raise typer.BadParameter(f"there are {', '.join(systems.RETITLING)}", param_hint="SYSTEM")
    with _explained():
        done = systems.retitle(Home(home), system)
    console.print(f"{system}: {done}", markup=False, soft_wrap=True)


@app.command()
def settle(home: HomeOption = DEFAULT_HOME) -> None:
    """Answer one question of the review list: what the salesperson typed holds.

    Shows the command, which `reverse-etl reviews answer` is for any other.

    Example: python -m demo settle
    """
    with _explained():
        command = remedies.answering(Home(home))
    raise typer.Exit(_run_as_user(command, "no question is open"))


@app.command()
def undo(home: HomeOption = DEFAULT_HOME) -> None:
    """Take back the last delivery that gave contacts another mobile number.

    Shows the command, which `reverse-etl undo` is for any other.

    Example: python -m demo undo
    """
    with _explained():
        command = remedies.undoing(Home(home))
    raise typer.Exit(_run_as_user(command, "no such delivery was made"))


@app.command()
def run(
    size: SizeOption = 2000,
    seed: SeedOption = 1,
    as_of: AsOfOption = None,
    home: HomeOption = DEFAULT_HOME,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the servers up, and say how to sign in.")
    ] = False,
) -> None:
    """Tell the whole story from nothing: five systems, one customer each, written back.

    Example: python -m demo run --size 2000 --keep
    """
    with _ending_on_sigterm(), _explained():
        setting = story.Setting(Home(home), size, seed, as_of.date() if as_of else None)
        code = story.tell(setting, console, keep=keep)
    raise typer.Exit(code)


def _run_as_user(command: Sequence[str] | None, otherwise: str) -> int:
    """Show a command and run it; its exit code."""
    if command is None:
        console.print(otherwise)
        return 0
    console.print(f"$ {shlex.join(command)}", markup=False, soft_wrap=True)
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode  # noqa: S603  a command of the project


def _day(as_of: datetime | None) -> date:
    return as_of.date() if as_of else today()


def _report(done: str) -> None:
    console.print(f"  {done}", markup=False, soft_wrap=True)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what went wrong in a line: whoever runs the demo isn't debugging it."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        Console(stderr=True, highlight=False).print(f"demo: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an ordinary exit, so that what was started is stopped on the way out."""

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
