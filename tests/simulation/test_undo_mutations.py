"""The safeties of undo, each taken out: worlds in which a run is undone must notice."""

import pytest

from reverse_etl.delivery import settling
from reverse_etl.undo import reversal
from tests.simulation.mutations import Mutation, Patch, seeds_until_found
from tests.simulation.undoing import AGAIN, EVERY, PEOPLES, RESTORES

MOST_UNDOS = 40


def _peoples_values_overwritten(patch: Patch) -> None:
    anything = "create or replace macro is_as_left(theirs, sent, observed) as true;"
    patch.setattr(reversal, "TABLES", reversal.TABLES + anything)


def _touched_records_removed(patch: Patch) -> None:
    original = reversal._kept_records
    patch.setattr(reversal, "_kept_records", lambda *sides: f"{original(*sides)} limit 0")


def _undone_is_wanted_again(patch: Patch) -> None:
    patch.setitem(settling.REMOVED, "withdraw", "deleted")


MUTATIONS = (
    Mutation(
        "what a person changed since stays", _peoples_values_overwritten, frozenset({PEOPLES})
    ),
    # what others are linked to goes too, and the CRM takes it out of their links
    Mutation(
        "what people have touched isn't removed",
        _touched_records_removed,
        frozenset({PEOPLES, RESTORES}),
    ),
    Mutation("what was undone isn't wanted again", _undone_is_wanted_again, frozenset({AGAIN})),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.safety)
def test_a_safety_of_undo_that_is_taken_out_is_noticed(mutation: Mutation) -> None:
    seeds = range(EVERY, EVERY * (MOST_UNDOS + 1), EVERY)
    count, found_by = seeds_until_found(mutation, seeds)
    assert count, f"{MOST_UNDOS} undos, and nothing was noticed"
    assert found_by & mutation.found_by
