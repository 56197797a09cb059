"""Build a history twice at each step, on what is kept and anew, and compare."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.identity.changes import History
from tests.identity.conftest import World

SETTINGS = ("--vars", "{identity_hub_cap: 3, identity_block_cap: 5, identity_review_share: 0.2}")
"""Caps so low that they are crossed often, both ways."""

RESULTS = {
    "marts.bridge_person_records": "*",
    "marts.bridge_company_records": "*",
    "marts.dim_people": "*",
    "marts.fct_match_reviews": "*",
    "marts.fct_record_links": "*",
    # when it happened is the time of the build
    "intermediate.int_ids_redirected": "* exclude redirected_at",
    # what `identity explain`, `thresholds` and `train` read
    "intermediate.int_pairs_judged": "*",
    "intermediate.int_person_pairs_compared": "*",
    "intermediate.int_company_pairs_compared": "*",
    "intermediate.int_person_profiles_pooled": "*",
    "intermediate.int_company_profiles_pooled": "*",
    "intermediate.int_person_records_profiled": "*",
    "intermediate.int_company_records_profiled": "*",
    "intermediate.int_records_clustered": "*",
    "intermediate.int_records_claimed": "*",
    "intermediate.int_values_ranked": "*",
}


def go_through(world: World, seed: int, builds: int) -> int:
    """Go through a history; how many of its builds after the first were partial."""
    history = History(seed)
    land(world, history)
    world.build(*SETTINGS)
    partial = 0
    for number in range(1, builds + 1):
        history.go_on()
        land(world, history)
        with world.as_it_was():
            world.build(*SETTINGS, "--full-refresh")
            whole = _results(world)
        world.build(*SETTINGS)
        partial += world.is_partial()
        found = _results(world)
        different = [table for table in RESULTS if found[table] != whole[table]]
        assert not different, f"history {seed}, build {number}"
    return partial


def land(world: World, history: History) -> None:
    """Land the records and decisions as they stand, and no others."""
    world.sql("delete from raw_canonical.records")
    world.sql("delete from raw_decisions.match_decisions")
    world.land("canonical.records", *history.rows())
    world.land("decisions.match_decisions", *history.decisions.values())


def _results(world: World) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    return {
        table: world.sql(f"select {columns} from {table} order by all")
        for table, columns in RESULTS.items()
    }
