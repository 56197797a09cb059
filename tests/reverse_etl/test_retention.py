"""What the ledger forgets, and what stays true when it has: purge and erase."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import MemoryCrm, TestWorld, make_sync

from crm.errors import RetryableError
from crm.protocol import Write
from reverse_etl import queries
from reverse_etl.errors import HeldByAnotherError, SyncConfigurationError, UnsettledError
from reverse_etl.ledger import Ledger, retention
from reverse_etl.ledger.schema import deliveries, delivery_values, erasures, records

NewWorld = Callable[..., TestWorld]
Command = Callable[..., tuple[int, str, str]]
MERGING = make_sync(redirects=("activation", "redirected"))


def person(number: int, **fields: Any) -> dict[str, Any]:
    values = {"name": f"canary-name-{number:05}", "mobile": f"canary-mobile-{number:05}"}
    return {"person_id": f"p{number}", "amount": Decimal("1.10")} | values | fields


def age(world: TestWorld, days: int) -> None:
    world.clock.sleep(timedelta(days=days).total_seconds())


def cutoff(world: TestWorld, text: str = "90d") -> str:
    return retention.moment_before(world.clock.now(), text)


def on_disk(world: TestWorld, pattern: str) -> set[str]:
    """What is found of a pattern in the raw bytes of the ledger's files, its log included."""
    found: set[bytes] = set()
    for path in world.ledger.path.parent.glob(world.ledger.path.name + "*"):
        found.update(re.findall(pattern.encode(), path.read_bytes()))
    return {each.decode() for each in found}


def counted(world: TestWorld, table: Any) -> int:
    with world.ledger.reading() as connection:
        return len(connection.execute(table.select()).all())


def test_purge_takes_old_values_out_of_the_file_and_keeps_the_facts(
    new_world: NewWorld, command: Command
) -> None:
    world = new_world(crm=MemoryCrm(max_batch=50))
    world.desire("people", *(person(number, title=f"old-{number:05}") for number in range(300)))
    world.apply()
    world.desire("people", *(person(number, title=f"new-{number:05}") for number in range(300)))
    world.apply()
    assert on_disk(world, r"old-\d{5}"), "payloads and before-images hold it"
    facts = queries.history(world.ledger, key="p7")

    age(world, 91)
    world.desire("people", *(person(number, title=f"new-{number:05}") for number in range(301)))
    world.apply()
    purged = retention.purge(world.ledger, cutoff(world))
    assert purged == [retention.Purged("people", deliveries=600, records=0)]
    assert retention.wipe(world.ledger)

    assert on_disk(world, r"old-\d{5}") == set()
    assert counted(world, delivery_values) == 1, "what is younger stays"
    assert queries.history(world.ledger, key="p7") == facts
    assert counted(world, deliveries) == 601
    assert world.plan() == {}, "what the records hold is still known"
    assert retention.purge(world.ledger, cutoff(world)) == []


def test_a_preview_counts_and_forgets_nothing(new_world: NewWorld, command: Command) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(5)))
    world.apply()
    for words in (["purge", "--older-than", "0h"], ["erase", "--key", "p1"]):
        code, out, _ = command(world, *words, "--preview", "--format", "json")
        assert code == 0
        told = json.loads(out)
        assert told["preview"]
        assert [each["deliveries"] for each in told["syncs"]] == [5 if "purge" in words else 1]
        assert "canary" not in out
    assert counted(world, delivery_values) == 5
    assert counted(world, erasures) == 0


def test_purge_goes_in_small_steps_while_the_sync_is_applied(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.desire("people", *(person(number) for number in range(25)))
    world.apply()
    age(world, 91)
    monkeypatch.setattr(retention, "CHUNK", 10)
    run = world.ledger.start_run(world.syncs[0], "apply")
    left = []
    pages = retention._paged

    def watched(*arguments: Any) -> Any:
        for page in pages(*arguments):
            other = Ledger(world.ledger.path, world.world)
            # whoever applies can write between two steps
            other.write(run, known=[])
            with other.reading() as connection:
                left.append(len(connection.execute(delivery_values.select()).all()))
            other.close()
            yield page

    monkeypatch.setattr(retention, "_paged", watched)
    retention.purge(world.ledger, cutoff(world))
    assert left == [25, 15, 5]
    assert retention.wipe(world.ledger)
    assert not retention.wipe(world.ledger, rewrite=True), "not under a sync that is applied"
    world.ledger.finish_run(run, "done", {})
    assert retention.wipe(world.ledger, rewrite=True)


def test_purge_forgets_what_removed_records_held_but_not_which_they_were(
    new_world: NewWorld,
) -> None:
    world = new_world(syncs=[make_sync(on_missing="delete")])
    world.desire("people", person(1), person(2))
    world.apply()
    world.desire("people", person(2))
    world.apply()
    age(world, 91)
    purged = retention.purge(world.ledger, cutoff(world))
    assert purged == [retention.Purged("people", deliveries=3, records=1)]
    retention.wipe(world.ledger, rewrite=True)
    assert on_disk(world, "canary-[a-z]+-00001") == set()
    with world.ledger.reading() as connection:
        states = {row.key: row.state for row in connection.execute(records.select())}
    assert states == {"p1": "deleted", "p2": "live"}
    world.desire("people", person(1), person(2))
    world.apply()
    assert set(world.crm.held("people")) == {"p1", "p2"}


def test_purge_of_one_sync_leaves_the_others(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync("people"), make_sync("friends")])
    for sync in ("people", "friends"):
        world.desire(sync, person(1))
    world.apply()
    age(world, 91)
    assert [each.sync for each in retention.purge(world.ledger, cutoff(world), "friends")] == [
        "friends"
    ]
    assert counted(world, delivery_values) == 1


def test_how_old_values_may_become_can_be_a_setting(
    new_world: NewWorld, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    code, _, err = command(world, "purge")
    assert code == 2
    assert "--older-than 90d, or set `values_days`" in err
    monkeypatch.setenv("RETENTION__VALUES_DAYS", "30")
    code, out, _ = command(world, "purge", "--format", "json")
    assert code == 0
    assert json.loads(out)["syncs"] == []
    assert command(world, "purge", "--older-than", "soon")[0] == 2


def test_erase_leaves_no_value_of_the_person_and_every_fact(
    new_world: NewWorld, command: Command
) -> None:
    world = new_world(crm=MemoryCrm(max_batch=50))
    world.desire("people", *(person(number) for number in range(200)))
    world.apply()
    changed = [person(number, name=f"canary-again-{number:05}") for number in range(200)]
    world.desire("people", *changed)
    world.apply()
    facts = queries.history(world.ledger, key="p7")
    assert len(facts) == 2

    code, out, err = command(world, "erase", "--key", "p7", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["syncs"] == [
        {
            "sync": "people",
            "key": "p7",
            "deliveries": 2,
            "known": True,
            "queued": False,
            "reviews": 0,
        }
    ]
    # of p7 alone: in the files of the ledger and its log there is nothing left
    assert on_disk(world, "canary-[a-z]+-00007") == set()
    assert len(on_disk(world, r"canary-again-\d{5}")) == 199
    assert queries.history(world.ledger, key="p7") == facts
    assert "the ledger holds no value of p7" in command(world, "erase", "--key", "p7")[1]

    sent = len(world.crm.writes)
    assert world.plan() == {}, "it was looked up in the CRM, which holds it so already"
    world.apply()
    assert sent == len(world.crm.writes)


def test_an_erased_person_is_neither_doubled_nor_cleared(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1, title="x"), person(2))
    world.apply()
    retention.erase(world.ledger, ["p1"])
    world.desire("people", person(1, name="renamed", mobile=None, title="y"), person(2))
    assert world.plan() == {("people", "p1"): ("update", ("name",))}
    world.apply()
    [p1] = [each for key, each in world.crm.held("people").items() if key == "p1"]
    assert p1["mobile"] == "canary-mobile-00001", "as if a person had typed it"
    assert p1["title"] == "x"
    assert len(world.crm.objects["people"]) == 2


def test_erase_forgets_what_waits_in_the_queue(new_world: NewWorld) -> None:
    def refuses(write: Write) -> str | None:
        return f"{write.fields['name']} is no name" if write.key == "p1" else None

    world = new_world(crm=MemoryCrm(refuses=refuses))
    world.desire("people", person(1), person(2))
    world.apply()
    [waiting] = queries.errors(world.ledger)
    [words] = queries.words_of(world.ledger, [waiting["delivery_id"]]).values()
    assert words == "canary-name-00001 is no name"
    [erased] = retention.erase(world.ledger, ["p1"])
    assert erased == retention.Erased("people", "p1", deliveries=1, known=False, queued=True)
    retention.wipe(world.ledger, rewrite=True)
    assert on_disk(world, "canary-[a-z]+-00001") == set()
    assert queries.errors(world.ledger) == []
    assert [row["outcome"] for row in queries.history(world.ledger, key="p1")] == ["rejected"]
    assert world.plan() == {
        ("people", "p1"): ("create", ("external_id", "name", "mobile", "amount"))
    }


@pytest.mark.parametrize("asked_for", ["p1", "p2", "p3"])
def test_erase_takes_the_keys_that_were_merged_along(
    new_world: NewWorld, command: Command, asked_for: str
) -> None:
    world = new_world(syncs=[MERGING])
    world.desire("people", *(person(number) for number in range(1, 5)))
    world.apply()
    world.merged = {"p1": "p2", "p2": "p3"}
    code, out, _ = command(world, "erase", "--key", asked_for, "--format", "json")
    assert code == 0
    assert json.loads(out)["keys"] == ["p1", "p2", "p3"]
    assert on_disk(world, r"canary-name-\d{5}") == {"canary-name-00004"}


def test_erase_waits_for_an_outcome_that_nobody_knows(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(faults=["after"]))
    world.desire("people", person(1))
    find = world.crm.find
    world.crm.count = lambda _name: 100  # type: ignore[method-assign]
    looks = iter([find])

    def down(*arguments: Any) -> Any:
        for look in looks:
            return look(*arguments)
        raise RetryableError("down")

    world.crm.find = down  # type: ignore[method-assign]  # once for the plan, then no more
    world.apply()
    assert world.ledger.unsettled("people")
    for preview in (True, False):
        with pytest.raises(UnsettledError, match="`reverse-etl apply people` finds out first"):
            retention.erase(world.ledger, ["p1"], preview=preview)
    assert retention.erase(world.ledger, ["p2"]) == [], "of another key everything is known"
    world.crm.find = find  # type: ignore[method-assign]
    world.apply()
    assert retention.erase(world.ledger, ["p1"])
    retention.wipe(world.ledger, rewrite=True)
    assert on_disk(world, "canary-[a-z]+-00001") == set()


def test_erase_waits_for_a_sync_that_is_applied(new_world: NewWorld) -> None:
    world = new_world(syncs=[make_sync("people"), make_sync("friends")])
    for sync in ("people", "friends"):
        world.desire(sync, person(1))
    world.apply()
    run = world.ledger.start_run(world.syncs[0], "apply")
    with pytest.raises(HeldByAnotherError, match=rf"by process {os.getpid()} .*let it finish"):
        retention.erase(world.ledger, ["p1"])
    assert counted(world, delivery_values) == 2
    assert [each.sync for each in retention.erase(world.ledger, ["p1"], "friends")] == ["friends"]
    world.ledger.finish_run(run, "done", {})
    assert [each.sync for each in retention.erase(world.ledger, ["p1"])] == ["people"]


def test_erase_doesnt_wait_for_a_process_that_has_died(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    start = (
        "import sys; sys.path.insert(0, 'tests/reverse_etl');"
        "from pathlib import Path; from worlds import *;"
        "Ledger(Path(sys.argv[1]), World()).start_run(make_sync(), 'apply')"
    )
    subprocess.run([sys.executable, "-c", start, str(world.ledger.path)], check=True)
    assert retention.erase(world.ledger, ["p1"])


def test_a_misspelt_sync_is_no_empty_one(new_world: NewWorld, command: Command) -> None:
    world = new_world()
    world.desire("people", person(1))
    world.apply()
    for words in (["purge", "--older-than", "1d"], ["erase", "--key", "p1"]):
        code, _, err = command(world, *words, "persons")
        assert code == 2
        assert "no sync persons was ever applied; there are: people" in err
    with pytest.raises(SyncConfigurationError):
        retention.erase(world.ledger, ["p1"], "persons")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 5), st.text("ab", min_size=1, max_size=2)),
        st.tuples(st.just("apply"), st.none(), st.none()),
        st.tuples(st.just("erase"), st.integers(0, 5), st.none()),
        st.tuples(st.just("purge"), st.sampled_from(["0h", "1d"]), st.none()),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_forgotten_when_the_crm_ends_up_as_the_model_says(
    new_world: NewWorld, steps: list[tuple[str, Any, Any]]
) -> None:
    world = new_world()
    names = dict.fromkeys(range(6), "first")
    world.desire("people", *(person(number, name=name) for number, name in names.items()))
    for what, which, value in steps:
        if what == "change":
            names[which] = value
            world.desire("people", *(person(number, name=name) for number, name in names.items()))
        elif what == "apply":
            world.apply()
        elif what == "erase":
            retention.erase(world.ledger, [f"p{which}"])
        else:
            age(world, 2)
            retention.purge(world.ledger, cutoff(world, which))
    [applied] = world.apply()
    assert applied.status == "done"
    held = {key: fields["name"] for key, fields in world.crm.held("people").items()}
    assert held == {f"p{number}": name for number, name in names.items()}
    assert len(world.crm.objects["people"]) == 6
    assert world.plan() == {}
