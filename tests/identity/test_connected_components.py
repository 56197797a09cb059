"""Connected components are right whatever the shape: chains, hubs, rings, nothing at all."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = """
name: tongke
version: "1.0"
profile: components
macro-paths: ["{macros}/tables", "{macros}/connected_components"]
flags: {{send_anonymous_usage_stats: false}}
"""
PROFILE = """
components:
  target: here
  outputs: {here: {type: duckdb, path: components.duckdb, threads: 1}}
"""
MODEL = """
{{ config(materialized='connected_components', contract={'enforced': true}) }}
select node_id, link_id from main.edges
"""
CONTRACT = """
models:
  - name: components
    columns: [{name: node_id, data_type: varchar}, {name: component_id, data_type: varchar}]
"""

Components = Callable[[str], dict[int, int]]


@pytest.fixture(scope="module")
def components(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Components]:
    """The number of components of each size, of the edges that a query makes."""
    folder = tmp_path_factory.mktemp("components")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(
        PROJECT.format(macros=root / "macros"), encoding="utf-8"
    )
    (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    (folder / "models" / "components.sql").write_text(MODEL, encoding="utf-8")
    (folder / "models" / "components.yml").write_text(CONTRACT, encoding="utf-8")

    def build(edges: str) -> dict[int, int]:
        with duckdb.connect("components.duckdb") as connection:
            connection.execute(f"create or replace table edges as {edges}")
        result = dbtRunner().invoke(["run", "--quiet"])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        assert result.success, result.exception
        with duckdb.connect("components.duckdb") as connection:
            counted = connection.execute(
                "select size, count(*) from (select count(*) as size from components "
                "group by component_id) group by size"
            ).fetchall()
            left = connection.execute(
                "select count(*) from duckdb_tables() where table_name like 'components__%'"
            ).fetchall()
        assert left == [(0,)]
        return dict(counted)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield build


def pairs(query: str) -> str:
    """Make SQL of edges between two nodes out of SQL of (a, b)."""
    return (
        f"with pairs as ({query}) select a::varchar as node_id, b::varchar as link_id from pairs "
        "union all select b::varchar, b::varchar from pairs"
    )


def test_twenty_chains_of_ten_thousand(components: Components) -> None:
    started = time.monotonic()
    chains = "select i as a, i + 1 as b from range(200000) as r (i) where i % 10000 <> 9999"

    assert components(pairs(chains)) == {10_000: 20}
    assert time.monotonic() - started < 60


def test_a_hub_of_fifty_thousand(components: Components) -> None:
    assert components(pairs("select 0 as a, i as b from range(1, 50001) as r (i)")) == {50_001: 1}


def test_a_ring_and_a_pair(components: Components) -> None:
    ring = "select i as a, (i + 1) % 7 as b from range(7) as r (i) union all select 100, 101"

    assert components(pairs(ring)) == {7: 1, 2: 1}


def test_a_link_of_many_nodes_and_doubled_edges(components: Components) -> None:
    edges = "select n::varchar as node_id, 'x' as link_id from (values (1), (2), (3), (2)) as r (n)"

    assert components(edges) == {3: 1}


def test_no_edges_at_all(components: Components) -> None:
    nothing = "select 'a' as node_id, 'b' as link_id where false"

    assert components(nothing) == {}


def test_nodes_that_share_nothing(components: Components) -> None:
    alone = "select i::varchar as node_id, i::varchar as link_id from range(5) as r (i)"

    assert components(alone) == {}
