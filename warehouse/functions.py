"""Functions that SQL lacks, registered on every DuckDB connection of the project."""

import duckdb


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection, under the names that the macros call."""
