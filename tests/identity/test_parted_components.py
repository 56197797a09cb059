"""A component that contradicts itself is parted at its weakest links, and nowhere else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = """
name: tongke
version: "1.0"
profile: parts
macro-paths: ["{macros}/tables", "{macros}/parted_components"]
flags: {{send_anonymous_usage_stats: false}}
"""
PROFILE = """
parts:
  target: here
  outputs: {here: {type: duckdb, path: parts.duckdb, threads: 1}}
"""
MODEL = """
{{ config(materialized='parted_components') }}
select node_id, other_node_id, strength, claim from main.given
"""

Parts = Callable[[str], set[frozenset[str]]]


@pytest.fixture(scope="module")
def parts(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The parts that rows of (node_id, other_node_id, strength, claim) end up in."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(
        PROJECT.format(macros=root / "macros"), encoding="utf-8"
    )
    (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    (folder / "models" / "parts.sql").write_text(MODEL, encoding="utf-8")

    def build(given: str) -> set[frozenset[str]]:
        with duckdb.connect("parts.duckdb") as connection:
            connection.execute(
                "create or replace table given (node_id varchar, other_node_id varchar, "
                "strength decimal(9, 3), claim varchar)"
            )
            connection.execute(f"insert into given {given}")
        result = dbtRunner().invoke(["run", "--quiet"])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        assert result.success, result.exception
        with duckdb.connect("parts.duckdb") as connection:
            found = connection.execute(
                "select list(node_id) from parts group by component_id"
            ).fetchall()
            left = connection.execute(
                "select count(*) from duckdb_tables() where table_name like 'parts__%'"
            ).fetchall()
        assert left == [(0,)]
        return {frozenset(nodes) for (nodes,) in found}

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield build


def together(*parts: str) -> set[frozenset[str]]:
    """Parts of nodes of one letter each."""
    return {frozenset(part) for part in parts}


def test_a_veto_cuts_the_weakest_link_of_the_chain_between_the_two(parts: Parts) -> None:
    chain = "('a', 'b', 9, null), ('b', 'c', 2, null), ('c', 'd', 8, null)"

    assert parts(f"values {chain}, ('a', 'd', null, null)") == together("ab", "cd")


def test_without_a_veto_nothing_is_cut(parts: Parts) -> None:
    assert parts("values ('a', 'b', 1, null), ('b', 'c', 1, null)") == together("abc")


def test_a_component_holds_one_claim(parts: Parts) -> None:
    links = "('a', 'b', 5, null), ('b', 'c', 4, null), ('c', 'd', 6, null)"
    claims = "('a', null, null, 'x'), ('d', null, null, 'y')"

    assert parts(f"values {links}, {claims}") == together("ab", "cd")


def test_all_of_a_star_join_its_middle_but_those_who_contradict(parts: Parts) -> None:
    star = ", ".join(f"('m', '{leaf}', 5, null)" for leaf in "abcdefgh")

    assert parts(f"values {star}, ('c', 'h', null, null)") == together("mabcdefg", "h")


def test_a_veto_between_two_who_are_linked_wins(parts: Parts) -> None:
    assert parts("values ('a', 'b', 1000, null), ('b', 'a', null, null)") == together("a", "b")


def test_two_hundred_claims_on_one_hub_stay_two_hundred(parts: Parts) -> None:
    rows = (
        "select 'hub', 'n' || i, 1, null from range(200) as r (i) "
        "union all select 'n' || i, null, null, 'claim ' || i from range(200) as r (i)"
    )

    assert sorted(len(part) for part in parts(rows)) == [1] * 199 + [2]


def test_a_ring_of_equal_links_is_one(parts: Parts) -> None:
    ring = "select 'n' || i, 'n' || (i + 1) % 9, 3, null from range(9) as r (i)"

    assert [len(part) for part in parts(ring)] == [9]
