"""What is trained are the model's own levels, and thresholds follow from labelled pairs."""

from decimal import Decimal

import pytest

from identity.errors import IdentityError
from identity.thresholds import Band, Thresholds, chosen
from identity.training import comparisons, weighed

COMPILED = """
with compared as (
    select
        one.record_key,
        case when one.sex is null then 0 when one.sex = other.sex then 1 else 2 end as sex_level
    from pairs
    inner join profiles as one on pairs.record_key = one.record_key
    inner join profiles as other on pairs.other_record_key = other.record_key
)

select * from compared
"""
ROW = {"comparison": "sex", "level": "1", "basis": "population", "weight": "9.000"}


def test_comparisons_are_the_models_own_over_the_columns_of_splink() -> None:
    assert comparisons(COMPILED) == {
        "sex": 'CASE WHEN "sex_l" IS NULL THEN 0 WHEN "sex_l" = "sex_r" THEN 1 ELSE 2 END'
    }


@pytest.mark.parametrize(
    ("basis", "shares", "weight"),
    [
        ("population", (0.9, 0.45), "1.000"),
        ("rarity", (0.25, 0.001), "-2.000"),
        ("judgement", (0.9, 0.45), "9.000"),
        # nobody was seen at that level
        ("population", None, "9.000"),
        ("population", (0.9, None), "9.000"),
        # one sample is no proof that something never happens
        ("population", (1.0, 0.0), "14.000"),
    ],
)
def test_a_weight_follows_from_its_basis(
    basis: str, shares: tuple[float | None, float | None] | None, weight: str
) -> None:
    assert weighed({**ROW, "basis": basis}, shares)["weight"] == weight


def band(probability: str, pairs: int, same: int) -> Band:
    return Band("person", Decimal(probability), pairs, same)


def test_thresholds_merge_from_the_wanted_precision_and_ask_where_every_second_pair_is_one() -> (
    None
):
    found = [band("0.3", 100, 70), band("0.5", 80, 68), band("0.7", 60, 57), band("0.9", 40, 40)]

    assert chosen(found, 0.95) == Thresholds(Decimal("0.7"), Decimal("0.5"))


def test_a_precision_that_is_reached_nowhere_is_said() -> None:
    with pytest.raises(IdentityError, match="no probability"):
        chosen([band("0.5", 10, 1)], 0.95)
