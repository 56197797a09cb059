"""One customer, from six records to one: what how-identity-works.md says is what happens."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from identity.reviews import Verdict
from tests.identity.conftest import World

ENGLISH, CHINESE = "how-identity-works.md", "how-identity-works.zh-CN.md"
FATHER = "callcentre:8"
"""The one of the seven records that isn't hers."""

Table = Sequence[dict[str, str]]


def tables(root: Path, page: str, after: str = "") -> Iterator[Table]:
    """The tables of a page after a text, each row by its headings."""
    text = (root / "docs" / "explanation" / page).read_text(encoding="utf-8")
    for table in re.findall(r"(?:^\|.*\|\n)+", text[text.index(after) :], re.MULTILINE):
        heading, _, *lines = (
            [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
            for line in table.splitlines()
        )
        yield [dict(zip(heading, cells, strict=True)) for cells in lines]


def test_one_customer_of_six_records(world: World, root: Path) -> None:
    records, ties, golden = tables(root, ENGLISH, after="<!-- one customer -->")
    world.land("canonical.records", *(landed(record) for record in records), *others())
    world.build()

    # what the second table says of each record is how it came to her, or didn't
    people = world.people()
    rules = {
        (record, rule)
        for one, other, rule in world.sql(
            "select record_key, other_record_key, rule from intermediate.int_person_records_matched"
        )
        for record in (one, other)
    }
    asked = {review.other_record_key for review in world.reviews().open()}
    for tie in ties:
        record, how = tie["record"], tie["how"]
        if how.startswith("same"):
            assert (record, how) in rules
        assert (people[record] == people["erp:1"]) == (how not in {"asked", "another person"})
        assert (record in asked) == (how == "asked")

    # it is hers, people say: of two questions, whether it is hers or her father's, the first
    [question] = (each for each in world.reviews().open() if each.record_key != FATHER)
    world.reviews().decide(question.pair_key, Verdict.SAME, "tester", "", datetime.now(UTC))
    world.build()

    people = world.people()
    hers = {record for record, person in people.items() if person == people["erp:1"]}
    assert hers == {record["record"] for record in records} - {FATHER}
    assert len(hers) == 6
    survived = world.sql(
        "select attribute, value, record_key, rule from intermediate.int_values_survived "
        f"where entity_id = '{people['erp:1']}'"
    )
    assert {tuple(row.values()) for row in golden} <= set(survived)


def test_both_languages_tell_the_same_story(root: Path) -> None:
    english, chinese = (
        list(tables(root, page, after="<!-- one customer -->")) for page in (ENGLISH, CHINESE)
    )
    assert chinese == english


@pytest.mark.parametrize("page", [ENGLISH, CHINESE])
def test_the_weights_of_the_page_are_those_of_the_model(root: Path, page: str) -> None:
    seed = (root / "seeds" / "identity" / "person_match_weights.csv").read_text(encoding="utf-8")
    weights = {row["meaning"]: row["weight"] for row in csv.DictReader(seed.splitlines())}
    shown = next(tables(root, page))
    assert len(shown) >= 5
    for meaning, bits in (list(row.values()) for row in shown):
        weight = Decimal(bits.replace("−", "-"))
        assert abs(Decimal(weights[re.sub(r"（.*", "", meaning)]) - weight) <= Decimal("0.05")


def landed(record: dict[str, str]) -> dict[str, str | None]:
    """A record of the page, as it lands."""
    values = {column: value or None for column, value in record.items() if column != "record"}
    system, _, record_id = record["record"].partition(":")
    key = {"source_system": system, "source_record_id": record_id, "entity_type": "person"}
    return key | values


def others() -> Iterator[dict[str, str]]:
    """Some others: a name is rare among them."""
    for number, name in enumerate(product("赵钱孙李周吴郑王", "明芳勇娟军霞"), start=100):
        yield {
            "source_system": "erp",
            "source_record_id": str(number),
            "entity_type": "person",
            "full_name": "".join(name),
        }
