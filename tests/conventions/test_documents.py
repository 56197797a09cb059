"""The documents are true: links lead somewhere, commands exist, examples parse."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import cli as dbt_cli

from crm.selfbuilt.profile import load_profile
from tests.conventions import commands
from tests.conventions import documents as checks
from tests.conventions.complaints import expect_none
from tests.conventions.documents import Document


@pytest.fixture(scope="module")
def documents(root: Path) -> list[Document]:
    return checks.read_documents(root)


def make_targets(root: Path) -> set[str]:
    text = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^\.PHONY: (\S+)", text, re.MULTILINE))


def test_every_link_leads_somewhere(documents: Sequence[Document]) -> None:
    expect_none(wrong for document in documents for wrong in checks.broken_links(document))


def test_every_example_parses(documents: Sequence[Document]) -> None:
    expect_none(wrong for document in documents for wrong in checks.unparsable(document))


def test_every_command_named_exists(root: Path, documents: Sequence[Document]) -> None:
    programs = commands.read_programs()
    complaints = [
        wrong
        for document in documents
        for wrong in checks.unknown_commands(
            document, make_targets(root), programs, set(dbt_cli.commands)
        )
    ]
    expect_none(complaints)


def test_every_test_named_exists(root: Path, documents: Sequence[Document]) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (root / "tests").rglob("*.py")]
    there = set(re.findall(r"^ *def (test_\w+)", "\n".join(sources), re.MULTILINE))
    expect_none(
        f"{document.path.name}: there is no {name}"
        for document in documents
        for name in re.findall(r"`(test_\w+)`", document.text)
        if name not in there
    )


def test_prose_has_one_sentence_a_line(documents: Sequence[Document]) -> None:
    # the changelog's entries are sentences by nature, and a licence isn't ours to break
    complaints = [wrong for document in documents for wrong in checks.crowded_lines(document)]
    expect_none(complaints)


def test_the_chinese_readme_has_what_the_english_has(root: Path) -> None:
    english = (root / "README.md").read_text(encoding="utf-8")
    chinese = (root / "README.zh-CN.md").read_text(encoding="utf-8")
    assert checks.shape(chinese) == checks.shape(english)


def test_the_reference_is_what_would_be_generated(root: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_every_makefile_target_is_explained(root: Path) -> None:
    text = (root / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert make_targets(root) - explained == {"help"} - explained


@pytest.mark.servers
def test_the_systemd_units_are_valid(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "how-to" / "schedule.md").read_text(encoding="utf-8")
    units = [block.body for block in checks.blocks(text) if block.language == "ini"]
    names = [re.match(r"# /etc/systemd/system/(\S+)\n", unit) for unit in units]
    assert len(units) >= 2
    for name, unit in zip(names, units, strict=True):
        assert name, "a unit's first line names its file"
        # the program needs to be there for systemd-analyze to be content
        runnable = re.sub(r"(ExecStart=)\S+", rf"\1{sys.executable}", unit)
        (tmp_path / name[1]).write_text(runnable, encoding="utf-8")
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    finished = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in finished.stderr.splitlines() if str(tmp_path) in line]
    assert (finished.returncode, complaints) == (0, []), finished.stderr


def document(text: str, folder: Path = Path("/nowhere")) -> Document:
    return Document(folder / "page.md", text)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Some heading: here\n", encoding="utf-8")
    fine = "[a](other.md) [b](other.md#some-heading-here) [c](https://example.com)"
    assert checks.broken_links(document(fine, tmp_path)) == []
    assert len(checks.broken_links(document("[a](missing.md)", tmp_path))) == 1
    assert len(checks.broken_links(document("[a](other.md#elsewhere)", tmp_path))) == 1


@pytest.mark.parametrize(
    ("language", "body", "wrong"),
    [
        ("yaml", "a: [b]", False),
        ("yaml", "a: [b", True),
        ("toml", "[a]\nb = 1", False),
        ("toml", "[a\nb = 1", True),
        ("json", "{", True),
        ("ini", "[Unit]\nAfter=a\nAfter=b", False),
        ("ini", "After=a", True),
        ("crontab", "MAILTO=a@example.com\n*/15 * * * * make demo", False),
        ("crontab", "61 * * * * make demo", True),
        ("text", "anything [", False),
    ],
)
def test_an_example_that_does_not_parse_is_found(language: str, body: str, wrong: bool) -> None:
    assert bool(checks.unparsable(document(f"```{language}\n{body}\n```\n"))) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```sh\ngit clone x && cd x\nmake demo SIZE=200\n```\n", False),
        ("Run `make demo`.", False),
        ("Run `make dmeo`.", True),
        ("```sh\nmake demo lnit\n```\n", True),
        ("```sh\ndbt build --select x\n```\n", False),
        ("Run `dbt construct`.", True),
        ("```sh\nfrobnicate\n```\n", True),
        ("```sh\nTZ=UTC .venv/bin/dbt build  # builds\n```\n", False),
        ("```crontab\n5 * * * * cd /srv && make test\n```\n", False),
        ("```crontab\n5 * * * * cd /srv && make tset\n```\n", True),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, wrong: bool) -> None:
    programs: dict[str, Any] = {}
    found = checks.unknown_commands(
        document(text), {"demo", "lint", "test"}, programs, {"build", "parse"}
    )
    assert bool(found) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("One sentence.\nAnother one.", False),
        ("One sentence. Another one.", True),
        ("一句话。\n另一句。", False),
        ("一句话。另一句。", True),
        ("For example e.g. Shanghai.", False),
        ("| a cell. With two | sentences |", False),
    ],
)
def test_a_crowded_line_is_found(text: str, wrong: bool) -> None:
    assert bool(checks.crowded_lines(document(text))) is wrong


def test_a_translation_that_lags_behind_is_found() -> None:
    english = "# A\n\n## B\n\n```sh\nmake demo  # all\n```\n\n[x](README.zh-CN.md)\n"
    chinese = "# 甲\n\n## 乙\n\n```sh\nmake demo  # 全部\n```\n\n[x](README.md)\n"
    assert checks.shape(english) == checks.shape(chinese)
    assert checks.shape(english) != checks.shape(chinese.replace("## 乙\n", ""))
    assert checks.shape(english) != checks.shape(chinese.replace("make demo", "make test"))


def test_the_profile_of_the_how_to_is_valid(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "how-to" / "connect-a-crm.md").read_text(encoding="utf-8")
    texts = [
        block.body
        for block in checks.blocks(page)
        if block.language == "yaml" and "objects:" in block.body
    ]
    assert len(texts) == 1
    (tmp_path / "our_crm.yml").write_text(texts[0], encoding="utf-8")
    profile = load_profile(str(tmp_path / "our_crm.yml"))
    assert profile.object("contacts", {})
    assert profile.secrets == ("access_token",)
