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
    "intermediate.int_ids_registered": "* exclude (first_assigned_at, last_assigned_at)",
    "marts.bridge_given_ids": "*",
    "marts.bridge_household_relations": "*",
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
        history.go_on({**world.people(), **world.companies()})
        land(world, history)
        different = build_both(world)
        assert not different, f"history {seed}, build {number}"
        partial += world.is_partial()
    return partial


def build_both(world: World) -> Sequence[str]:
    """Build anew, forget that, and build on what is kept; the tables in which the two differ."""
    with world.as_it_was():
        world.build(*SETTINGS, "--full-refresh")
        whole = _results(world)
    world.build(*SETTINGS)
    found = _results(world)
    return [table for table in RESULTS if found[table] != whole[table]]


def land(world: World, history: History) -> None:
    """Land the records and decisions as they stand, and no others."""
    given = {
        "canonical.records": history.rows(),
        "decisions.match_decisions": list(history.decisions.values()),
        "selfbuilt.contacts": history.crm.versions("contacts"),
        "selfbuilt.companies": history.crm.versions("companies"),
        "ledger.records": history.crm.states(),
    }
    for table, rows in given.items():
        world.sql(f"delete from raw_{table}")
        world.land(table, *rows)


def _results(world: World) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    return {
        table: world.sql(f"select {columns} from {table} order by all")
        for table, columns in RESULTS.items()
    }
