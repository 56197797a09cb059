"""The project's commands, as their programs know them."""

import importlib
import re
from collections.abc import Mapping
from itertools import takewhile

import typer.main

from docs.generate import PROGRAMS, Command


def read_programs() -> dict[str, Command]:
    """Each program's group of commands."""
    return {
        program: typer.main.get_command(importlib.import_module(module).app)
        for program, module in PROGRAMS.items()
    }


def without_example(path: str, help_text: str | None) -> list[str]:
    """Whether a command's help ends in an example of itself."""
    lines = (help_text or "").strip().splitlines()
    last = re.sub(r"^(Examples?:)?\s*[`$ ]*", "", lines[-1].strip()) if lines else ""
    return (
        [] if re.match(rf"{re.escape(path)}\b", last) else [f"{path}: its help ends in no example"]
    )


def without_help(path: str, command: Command) -> list[str]:
    """The parameters of a command that its help doesn't explain."""
    return [
        f"{path}: {parameter.name} has no help"
        for parameter in command.params
        if not getattr(parameter, "help", None)
    ]


def program_of(line: str, programs: Mapping[str, Command]) -> str | None:
    """The program of ours that a line calls, if it does."""
    return next((name for name in programs if f"{line} ".startswith(f"{name} ")), None)


def unknown(line: str, programs: Mapping[str, Command]) -> str | None:
    """What is wrong with a line that calls one of the project's programs; None if nothing is."""
    path = program_of(line, programs) or ""
    command: Command = programs[path]
    rest = line.removeprefix(path).split()
    while rest and getattr(command, "commands", None):
        if rest[0].startswith("-"):
            break
        if rest[0] not in command.commands:
            return f"`{line}`: {path} has no command {rest[0]}"
        path, command = f"{path} {rest[0]}", command.commands[rest[0]]
        rest = rest[1:]
    options = {
        name
        for parameter in command.params
        for name in [*parameter.opts, *parameter.secondary_opts]
    } | {"--help"}
    if not getattr(command, "commands", None) or rest:
        # what stands behind a -- is another program's
        for word in takewhile(lambda word: word != "--", rest):
            if word.startswith("-") and word.split("=")[0] not in options:
                return f"`{line}`: {path} has no option {word}"
    return None
