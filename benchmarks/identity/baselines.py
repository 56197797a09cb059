"""What simpler ways make of the same records: identifiers alone, rules alone, Splink alone.

Each starts from the identifiers and names as the project has normalised them, so what is
compared is the matching. Splink gets a standard model, with term frequencies of names, trained
on these very records; its threshold is the one that is best by the truth, which nobody
has in earnest.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import groupby
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_level_library as levels
from splink import comparison_library as comparisons
from splink.internals.comparison_creator import ComparisonCreator
from splink.internals.exceptions import EMTrainingException

from benchmarks.identity.components import Components, components
from benchmarks.identity.inputs import ENTITY_TYPES
from benchmarks.identity.scores import Scores, score, score_each

Edge = tuple[str, str, float]
SAMPLED_PAIRS = 2e6
SEED = 1
LEAST_FILLED = 0.005
"""A column that hardly any record fills teaches Splink nothing, and is left out."""

_IDENTIFIER_PAIRS = """
with keyed as (
    select record_key, identifier_type, identifier
    from intermediate.int_person_identifiers_keyed
    where is_key
    union all by name
    select record_key, identifier_type, identifier
    from intermediate.int_company_identifiers_keyed
    where is_key and identifier_type != 'name'
)

select
    record_key,
    min(record_key) over (partition by identifier_type, identifier) as other_record_key
from keyed
"""
_RULE_PAIRS = """
select record_key, other_record_key from intermediate.int_person_records_matched
where strength = 'sure'
union all by name
select record_key, other_record_key from intermediate.int_company_records_matched
where strength = 'sure'
"""
_PEOPLE = """
create or replace temporary table splink_person as
with identifiers as (
    select
        record_key,
        min(identifier) filter (where identifier_type = 'phone') as phone,
        min(identifier) filter (where identifier_type = 'email') as email,
        min(identifier) filter (where identifier_type = 'wechat_unionid') as wechat_unionid,
        min(identifier) filter (where identifier_type = 'national_id') as national_id
    from intermediate.int_person_identifiers_keyed
    where is_key
    group by record_key
)

select
    records.record_key as unique_id,
    lower(names.display_name) as name_text,
    case when names.name_kind = 'full' then names.name_key end as name_key,
    names.surname_key,
    names.given_key,
    identifiers.phone,
    identifiers.email,
    identifiers.wechat_unionid,
    identifiers.national_id,
    companies.name_key as company,
    rtrim(records.city, '市') as city,
    lower(records.address) as address,
    cast(facts.birth_date as varchar) as birth_date,
    year(facts.birth_date) as birth_year,
    facts.postcode,
    facts.number_key as house,
    -- as far as a slip seldom reaches, whichever name stands first
    left(least(names.surname_key, names.given_key), 3)
    || left(greatest(names.surname_key, names.given_key), 3) as beginnings
from intermediate.int_person_records_unioned as records
left join identifiers on records.record_key = identifiers.record_key
left join intermediate.int_person_names_normalised as names on records.known_as = names.raw_name
left join intermediate.int_person_facts_derived as facts on records.record_key = facts.record_key
left join intermediate.int_company_names_normalised as companies
    on records.company_name = companies.raw_name
"""
_COMPANIES = """
create or replace temporary table splink_organisation as
with identifiers as (
    select
        record_key,
        min(identifier) filter (where identifier_type = 'phone') as phone,
        min(identifier) filter (where identifier_type = 'email') as email,
        min(identifier) filter (where identifier_type = 'tax_id') as tax_id
    from intermediate.int_company_identifiers_keyed
    where is_key
    group by record_key
)

select
    records.record_key as unique_id,
    lower(records.company_name) as name_text,
    names.name_key,
    names.region,
    identifiers.phone,
    identifiers.email,
    identifiers.tax_id,
    rtrim(records.city, '市') as city,
    lower(records.address) as address
from intermediate.int_company_records_unioned as records
left join identifiers on records.record_key = identifiers.record_key
left join intermediate.int_company_names_normalised as names
    on records.company_name = names.raw_name
"""
_BLOCKS = {
    "person": (
        *(
            (column,)
            for column in (
                "phone",
                "email",
                "wechat_unionid",
                "national_id",
                "name_key",
                "address",
                "birth_date",
            )
        ),
        ("surname_key", "birth_year"),
        ("given_key", "birth_year"),
        ("beginnings", "birth_year"),
        ("beginnings", "city"),
        ("surname_key", "postcode"),
        ("given_key", "postcode"),
        ("house", "postcode"),
        ("house", "surname_key"),
        ("house", "given_key"),
    ),
    "organisation": tuple(
        (column,) for column in ("tax_id", "phone", "email", "name_key", "address")
    ),
}
_TRAINED_ON = {
    "person": ("phone", "name_key", "birth_date"),
    "organisation": ("name_key", "tax_id"),
}
_SURE = {
    "person": (("phone", "name_key"), ("email", "name_key"), ("wechat_unionid",), ("national_id",)),
    "organisation": (("tax_id",), ("name_key", "region")),
}
SURE_SHARE = 0.5
"""How many of the pairs that are one agree on what is sure: a guess, which hardly matters."""


def compare(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Mapping[str, Scores]]:
    """Score each of the simpler ways on `labelled`, the records that the truth knows."""
    best = _splink(connection)
    return {
        "identifiers alone": _scores(connection, components(_pairs(connection, _IDENTIFIER_PAIRS))),
        "rules alone": _scores(connection, components(_pairs(connection, _RULE_PAIRS))),
        "Splink alone, components": _scores(connection, best["components"]),
        "Splink alone, best links": _scores(connection, best["best links"]),
    }


def _pairs(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    return connection.execute(query).fetchall()


def _scores(connection: duckdb.DuckDBPyConnection, joined: Components) -> dict[str, Scores]:
    joined.write(connection, "joined", "labelled")
    return score_each(connection, "joined")


def _splink(connection: duckdb.DuckDBPyConnection) -> dict[str, Components]:
    """Cluster by Splink, people and organisations each with the threshold that is best for them."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection.execute(_PEOPLE)
    connection.execute(_COMPANIES)
    chosen: dict[str, list[tuple[str, str]]] = {"components": [], "best links": []}
    for entity_type in ENTITY_TYPES:
        edges = _predicted(connection, entity_type)
        for way, candidates in (("components", edges), ("best links", _best_links(edges))):
            chosen[way] += _best_by_truth(connection, entity_type, candidates)
    return {way: components(pairs) for way, pairs in chosen.items()}


def _predicted(connection: duckdb.DuckDBPyConnection, entity_type: str) -> list[Edge]:
    """Train Splink and predict: pairs with their match weight, the surest first."""
    table = f"splink_{entity_type}"
    columns = _filled(connection, table)
    compared = _comparisons(columns)
    blocks, sure = (
        [rule for rule in rules[entity_type] if set(rule) <= columns] for rules in (_BLOCKS, _SURE)
    )
    if len(compared) < 2:
        # from one column alone nothing can be learnt
        return []
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=compared,
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in blocks],
        retain_intermediate_calculation_columns=False,
    )
    database = DuckDBAPI(connection)
    linker = Linker(database.register(table), settings, log_level=None)
    training = linker.training
    if sure:
        training.estimate_probability_two_random_records_match(
            [block_on(*rule) for rule in sure], recall=SURE_SHARE
        )
    training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for column in _TRAINED_ON[entity_type]:
        # of few records, perhaps no two share a birth date
        with suppress(EMTrainingException):
            if column in columns:
                training.estimate_parameters_using_expectation_maximisation(block_on(column))
    predicted = linker.inference.predict(threshold_match_weight=-5)
    return connection.execute(
        f"select unique_id_l, unique_id_r, match_weight from {predicted.physical_name} "
        "order by match_weight desc, unique_id_l, unique_id_r"
    ).fetchall()


def _filled(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    described = connection.execute(f"describe {table}").fetchall()
    names = [name for name, *_ in described]
    shares = ", ".join(f"count({name}) / greatest(count(*), 1)" for name in names)
    found = connection.execute(f"select {shares} from {table}").fetchone() or ()
    return {name for name, share in zip(names, found, strict=True) if share >= LEAST_FILLED}


def _comparisons(columns: set[str]) -> list[ComparisonCreator | dict[str, Any]]:
    """Give a comparison of each column that is filled."""
    exact = (
        "phone",
        "email",
        "wechat_unionid",
        "national_id",
        "tax_id",
        "company",
        "city",
        "region",
    )
    found: list[ComparisonCreator | dict[str, Any]] = [
        comparisons.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name in exact
        if name in columns
    ]
    if {"name_text", "name_key"} <= columns:
        parts = [
            levels.ExactMatchLevel(part, term_frequency_adjustments=True)
            for part in ("surname_key", "given_key")
            if part in columns
        ]
        found.append(
            comparisons.CustomComparison(
                output_column_name="name",
                comparison_levels=[
                    levels.NullLevel("name_text"),
                    levels.ExactMatchLevel("name_key", term_frequency_adjustments=True),
                    levels.JaroWinklerLevel("name_text", 0.92),
                    levels.JaroWinklerLevel("name_text", 0.8),
                    *parts,
                    levels.ElseLevel(),
                ],
            )
        )
    if "birth_date" in columns:
        found.append(comparisons.DamerauLevenshteinAtThresholds("birth_date", [1, 2]))
    if "address" in columns:
        found.append(comparisons.JaroWinklerAtThresholds("address", [0.95, 0.85]))
    return found


def _best_links(edges: Iterable[Edge]) -> list[Edge]:
    """Keep of each record only the surest link, of a list with the surest first."""
    linked: set[str] = set()
    kept = []
    for one, other, weight in edges:
        if one not in linked or other not in linked:
            kept.append((one, other, weight))
            linked |= {one, other}
    return kept


def _best_by_truth(
    connection: duckdb.DuckDBPyConnection, entity_type: str, edges: list[Edge]
) -> list[tuple[str, str]]:
    """Keep the pairs above the threshold, of whole weights, whose clusters fit the truth best."""
    records = f"(select * from labelled where entity_type = '{entity_type}')"
    joined, best, kept, taken = Components(), -1.0, 0, 0
    for _, above in groupby(edges, key=lambda edge: int(edge[2])):
        for one, other, _ in above:
            joined.join(one, other)
            taken += 1
        joined.write(connection, "joined", records)
        f1 = score(connection, "joined").pairwise.f1
        if f1 > best:
            best, kept = f1, taken
    return [(one, other) for one, other, _ in edges[:kept]]
