"""How rare a name is, is counted once: what comes later changes nobody's evidence."""

from pathlib import Path

import pytest

from identity import counts
from identity.errors import IdentityError
from tests.identity.conftest import World, contact


def probability(world: World) -> object:
    [(found,)] = world.sql(
        "select probability from intermediate.int_pairs_judged "
        "where record_key = 'erp:contact:1' and other_record_key = 'erp:contact:2'"
    )
    return found


def test_namesakes_who_come_later_change_no_weight_until_people_have_them_counted(
    world: World, tmp_path: Path
) -> None:
    world.land(
        "erp.contacts",
        contact(1, "周远", mobile="13911118888"),
        contact(2, "周远", email="zhouyuan@example.com"),
    )
    world.build()
    before = probability(world)
    namesakes = [contact(number, "周远", mobile=f"139222{number:05d}") for number in range(3, 30)]
    world.land("erp.contacts", *namesakes)
    world.build("--full-refresh")
    assert probability(world) == before

    assert counts.forget(world.warehouse) > 0
    world.build()
    assert probability(world) != before

    with pytest.raises(IdentityError, match="there is no warehouse"):
        counts.forget(tmp_path / "none.duckdb")
