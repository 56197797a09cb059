"""Hard cases of people and of companies, one a row: are these two the same?

A case is two records, `one` and `other`, and perhaps a third that is `also` there. What is
expected is `same`, `different`, or `review`: nobody can know, so somebody has to be asked.
A case that the models don't decide as expected says so under `not_yet`; once they do, the mark
has to go.
"""

import csv
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest

from tests.identity.conftest import World

NAMES = {"golden_people": "full_name", "golden_companies": "company_name"}
"""What is called `name` in a file, as the canonical records call it."""
ENTITY_TYPES = {"golden_people": "person", "golden_companies": "organisation"}
PLACES = ("one", "other", "also")

Case = Mapping[str, str]


def read(file: str) -> list[Case]:
    """The cases of a file."""
    text = (Path(__file__).parent / f"{file}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def key(file: str, why: str, place: str) -> str:
    return f"golden:{file}/{why}/{place}"


def rows(file: str, case: Case) -> Iterator[dict[str, str]]:
    """A case's records, as they land."""
    for place in PLACES:
        if not case[place]:
            continue
        values = dict(cell.split("=", 1) for cell in case[place].split(" | "))
        if "name" in values:
            values[NAMES[file]] = values.pop("name")
        if "company" in values:
            values["company_name"] = values.pop("company")
        yield {
            "source_system": "golden",
            "source_record_id": key(file, case["why"], place).removeprefix("golden:"),
            "entity_type": ENTITY_TYPES[file],
            **values,
        }


def couples() -> Iterator[dict[str, str]]:
    """Relatives on one phone each, as most lists of customers have them."""
    beginnings = ("Al", "Bel", "Cor", "Dun", "Ever", "Fal", "Gar", "Hol", "In", "Jar")
    endings = ("bury", "combe", "dale", "field", "ford", "gate", "hurst", "ley", "stead", "worth")
    for number, (beginning, ending) in enumerate(product(beginnings, endings)):
        for given_name, birth_date in (("Ann", "1951-03-17"), ("Carl", "1948-11-05")):
            yield {
                "source_system": "couples",
                "source_record_id": f"{given_name} {number}",
                "entity_type": "person",
                "full_name": f"{given_name} {beginning}{ending}",
                "phone": f"+1 650 253 {7000 + number}",
                "birth_date": birth_date,
            }


@pytest.fixture(scope="module")
def decided(session_world: World) -> dict[tuple[str, str], str]:
    """What the models say of each case; no case shares anything with another."""
    session_world.land("canonical.records", *couples())
    for file in NAMES:
        for case in read(file):
            session_world.land("canonical.records", *rows(file, case))
    session_world.build()
    ids = session_world.people() | session_world.companies()
    reviewed = in_review(session_world)
    found = {}
    for file in NAMES:
        for why in (case["why"] for case in read(file)):
            one, other = key(file, why, "one"), key(file, why, "other")
            apart = "review" if frozenset((one, other)) in reviewed else "different"
            found[file, why] = "same" if ids[one] == ids[other] else apart
    return found


def in_review(world: World) -> set[frozenset[str]]:
    """The pairs that wait for somebody to decide, if there is such a queue."""
    schemas = world.sql(
        "select table_schema from information_schema.tables where table_name = 'fct_match_reviews'"
    )
    return {
        frozenset(pair)
        for (schema,) in schemas
        for pair in world.sql(
            f"select record_key, other_record_key from {schema}.fct_match_reviews"
        )
    }


@pytest.mark.parametrize(
    ("file", "why", "expected"),
    [
        (file, case["why"], case["expected"])
        for file in NAMES
        for case in read(file)
        if not case["not_yet"]
    ],
)
def test_are_these_two_the_same(
    decided: Mapping[tuple[str, str], str], file: str, why: str, expected: str
) -> None:
    assert decided[file, why] == expected


def test_what_is_decided_as_expected_is_not_marked_as_not_yet(
    decided: Mapping[tuple[str, str], str],
) -> None:
    marked = [(file, case) for file in NAMES for case in read(file) if case["not_yet"]]
    wrong = [
        f"{file}: {case['why']}: {decided[file, case['why']]} instead of {case['expected']}"
        for file, case in marked
        if decided[file, case["why"]] != case["expected"]
    ]
    print(*wrong, sep="\n")  # noqa: T201 - what is left to do, with `pytest -rP`
    assert len(wrong) == len(marked), "take `not_yet` from what isn't listed above"


@pytest.mark.parametrize(("file", "least"), [("golden_people", 80), ("golden_companies", 40)])
def test_the_cases_are_many_and_each_has_its_why(file: str, least: int) -> None:
    cases = read(file)
    assert len({case["why"] for case in cases if case["why"]}) == len(cases) >= least
    assert {case["expected"] for case in cases} == {"same", "different", "review"}
    assert {case["not_yet"] for case in cases} <= {"", "yes"}
