"""A company small enough to be written down: its records land as given, and dbt says who is who."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from identity.explanations import Explanations
from identity.reviews import Reviews
from ingestion.sources.ledger import digests

Row = Mapping[str, Any]

WANTED = (
    "+bridge_person_records",
    "+bridge_company_records",
    "+dim_people",
    "+int_people_redirected",
    "+fct_match_reviews",
    "+fct_record_links",
    "+fct_id_changes",
    "+bridge_given_ids",
    "+int_values_ranked",
    "+bridge_household_relations",
)


class World:
    """A warehouse of its own, with the raw tables of all sources, and what dbt makes of them."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._path = folder / "warehouse.duckdb"
        self._loads = 0

    def begin(self) -> None:
        """Start from nothing, with every raw table there and empty."""
        self._path.unlink(missing_ok=True)
        with duckdb.connect(self._path) as connection:
            for source in _sources(self._root):
                connection.execute(f"create schema {source['schema']}")
                for table in source["tables"]:
                    columns = [f"{c['name']} {c['data_type']}" for c in table["columns"]]
                    columns += ["_dlt_load_id varchar", "_dlt_id varchar"]
                    connection.execute(
                        f"create table {source['schema']}.{table['name']} ({', '.join(columns)})"
                    )

    def land(self, table: str, *rows: Row) -> None:
        """Append rows to a raw table, as one load."""
        self._loads += 1
        with duckdb.connect(self._path) as connection:
            for number, row in enumerate(rows):
                landed = {
                    **row,
                    "_dlt_load_id": f"{self._loads:06d}",
                    "_dlt_id": f"{self._loads}.{number}",
                }
                names, marks = ", ".join(landed), ", ".join("?" * len(landed))
                connection.execute(
                    f"insert into raw_{table} ({names}) values ({marks})",
                    list(landed.values()),
                )

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement on the warehouse."""
        with duckdb.connect(self._path) as connection:
            return connection.execute(statement).fetchall()

    def build(self, *options: str) -> None:
        """Let dbt run everything that identity needs."""
        self._dbt("run", "--select", *WANTED, *options)

    def is_recount_due(self, *options: str) -> bool:
        """Whether dbt's test of that name warns."""
        name = "assert_no_identity_recount_is_due"
        answer = self._dbt("test", "--select", name, *options)
        [status] = [each.status for each in answer.results if each.node.name == name]
        return bool(status == "warn")

    def _dbt(self, *arguments: str) -> Any:
        """Run dbt, which must succeed; gives its answer."""
        # the manifest that dbt would write costs a fifth of a build, and nobody reads it
        options = ["--quiet", "--no-write-json"]
        options += ["--project-dir", str(self._root), "--profiles-dir", str(self._root)]
        options += ["--target-path", str(self._folder / "target")]
        options += ["--log-path", str(self._folder)]
        result = dbtRunner().invoke([*arguments, *options])
        # let go of the file, or nobody else in this process can open it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
        if not result.success:
            log = (self._folder / "dbt.log").read_text(encoding="utf-8")
            pytest.fail(f"dbt failed: {result.exception}\n{log[-3000:]}")
        return result.result

    def forget(self) -> None:
        """Empty it, but for the seeds."""
        seeds = self.sql(
            "select table_name from information_schema.tables where table_schema = 'seeds'"
        )
        if not seeds:
            pytest.fail("the seeds aren't there")
        for schema in ("staging", "intermediate", "marts", "operations"):
            self.sql(f"drop schema if exists {schema} cascade")
        for source in _sources(self._root):
            for table in source["tables"]:
                self.sql(f"delete from {source['schema']}.{table['name']}")

    def is_partial(self) -> bool:
        """Whether the last build recomputed only what changes reached."""
        return bool(self.sql("select is_partial from operations.identity_builds")[0][0])

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        """Whatever is built within is forgotten."""
        aside = self._path.with_suffix(".aside")
        shutil.copy(self._path, aside)
        try:
            yield
        finally:
            shutil.move(aside, self._path)

    def people(self) -> dict[str, str]:
        """The person of every record, by its key."""
        found = self.sql("select record_key, person_id from marts.bridge_person_records")
        return dict(found)

    def companies(self) -> dict[str, str]:
        """The company of every record, by its key."""
        found = self.sql("select record_key, company_id from marts.bridge_company_records")
        return dict(found)

    @property
    def warehouse(self) -> Path:
        """The warehouse's file."""
        return self._path

    def reviews(self) -> Reviews:
        """The review queue of this warehouse."""
        return Reviews(self._path)

    def explanations(self, *, values: bool) -> Explanations:
        """Why who is who in this warehouse."""
        return Explanations(self._path, values=values)

    def redirects(self) -> set[tuple[str, str, str]]:
        """Which person's id gave way to which, and why."""
        found = self.sql("select old_key, new_key, kind from intermediate.int_people_redirected")
        return {(old, new, kind) for old, new, kind in found}

    def leads(self) -> set[tuple[str, str]]:
        """Every id that a person was ever given, and those in use to which it leads."""
        found = self.sql(
            "select given_id, entity_id from marts.bridge_given_ids where relation != 'gone'"
        )
        return {(given, current) for given, current in found}


@pytest.fixture(scope="module")
def session_world(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One path for all tests of a file, so that dbt parses the project once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("identity")
        patch.setenv("TONGKE_WAREHOUSE", str(folder / "warehouse.duckdb"))
        patch.chdir(root)
        world = World(root, folder)
        world.begin()
        seed_warehouse(root, folder)
        yield world


@pytest.fixture
def world(session_world: World) -> World:
    """A company of which nobody knows anything yet."""
    session_world.forget()
    return session_world


def contact(number: int, name: str | None = None, **values: Any) -> Row:
    """A contact of the ERP."""
    return {
        "contact_id": number,
        "name": name,
        "created_at": "2026-01-01 10:00:00",
        "updated_at": "2026-01-01 10:00:00",
        "is_deleted": False,
        **values,
    }


def user(number: int, name: str | None = None, **values: Any) -> Row:
    """A user of the helpdesk."""
    return {
        "id": number,
        "realname": name,
        "creation": "2026-01-01 10:00:00",
        "activity": "2026-01-01 10:00:00",
        **values,
    }


def crm_contact(record_id: str, day: int, **values: Any) -> Row:
    """A contact of the CRM, as it stands on a day of February."""
    return {
        "id": record_id,
        "created": "2026-02-01 10:00:00",
        "updated": f"2026-02-{day:02d} 10:00:00",
        "_is_deleted": False,
        **values,
    }


def ledger_record(key: str, remote_id: str, day: int, sent: str, **values: Any) -> Row:
    """What the ledger knows of a contact, as it stands on a day of February."""
    return {
        "destination": "selfbuilt",
        "object": "contacts",
        "sync": "selfbuilt_contacts",
        "key": key,
        "remote_id": remote_id,
        "origin": "created",
        "state": "live",
        "sent_digests": digests(remote_id, sent),
        "changed_at": f"2026-02-{day:02d}T10:00:01.000000Z",
        **values,
    }


def seed_warehouse(root: Path, folder: Path) -> None:
    """Let dbt load the seeds."""
    arguments = ["seed", "--quiet", "--project-dir", str(root), "--profiles-dir", str(root)]
    arguments += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    result = dbtRunner().invoke(arguments)
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # no types
    assert result.success


def _sources(root: Path) -> Sequence[dict[str, Any]]:
    files = sorted(root.glob("models/staging/*/_*__sources.yml"))
    return [
        source
        for file in files
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    ]
