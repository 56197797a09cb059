"""What the tests of the demo share."""

import pytest

from demo import erp
from demo.population import Population, make_population
from demo.testing import AS_OF, demo_company, own_demo_company

__all__ = ["books", "demo_company", "own_demo_company", "population"]


@pytest.fixture(scope="session")
def population() -> Population:
    """Enough people for every oddity to occur."""
    return make_population(size=1000, seed=3, as_of=AS_OF)


@pytest.fixture(scope="session")
def books(population: Population) -> erp.Erp:
    return erp.make_erp(population)
