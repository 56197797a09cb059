"""Who exists: the same people for the same seed, with all the oddities that make matching hard."""

from collections import defaultdict

import phonenumbers
import pytest

from demo.people import FEATURED, Person
from demo.population import Population, make_population
from demo.testing import AS_OF
from demo.truth import Truth


def test_the_same_seed_makes_the_same_people(population: Population) -> None:
    again = make_population(population.size, population.seed, population.as_of)
    assert again == population


def test_another_seed_makes_other_people(population: Population) -> None:
    other = make_population(population.size, population.seed + 1, population.as_of)
    assert [person.name for person in other.people] != [person.name for person in population.people]


@pytest.mark.parametrize("size", [20, 61, 1000])
def test_there_are_as_many_people_and_companies_as_asked_for(size: int) -> None:
    made = make_population(size, seed=1, as_of=AS_OF)
    assert len(made.people) == size
    assert len(made.companies) == round(size * 0.15)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        make_population(5, seed=1, as_of=AS_OF)


def test_every_person_is_known_to_some_system(population: Population) -> None:
    assert all(person.known_to for person in population.people)


def test_entities_are_unique(population: Population) -> None:
    entities = [holder.entity for holder in (*population.people, *population.companies)]
    assert len(set(entities)) == len(entities)


def test_names_of_companies_and_tax_ids_are_unique(population: Population) -> None:
    for attribute in ("name", "tax_id"):
        values = [getattr(company, attribute) for company in population.companies]
        assert len(set(values)) == len(values)


def test_some_companies_have_a_sister_of_nearly_the_same_name(population: Population) -> None:
    branches = [company for company in population.companies if company.is_branch]
    brands = {company.brand for company in population.companies if not company.is_branch}
    assert branches
    assert all(branch.brand in brands for branch in branches)


def test_families_share_a_phone_and_an_address_under_different_names(
    population: Population,
) -> None:
    families = [people for people in _by_mobile(population).values() if len(people) > 1]
    assert families
    for family in families:
        assert len({person.address for person in family}) == 1
        assert len({person.name for person in family}) == len(family)


def test_some_numbers_changed_and_some_of_those_have_a_new_owner(population: Population) -> None:
    former = {person.former_mobile: person for person in population.people if person.former_mobile}
    heirs = [person for person in population.people if person.mobile in former]
    assert len(former) > population.size * 0.04
    assert heirs
    for heir in heirs:
        gave_up_on = former[heir.mobile].mobile_since
        assert heir.mobile_since is not None
        assert gave_up_on is not None
        assert heir.mobile_since > gave_up_on


def test_every_number_and_switchboard_is_a_valid_one(population: Population) -> None:
    numbers = {person.mobile for person in population.people}
    numbers |= {company.switchboard for company in population.companies}
    invalid = {
        number
        for number in numbers
        if not phonenumbers.is_valid_number(phonenumbers.parse(number, "CN"))
    }
    assert invalid == set()


def test_the_featured_people_have_plain_circumstances(population: Population) -> None:
    featured = population.people[:3]
    assert {person.entity for person in featured} == FEATURED
    assert [person.name for person in featured] == ["林晓岚", "顾文静", "陶海燕"]
    assert not any(person.former_mobile for person in featured)


def test_streams_of_chance_are_independent(population: Population) -> None:
    assert population.stream("shop").random() == population.stream("shop").random()
    assert population.stream("shop").random() != population.stream("erp").random()


def test_truth_has_the_documented_columns() -> None:
    assert Truth._fields == ("source_system", "source_record_id", "entity_type", "entity")


def _by_mobile(population: Population) -> dict[str, list[Person]]:
    people = defaultdict(list)
    for person in population.people:
        people[person.mobile].append(person)
    return people
