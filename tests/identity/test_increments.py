"""A build that recomputes only what changes reach gives what a build of everything gives."""

from typing import Any

import pytest

from identity import counts
from identity.errors import IdentityError
from tests.identity.changes import History
from tests.identity.conftest import Row, World
from tests.identity.increments import SETTINGS, build_both, go_through, land
from warehouse import functions

BUILDS = 3


def test_partial_builds_give_what_full_ones_give(world: World) -> None:
    """A few builds of one history; `python -m tests.identity` goes through many."""
    assert go_through(world, seed=1, builds=BUILDS) == BUILDS


def test_an_id_goes_back_to_the_record_that_it_was_minted_from(world: World) -> None:
    one, other = (
        {
            "source_system": "list",
            "source_record_id": record_id,
            "entity_type": "person",
            "full_name": "欧阳清漪",
            "phone": "13911110001",
        }
        for record_id in "12"
    )
    world.land("canonical.records", one, other)
    world.build(*SETTINGS)
    [minted] = set(world.people().values())

    world.sql("delete from raw_canonical.records where source_record_id = '1'")
    world.build(*SETTINGS)
    assert world.people() == {"list:2": minted}

    world.land("canonical.records", {**one, "full_name": "王伟", "phone": "13911110002"})
    assert not build_both(world)
    assert world.is_partial()
    people = world.people()
    assert people["list:1"] == minted != people["list:2"]


def how_counted(world: World) -> list[list[tuple[Any, ...]]]:
    """What is counted of people once, and kept by every build."""
    tables = (
        "int_person_values_counted",
        "int_person_birth_dates_counted",
        "int_person_households_counted",
        "int_person_changes_counted",
    )
    return [world.sql(f"from intermediate.{table} order by all") for table in tables]


def test_another_setting_and_a_recount_lead_to_a_full_build(world: World) -> None:
    with pytest.raises(IdentityError, match="dbt build"):
        counts.forget()
    land(world, History(7))
    world.build()
    counted = how_counted(world)
    history = History(8)
    land(world, history)
    world.build()
    assert world.is_partial()
    assert how_counted(world) == counted

    world.build("--vars", "identity_hub_cap: 2")
    assert not world.is_partial()
    assert how_counted(world) == counted

    assert counts.forget() > 0
    assert not any(how_counted(world))
    world.build("--vars", "identity_hub_cap: 2")
    assert not world.is_partial()
    recounted = how_counted(world)
    assert recounted[0] != counted[0]
    assert all(recounted)


def test_other_code_of_a_registered_function_leads_to_a_full_build(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {
        "source_system": "list",
        "source_record_id": "1",
        "entity_type": "person",
        "full_name": "王伟",
    }
    world.land("canonical.records", record)
    world.build(*SETTINGS)
    world.build(*SETTINGS)
    assert world.is_partial()

    monkeypatch.setattr(functions, "functions_digest", lambda: "of other code")
    world.build(*SETTINGS)
    assert not world.is_partial()


def test_when_the_people_are_more_than_twice_those_counted_a_recount_is_due(world: World) -> None:
    few = ("--vars", "identity_least_population: 5")
    world.land("canonical.records", *people("first", 6))
    world.build(*few)
    world.land("canonical.records", *people("then", 6))
    world.build(*few)
    assert not world.is_recount_due(*few), "twice as many"

    world.land("canonical.records", *people("at last", 1))
    world.build(*few)
    assert world.is_recount_due(*few)
    assert not world.is_recount_due(), "so few are a sample, whose counts hardly matter"


def people(name: str, number: int) -> list[Row]:
    """So many strangers."""
    return [
        {
            "source_system": name,
            "source_record_id": f"{each}",
            "entity_type": "person",
            "full_name": f"{name} {chr(ord('a') + each)}",
        }
        for each in range(number)
    ]
