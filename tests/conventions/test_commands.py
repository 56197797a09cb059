"""Every command explains itself and ends in an example; the reference has them all."""

import inspect
from pathlib import Path

import pytest
import typer
import typer.main

from docs.generate import Command, walk
from tests.conventions import commands as checks
from tests.conventions.complaints import expect_none


@pytest.fixture(scope="module")
def programs() -> dict[str, Command]:
    return checks.read_programs()


def test_every_commands_help_ends_in_an_example(programs: dict[str, Command]) -> None:
    complaints = [
        complaint
        for program, group in programs.items()
        for path, command in walk(group, program)
        for complaint in checks.without_example(path, command.help)
    ]
    expect_none(complaints)


def test_every_argument_and_option_has_a_help(programs: dict[str, Command]) -> None:
    complaints = [
        complaint
        for program, group in programs.items()
        for path, command in walk(group, program)
        for complaint in checks.without_help(path, command)
    ]
    expect_none(complaints)


def test_every_command_is_in_the_reference(root: Path, programs: dict[str, Command]) -> None:
    page = (root / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    missing = [
        path
        for program, group in programs.items()
        for path, _ in walk(group, program)
        if f"### {path}\n" not in page
    ]
    expect_none(missing)


def small_program() -> Command:
    app = typer.Typer()

    @app.command()
    def plan(sync: str, out: str = typer.Option("", help="Where to.")) -> None:
        """Plan.

        Example: reverse-etl plan contacts
        """

    @app.command()
    def undo(run: str) -> None:
        """Undo a run."""

    assert inspect.isfunction(plan)
    assert inspect.isfunction(undo)
    return typer.main.get_command(app)


def test_a_help_without_an_example_is_found() -> None:
    found = dict(walk(small_program(), "reverse-etl"))
    wrong = {path: checks.without_example(path, command.help) for path, command in found.items()}
    assert wrong == {
        "reverse-etl plan": [],
        "reverse-etl undo": ["reverse-etl undo: its help ends in no example"],
    }


def test_an_option_without_help_is_found() -> None:
    found = dict(walk(small_program(), "reverse-etl"))
    assert checks.without_help("reverse-etl plan", found["reverse-etl plan"]) == [
        "reverse-etl plan: sync has no help"
    ]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("reverse-etl plan contacts", False),
        ("reverse-etl plan --out plan.json", False),
        ("reverse-etl --help", False),
        ("reverse-etl plan --output plan.json", True),
        ("reverse-etl plans", True),
    ],
)
def test_a_command_that_is_not_there_is_found(line: str, wrong: bool) -> None:
    assert bool(checks.unknown(line, {"reverse-etl": small_program()})) is wrong
