"""The queue and the history, asked by key, error, time, run and outcome, as a program asks."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.protocol import Write

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(new_world: Callable[..., TestWorld]) -> TestWorld:
    """Two runs a day apart: p1 and p2 written, p3 refused; then p1 changed, p4 refused too."""

    def refuses(write: Write) -> str | None:
        return f"{write.fields.get('name')} is taken" if write.key in {"p3", "p4"} else None

    made = new_world(syncs=[make_sync(), make_sync("friends")], crm=MemoryCrm(refuses=refuses))
    made.desire("people", person(1), person(2), person(3))
    made.apply()
    made.clock.sleep(timedelta(days=1).total_seconds())
    made.desire("people", person(1, name="new"), person(2), person(3))
    made.desire("friends", person(4))
    made.apply()
    return made


def told(world: TestWorld, command: Command, *words: str) -> list[dict[str, Any]]:
    code, out, _ = command(world, *words, "--format", "json")
    assert code == 0
    rows: list[dict[str, Any]] = json.loads(out)
    return rows


def runs_of(world: TestWorld, command: Command) -> list[dict[str, Any]]:
    return sorted(told(world, command, "history"), key=lambda row: (row["started_at"], row["sync"]))


def test_history_lists_the_runs(world: TestWorld, command: Command) -> None:
    assert [(row["sync"], row["status"]) for row in runs_of(world, command)] == [
        ("people", "partial"),
        ("friends", "done"),
        ("people", "partial"),
        ("friends", "partial"),
    ]
    assert len(told(world, command, "history", "people")) == 2
    assert len(told(world, command, "history", "--since", "2026-01-02")) == 2
    assert len(told(world, command, "history", "--limit", "1")) == 1


def test_history_tells_what_was_sent(world: TestWorld, command: Command) -> None:
    def keys(*words: str) -> list[str]:
        return [row["key"] for row in told(world, command, "history", *words)]

    first = next(row for row in runs_of(world, command) if row["sync"] == "people")
    assert sorted(keys("--run", first["run_id"])) == ["p1", "p2", "p3"]
    assert keys("--key", "p1") == ["p1", "p1"]
    assert keys("--key", "p1", "--since", "2026-01-02") == ["p1"]
    assert sorted(keys("--outcome", "rejected")) == ["p3", "p4"]
    assert keys("--outcome", "rejected", "--run", first["run_id"]) == ["p3"]
    assert sorted(keys("--error", "invalid")) == ["p3", "p4"]
    assert keys("friends", "--error", "invalid") == ["p4"]
    assert keys("--error", "another") == []
    assert len(keys("--outcome", "written", "--limit", "2")) == 2


def test_errors_lists_the_queue(world: TestWorld, command: Command) -> None:
    def keys(*words: str) -> list[str]:
        return [row["key"] for row in told(world, command, "errors", *words)]

    assert keys() == ["p3", "p4"]
    assert keys("people") == ["p3"]
    assert keys("--key", "p4") == ["p4"]
    assert keys("--error", "invalid") == ["p3", "p4"]
    assert keys("--error", "another") == []
    assert keys("--since", "2026-01-02") == ["p4"]
    [run] = {row["run_id"] for row in told(world, command, "errors", "friends")}
    assert keys("--run", run) == ["p4"]
    [p3] = told(world, command, "errors", "--key", "p3")
    assert (p3["error_code"], p3["error_field"], p3["attempts"]) == ("invalid", "name", 1)
    assert p3["the CRM's words"] == "张三3 is taken"


def test_a_table_says_the_same_in_words(world: TestWorld, command: Command) -> None:
    for words, wanted in (
        (["errors"], ["p3", "invalid", "taken"]),
        (["history"], ["people", "partial"]),
        (["history", "--outcome", "rejected"], ["p3", "p4"]),
        (["errors", "--key", "nobody"], ["nothing waits"]),
        (["history", "--key", "nobody"], ["nothing was ever sent"]),
    ):
        code, out, _ = command(world, *words)
        assert code == 0
        assert [word for word in wanted if word not in out] == []


def test_what_isnt_an_outcome_is_said(world: TestWorld, command: Command) -> None:
    assert command(world, "history", "--outcome", "maybe")[0] == 2
