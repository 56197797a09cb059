"""The models keep the house's conventions; and each check finds what it is there to find."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conventions import models as checks
from tests.conventions.complaints import expect_none
from tests.conventions.models import Column, Exposure, Model, Parent


class TestThisProject:
    """What the checks say of this project: nothing."""

    def test_there_are_models_of_every_layer(self, models: Sequence[Model]) -> None:
        assert {model.layer for model in models} == set(checks.READS)

    def test_a_layer_reads_only_what_it_may(self, models: Sequence[Model]) -> None:
        expect_none(checks.wrong_layers(models))

    def test_a_models_name_says_what_it_is(self, models: Sequence[Model]) -> None:
        expect_none(checks.wrong_names(models))

    def test_a_columns_name_says_what_it_is(self, models: Sequence[Model]) -> None:
        expect_none(checks.wrong_column_names(models))

    def test_every_model_and_column_is_described(
        self, models: Sequence[Model], built: Mapping[str, Mapping[str, str]]
    ) -> None:
        expect_none(checks.undescribed(models, built))

    def test_columns_are_described_in_the_order_of_the_sql(
        self, models: Sequence[Model], built: Mapping[str, Mapping[str, str]]
    ) -> None:
        expect_none(
            [
                f"{model.name}: {complaint}"
                for model in models
                for complaint in checks.out_of_order(
                    [column.name for column in model.columns], list(built.get(model.name, {}))
                )
            ]
        )

    def test_every_model_is_tested(self, models: Sequence[Model]) -> None:
        expect_none(checks.untested(models))

    def test_every_model_that_decides_has_a_unit_test(self, models: Sequence[Model]) -> None:
        expect_none(checks.wrong_unit_tests(models))

    def test_marts_and_activation_are_contracted(self, models: Sequence[Model]) -> None:
        expect_none(checks.uncontracted(models))

    def test_no_money_is_a_float(self, built: Mapping[str, Mapping[str, str]]) -> None:
        expect_none(checks.floating(built))

    def test_no_sql_lies_about_at_the_top(self, root: Path) -> None:
        expect_none([f"{path.name} belongs into no folder" for path in root.glob("*.sql")])

    def test_every_model_begins_with_its_grain(self, models: Sequence[Model]) -> None:
        expect_none(checks.without_grain(models))

    def test_personal_data_is_named(self, models: Sequence[Model]) -> None:
        expect_none(checks.unnamed_pii(models))

    def test_every_sync_model_has_its_exposure(
        self, models: Sequence[Model], exposures: Sequence[Exposure]
    ) -> None:
        expect_none(checks.wrong_exposures(models, exposures))

    def test_the_sql_is_careful(self, models: Sequence[Model]) -> None:
        expect_none(checks.careless_sql(models))

    def test_one_macro_a_file_and_documented(self, manifest: Mapping[str, Any]) -> None:
        expect_none(checks.wrong_macros(manifest))

    def test_seeds_sources_exposures_and_tests_are_described(
        self, manifest: Mapping[str, Any]
    ) -> None:
        expect_none(checks.undescribed_resources(manifest))


STAGING = Model("stg_erp__orders", "staging", "erp", parents=[Parent("source", "erp")])
MART = Model(
    "dim_people",
    "marts",
    "customers",
    description="People.",
    columns=[Column("person_id", "Our id.", "varchar")],
    parents=[Parent("intermediate", "int_people_identified")],
    tests=["person_id.unique"],
    is_contracted=True,
)
SYNC = Model(
    "sync_selfbuilt__contacts",
    "activation",
    "selfbuilt",
    parents=[Parent("marts", "dim_people")],
    tests=["person_id.unique", "person_id.not_null"],
    is_contracted=True,
)
SENT = Exposure(
    "selfbuilt_contacts",
    ["sync_selfbuilt__contacts"],
    {"destination": "selfbuilt", "object": "contacts", "key": "person_id"},
)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (STAGING, False),
        (MART, False),
        (SYNC, False),
        (replace(STAGING, parents=[Parent("source", "shop")]), True),
        (replace(STAGING, parents=[Parent("staging", "stg_erp__customers")]), True),
        (replace(MART, parents=[Parent("source", "erp")]), True),
        (replace(MART, parents=[Parent("staging", "stg_erp__orders")]), True),
        (replace(MART, name="fct_orders", parents=[Parent("staging", "stg_erp__orders")]), False),
        (replace(SYNC, parents=[Parent("intermediate", "int_people_identified")]), True),
        (Model("report", "reports"), True),
    ],
)
def test_wrong_layers_are_found(model: Model, wrong: bool) -> None:
    assert bool(checks.wrong_layers([model])) is wrong


@pytest.mark.parametrize(
    ("name", "layer", "folder", "wrong"),
    [
        ("stg_erp__orders", "staging", "erp", False),
        ("stg_erp__orders", "staging", "shop", True),
        ("stg_erp_orders", "staging", "erp", True),
        ("int_people_clustered", "intermediate", "people", False),
        ("int_people_split", "intermediate", "people", False),
        ("int_people", "intermediate", "people", True),
        ("dim_people", "marts", "customers", False),
        ("people", "marts", "customers", True),
        ("sync_selfbuilt__contacts", "activation", "selfbuilt", False),
        ("sync_selfbuilt__contacts", "activation", "hubspot", True),
    ],
)
def test_wrong_names_are_found(name: str, layer: str, folder: str, wrong: bool) -> None:
    assert bool(checks.wrong_names([Model(name, layer, folder)])) is wrong


@pytest.mark.parametrize(
    ("column", "data_type", "wrong"),
    [
        ("orderDate", "varchar", True),
        ("order", "boolean", True),
        ("is_paid", "boolean", False),
        ("ordered", "timestamp", True),
        ("ordered_at", "timestamp", False),
        ("ordered_at", "date", True),
        ("ordered_on", "date", False),
        ("birth_date", "date", False),
    ],
)
def test_wrong_column_names_are_found(column: str, data_type: str, wrong: bool) -> None:
    model = replace(MART, columns=[Column(column, "Described.", data_type)])
    assert bool(checks.wrong_column_names([model])) is wrong


def test_what_is_not_described_is_found() -> None:
    built = {"dim_people": {"person_id": "VARCHAR", "email": "VARCHAR"}}
    gone = [*MART.columns, Column("gone", "Isn't there.")]
    assert checks.undescribed([MART], {"dim_people": {"person_id": "VARCHAR"}}) == []
    assert checks.undescribed([MART], built) == ["dim_people.email has no description"]
    assert len(checks.undescribed([replace(MART, description="")], {})) == 1
    assert len(checks.undescribed([replace(MART, columns=gone)], built)) == 2


def test_what_is_out_of_order_is_found() -> None:
    assert checks.out_of_order(["a", "b"], ["a", "x", "b"]) == []
    assert checks.out_of_order(["b", "a"], ["a", "b"]) == ["a stands before b in the SQL"]


def test_what_is_untested_is_found() -> None:
    assert checks.untested([MART]) == []
    assert checks.untested([replace(MART, tests=["one_row_per"])]) == []
    assert len(checks.untested([replace(MART, tests=["filled"])])) == 1
    assert len(checks.untested([replace(MART, tests=[])])) == 1
    assert len(checks.untested([replace(MART, tests=["person_id.not_null"])])) == 1


def test_a_unit_test_named_for_something_else_is_found() -> None:
    assert checks.wrong_unit_tests([replace(MART, unit_tests=["dim_people_keeps_ids"])]) == []
    assert len(checks.wrong_unit_tests([replace(MART, unit_tests=["test_ids"])])) == 1


def test_a_model_that_decides_without_a_unit_test_is_found() -> None:
    deciding = replace(STAGING, sql="select * from a qualify row_number() over (order by b) = 1")
    assert len(checks.wrong_unit_tests([deciding])) == 1
    assert checks.wrong_unit_tests([replace(STAGING, sql="select a from b -- coalesce")]) == []


def test_a_missing_contract_is_found() -> None:
    assert checks.uncontracted([MART]) == []
    assert len(checks.uncontracted([replace(MART, is_contracted=False)])) == 1
    assert len(checks.uncontracted([replace(MART, columns=[Column("a", "A.")])])) == 1


def test_a_float_is_found() -> None:
    assert checks.floating({"fct_orders": {"total_amount": "DECIMAL(18,2)"}}) == []
    assert len(checks.floating({"fct_orders": {"total_amount": "DOUBLE"}})) == 1


def test_a_missing_grain_is_found() -> None:
    assert checks.without_grain([replace(MART, sql="-- One row per person.\nwith")]) == []
    assert len(checks.without_grain([replace(MART, sql="with")])) == 1


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        (Column("full_name"), True),
        (Column("receiver_address"), True),
        (Column("wechat_unionid"), True),
        (Column("mobile", meta={"pii": "phone"}), False),
        (Column("mobile", meta={"pii": "telephone"}), True),
        (Column("is_email"), False),
        (Column("product_name"), False),
        (Column("currency"), False),
    ],
)
def test_unnamed_personal_data_is_found(column: Column, wrong: bool) -> None:
    assert bool(checks.unnamed_pii([replace(MART, columns=[column])])) is wrong


@pytest.mark.parametrize(
    ("model", "exposure", "wrong"),
    [
        (SYNC, SENT, False),
        (SYNC, replace(SENT, reads=["dim_people"]), True),
        (SYNC, replace(SENT, name="contacts"), True),
        (SYNC, replace(SENT, sync={**SENT.sync, "object": "companies"}), True),
        (replace(SYNC, tests=["person_id.unique"]), SENT, True),
    ],
)
def test_wrong_exposures_are_found(model: Model, exposure: Exposure, wrong: bool) -> None:
    assert bool(checks.wrong_exposures([model], [exposure])) is wrong


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("with\n\na as (\n\n    select * from b\n\n),\n\nc as (\n    select x from a\n)", False),
        ("with\n\na as (\n    select x from b\n\n),\n\nc as (\n    select * from a\n)", True),
        (
            "with\n\na as (\n    select * from b\n    union all by name\n    select * from c\n)",
            False,
        ),
        ("with\n\na as (\n    select * from b\n    union all\n    select * from c\n)", True),
        (
            "with\n\na as (\n    select * from b join c using (d)\n),\n\ne as (\n    select 1\n)",
            True,
        ),
        ("with\n\na as (\n    select b.* from b\n)", True),
        ("with\n\na as (\n    {% for x in y %}\n    select x from b\n)", True),
        ("with\n\na as (\n    select x from b\n    {% if is_incremental() %}\n)", False),
    ],
)
def test_careless_sql_is_found(sql: str, wrong: bool) -> None:
    assert bool(checks.careless_sql([replace(MART, sql=sql)])) is wrong


def macro(name: str, file: str, description: str = "Does it.", **argument: str) -> dict[str, Any]:
    """A manifest with one macro."""
    arguments = [{"name": name, "description": text} for name, text in argument.items()]
    return {
        "macros": {
            name: {
                "name": name,
                "package_name": "tongke",
                "original_file_path": f"macros/{file}.sql",
                "description": description,
                "arguments": arguments,
            }
        }
    }


@pytest.mark.parametrize(
    ("manifest_of_one", "wrong"),
    [
        (macro("normalize_email", "text/normalize_email", column="A column."), False),
        (macro("normalize_email", "text/normalize_email", column=""), True),
        (macro("normalize_email", "text/normalize_email", description=""), True),
        (macro("normalize_email", "text/macros"), True),
        (macro("duckdb__hash_of", "engine/hash_of", description=""), False),
        (macro("test_not_blank", "generic/not_blank"), False),
    ],
)
def test_wrong_macros_are_found(manifest_of_one: dict[str, Any], wrong: bool) -> None:
    assert bool(checks.wrong_macros(manifest_of_one)) is wrong


def test_what_is_not_described_besides_models_is_found() -> None:
    column: dict[str, Any] = {
        "name": "code",
        "description": "",
        "data_type": None,
        "config": {"meta": {}},
    }
    source = {
        "resource_type": "source",
        "name": "orders",
        "description": "Orders.",
        "columns": {"code": column},
    }
    test = {
        "resource_type": "test",
        "name": "orders_are_fine",
        "description": "They are.",
        "columns": {},
    }
    manifest = {"nodes": {"test": test}, "sources": {"source": source}, "exposures": {}}
    assert checks.undescribed_resources(manifest) == [
        "orders.code has no data_type",
        "the test orders_are_fine is no claim: name it assert_…",
    ]
