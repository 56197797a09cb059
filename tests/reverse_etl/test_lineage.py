"""Which columns of the sources a column comes from, as the SQL tells it."""

from typing import Any

import pytest

from reverse_etl.mapping.lineage import Lineage
from reverse_etl.mapping.origin import Origin

PEOPLE = ("erp", "people")
ORDERS = ("shop", "orders")


def project(**models: str) -> dict[str, Any]:
    """A compiled manifest with these models, two sources and a seed."""
    nodes = {
        name: {
            "resource_type": "model",
            "name": name,
            "alias": name,
            "schema": "models",
            "relation_name": f'"warehouse"."models"."{name}"',
            "compiled_code": sql,
            "columns": {},
        }
        for name, sql in models.items()
    }
    nodes["rates"] = {
        "resource_type": "seed",
        "name": "rates",
        "alias": "rates",
        "schema": "seeds",
        "relation_name": '"warehouse"."seeds"."rates"',
        "columns": {},
    }
    sources = {
        name: {
            "resource_type": "source",
            "source_name": system,
            "name": name,
            "identifier": name,
            "schema": f"raw_{system}",
            "relation_name": f'"warehouse"."raw_{system}"."{name}"',
            "columns": columns,
        }
        for (system, name), columns in {
            PEOPLE: {"id": {}, "name": {}, "phone": {}, "email": {}},
            ORDERS: {"no": {}, "buyer": {}, "amount": {}, "phone": {}},
        }.items()
    }
    return {"nodes": nodes, "sources": sources}


def told(column: str, **models: str) -> Origin:
    """Where a column of the last of these models comes from."""
    return Lineage(project(**models)).origin("models", list(models)[-1], column)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select phone as x from raw_erp.people", {"erp.people.phone"}),
        ('select PHONE as X from "warehouse"."raw_erp"."people"', {"erp.people.phone"}),
        ("select trim(coalesce(phone, email)) as x from raw_erp.people",
         {"erp.people.phone", "erp.people.email"}),
        ("select 'CNY' as x from raw_erp.people", set()),
        ("select count(*) as x from raw_erp.people", set()),
        ("select x from (select phone as x from raw_erp.people)", {"erp.people.phone"}),
        (("with a as (select * from raw_erp.people), b as (select a.* from a) "
         "select phone as x from b"), {"erp.people.phone"}),
        # a name without its table is of the one that has it
        ("select email as x from raw_erp.people as p join raw_shop.orders as o on p.id = o.buyer",
         {"erp.people.email"}),
        ("select o.phone as x from raw_erp.people as p join raw_shop.orders as o on p.id = o.buyer",
         {"shop.orders.phone"}),
        ("select p.email || r.rate as x from raw_erp.people as p cross join seeds.rates as r",
         {"erp.people.email", "rates.rate"}),
        # a select may name its own columns
        ("select trim(phone) as dressed, lower(dressed) as x from raw_erp.people",
         {"erp.people.phone"}),
        # what decides isn't what is taken, unless nothing else is
        ("select case when email is null then phone end as x from raw_erp.people",
         {"erp.people.phone"}),
        ("select max(phone) filter (where email like '%@%') as x from raw_erp.people",
         {"erp.people.phone"}),
        ("select count(*) filter (where email like '%@%') as x from raw_erp.people",
         {"erp.people.email"}),
        (("select first_value(phone) over (partition by id order by email) as x "
         "from raw_erp.people"), {"erp.people.phone"}),
        ("select u.x from raw_erp.people as p, unnest(string_split(p.phone, ',')) as u(x)",
         {"erp.people.phone"}),
        ("select unnest(string_split(phone, ',')) as x from raw_erp.people", {"erp.people.phone"}),
        # unions, by place and by name
        (("select id as i, phone as x from raw_erp.people union all "
         "select buyer, amount from raw_shop.orders"), {"erp.people.phone", "shop.orders.amount"}),
        (("select phone as x, id from raw_erp.people union all by name "
         "select buyer as id, amount as x from raw_shop.orders union all by name "
         "select id from raw_erp.people"), {"erp.people.phone", "shop.orders.amount"}),
    ],
)  # fmt: skip
def test_a_column_is_followed_to_its_sources(sql: str, columns: set[str]) -> None:
    assert told("x", model=sql) == Origin(frozenset(columns))


LONG = """
    select 'person' as kind, id, 'name' as attribute, name as value from raw_erp.people
    union all by name
    select 'person' as kind, id, attribute, value
    from raw_erp.people unpivot (value for attribute in (phone, email))
    union all by name
    select
        'company' as kind,
        buyer as id,
        case when no = '1' then 'phone' else 'amount' end as attribute,
        case when no = '1' then phone else amount end as value
    from raw_shop.orders
"""


@pytest.mark.parametrize(
    ("attribute", "columns"),
    [
        ("name", {"erp.people.name"}),
        ("email", {"erp.people.email"}),
        ("phone", {"erp.people.phone", "shop.orders.phone", "shop.orders.amount"}),
        ("fax", set()),
    ],
)
def test_an_attribute_of_the_long_form_comes_from_its_own_columns(
    attribute: str, columns: set[str]
) -> None:
    wide = f"select max(value) filter (where attribute = '{attribute}') as x from models.long"
    assert told("x", long=LONG, wide=wide) == Origin(frozenset(columns))


@pytest.mark.parametrize(
    "narrowed",
    [
        "select l.value as x from models.long as l where l.kind = 'person' and attribute = 'phone'",
        (
            "select case when attribute in ('phone') then value end as x from models.long "
            "where kind = 'person'"
        ),
        # the kind is said of the other side of the join
        (
            "select value as x from (select 'person' as kind) as k join models.long as l "
            "on k.kind = l.kind where k.kind = 'person' and attribute = 'phone'"
        ),
    ],
)
def test_a_kind_that_is_asked_for_leaves_out_the_others(narrowed: str) -> None:
    assert told("x", long=LONG, wide=narrowed) == Origin(frozenset({"erp.people.phone"}))


@pytest.mark.parametrize(
    "wide",
    [
        (
            "select max(y) filter (where attribute = 'phone') as x "
            "from (select lag(value) over (order by id) as y, attribute from models.long)"
        ),
        (
            "select l.value as x from (select 1) as one right join models.long as l "
            "on l.attribute = 'phone'"
        ),
        "select value as x from models.long where attribute = 'phone' or attribute = 'name'",
        "select value as x from models.long where not attribute = 'phone'",
    ],
)
def test_what_may_come_from_other_rows_comes_from_all(wide: str) -> None:
    found = told("x", long=LONG, wide=wide, last="select x from models.wide")
    assert "erp.people.email" in found.columns


@pytest.mark.parametrize(
    "sql",
    [
        "select x from read_csv('people.csv')",
        "select (select max(phone) from raw_erp.people) as x",
        "select phone as y from raw_erp.people",
        "this is no SQL (",
        "select x from elsewhere.people",
    ],
)
def test_what_the_sql_does_not_tell_is_a_gap(sql: str) -> None:
    found = told("x", model=sql, sync="select x from models.model")
    assert found.gaps
    assert not found.columns


def test_a_gap_hides_nothing_else() -> None:
    sql = "select coalesce(p.phone, e.x) as x from raw_erp.people as p, elsewhere.people as e"
    assert told("x", model=sql) == Origin(frozenset({"erp.people.phone"}), frozenset({"people.x"}))


def test_a_gap_is_told_of_each_column_that_goes_through_it() -> None:
    sql = "with a as (select (select 1) as x) select x as y, x as z from a"
    lineage = Lineage(project(model=sql))
    gaps = [lineage.origin("models", "model", name).gaps for name in ("y", "z")]
    assert gaps == [{"model.y"}, {"model.z"}]


def test_a_model_that_is_not_compiled_is_named() -> None:
    assert told("x", model="", sync="select x from models.model") == Origin(
        uncompiled=frozenset({"model"})
    )


def test_a_model_that_reads_itself_comes_from_what_it_first_was_made_of() -> None:
    sql = "select phone as x from raw_erp.people union all select x from models.model"
    assert told("x", model=sql) == Origin(frozenset({"erp.people.phone"}))
