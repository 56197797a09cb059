"""The scores are what one gets by looking at every pair of records."""

from itertools import combinations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.identity.scores import score, score_each

Labels = list[tuple[int, int]]
labels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)
"""A cluster and an entity for each record."""


def scored(found: Labels) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table labelled (record_key integer, cluster_id varchar, entity varchar)"
    )
    connection.executemany(
        "insert into labelled values (?, ?, ?)",
        [(number, cluster, entity) for number, (cluster, entity) in enumerate(found)],
    )
    return connection


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


@given(labels)
def test_pairwise_scores_are_those_of_every_pair(found: Labels) -> None:
    pairs = list(combinations(found, 2))
    right = sum(one == other for one, other in pairs)
    put = sum(one[0] == other[0] for one, other in pairs)
    true = sum(one[1] == other[1] for one, other in pairs)

    pairwise = score(scored(found), "labelled").pairwise

    assert pairwise.precision == pytest.approx(share(right, put))
    assert pairwise.recall == pytest.approx(share(right, true))


@given(labels)
def test_b_cubed_scores_are_the_mean_over_the_records(found: Labels) -> None:
    precise = recalled = 0.0
    for cluster, entity in found:
        both = found.count((cluster, entity))
        precise += both / sum(each[0] == cluster for each in found)
        recalled += both / sum(each[1] == entity for each in found)

    b_cubed = score(scored(found), "labelled").b_cubed

    assert b_cubed.precision == pytest.approx(precise / len(found))
    assert b_cubed.recall == pytest.approx(recalled / len(found))


@given(labels)
def test_the_truth_itself_is_perfect(found: Labels) -> None:
    scores = score(scored([(entity, entity) for _, entity in found]), "labelled")

    assert (scores.pairwise.f1, scores.b_cubed.f1) == (1.0, 1.0)
    assert scores.records == len(found)
    assert scores.clusters == scores.entities


def test_a_hub_of_millions_of_pairs_is_counted_by_its_size() -> None:
    connection = duckdb.connect()
    connection.execute(
        "create table labelled as select range as record_key, 'hub' as cluster_id, "
        "range // 2 as entity from range(100_000)"
    )

    pairwise = score(connection, "labelled").pairwise

    assert pairwise.recall == 1.0
    assert pairwise.precision == pytest.approx(50_000 / (100_000 * 99_999 / 2))


def test_each_entity_type_that_there_is_has_scores_of_its_own() -> None:
    connection = scored([(1, 1), (1, 1), (2, 2), (2, 3)])
    connection.execute("alter table labelled add column entity_type varchar")
    connection.execute(
        "update labelled set entity_type = "
        "case when cluster_id = '1' then 'person' else 'organisation' end"
    )

    scores = score_each(connection, "labelled")

    assert {name: each.records for name, each in scores.items()} == {
        "all": 4,
        "person": 2,
        "organisation": 2,
    }
    assert scores["person"].pairwise.precision == 1.0
    assert scores["organisation"].pairwise.precision == 0.0
