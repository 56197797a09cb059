"""Train the weights of the person and company models: Splink finds how often a level is met.

The comparisons are the models' own: the CASEs of int_*_pairs_compared, as dbt compiled them, so
what is trained can't drift from what is scored. Splink estimates, without labels, how often two
records of one person are at each level (m, by expectation maximisation) and how often any two
are (u, by sampling). A level's weight becomes log2(m / u), except where its `basis` says that
something else takes the place of u:

    population   log2(m / u)
    rarity       log2(m): how rare the value is, each build counts for itself
    judgement    kept as it stands, for the `reason` beside it: two who share a phone are of one
                 household, where u is another than among strangers, and what is rarely seen can't
                 be learnt from so few

The same records and the same seed give the same file, to the last digit.
"""

import csv
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from sqlglot import exp

from identity.errors import IdentityError

SAMPLED_PAIRS = 1e6
SEED = 1
LEAST_SHARE = 1e-6
"""What no two strangers of a sample have in common isn't impossible."""
LEAST_MATCH_SHARE = 0.01
"""One record in a hundred is wrong in any respect, however clean those are that taught."""
STRONGEST = 14.0
"""No single level weighs more bits than this, whatever a sample says."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is trained: people or companies."""

    name: str
    blocks: Sequence[tuple[str, ...]]
    """Pairs that agree in these teach how often the other comparisons agree."""

    @property
    def seed(self) -> Path:
        """The file that the weights are in."""
        return Path("seeds/identity") / f"{self.name}_match_weights.csv"

    @property
    def model(self) -> str:
        """The dbt model with the comparisons."""
        return f"int_{self.name}_pairs_compared"

    @property
    def profiles(self) -> str:
        """The table of the records to be compared."""
        return f"intermediate.int_{self.name}_records_profiled"


SUBJECTS = {
    "person": Subject("person", (("name_key", "surname_key"), ("birth_date",))),
    "company": Subject("company", (("name_key",), ("tax_id",))),
}


def comparisons(compiled_sql: str) -> dict[str, str]:
    """The model's comparisons, by name: SQL of the level, over Splink's columns `x_l` and `x_r`."""
    found: dict[str, str] = {}
    for alias in sqlglot.parse_one(compiled_sql, dialect="duckdb").find_all(exp.Alias):
        if alias.alias.endswith("_level") and isinstance(alias.this, exp.Case):
            expression = alias.this.copy()
            for column in list(expression.find_all(exp.Column)):
                side = {"one": "l", "other": "r"}[column.table]
                column.replace(exp.column(f"{column.name}_{side}", quoted=True))
            found[alias.alias.removesuffix("_level")] = expression.sql(dialect="duckdb")
    return found


def train(subject: Subject, warehouse: Path, manifest: Path, root: Path) -> Path:
    """Train a subject's weights on the records of a built warehouse, and write its seed.

    Raises:
        IdentityError: dbt hasn't compiled the model yet.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    path = root / subject.seed
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    shares = _shares(subject, rows, warehouse, _compiled(manifest, subject.model))
    trained = [weighed(row, shares.get((row["comparison"], int(row["level"])))) for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(trained)
    return path


def _compiled(manifest: Path, model: str) -> str:
    if not manifest.exists():
        raise IdentityError(f"{manifest} isn't there: run `dbt build` first")
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    code = nodes[f"model.tongke.{model}"].get("compiled_code")
    if not code:
        raise IdentityError(f"dbt hasn't compiled {model} yet: run `dbt build` first")
    return str(code)


def _shares(
    subject: Subject, rows: Sequence[Mapping[str, str]], warehouse: Path, compiled_sql: str
) -> dict[tuple[str, int], tuple[float | None, float | None]]:
    """M and u of every comparison and level but 0, as Splink estimates them."""
    # several threads would draw another sample each time, and add up in another order
    connection = duckdb.connect(config={"threads": 1})
    quoted = str(warehouse).replace("'", "''")
    connection.execute(f"attach '{quoted}' as warehouse (read_only)")
    connection.execute(
        f"create table trained_profiles as select *, record_key as unique_id "
        f"from warehouse.{subject.profiles} order by record_key"
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[
            _comparison(name, case, rows) for name, case in comparisons(compiled_sql).items()
        ],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in subject.blocks],
    )
    database = DuckDBAPI(connection=connection)
    linker = Linker(database.register("trained_profiles"), settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for block in subject.blocks:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
    model = linker.misc.save_model_to_json()
    return {
        (comparison["output_column_name"], int(level["label_for_charts"])): (
            level.get("m_probability"),
            level.get("u_probability"),
        )
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
    }


def _comparison(name: str, case: str, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    levels = [int(row["level"]) for row in rows if row["comparison"] == name]
    return {
        "output_column_name": name,
        "comparison_levels": [
            {
                "sql_condition": f"({case}) = {level}",
                "label_for_charts": str(level),
                "is_null_level": level == 0,
            }
            for level in levels
        ],
    }


def weighed(
    row: Mapping[str, str], shares: tuple[float | None, float | None] | None
) -> dict[str, str]:
    """A row of the seed with what was learnt of it; a level that nobody met keeps its weight."""
    match_share, other_share = shares or (None, None)
    weighed = dict(row)
    weighed["match_share"] = "" if match_share is None else f"{match_share:.6f}"
    weighed["other_share"] = "" if other_share is None else f"{other_share:.6f}"
    if match_share is None or row["basis"] == "judgement":
        return weighed
    bits = math.log2(max(match_share, LEAST_MATCH_SHARE))
    if row["basis"] == "population":
        if other_share is None:
            return weighed
        bits -= math.log2(max(other_share, LEAST_SHARE))
    weighed["weight"] = f"{max(-STRONGEST, min(STRONGEST, bits)):.3f}"
    return weighed
