"""The ledger of the syncs, as reverse_etl makes it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.sources.ledger import digests
from reverse_etl.ledger import schema
from tests.ingestion.systems import Project, rows_landed


@pytest.fixture
def ledger(project: Project) -> Iterator[sa.Connection]:
    """A ledger with a run, a known record, a delivery, and a reject."""
    project.configure({"sources": {"ledger": {"kind": "ledger"}}})
    engine = sa.create_engine(f"sqlite:///{project.folder / 'ledger.sqlite'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma journal_mode = wal")
        schema.metadata.create_all(connection)
        at = "2026-01-01T00:00:00.000000Z"
        _insert(connection, schema.runs, run_id="r1", status="running", started_at=at)
        _insert(connection, schema.records, key="p1", sent='{"mobile": "13800000001"}',
                origin="created", state="live", changed_at=at)  # fmt: skip
        _insert(connection, schema.deliveries, delivery_id=1, key="p1", operation="create",
                intent_at=at, outcome="written", outcome_at=at)  # fmt: skip
        _insert(connection, schema.delivery_values, delivery_id=1, payload='{"secret": 1}')
        _insert(connection, schema.rejects, key="p2", state="waiting", since=at)
        connection.commit()
        yield connection
    engine.dispose()


def test_its_facts_are_landed_and_its_values_are_not(
    project: Project, ledger: sa.Connection
) -> None:
    assert rows_landed(project.run("ledger")) == {
        "records": 1,
        "erasures": 0,
        "deliveries": 1,
        "runs": 1,
        "rejects": 1,
    }
    types = dict(
        project.query(
            "select column_name, data_type from duckdb_columns() "
            "where schema_name = 'raw_ledger' and table_name = 'deliveries'"
        )
    )
    assert types["delivery_id"] == types["attempt"] == "BIGINT"
    assert types["fields"] == types["intent_at"] == "VARCHAR"
    assert not project.query("select 1 from duckdb_tables() where table_name = 'delivery_values'")
    assert not project.query(
        "select 1 from duckdb_columns() where schema_name = 'raw_ledger' "
        "and column_name = 'message'"
    )
    [(key, sent)] = project.query("select key, sent_digests from raw_ledger.records")
    assert key == "p1"
    assert list(json.loads(sent)) == ["mobile"]
    # not a byte of a value is in the file, nor in what dlt worked with
    assert [path for path in project.folder.rglob("*") if holds(path, b"13800000001")] == [
        project.folder / "ledger.sqlite-wal"
    ]


def test_what_was_erased_in_the_ledger_goes_from_the_warehouse(
    project: Project, ledger: sa.Connection
) -> None:
    later = "2026-01-02T00:00:00.000000Z"
    _insert(ledger, schema.records, key="p2", sent='{"mobile": "2"}', origin="created",
            state="live", changed_at="2026-01-01T00:00:00.000000Z")  # fmt: skip
    ledger.commit()
    project.run("ledger")
    ledger.execute(
        sa.update(schema.records)
        .where(schema.records.c.key == "p1")
        .values(sent="{}", observed=None, changed_at=later)
    )
    _insert(ledger, schema.erasures, erasure_id=1, key="p1", erased_at=later)
    ledger.execute(sa.delete(schema.delivery_values))
    ledger.commit()

    assert rows_landed(project.run("ledger"))["records"] == 1
    versions = "select key, sent_digests from raw_ledger.records order by key"
    [p1, p2] = project.query(versions)
    assert p1 == ("p1", "{}")
    assert p2[0] == "p2"
    assert project.count("raw_ledger.deliveries") == 1, "the fact stays"

    # and it doesn't come back, nor goes what is written of the same key later
    assert rows_landed(project.run("ledger", full=True))["records"] == 0
    ledger.execute(
        sa.update(schema.records)
        .where(schema.records.c.key == "p1")
        .values(sent='{"mobile": "3"}', changed_at="2026-01-03T00:00:00.000000Z")
    )
    ledger.commit()
    project.run("ledger")
    assert len(project.query(versions)) == 3


def test_purged_values_change_nothing_of_what_was_landed(
    project: Project, ledger: sa.Connection
) -> None:
    project.run("ledger")
    ledger.execute(sa.delete(schema.delivery_values))
    ledger.commit()
    assert set(rows_landed(project.run("ledger", full=True)).values()) == {0}


def test_a_digest_tells_fields_and_records_apart_and_no_value() -> None:
    values = {"name": "张三", "city": "张三", "count": 3, "is_new": True, "mobile": None}
    one = json.loads(digests("r1", json.dumps(values)) or "")
    other = json.loads(digests("r2", json.dumps(values)) or "")
    assert one["mobile"] is None
    found = [each[name] for each in (one, other) for name in ("name", "city", "count", "is_new")]
    assert len(set(found)) == 8
    assert digests("r1", None) is None


def test_deliveries_of_one_moment_are_landed_once_each(
    project: Project, ledger: sa.Connection
) -> None:
    project.run("ledger")
    for ids in ((2, 3), (4, 5)):
        # the second batch shares the moment of the first, which was landed before it came
        for delivery_id in ids:
            _insert(ledger, schema.deliveries, delivery_id=delivery_id, key="p1",
                    operation="update", outcome="written",
                    intent_at="2026-01-02T00:00:00.000000Z",
                    outcome_at="2026-01-02T00:00:00.000000Z")  # fmt: skip
        ledger.commit()
        assert rows_landed(project.run("ledger"))["deliveries"] == 2

    assert rows_landed(project.run("ledger")) == {
        "records": 0,
        "erasures": 0,
        "deliveries": 0,
        "runs": 0,
        "rejects": 0,
    }


def test_no_ledger_is_said_and_is_no_error(project: Project) -> None:
    project.configure({"sources": {"ledger": {"kind": "ledger"}}})

    summary = project.run("ledger")

    assert summary.status == "done"
    assert "there is no ledger at" in summary.problems[0].message
    assert not Path(project.folder / "ledger.sqlite").exists()


def holds(path: Path, value: bytes) -> bool:
    return path.is_file() and value in path.read_bytes()


def _insert(connection: sa.Connection, table: sa.Table, **values: Any) -> None:
    """A row whose other columns hold something."""
    others = {
        column.name: 1 if isinstance(column.type, sa.Integer) else "x"
        for column in table.columns
        if not column.nullable
    }
    connection.execute(sa.insert(table).values(**{**others, **values}))
