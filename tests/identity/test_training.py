"""What is trained are the model's own levels, and thresholds follow from labelled pairs."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest

from identity.errors import IdentityError
from identity.thresholds import Band, Thresholds, chosen
from identity.training import SUBJECTS, Subject, comparisons, train, weighed

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
SMALL = """
select
    case when one.name_key = other.name_key then 1 else 2 end as name_level,
    case when one.birth_year = other.birth_year then 1 else 2 end as year_level
from pairs
inner join profiles as one on pairs.record_key = one.record_key
inner join profiles as other on pairs.other_record_key = other.record_key
"""
SMALL_SEED = """comparison,level,meaning,basis,match_share,other_share,weight,reason
name,1,same name,population,,,{weight},
name,2,different names,population,,,{weight},
year,1,same year,judgement,,,2.500,a test says so
year,2,different years,population,,,{weight},
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
        ("population", (0.0, 0.64), "-6.000"),
    ],
)
def test_a_weight_follows_from_its_basis(
    basis: str, shares: tuple[float | None, float | None] | None, weight: str
) -> None:
    assert weighed({**ROW, "basis": basis}, shares)["weight"] == weight


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_the_weights_that_are_used_follow_from_what_was_learnt(subject: Subject) -> None:
    """Nobody has changed a trained weight by hand, and each judgement has its reason."""
    for row in _rows(subject.seed):
        match_share, other_share = (
            float(row[name]) if row[name] else None for name in ("match_share", "other_share")
        )
        learnt = float(weighed(row, (match_share, other_share))["weight"])
        # the shares in the file are rounded to six places
        assert float(row["weight"]) == pytest.approx(learnt, abs=0.01)
        assert row["reason"] or row["basis"] != "judgement" or float(row["weight"]) == 0


def test_the_same_records_give_the_same_file(tmp_path: Path) -> None:
    """Whatever the weights were before; only judgements stay as they were."""
    subject = Subject("person", (("name_key",), ("birth_year",)))
    _land(tmp_path / "warehouse.duckdb")
    manifest = tmp_path / "manifest.json"
    model = {"model.tongke.int_person_pairs_compared": {"compiled_code": SMALL}}
    manifest.write_text(json.dumps({"nodes": model}), encoding="utf-8")
    written = []
    for weight in ("9.000", "-3.000"):
        seed = tmp_path / subject.seed
        seed.parent.mkdir(parents=True, exist_ok=True)
        seed.write_text(SMALL_SEED.format(weight=weight), encoding="utf-8")
        train(subject, tmp_path / "warehouse.duckdb", manifest, tmp_path)
        written.append(seed.read_text(encoding="utf-8"))

    assert written[0] == written[1]
    weights = {(row["comparison"], row["level"]): row["weight"] for row in _rows(seed)}
    assert float(weights["name", "1"]) > 4
    assert float(weights["year", "2"]) < -2
    assert weights["year", "1"] == "2.500"


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _land(warehouse: Path) -> None:
    """Three hundred people twice, of whom one in ten has another name or year the second time."""
    rng = Random(1)
    people = [
        (f"{number:03d}{copy}", rng.randrange(90), rng.randrange(40))
        if copy and rng.random() < 0.1
        else (f"{number:03d}{copy}", number % 90, number * 7 % 40)
        for number in range(300)
        for copy in range(2)
    ]
    with duckdb.connect(warehouse) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_person_records_profiled "
            "(record_key varchar, name_key integer, birth_year integer)"
        )
        connection.executemany(
            "insert into intermediate.int_person_records_profiled values (?, ?, ?)", people
        )


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
