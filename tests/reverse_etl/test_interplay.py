"""Merges, undo, reviews, reconcile, purge and erasure, where one meets what another left."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from test_merges import REDIRECTS, MergingCrm
from undoings import undone
from worlds import MemoryCrm, TestWorld, make_sync, person

from reverse_etl.ledger import retention, reviews
from reverse_etl.reconciliation.reconcile import reconciling
from reverse_etl.syncs import Column

NewWorld = Callable[..., TestWorld]
Command = Callable[..., tuple[int, str, str]]
FORGOTTEN = "what it held before was forgotten"


def found(world: TestWorld) -> dict[str, int]:
    """What a reading of the whole CRM finds, by kind; what isn't found isn't in it."""
    with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
        result = reconciliation.reconcile(world.syncs[0], world.crm)
    return {kind: count for kind, count in result.kinds.items() if count}


def told(world: TestWorld, command: Command, *words: str) -> Any:
    code, out, complaint = command(world, *words, "--format", "json")
    assert (code, complaint) == (0, "")
    return json.loads(out)


def on_disk(world: TestWorld, pattern: str) -> set[str]:
    """What is found of a pattern in the ledger's file, written anew."""
    assert retention.wipe(world.ledger, rewrite=True)
    return set(re.findall(pattern, world.ledger.path.read_bytes().decode("utf-8", "ignore")))


def merged(new_world: NewWorld, crm: MemoryCrm, **settings: Any) -> TestWorld:
    """Two people are written; then the first turns out to be the second, who is renamed."""
    world = new_world(crm=crm, syncs=[make_sync(redirects=REDIRECTS, **settings)])
    world.desire("people", person(1, title="canary-1"), person(2))
    world.apply()
    world.merged = {"p1": "p2"}
    world.desire("people", person(2, name="canary-2"))
    return world


def contested(new_world: NewWorld, crm: MemoryCrm | None = None, **settings: Any) -> TestWorld:
    """Of p1, who was adopted, a person is asked which of two mobiles holds."""
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
        Column("mobile", "mobile", "varchar", "", owner="review"),
    )
    sync = make_sync(columns=columns, match=(("name",),), redirects=REDIRECTS, **settings)
    world = new_world(crm=crm or MemoryCrm(), syncs=[sync])
    world.crm.put("people", "theirs", name="张三1", mobile="138")
    world.desire("people", person(1, mobile="139"), person(2, mobile="137"))
    world.apply()
    assert [each.key for each in reviews.waiting(world.ledger)] == ["p1"]
    return world


# reconcile, and what is known of keys that are merged or undone


@pytest.mark.parametrize(
    ("crm", "is_there"),
    [(MergingCrm(), False), (MemoryCrm(), True)],
    ids=["merged in the CRM", "left beside it"],
)
def test_a_key_that_was_merged_by_us_is_no_finding(
    new_world: NewWorld, crm: MemoryCrm, is_there: bool
) -> None:
    world = merged(new_world, crm)
    world.apply()
    world.apply()
    assert ("p1" in world.crm.held("people")) == is_there
    assert found(world) == {}


def test_what_an_undo_removed_or_let_go_is_no_finding(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync(match=(("mobile",),))])
    world.crm.put("people", "theirs", name="李四", mobile="138")
    world.desire("people", person(1, mobile="138"), person(2))
    [run] = world.apply()
    undone(world, run.run.run_id)
    assert set(world.crm.objects["people"]) == {"theirs"}
    assert found(world) == {}
    assert world.plan() == {}


def test_fields_that_an_undo_put_back_are_as_we_left_them(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    world.desire("people", person(1, name="new"))
    [run] = world.apply()
    undone(world, run.run.run_id)
    assert found(world) == {}
    world.crm.objects["people"]["r1"]["name"] = "somebody's"
    assert found(world) == {"changed": 1}


# questions about a record that isn't there any more


def test_a_question_closes_when_its_key_is_merged_into_another(new_world: NewWorld) -> None:
    world = contested(new_world, MergingCrm())
    world.merged = {"p1": "p2"}
    world.desire("people", person(2, mobile="137"))
    world.apply()
    assert reviews.waiting(world.ledger) == []


def test_an_answer_about_a_record_that_is_gone_makes_none(new_world: NewWorld) -> None:
    world = contested(new_world)
    [question] = reviews.waiting(world.ledger)
    del world.crm.objects["people"]["theirs"]
    reviews.answer(world.ledger, [reviews.Answer(question.review_id, "ours")], "王经理")
    for _ in range(2):
        world.apply()
        assert world.crm.held("people").keys() == {"p2"}


def test_an_answer_about_a_record_that_an_undo_let_go_writes_nothing(new_world: NewWorld) -> None:
    world = contested(new_world)
    with world.ledger.reading() as connection:
        [run] = {row[0] for row in connection.exec_driver_sql("select run_id from deliveries")}
    undone(world, run, keys=["p1"])
    writes = len(world.crm.writes)
    for question in reviews.waiting(world.ledger):
        reviews.answer(world.ledger, [reviews.Answer(question.review_id, "ours")], "王经理")
    world.apply()
    assert reviews.unsettled(world.ledger) == []
    assert len(world.crm.writes) == writes
    assert world.crm.objects["people"]["theirs"]["mobile"] == "138"


# what was forgotten


def test_an_erased_value_is_not_put_back_and_is_nowhere(
    new_world: NewWorld, command: Command
) -> None:
    world = new_world()
    world.desire("people", person(1, name="canary-1"), person(2, name="canary-2"))
    world.apply()
    world.desire("people", person(1, name="new"), person(2, name="new"))
    [run] = world.apply()
    told(world, command, "erase", "--key", "p1")
    _, left = undone(world, run.run.run_id)
    assert left == {("p1", "name", FORGOTTEN)}
    names = {key: each["name"] for key, each in world.crm.held("people").items()}
    assert names == {"p1": "new", "p2": "canary-2"}
    assert on_disk(world, r"canary-\d") == {"canary-2"}


def test_an_erased_record_that_we_created_stays_and_is_named(
    new_world: NewWorld, command: Command
) -> None:
    world = new_world()
    world.desire("people", person(1), person(2))
    [run] = world.apply()
    told(world, command, "erase", "--key", "p1")
    _, left = undone(world, run.run.run_id)
    assert {key for key, _, _ in left} == {"p1"}
    assert world.crm.held("people").keys() == {"p1"}


def test_erasure_of_who_was_merged_leaves_nothing_of_either(
    new_world: NewWorld, command: Command
) -> None:
    world = merged(new_world, MergingCrm())
    [run] = world.apply()
    told(world, command, "erase", "--key", "p2")
    assert on_disk(world, r"canary-\d") == set()
    _, left = undone(world, run.run.run_id)
    assert {(key, field) for key, field, _ in left} == {("p1", ""), ("p2", "name")}
    assert on_disk(world, r"canary-\d") == set()


def test_purge_forgets_what_a_merged_record_held_and_not_where_it_went(
    new_world: NewWorld,
) -> None:
    world = merged(new_world, MergingCrm())
    world.apply()
    world.apply()
    world.clock.sleep(10.0)
    retention.purge(world.ledger, world.world.now())
    assert on_disk(world, "canary-1") == set()
    assert world.plan() == {}
    assert found(world) == {}


def test_a_question_is_purged_after_its_record_was_merged(new_world: NewWorld) -> None:
    world = contested(new_world, MergingCrm())
    world.merged = {"p1": "p2"}
    world.desire("people", person(2, mobile="137"))
    world.apply()
    world.clock.sleep(10.0)
    [purged] = retention.purge(world.ledger, world.world.now())
    assert purged.reviews == 1
    assert on_disk(world, r"13[89]") == set()


# what the lists say


def test_lists_tell_of_merges_questions_undo_and_what_is_gone(
    new_world: NewWorld, command: Command
) -> None:
    world = contested(new_world, MergingCrm())
    [status] = told(world, command, "status")["syncs"]
    assert (status["records"], status["reviews"], status["rejects"]) == (2, 1, 0)

    world.merged = {"p1": "p2"}
    world.desire("people", person(2, mobile="137"))
    world.apply()
    merge, *_ = told(world, command, "history", "--key", "p1")
    assert (merge["operation"], merge["outcome"]) == ("merge", "written")
    [status] = told(world, command, "status")["syncs"]
    assert (status["records"], status["reviews"]) == (1, 0)

    world.desire("people", person(2, mobile="137"), person(3, mobile="136"))
    [run] = world.apply()
    undone(world, run.run.run_id)
    [withdrawal, creation] = told(world, command, "history", "--key", "p3")
    assert [withdrawal["operation"], creation["operation"]] == ["withdraw", "create"]
    [newest, *_] = told(world, command, "history")
    assert (newest["command"], json.loads(newest["undoes"])) == ("undo", [run.run.run_id])
    [status] = told(world, command, "status")["syncs"]
    assert (status["command"], status["records"]) == ("undo", 1)

    world.crm.objects["people"].clear()
    world.desire("people", person(2, name="new", mobile="137"), person(3, mobile="136"))
    world.apply()
    [error] = told(world, command, "errors")
    assert (error["key"], error["error_code"]) == ("p2", "gone")


# a ledger of an earlier version


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[TestWorld]:
    """A person whom the first version of the ledger knows, as it had left them in the CRM."""
    script = Path(__file__).parent / "ledgers" / "version_1.sql"
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.executescript(script.read_text())
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
    )
    sync = make_sync("contacts", destination="shop", columns=columns)
    world = TestWorld(tmp_path, syncs=[sync])
    # what was written after a reading had begun isn't judged, and the row is of May
    world.clock.sleep(timedelta(days=200).total_seconds())
    world.desire("contacts", {"person_id": "p1", "name": "张三"})
    yield world
    world.ledger.close()


def test_what_an_earlier_version_wrote_is_reconciled(upgraded: TestWorld) -> None:
    upgraded.crm.put("contacts", "77", external_id="p1", name="张三")
    assert found(upgraded) == {}
    upgraded.crm.objects["contacts"]["77"]["name"] = "somebody's"
    assert found(upgraded) == {"changed": 1}


def test_what_an_earlier_version_created_is_removed_by_an_undo(upgraded: TestWorld) -> None:
    upgraded.crm.put("contacts", "77", name="张三")
    [applied], left = undone(upgraded, "r1")
    assert (applied.tally.withdrawn, left) == (1, set())
    assert upgraded.crm.objects["contacts"] == {}
    assert upgraded.plan() == {}


def test_what_people_changed_of_an_earlier_versions_record_keeps_it(upgraded: TestWorld) -> None:
    upgraded.crm.put("contacts", "77", name="somebody's")
    _, left = undone(upgraded, "r1")
    assert left == {("p1", "name", "a person changed it since, so the record stays")}
    assert "77" in upgraded.crm.objects["contacts"]
