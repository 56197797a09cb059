"""The lock files pin everything by hash and leave it to the user's pip from where it comes."""

import re
from pathlib import Path

import pytest

LOCKS = ("requirements.txt", "requirements-dev.txt")


def addresses(text: str) -> list[str]:
    """The lines of a requirements file that name a place to fetch from."""
    return [
        line for line in text.splitlines() if re.search(r"://|--|file:|@ |^-[fi]\b", unhashed(line))
    ]


def unhashed(line: str) -> str:
    return re.sub(r"--hash=sha256:[0-9a-f]{64}", "", line)


def pins(text: str) -> dict[str, str]:
    """Each pinned package with its version."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", text, re.MULTILINE))


def unpinned(text: str) -> list[str]:
    """The requirements of a lock file that have no version or no hash."""
    joined = text.replace("\\\n", " ")
    return [
        line
        for line in joined.splitlines()
        if re.match(r"[A-Za-z0-9]", line) and not re.search(r"==.*--hash=sha256:", line)
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_no_address(root: Path, name: str) -> None:
    assert addresses((root / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_everything_by_hash(root: Path, name: str) -> None:
    assert unpinned((root / name).read_text(encoding="utf-8")) == []


def test_what_runs_is_what_is_tested(root: Path) -> None:
    runtime, dev = (pins((root / name).read_text(encoding="utf-8")) for name in LOCKS)
    assert runtime
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_file_has_all_that_was_asked_for(root: Path, name: str) -> None:
    asked = re.findall(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*",
        (root / f"{name}.in").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    locked = {pin.lower() for pin in pins((root / f"{name}.txt").read_text(encoding="utf-8"))}
    assert [name for name in asked if name.lower() not in locked] == []


def test_an_address_is_found() -> None:
    assert (
        len(addresses("--index-url https://example.com/simple\na==1 --hash=sha256:" + "0" * 64))
        == 1
    )
    assert len(addresses("a @ file:///tmp/a.whl")) == 1


def test_a_missing_hash_is_found() -> None:
    assert unpinned("a==1 \\\n    --hash=sha256:" + "0" * 64) == []
    assert unpinned("a==1\nb>=2 --hash=sha256:" + "0" * 64) == [
        "a==1",
        "b>=2 --hash=sha256:" + "0" * 64,
    ]
