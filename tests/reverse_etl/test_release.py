"""A gray release: a part of a plan goes out, and the rest stays planned."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import MemoryCrm, TestWorld, make_linked, make_sync, person

from reverse_etl.plan import Plan
from reverse_etl.plan.release import Release
from reverse_etl.syncs import Guard, Limit

PEOPLE = 40
Command = Callable[..., tuple[int, str, str]]
SMALL, LARGE = 12, 25
ON_THEIR_WAY = {
    SMALL: ["p11", "p20", "p34"],
    LARGE: ["p11", "p13", "p16", "p2", "p20", "p26", "p34", "p35"],
}
"""Of p1 to p40: a key is always in the same share, on any machine and with any version."""


@pytest.fixture
def world(new_world: Callable[..., TestWorld]) -> TestWorld:
    made = new_world(crm=MemoryCrm(max_batch=10))
    made.desire("people", *(person(number) for number in range(1, PEOPLE + 1)))
    return made


def held(world: TestWorld, sync: str = "people") -> list[str]:
    """The keys that the CRM holds."""
    return sorted(world.crm.held(sync))


def applied(world: TestWorld, command: Command, *words: str) -> Mapping[str, Any]:
    code, out, complaint = command(world, "apply", *words, "--format", "json")
    assert code == 0, complaint
    result: Mapping[str, Any] = json.loads(out)["syncs"][0]
    return result


def test_a_share_goes_out_and_the_rest_stays_planned(world: TestWorld, command: Command) -> None:
    for percent, keys in ON_THEIR_WAY.items():
        result = applied(world, command, "--percent", str(percent))
        assert held(world) == keys
        assert result["unreleased"] == PEOPLE - len(keys)
        assert {key for _, key in world.plan()} == {
            person(n)["person_id"] for n in range(1, 41)
        } - {*keys}
    applied(world, command)
    assert len(held(world)) == PEOPLE


def test_a_wider_share_brings_what_has_changed_in_the_narrower(
    world: TestWorld, command: Command
) -> None:
    applied(world, command, "--percent", str(SMALL))
    everybody = [person(number, name="new") for number in range(1, PEOPLE + 1)]
    world.desire("people", *everybody)
    applied(world, command, "--percent", str(LARGE))
    assert {
        key: record["name"] for key, record in world.crm.held("people").items()
    } == dict.fromkeys(ON_THEIR_WAY[LARGE], "new")


def test_an_update_outside_of_the_release_waits(world: TestWorld, command: Command) -> None:
    applied(world, command)
    world.desire("people", *(person(number, name="new") for number in range(1, PEOPLE + 1)))
    applied(world, command, "--percent", str(SMALL))
    names = {key: record["name"] for key, record in world.crm.held("people").items()}
    assert sorted(key for key, name in names.items() if name == "new") == ON_THEIR_WAY[SMALL]


def test_a_list_of_keys_goes_out(world: TestWorld, command: Command, tmp_path: Path) -> None:
    keys = tmp_path / "pilot.txt"
    keys.write_text("\ufeffp1\r\n\n  p2 \nnobody\n", encoding="utf-8")
    result = applied(world, command, "--keys", str(keys))
    assert (held(world), result["unreleased"]) == (["p1", "p2"], PEOPLE - 2)
    # each setting narrows what the others leave
    keys.write_text("p20\np1\n", encoding="utf-8")
    applied(world, command, "--keys", str(keys), "--percent", str(SMALL))
    assert held(world) == ["p1", "p2", "p20"]


@pytest.mark.parametrize("text", [b"", b" \n", b"\xff\xfe", None])
def test_a_list_without_a_key_sends_nothing(
    world: TestWorld, command: Command, tmp_path: Path, text: bytes | None
) -> None:
    keys = tmp_path / "pilot.txt"
    if text is not None:
        keys.write_bytes(text)
    code, _, complaint = command(world, "apply", "--keys", str(keys))
    assert (code, str(keys) in complaint, held(world)) == (2, True, [])


def test_no_share_sends_nothing(world: TestWorld, command: Command) -> None:
    assert applied(world, command, "--percent", "0")["unreleased"] == PEOPLE
    assert held(world) == []


def test_a_limit_says_what_it_leaves(world: TestWorld, command: Command) -> None:
    assert applied(world, command, "--limit", "3")["unreleased"] == PEOPLE - 3
    assert (
        applied(world, command, "--percent", str(LARGE), "--limit", "2")["unreleased"]
        == PEOPLE - 3 - 2
    )


def test_a_guard_looks_at_the_whole_plan(
    new_world: Callable[..., TestWorld], command: Command
) -> None:
    guarded = make_sync(guard=Guard(creates=Limit(0, 10)))
    world = new_world(syncs=[guarded])
    world.desire("people", *(person(number) for number in range(1, PEOPLE + 1)))
    code, _, _ = command(world, "apply", "--percent", str(SMALL))
    assert (code, held(world)) == (4, [])


def test_a_plan_shows_the_release_and_what_stays(
    world: TestWorld, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "pilot.plan"
    code, out, _ = command(world, "plan", "--percent", str(SMALL), "--full", "--format", "json")
    [data] = json.loads(out)["syncs"]
    assert (code, data["operations"], data["unreleased"]) == (
        0,
        {"create": PEOPLE},
        PEOPLE - len(ON_THEIR_WAY[SMALL]),
    )
    assert sorted(change["key"] for change in data["changes"]) == ON_THEIR_WAY[SMALL]
    _, out, _ = command(world, "plan", "--percent", str(SMALL), "--out", str(file))
    assert f"{PEOPLE - len(ON_THEIR_WAY[SMALL])} records stay planned" in out
    applied(world, command, "--plan", str(file))
    assert held(world) == ON_THEIR_WAY[SMALL]


def test_a_saved_plan_goes_out_in_steps(world: TestWorld, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "whole.plan"
    command(world, "plan", "--out", str(file))
    for percent, keys in ON_THEIR_WAY.items():
        applied(world, command, "--plan", str(file), "--percent", str(percent))
        assert held(world) == keys
    applied(world, command, "--plan", str(file))
    assert len(held(world)) == PEOPLE


def test_a_link_to_what_is_not_released_follows_later(
    new_world: Callable[..., TestWorld], command: Command, tmp_path: Path
) -> None:
    world = new_world(syncs=make_linked())
    world.desire("companies", {"company_id": "c1", "name": "Acme"})
    world.desire("people", {"person_id": "p1", "company_id": "c1"})
    keys = tmp_path / "pilot.txt"
    keys.write_text("p1\n", encoding="utf-8")
    command(world, "apply", "--keys", str(keys))
    assert (held(world, "companies"), held(world)) == ([], ["p1"])
    assert not world.crm.held("people")["p1"].get("company")
    assert command(world, "apply")[0] == 0
    assert world.crm.held("people")["p1"]["company"]
    assert world.plan() == {}


@given(st.lists(st.text(min_size=1), unique=True, max_size=20), st.floats(0, 100))
@settings(max_examples=20)  # each asks DuckDB several times
def test_a_larger_share_has_all_of_a_smaller(keys: list[str], percent: float) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table changes (sync varchar, key varchar, operation varchar, winner varchar)"
        )
        connection.execute("insert into changes select 'people', unnest(?), 'create', null", [keys])
        shares = []
        for each in (100, percent, percent / 2, 0):
            Release(each).restrict(Plan(connection), make_sync())
            rows = connection.execute("select key from changes").fetchall()
            shares.append({key for (key,) in rows})
            connection.execute("delete from changes")
            connection.execute(
                "insert into changes select 'people', unnest(?), 'create', null", [keys]
            )
    assert shares[0] == set(keys)
    assert shares[0] >= shares[1] >= shares[2] >= shares[3]
    assert shares[3] == set()
