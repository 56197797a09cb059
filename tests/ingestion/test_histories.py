"""Any history of an ERP: after each run, raw knows what the ERP holds, and nothing twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingestion.systems import ERP_SCHEMA, ERP_SETTINGS, Erp, Project

LAG = 5

CHANGES = st.tuples(
    st.integers(1, 4),  # which order
    st.integers(0, 2),  # its amount
    st.integers(0, LAG),  # by how much its commit is late
    st.booleans(),  # soft-deleted
)
HISTORIES = st.lists(
    st.lists(st.tuples(st.integers(0, 2), CHANGES), max_size=5), min_size=2, max_size=4
)


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=HISTORIES)
def test_the_newest_version_in_raw_is_the_erps_after_each_run(
    project: Project, tmp_path_factory: pytest.TempPathFactory, history: list[list[object]]
) -> None:
    world = Project(tmp_path_factory.mktemp("history"))
    erp = _erp(world, project)
    clock = 100
    seen: set[tuple[object, ...]] = set()
    for changes in history:
        for ticks, (order_id, amount, late, deleted) in changes:  # type: ignore[misc, attr-defined]  # Hypothesis has no types for it
            clock += ticks
            erp.put_order(order_id, amount, _moment(clock - late), deleted=deleted)
        world.run("erp")
        with closing(sqlite3.connect(erp.path)) as connection:
            there = connection.execute(
                "select order_id, total_amount, updated_at, is_deleted from orders"
            ).fetchall()
        seen.update(there)

        landed = world.query(
            "select order_id, total_amount::double, strftime(updated_at, '%Y-%m-%d %H:%M:%S'), "
            "is_deleted::int from raw_erp.orders "
            "qualify row_number() over (partition by order_id order by _dlt_load_id desc) = 1"
        )
        assert set(landed) == set(there)
        # a version that came back after another is there again, nothing else is
        assert world.count("raw_erp.orders") >= len(seen)
        assert (
            world.query("select _dlt_id from raw_erp.orders group by all having count(*) > 1") == []
        )
        before = world.count("raw_erp.orders")
        world.run("erp")
        assert world.count("raw_erp.orders") == before


def _moment(second: int) -> str:
    return f"2026-01-01 00:{second // 60:02d}:{second % 60:02d}"


def _erp(world: Project, project: Project) -> Erp:
    """A new ERP in a new world; dlt looks for settings where the fixture told it to."""
    erp = Erp(Path(world.folder) / "erp.sqlite")
    with closing(sqlite3.connect(erp.path)) as connection:
        connection.executescript(ERP_SCHEMA.format(integer="integer", timestamp="datetime"))
    project.configure(
        {"sources": {"erp": {**ERP_SETTINGS["sources"]["erp"], "lag": LAG + 2}}},
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    return erp
