"""What the documents claim: that a link leads somewhere, a command exists and an example parses."""

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from croniter import croniter

from tests.conventions import commands

PRUNED = {".venv", ".git", "var", "target", "node_modules", "dbt_packages"}

OTHER_PROGRAMS = {
    *("apt-get", "cat", "cd", "chmod", "cp", "crontab", "export", "git", "journalctl", "ls"),
    *("mkdir", "pip", "source", "sqlite3", "sudo", "systemctl", "systemd-analyze", "tail", "test"),
    *("duckdb", "pre-commit", "python3", "rm", "set", "tongke-sync", "unset"),
}
"""What a document may tell its reader to run besides the project's own commands."""


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    language: str
    body: str


def read_documents(root: Path) -> list[Document]:
    """Every Markdown file of the project."""
    return [
        Document(path, path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.md"))
        if not PRUNED & set(path.relative_to(root).parts)
    ]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a document."""
    found = re.finditer(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [
        Block(match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE))
        for match in found
    ]


def prose(text: str) -> str:
    """A document without its fenced blocks and comments."""
    text = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def headings(text: str) -> list[tuple[int, str]]:
    """The headings of a document with their levels."""
    found = re.finditer(r"^(#+) +(.+?)\s*$", prose(text), re.MULTILINE)
    return [(len(match[1]), match[2]) for match in found]


def anchors(text: str) -> set[str]:
    """The anchors that a document's headings make."""
    slugs = (
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings(text)
    )
    return set(slugs)


def broken_links(document: Document) -> list[str]:
    """The links of a document to files or headings that aren't there."""
    complaints = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document.text)):
        if re.match(r"(https?|mailto):", target):
            continue
        name, _, anchor = target.partition("#")
        file = (document.path.parent / name) if name else document.path
        if not file.exists():
            complaints.append(f"{document.path.name}: there is no {target}")
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            complaints.append(f"{document.path.name}: there is no heading {target}")
    return complaints


def parse_ini(text: str) -> None:
    """Parse a systemd unit."""
    configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",)).read_string(text)


def parse_crontab(text: str) -> None:
    """Parse the lines of a crontab."""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#") or re.match(r"\w+ *=", line):
            continue
        *when, command = line.split(maxsplit=5)
        if len(when) != 5 or not croniter.is_valid(" ".join(when)) or not command:
            raise ValueError(f"no line of a crontab: {line}")


PARSERS: dict[str, Callable[[str], Any]] = {
    "yaml": yaml.safe_load,
    "yml": yaml.safe_load,
    "toml": tomllib.loads,
    "json": json.loads,
    "ini": parse_ini,
    "crontab": parse_crontab,
}


def unparsable(document: Document) -> list[str]:
    """The examples of a document that don't parse as what they say they are."""
    complaints = []
    for block in blocks(document.text):
        parse = PARSERS.get(block.language)
        if parse is None:
            continue
        try:
            parse(block.body)
        except (ValueError, yaml.YAMLError, configparser.Error) as error:
            complaints.append(f"{document.path.name}: {error}\n{block.body}")
    return complaints


def called(document: Document) -> Iterator[str]:
    """The commands that a document tells its reader to run, or names in its prose."""
    for block in blocks(document.text):
        if block.language in {"yaml", "yml"}:
            for step in workflow_steps(yaml.safe_load(block.body)):
                yield from simple_commands(step)
        if block.language in {"sh", "bash", "console", "crontab"}:
            for line in block.body.replace("\\\n", " ").splitlines():
                yield from simple_commands(line, is_crontab=block.language == "crontab")
    for span in re.findall(r"`([^`\n]+)`", prose(document.text)):
        if re.match(r"(make|ingestion|reverse-etl|dbt|python -m demo) [a-z]", span):
            yield from simple_commands(span)


def workflow_steps(workflow: object) -> Iterator[str]:
    """The lines that a CI workflow runs."""
    jobs = workflow.get("jobs", {}) if isinstance(workflow, dict) else {}
    for job in jobs.values():
        for step in job["steps"]:
            yield from step.get("run", "").splitlines()


def simple_commands(line: str, *, is_crontab: bool = False) -> Iterator[str]:
    """The single commands of a line of shell, without prompt, settings and folder."""
    line = re.sub(r"(^|\s)#.*", "", line).removeprefix("$ ")
    if is_crontab:
        line = "" if re.match(r"\w+ *=", line) else line.split(maxsplit=5)[-1] if line else ""
    for part in re.split(r"&&|\|\|?|;", line):
        words = shlex.split(re.sub(r"^\s*flock -n \S+ ", "", part))
        while words and re.match(r"([A-Z_]+=|sudo$|env$)", words[0]):
            words = words[1:]
        if words:
            words[0] = re.sub(r"^.*/", "", words[0])
            yield " ".join(words)


def unknown_commands(
    document: Document,
    targets: AbstractSet[str],
    programs: Mapping[str, Any],
    dbt: AbstractSet[str],
) -> list[str]:
    """The commands of a document that don't exist."""
    complaints = []
    for line in called(document):
        program, *words = line.split()
        plain = [word for word in words if not word.startswith("-") and "=" not in word]
        complaint: str | None = None
        if program == "make":
            wrong = [word for word in plain if word not in targets]
            complaint = f"`{line}`: the Makefile has no {', '.join(wrong)}" if wrong else None
        elif commands.program_of(line, programs):
            complaint = commands.unknown(re.split(r"\s*(?:>|2>|\()", line)[0], programs)
        elif program == "dbt":
            complaint = None if plain and plain[0] in dbt else f"`{line}`: dbt has no such command"
        elif program not in OTHER_PROGRAMS:
            complaint = f"`{line}`: what is {program}?"
        if complaint:
            complaints.append(f"{document.path.name}: {complaint}")
    return complaints


def crowded_lines(document: Document) -> list[str]:
    """The lines of prose with more than one sentence."""
    complaints = []
    for line in prose(document.text).splitlines():
        if line.lstrip().startswith(("|", "<", "[")):
            continue
        bare = re.sub(r"`[^`]*`", "x", line)
        if re.search(
            r"(?<!e\.g)(?<!i\.e)(?<=[a-zA-Z)x*\"])[.!?]\)? (?=[A-Z`*\[])|[。！？](?=[^\s）」”*])",
            bare,
        ):
            complaints.append(f"{document.path.name}: {line}")
    return complaints


def shape(text: str) -> list[object]:
    """What two translations of one document share: levels of headings, examples, links."""
    return [
        *(level for level, _ in headings(text)),
        *(
            (block.language, re.sub(r"\s*#.*", "", block.body))
            for block in blocks(text)
            if block.language in {"sh", "toml", "yaml"}
        ),
        *sorted(link.replace(".zh-CN", "") for link in re.findall(r"\]\(([^)\s#]+)", prose(text))),
    ]
