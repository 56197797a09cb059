"""What happens before and after every run of dbt: empty sources, and the build record."""

from pathlib import Path
from typing import Any

import dlt
import pytest

from tests.models.conftest import Project

LATEST = """
    select arg_max(status, completed_at), arg_max(failures, completed_at)
    from operations.build_results
    where unique_id like ?
"""


@pytest.fixture(scope="module", autouse=True)
def built(project: Project) -> None:
    """One model, built before anything landed."""
    assert project.invoke("build", "--select", "stg_erp__orders")


def test_a_source_that_has_not_landed_is_an_empty_table_of_the_declared_types(
    project: Project,
) -> None:
    columns = dict(
        project.query(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'raw_erp' and table_name = 'orders'"
        )
    )
    assert columns["total_amount"] == "DECIMAL(18,2)"
    assert columns["_dlt_load_id"] == columns["_dlt_id"] == "VARCHAR"
    assert project.query("select count(*) from raw_erp.orders") == [(0,)]


def test_dlt_lands_in_such_a_table_and_adds_a_column_to_it(
    project: Project, tmp_path: Path
) -> None:
    def land(rows: list[dict[str, Any]]) -> None:
        pipeline = dlt.pipeline(
            "erp",
            destination=dlt.destinations.duckdb(str(project.warehouse)),
            dataset_name="raw_erp",
            pipelines_dir=str(tmp_path),
        )
        pipeline.run(
            rows, table_name="contacts", loader_file_format="parquet"
        ).raise_on_failed_jobs()

    land([{"contact_id": 1, "name": "张三"}])
    land([{"contact_id": 2, "name": "李四", "nickname": "小李"}])
    landed = project.query("select contact_id, name, nickname from raw_erp.contacts order by 1")
    assert landed == [(1, "张三", None), (2, "李四", "小李")]
    assert project.invoke("build", "--select", "stg_erp__contacts")
    assert project.query("select count(*) from staging.stg_erp__contacts") == [(2,)]


def test_every_node_of_a_run_is_recorded_with_its_outcome(project: Project) -> None:
    assert project.query(LATEST, "model.tongke.stg_erp__orders") == [("success", None)]
    assert project.query(LATEST, "test.tongke.not_null_stg_erp__orders_order_id.%") == [("pass", 0)]
    recorded = "select distinct target, command from operations.build_results"
    assert ("duckdb", "build") in project.query(recorded)


def test_a_failed_test_and_what_was_skipped_for_it_are_the_newest_word(project: Project) -> None:
    chosen = ("build", "--select", "stg_erp__orders", "int_orders_unioned")
    assert project.invoke(
        "run", "--select", "int_orders_unioned", "stg_erp__customers", "stg_shop__orders"
    )
    assert project.query(LATEST, "model.tongke.int_orders_unioned") == [("success", None)]
    project.query("insert into raw_erp.orders (order_id) values (null)")
    assert not project.invoke(*chosen)
    assert project.query(LATEST, "test.tongke.not_null_stg_erp__orders_order_id.%") == [("fail", 1)]
    assert project.query(LATEST, "model.tongke.int_orders_unioned") == [("skipped", None)]
    project.query("delete from raw_erp.orders")


def test_a_build_without_its_rows_is_no_success(project: Project) -> None:
    assert project.invoke("run", "--empty", "--select", "stg_erp__orders")
    assert project.query(LATEST, "model.tongke.stg_erp__orders") == [("empty", None)]


def test_the_record_forgets_what_is_older_than_thirty_days(project: Project) -> None:
    project.query(
        "insert into operations.build_results (unique_id, completed_at) values "
        "('old', now()::timestamp - interval 31 day), ('young', now()::timestamp - interval 29 day)"
    )
    assert project.invoke("run", "--select", "stg_erp__orders")
    kept = project.query(
        "select unique_id from operations.build_results where unique_id in ('old', 'young')"
    )
    assert kept == [("young",)]
