"""How people type."""

from datetime import date
from random import Random

import pytest

from demo.habits import Habits, Typist
from demo.population import Population

ALWAYS = {
    "honorific": lambda name, _: name.endswith(("先生", "女士")),
    "title_only": lambda name, person: name[:-2] == person.surname,
    "latin": lambda name, _: name.isascii(),
    "spaced": lambda name, _: " " in name,
}


@pytest.mark.parametrize("slip", ALWAYS)
def test_a_slip_that_always_happens_happens_to_every_chinese_name(
    population: Population, slip: str
) -> None:
    typist = Typist(Random(1), Habits(**{slip: 1.0}))
    for person in population.people[3:100]:
        if not person.is_western:
            assert ALWAYS[slip](typist.name(person), person)


def test_without_habits_everything_is_typed_as_it_is(population: Population) -> None:
    typist = Typist(Random(1), Habits())
    for person in population.people:
        assert typist.name(person) == person.name
        assert typist.phone(person.mobile) == person.mobile
    for company in population.companies:
        assert typist.company(company) == company.name


def test_a_company_with_sisters_always_keeps_its_city(population: Population) -> None:
    typist = Typist(Random(1), Habits(sloppy_company=1.0))
    for company in population.companies:
        if company.is_branch:
            assert company.city in typist.company(company)


def test_before_a_number_changed_the_former_one_is_typed(population: Population) -> None:
    typist = Typist(Random(1), Habits())
    changed = next(person for person in population.people if person.former_mobile)
    before, after = date(2020, 1, 1), population.as_of
    assert typist.reach(changed, before, at_work=False).phone == changed.former_mobile
    assert typist.reach(changed, after, at_work=False).phone == changed.mobile


def test_a_missing_reach_hardly_ever_leaves_out_both(population: Population) -> None:
    typist = Typist(Random(1), Habits(missing=1.0))
    people = [person for person in population.people[3:] if person.email]
    reaches = [typist.reach(person, population.as_of, at_work=False) for person in people]
    assert not any(reach == ("", "") for reach in reaches)
    assert all(reach.phone or reach.email for reach in reaches)
