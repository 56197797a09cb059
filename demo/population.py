"""Everybody and every company of one demo, and the dates between which they acted."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from random import Random

from demo.companies import Company, make_companies
from demo.people import Person, make_people

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had no daylight saving since 1991, so no time zone database is needed."""
MONTHS_OF_HISTORY = 24
COMPANIES_PER_PERSON = 0.15
SMALLEST = 20


@dataclass(frozen=True)
class Population:
    """Who exists. Everything that systems know is derived from this and from the seed."""

    seed: int
    size: int
    as_of: date
    """The first day that hasn't happened yet: the newest record is of the evening before."""
    companies: list[Company]
    people: list[Person]

    @property
    def first_day(self) -> date:
        """The day on which the history begins."""
        return self.as_of - timedelta(days=MONTHS_OF_HISTORY * 365 // 12)

    @property
    def last_moment(self) -> datetime:
        """The latest time any record may carry, on a clock in Shanghai."""
        return datetime.combine(self.as_of, time()) - timedelta(minutes=30)

    def stream(self, purpose: str) -> Random:
        """Return a source of chance of its own, so that one system's draws never move another's."""
        return Random(f"{self.seed}/{self.size}/{purpose}")

    def known_to(self, system: str) -> list[Person]:
        """Return the people of whom a system holds records."""
        return [person for person in self.people if system in person.known_to]


def make_population(size: int, seed: int, as_of: date) -> Population:
    """Make the people and companies of a demo of that many people."""
    if size < SMALLEST:
        raise ValueError(f"a demo company needs at least {SMALLEST} people, not {size}")
    rng = Random(f"{seed}/{size}/population")
    companies = make_companies(rng, round(size * COMPANIES_PER_PERSON))
    people = make_people(rng, size, companies, as_of)
    return Population(seed=seed, size=size, as_of=as_of, companies=companies, people=people)


def today() -> date:
    """Return today's date in Shanghai, where the demo company is."""
    return datetime.now(SHANGHAI).date()
