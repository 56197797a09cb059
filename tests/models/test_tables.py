"""A model's table is replaced whole, or not at all."""

from tests.models.conftest import Project


def test_a_model_that_fails_leaves_its_table_as_it_was(project: Project) -> None:
    chosen = ("run", "--select", "stg_finance__payments")
    assert project.invoke(*chosen)
    project.query("insert into raw_finance.payments (payment_no, amount) values ('P1', '100.00')")
    assert project.invoke(*chosen)
    before = project.query("from staging.stg_finance__payments")
    assert [row[0] for row in before] == ["P1"]

    project.query("alter table raw_finance.payments drop column amount")
    project.query("alter table raw_finance.payments add column amount integer[]")
    assert not project.invoke(*chosen)

    assert project.query("from staging.stg_finance__payments") == before
