"""Each safety of the delivery, taken out, is missed by the simulation."""

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation, seeds_until_found


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.safety.replace(" ", "-"))
def test_the_simulation_misses(mutation: Mutation) -> None:
    seeds, found_by = seeds_until_found(mutation)
    assert seeds, f"nothing was found without this: {mutation.safety}"
    assert mutation.found_by & found_by
