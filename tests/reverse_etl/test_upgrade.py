"""A ledger that an earlier version wrote is brought up to date, and nothing of it is lost."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, MetaData, Table, Text

from reverse_etl.clock import World
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.ledger import Ledger, schema, upgrade

WRITTEN_BEFORE = sorted((Path(__file__).parent / "ledgers").glob("version_*.sql"))


def read(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def write(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


@pytest.fixture(params=WRITTEN_BEFORE, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    write(path, request.param.read_text())
    return path


def tables_of(path: Path) -> dict[str, list[str]]:
    found = read(path, "select name, sql from sqlite_master where name not like 'sqlite_%'")
    return {name: sql.replace('"', "").split() for name, sql in found}


def test_it_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite"
    for path in (old, new):
        Ledger(path, World()).close()
    assert tables_of(old) == tables_of(new)
    assert read(old, "select value from about") == [(str(schema.VERSION),)]


def test_its_rows_are_what_they_were(old: Path) -> None:
    def rows() -> dict[str, list[Any]]:
        return {name: read(old, f"select * from {name}") for name in held}

    held = [
        name
        for (name,) in read(old, "select name from sqlite_master where type = 'table'")
        if name not in {"about", "sqlite_sequence"}
    ]
    before = rows()
    Ledger(old, World()).close()
    after = rows()
    for name, lines in before.items():
        assert [row[: len(lines[0])] for row in after[name]] == lines, name
    assert before["deliveries"]


def test_tables_made_anew_keep_all(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_is_as_defined", lambda *_: False)
    test_its_rows_are_what_they_were(old)


def test_a_number_that_was_given_once_is_not_given_again(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "_is_as_defined", lambda *_: False)
    sequence = "select seq from sqlite_sequence where name = 'deliveries'"
    before = read(old, sequence)
    Ledger(old, World()).close()
    assert before == read(old, sequence) == [(9,)]


def test_a_changed_table_takes_what_it_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    with monkeypatch.context() as earlier:
        smaller = MetaData()
        Table(
            "facts",
            smaller,
            Column("name", Text, primary_key=True, index=True),
            CheckConstraint("name = 'a'"),
        )
        schema.about.to_metadata(smaller)
        earlier.setattr(schema, "metadata", smaller)
        earlier.setattr(schema, "VERSION", schema.VERSION - 1)
        Ledger(path, World()).close()
    write(path, "insert into facts values ('a')")
    larger = MetaData()
    Table(
        "facts",
        larger,
        Column("name", Text, primary_key=True, index=True),
        Column("more", Text),
        CheckConstraint("name = 'a' or name = 'b'"),
    )
    schema.about.to_metadata(larger)
    monkeypatch.setattr(schema, "metadata", larger)
    Ledger(path, World()).close()
    write(path, "insert into facts (name) values ('b')")
    assert read(path, "select * from facts order by name") == [("a", None), ("b", None)]


def test_an_upgrade_that_breaks_off_leaves_the_old_one(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables_of(old)

    def breaks_off(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(schema.metadata, "create_all", breaks_off)
    with pytest.raises(OSError, match="full"):
        Ledger(old, World())
    assert tables_of(old) == before


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path, World()).close()
    write(path, "update about set value = '1000'")
    with pytest.raises(SyncConfigurationError, match="has version 1000"):
        Ledger(path, World())
