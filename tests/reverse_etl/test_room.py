"""A plan takes little memory, and more where a statement can't do with it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from worlds import TestWorld, make_sync

from reverse_etl.plan import difference, room
from reverse_etl.syncs import Column

LARGER_THAN_GIVEN = """
    create or replace table large as
    select len(list(i)) as length from range(6000000) as numbers (i)
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        room.limit(connection, tmp_path)
        yield connection


def given(connection: duckdb.DuckDBPyConnection) -> str:
    [(limit,)] = connection.execute("select current_setting('memory_limit')").fetchall()
    return str(limit)


def test_a_statement_that_needs_more_memory_gets_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    before = given(connection)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(LARGER_THAN_GIVEN)
    room.execute(connection, LARGER_THAN_GIVEN)
    [(length,)] = connection.execute("select length from large").fetchall()
    assert (length, given(connection)) == (6_000_000, before)


def test_what_is_planned_in_parts_is_the_whole_in_the_order_of_the_keys(
    new_world: Callable[..., TestWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "AT_ONCE", 2)
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar", ""),
    )
    world = new_world(syncs=[make_sync(columns=columns)])
    world.desire("people", *({"person_id": f"p{n}", "name": "a"} for n in (4, 1, 3)))
    world.apply()
    wanted = [{"person_id": f"p{n}", "name": "b" if n < 5 else "a"} for n in (9, 4, 7, 1, 8, 3)]
    world.desire("people", *wanted)
    planned = [(operation, key) for (_, key), (operation, _) in world.plan().items()]
    assert planned == [
        *(("create", key) for key in ("p7", "p8", "p9")),
        *(("update", key) for key in ("p1", "p3", "p4")),
    ]


def test_nothing_is_left_of_what_a_plan_put_on_disk(new_world: Callable[..., TestWorld]) -> None:
    world = new_world()
    world.desire("people", {"person_id": "p1", "name": "a"})
    with world.engine.planned(world.syncs):
        [scratch] = world.ledger.path.parent.glob(".plan-*")
        assert scratch.stat().st_mode & 0o077 == 0
    assert not scratch.exists()


def test_what_a_killed_plan_left_goes_with_the_next_and_what_is_in_use_stays(
    tmp_path: Path,
) -> None:
    killed = "import os; os.kill(os.getpid(), 9)"
    program = (
        "from pathlib import Path; from reverse_etl.plan import room\n"
        f"with room.scratch(Path({str(tmp_path)!r})) as folder:\n"
        f"    (folder / 'values').write_text('x'); {killed}"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False)
    [left] = tmp_path.iterdir()
    assert (ended.returncode, (left / "values").exists()) == (-9, True)
    with room.scratch(tmp_path) as used:
        assert list(tmp_path.iterdir()) == [used]
        with room.scratch(tmp_path) as other:
            assert set(tmp_path.iterdir()) == {used, other}
    assert list(tmp_path.iterdir()) == []
