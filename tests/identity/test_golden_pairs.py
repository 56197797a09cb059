"""Hard cases, one a row, each with its why: are these two one?"""

import csv
from pathlib import Path

import pytest

from tests.identity.conftest import World, contact, user

PAIRS = list(
    csv.DictReader(
        (Path(__file__).parent / "golden_pairs.csv").read_text(encoding="utf-8").splitlines()
    )
)


@pytest.fixture(scope="module")
def judged(session_world: World) -> World:
    """All pairs at once: none of them shares anything with another."""
    for number, pair in enumerate(PAIRS, start=1):
        if pair["entity_type"] == "person":
            one, other = _person(pair, "a"), _person(pair, "b")
            session_world.land("erp.contacts", contact(number * 2, **one))
            # the helpdesk knows no unionid and no resident ID
            if one.keys() & {"wechat_unionid", "national_id"}:
                session_world.land("erp.contacts", contact(number * 2 + 1, **other))
            else:
                name, phone = other["name"], other["mobile"]
                session_world.land(
                    "helpdesk.users",
                    user(number * 2 + 1, name, phone=phone, address=other["email"]),
                )
        else:
            for offset, side in enumerate("ab"):
                session_world.land(
                    "erp.customers",
                    {
                        "customer_id": number * 2 + offset,
                        "customer_type": "company",
                        "name": pair[f"name_{side}"],
                        "tax_id": pair[f"national_id_{side}"],
                        "updated_at": "2026-01-01 10:00:00",
                    },
                )
    session_world.build()
    return session_world


@pytest.mark.parametrize(
    ("number", "pair"), list(enumerate(PAIRS, start=1)), ids=[pair["why"] for pair in PAIRS]
)
def test_are_these_two_one(judged: World, number: int, pair: dict[str, str]) -> None:
    if pair["entity_type"] == "person":
        people = judged.people()
        one = people[f"erp:contact:{number * 2}"]
        second = number * 2 + 1
        other = people.get(f"helpdesk:user:{second}") or people[f"erp:contact:{second}"]
    else:
        companies = judged.companies()
        one = companies[f"erp:customer:{number * 2}"]
        other = companies[f"erp:customer:{number * 2 + 1}"]

    assert (one == other) == (pair["same"] == "yes")


def _person(pair: dict[str, str], side: str) -> dict[str, str]:
    values = {
        "name": pair[f"name_{side}"],
        "mobile": pair[f"phone_{side}"],
        "email": pair[f"email_{side}"],
    }
    for column, name in (("wechat_unionid", "unionid"), ("national_id", "national_id")):
        if pair[f"{name}_{side}"]:
            values[column] = pair[f"{name}_{side}"]
    return values
