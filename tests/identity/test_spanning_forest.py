"""Of all links the fewest and strongest are left that connect what all of them connect."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = """
name: tongke
version: "1.0"
profile: forest
macro-paths: ["{macros}/tables", "{macros}/spanning_forest", "{macros}/connected_components"]
flags: {{send_anonymous_usage_stats: false}}
"""
PROFILE = """
forest:
  target: here
  outputs: {here: {type: duckdb, path: forest.duckdb, threads: 1}}
"""
MODEL = """
{{ config(materialized='spanning_forest') }}
select node_id, other_node_id, strength from main.given
"""

Link = tuple[str, str, int]
Forest = Callable[[str], Sequence[tuple[str, str]]]


@pytest.fixture(scope="module")
def forest(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forest]:
    """The links that are left of those that a statement selects."""
    folder = tmp_path_factory.mktemp("forest")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(
        PROJECT.format(macros=root / "macros"), encoding="utf-8"
    )
    (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    (folder / "models" / "forest.sql").write_text(MODEL, encoding="utf-8")

    def build(given: str) -> Sequence[tuple[str, str]]:
        with duckdb.connect("forest.duckdb") as connection:
            connection.execute(
                "create or replace table given "
                "(node_id varchar, other_node_id varchar, strength decimal(9, 3))"
            )
            connection.execute(f"insert into given {given}")
        result = dbtRunner().invoke(["run", "--quiet"])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        assert result.success, result.exception
        with duckdb.connect("forest.duckdb") as connection:
            found = connection.execute(
                "select node_id, other_node_id from forest order by all"
            ).fetchall()
            left = connection.execute(
                "select count(*) from duckdb_tables() where table_name like 'forest__%'"
            ).fetchall()
        assert left == [(0,)]
        return [(node, other) for node, other in found]

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield build


def strongest(links: Sequence[Link]) -> list[tuple[str, str]]:
    """The same by Kruskal: the strongest first, each that joins two trees."""
    trees = {node: node for link in links for node in link[:2]}

    def root_of(node: str) -> str:
        while trees[node] != node:
            node = trees[node]
        return node

    kept = []
    for node, other, _ in sorted(links, key=lambda link: (-link[2], link[0], link[1])):
        if root_of(node) != root_of(other):
            trees[root_of(node)] = root_of(other)
            kept.append((node, other))
    return sorted(kept)


@pytest.mark.parametrize("seed", range(3))
def test_the_strongest_links_are_left_whatever_the_shape(forest: Forest, seed: int) -> None:
    chance = random.Random(seed)
    nodes = [f"n{number:03d}" for number in range(120)]
    pairs = {tuple(sorted(chance.sample(nodes, 2))) for _ in range(40 + 60 * seed)}
    links = [(one, other, chance.randint(1, 5)) for one, other in sorted(pairs)]
    values = ", ".join(str(link) for link in links)

    assert forest(f"values {values}") == strongest(links)


def test_no_links_leave_none(forest: Forest) -> None:
    assert forest("select 'a', 'b', 1 where false") == []


def test_a_long_chain_whose_links_grow_ever_stronger_is_left_as_it_is(forest: Forest) -> None:
    chain = "select format('n{:05d}', i), format('n{:05d}', i + 1), i from range(20000) as t(i)"

    assert len(forest(chain)) == 20000


def test_a_hub_keeps_one_link_to_each(forest: Forest) -> None:
    spokes = (
        "select 'hub', format('n{:05d}', i), 2 from range(50000) as t(i) union all "
        "select format('n{:05d}', i), format('n{:05d}', i + 1), 1 from range(49999) as t(i)"
    )

    assert {node for node, _ in forest(spokes)} == {"hub"}
