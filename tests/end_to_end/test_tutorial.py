"""The tutorial, walked as it is written: its commands are run and its settings saved."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project
from tests.conventions.documents import Block, blocks


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the tutorial, and what came of it."""

    command: str
    code: int
    output: str


class Reader:
    """Somebody who does what the tutorial says."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.exported: dict[str, str] = {}

    def follow(self, block: Block) -> Iterator[Step]:
        """Save the settings of a block, or run its commands one by one."""
        if block.language == "toml":
            self.save(block.body)
        elif block.language == "sh":
            for line in block.body.splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["export"]:
                    self.exported |= dict(word.split("=", 1) for word in words[1:])
                elif words and words[0] not in {"git", "make", "source", "unset"}:
                    yield self.run(words)

    def run(self, words: list[str]) -> Step:
        """Run a command with what was exported before."""
        finished = self.project.run(*words, environment=self.exported)
        if words == ["dbt", "build"]:
            # unit tests test the models, not the data: a plan asks only whether they ever ran
            self.exported["DBT_EXCLUDE_RESOURCE_TYPES"] = "unit_test"
        return Step(shlex.join(words), finished.returncode, finished.stdout)

    def save(self, text: str) -> None:
        """Append settings to the file that they name, with the demo's addresses and secrets."""
        first_line, _, body = text.partition("\n")
        path = self.project.folder / first_line.removeprefix("# ")
        demo = self.project.folder / "var" / "demo" / ".dlt" / path.name
        real = tomllib.loads(demo.read_text(encoding="utf-8"))
        lines = []
        section: Any = {}
        for line in body.splitlines():
            if header := re.fullmatch(r"\[(.+)\]", line):
                section = real
                for name in header[1].split("."):
                    section = section[name]
            key = line.partition(" = ")[0]
            given = section.get(key)
            lines.append(f'{key} = "{given}"' if isinstance(given, str) else line)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(["", *lines, ""]))


@pytest.fixture
def reader(linked_project: Project) -> Iterator[Reader]:
    yield Reader(linked_project)
    linked_project.run("python", "-m", "demo", "stop")


@pytest.mark.timeout(1200)
def test_the_tutorial_goes_as_it_says(root: Path, reader: Reader) -> None:
    page = (root / "docs" / "tutorial.md").read_text(encoding="utf-8")
    steps: list[Step] = []
    for block in blocks(page):
        for step in reader.follow(block):
            # some records may be refused: the tutorial says so, and what to do
            allowed = {0, 3} if step.command.startswith("reverse-etl apply") else {0}
            assert step.code in allowed, f"$ {step.command}\n{step.output}"
            steps.append(step)
    landed_again = [step.output for step in steps if step.command == "ingestion run --all"][1]
    assert not re.search(r"\b[1-9]\d*\b.*\bB\b", landed_again), landed_again
    plans = [step.output for step in steps if step.command.startswith("reverse-etl plan")]
    first, after_apply, after_erp, after_crm, after_helpdesk = plans
    assert "Nothing to do" not in first
    assert "Nothing to do" in after_apply
    assert "mobile" in after_erp
    assert "Nothing to do" in after_crm
    assert "open_tickets" in after_helpdesk
