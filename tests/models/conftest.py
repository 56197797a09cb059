"""The project's models, run on a warehouse of the test's own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult


@dataclass(frozen=True)
class Project:
    """The project with a warehouse of its own."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        """The warehouse's file."""
        return self.folder / "warehouse.duckdb"

    def invoke(self, *arguments: str) -> bool:
        """Run a command of dbt's; return whether it succeeded."""
        return self.run(*arguments).success

    def run(self, *arguments: str) -> dbtRunnerResult:
        """Run a command of dbt's; return its result."""
        options = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder)]
        result = dbtRunner().invoke([*arguments, *options, "--quiet"])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        return result

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query answers."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project on a warehouse into which nothing has landed."""
    with pytest.MonkeyPatch.context() as patch:
        own = Project(tmp_path_factory.mktemp("models"))
        patch.setenv("TONGKE_WAREHOUSE", str(own.warehouse))
        patch.chdir(root)
        yield own


@pytest.fixture(scope="module")
def rendered(project: Project) -> Callable[[Sequence[str]], list[str]]:
    """Render calls of macros to SQL, all in one go because dbt takes its time."""

    def render(calls: Sequence[str]) -> list[str]:
        inline = "\n--;\n".join(f"{{{{ {call} }}}}" for call in calls)
        result = project.run("compile", "--inline", inline, "--vars", "{as_of: '2026-03-31'}")
        assert result.success, result.exception
        code = result.result.results[0].node.compiled_code  # type: ignore[union-attr]  # compile's
        return [sql.strip() for sql in str(code).split("\n--;\n")]

    return render
