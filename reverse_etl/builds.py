"""Was the model built, after its parents, and did its tests and its ancestors' pass?

dbt's manifest says what should be; the record that an on-run-end hook leaves in
the warehouse (`operations.build_results`) says what was. Both are needed: a
manifest is also written by `dbt parse`, which builds nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from reverse_etl.syncs import Sync

TABLE = "operations.build_results"
_BUILT = {"success"}
_PASSED = {"pass", "warn", "success"}
_TESTS = {"test", "unit_test"}


@dataclass(frozen=True, slots=True)
class Result:
    """What the latest build said of one node."""

    status: str
    completed_at: datetime | None


def problems(manifest: Mapping[str, Any], sync: Sync, results: Mapping[str, Result]) -> list[str]:
    """What keeps a sync's model from being trusted; empty if it may be synced."""
    parents: Mapping[str, list[str]] = manifest["parent_map"]
    lineage = _lineage(sync.model, parents)
    found = []
    for node in lineage:
        result = results.get(node)
        if result is None:
            found.append(f"{_name(node)} was never built")
        elif result.status not in _BUILT:
            found.append(f"{_name(node)} was not built: {result.status}")
        else:
            found += [
                f"{_name(node)} was built before its parent {_name(parent)}"
                for parent in parents.get(node, ())
                if parent in lineage and _is_older(result, results.get(parent))
            ]
    for test in _tests(lineage, manifest):
        result = results.get(test)
        if result is None:
            found.append(f"the test {_name(test)} never ran")
        elif result.status not in _PASSED:
            found.append(f"the test {_name(test)} did not pass: {result.status}")
        elif not test.startswith("unit_test."):
            found += [
                f"{_name(node)} was not tested since it was built ({_name(test)})"
                for node in parents.get(test, ())
                if node in lineage and _is_older(result, results.get(node))
            ]
    return found


def read_results(connection: duckdb.DuckDBPyConnection) -> dict[str, Result]:
    """The latest result of each node; empty if nothing was ever built."""
    try:
        rows = connection.execute(f"""
            select unique_id, status, completed_at
            from warehouse.{TABLE}
            qualify row_number() over (partition by unique_id order by completed_at desc) = 1
        """).fetchall()
    except duckdb.CatalogException:
        return {}
    return {unique_id: Result(status, completed_at) for unique_id, status, completed_at in rows}


def _lineage(model: str, parents: Mapping[str, list[str]]) -> list[str]:
    """The model and all that it is made of, apart from the sources; nearest first."""
    seen: dict[str, None] = {}
    waiting = [model]
    while waiting:
        node = waiting.pop(0)
        if node.partition(".")[0] in {"model", "seed", "snapshot"} and node not in seen:
            seen[node] = None
            waiting += parents.get(node, ())
    return list(seen)


def _tests(lineage: Iterable[str], manifest: Mapping[str, Any]) -> list[str]:
    """The tests of these nodes that look at nothing outside of them."""
    inside = set(lineage)
    children: Mapping[str, list[str]] = manifest["child_map"]
    parents: Mapping[str, list[str]] = manifest["parent_map"]
    tests = {
        child: None
        for node in inside
        for child in children.get(node, ())
        if child.partition(".")[0] in _TESTS
    }
    return [
        test
        for test in tests
        if all(parent in inside or parent.startswith("source.") for parent in parents.get(test, ()))
    ]


def _is_older(result: Result, other: Result | None) -> bool:
    if other is None or result.completed_at is None or other.completed_at is None:
        return False
    return result.completed_at < other.completed_at


def _name(unique_id: str) -> str:
    return unique_id.split(".")[2]
