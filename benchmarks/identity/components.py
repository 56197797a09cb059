"""Connected components in memory: what baselines cluster with."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa


class Components:
    """Records that are joined pair by pair; a record that was joined to none is its own."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        """Put two records and all that were joined to them together."""
        self._parents[self.root(one)] = self.root(other)

    def root(self, record: str) -> str:
        """The record that stands for all that are joined to this one."""
        parents = self._parents
        while (parent := parents.setdefault(record, record)) != record:
            # each look-up halves the way for the next one
            parents[record] = parents.setdefault(parent, parent)
            record = parents[record]
        return record

    def write(self, connection: duckdb.DuckDBPyConnection, table: str, records: str) -> None:
        """Make a temporary table of all records of `labelled`-like relation, with cluster_id."""
        keys = [
            key for (key,) in connection.execute(f"select record_key from {records}").fetchall()
        ]
        roots = pa.table({"record_key": keys, "cluster_id": [self.root(key) for key in keys]})
        connection.register("roots", roots)
        connection.execute(
            f"create or replace temporary table {table} as "
            "select labelled.record_key, labelled.entity_type, labelled.entity, roots.cluster_id "
            f"from {records} as labelled inner join roots using (record_key)"
        )
        connection.unregister("roots")


def components(pairs: Iterable[tuple[str, str]]) -> Components:
    """Join all pairs."""
    joined = Components()
    for one, other in pairs:
        joined.join(one, other)
    return joined
