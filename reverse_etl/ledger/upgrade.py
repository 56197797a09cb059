"""Bring a ledger that an earlier version wrote up to date, in place.

A table whose definition has changed is made anew and its rows are carried over: SQLite can't
change a constraint of a table that is there. A new column must be one that may be empty. All of
it is one transaction, so a ledger is of one version or of the other.
"""

from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, text
from sqlalchemy.schema import CreateTable

from reverse_etl.ledger import schema


def upgrade(connection: Connection) -> None:
    """Make each table what the schema says it is; no row is lost, and none changes."""
    there = set(inspect(connection).get_table_names())
    for table in schema.metadata.sorted_tables:
        if table.name in there and not _is_as_defined(connection, table):
            _make_anew(connection, table)
    schema.metadata.create_all(connection)


def _is_as_defined(connection: Connection, table: Table) -> bool:
    found: str = connection.execute(
        text("select sql from sqlite_master where type = 'table' and name = :name"),
        {"name": table.name},
    ).scalar_one()
    return _words(found) == _words(str(CreateTable(table).compile(connection)))


def _words(sql: str) -> list[str]:
    return sql.replace('"', "").split()


def _make_anew(connection: Connection, table: Table) -> None:
    for index in inspect(connection).get_indexes(table.name):
        connection.execute(text(f"drop index {index['name']}"))
    name = f"former_{table.name}"
    connection.execute(text(f"alter table {table.name} rename to {name}"))
    former = Table(name, MetaData(), autoload_with=connection)
    table.create(connection)
    common = [column.name for column in former.columns if column.name in table.columns]
    rows = select(*(former.columns[each] for each in common))
    connection.execute(insert(table).from_select(common, rows))
    if table.dialect_options["sqlite"]["autoincrement"]:
        # a number that was given once is never given again, even if its row is gone
        for statement in (
            "delete from sqlite_sequence where name = :name",
            "update sqlite_sequence set name = :name where name = :former",
        ):
            parameters = {"name": table.name, "former": name}
            connection.execute(text(statement), parameters)
    former.drop(connection)
