"""The project as dbt sees it: parsed once, and built once without a row."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from tests.conventions.models import Exposure, Model, read_exposures, read_models


@pytest.fixture(scope="session")
def dbt(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Dbt"]:
    """Dbt on this project, with a warehouse and a target folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("dbt")
        patch.setenv("TONGKE_WAREHOUSE", str(folder / "warehouse.duckdb"))
        patch.chdir(root)
        yield Dbt(root, folder)


class Dbt:
    """Runs dbt in this process."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"

    def invoke(self, *arguments: str) -> None:
        """Run a command of dbt's; fail the test with what it says if it fails."""
        options = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder)]
        options += ["--project-dir", str(self.root), "--profiles-dir", str(self.root), "--quiet"]
        result = dbtRunner().invoke([*arguments, *options])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        if not result.success:
            failed = [
                f"{each.node.name}: {each.message}"
                for each in getattr(result.result, "results", None) or []
                if each.status in {"error", "fail"}
            ]
            reasons = "\n".join(failed) or result.exception
            pytest.fail(f"dbt {arguments[0]} failed: {reasons}", pytrace=False)

    def manifest(self) -> dict[str, Any]:
        """The manifest of the last command."""
        text = (self.folder / "target" / "manifest.json").read_text(encoding="utf-8")
        parsed: dict[str, Any] = json.loads(text)
        return parsed


@pytest.fixture(scope="session")
def manifest(dbt: Dbt) -> dict[str, Any]:
    """The project's manifest."""
    dbt.invoke("parse")
    return dbt.manifest()


@pytest.fixture(scope="session")
def models(manifest: Mapping[str, Any]) -> list[Model]:
    """The project's models."""
    return read_models(manifest)


@pytest.fixture(scope="session")
def exposures(manifest: Mapping[str, Any]) -> list[Exposure]:
    """The exposures that describe a sync."""
    return read_exposures(manifest)


@pytest.fixture(scope="session")
def built(dbt: Dbt, manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The columns and types that each model really has, from a build without a row."""
    assert manifest
    dbt.warehouse.unlink(missing_ok=True)
    dbt.invoke("build", "--empty", "--resource-type", "model", "--resource-type", "seed")
    columns: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(dbt.warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select table_name, column_name, data_type
            from information_schema.columns
            where table_schema similar to '(main_)?(staging|intermediate|marts|activation)'
            order by table_name, ordinal_position
            """
        ).fetchall()
    for table, column, data_type in rows:
        columns.setdefault(table, {})[column] = data_type
    return columns
