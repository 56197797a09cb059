"""A real PocketBase as the CRM: what people typed, and what they removed."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import SourceError
from tests.crm.pocketbase import EMAIL, PASSWORD, PocketBase
from tests.ingestion.systems import Project, rows_landed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PocketBase]:
    made = PocketBase(tmp_path_factory.mktemp("pocketbase"))
    try:
        text = {"type": "text", "max": 20_000}
        made.create_collection(
            "companies",
            [
                {"name": "external_id", **text},
                {"name": "name", "type": "text", "required": True},
                {"name": "lifetime_value", **text},
                {"name": "open_tickets", "type": "number", "onlyInt": True},
                {"name": "isVip", "type": "bool"},
                {"name": "labels", "type": "json"},
            ],
        )
        yield made
    finally:
        made.close()


@dataclasses.dataclass(frozen=True)
class Companies:
    """The collection, as a salesperson sees it."""

    server: PocketBase

    def create(self, **fields: Any) -> str:
        path = "/api/collections/companies/records"
        return str(self.server.call("POST", path, {"name": "甲公司", **fields})["id"])

    def update(self, id_: str, **fields: Any) -> None:
        self.server.call("PATCH", f"/api/collections/companies/records/{id_}", fields)

    def delete(self, id_: str) -> None:
        self.server.call("DELETE", f"/api/collections/companies/records/{id_}")


@pytest.fixture
def companies(project: Project, server: PocketBase) -> Companies:
    """An empty collection; the project is connected to it."""
    server.empty("companies")
    connect(project, server.url)
    return Companies(server)


def connect(project: Project, url: str, **settings: Any) -> None:
    project.configure(
        {
            "sources": {
                "selfbuilt": {
                    "kind": "crm",
                    "connection": "selfbuilt",
                    "objects": ["companies"],
                    **settings,
                }
            },
            "crm": {"selfbuilt": {"kind": "selfbuilt", "profile": "pocketbase", "base_url": url}},
        },
        {"crm": {"selfbuilt": {"identity": EMAIL, "password": PASSWORD}}},
    )


def test_records_are_landed_as_text_with_their_times(
    project: Project, companies: Companies
) -> None:
    id_ = companies.create(lifetime_value="1234567890123.45", open_tickets=3, isVip=True)

    assert rows_landed(project.run("selfbuilt")) == {"companies": 1}
    assert project.query(
        "select id, name, lifetime_value, open_tickets, is_vip, _is_deleted, "
        "typeof(created), typeof(updated), updated > now()::timestamp - interval 1 hour "
        "from raw_selfbuilt.companies"
    ) == [(id_, "甲公司", "1234567890123.45", "3", "true", False, "TIMESTAMP", "TIMESTAMP", True)]


def test_only_what_changed_is_landed_again(project: Project, companies: Companies) -> None:
    first = companies.create(name="甲")
    companies.create(name="乙")
    project.run("selfbuilt")
    assert rows_landed(project.run("selfbuilt")) == {"companies": 0}

    companies.update(first, name="丙")

    assert rows_landed(project.run("selfbuilt")) == {"companies": 1}
    assert rows_landed(project.run("selfbuilt", full=True)) == {"companies": 0}


def test_a_removed_record_gets_a_tombstone(project: Project, companies: Companies) -> None:
    gone = companies.create(name="甲")
    companies.create(name="乙")
    companies.create(name="丙")
    project.run("selfbuilt")
    companies.delete(gone)

    assert rows_landed(project.run("selfbuilt")) == {"companies": 1}
    assert project.query(
        "select id, name, _is_deleted from raw_selfbuilt.companies "
        "qualify row_number() over (partition by id order by updated desc, _dlt_load_id desc) = 1 "
        "order by name"
    ) == [
        *project.query("select id, name, false from raw_selfbuilt.companies where name = '丙'"),
        *project.query("select id, name, false from raw_selfbuilt.companies where name = '乙'"),
        (gone, "甲", True),
    ]
    assert rows_landed(project.run("selfbuilt", full=True)) == {"companies": 0}


def test_a_removal_that_a_new_record_hides_is_found_by_the_next_full_run(
    project: Project, companies: Companies
) -> None:
    connect(project, companies.server.url, full_every=3)
    gone = companies.create(name="甲")
    companies.create(name="乙")
    project.run("selfbuilt")
    companies.delete(gone)
    companies.create(name="丙")

    landed = [rows_landed(project.run("selfbuilt"))["companies"] for _ in range(4)]

    assert sum(landed) == 2
    assert project.query("select id from raw_selfbuilt.companies where _is_deleted") == [(gone,)]


def test_many_that_vanish_at_once_are_taken_for_an_error(
    project: Project, companies: Companies
) -> None:
    ids = [companies.create(name=f"公司{i}") for i in range(10)]
    project.run("selfbuilt")
    for id_ in ids[:8]:
        companies.delete(id_)

    summary = project.run("selfbuilt")

    assert summary.status == "failed"
    assert "8 of the 10 known companies are gone" in summary.problems[0].message
    assert project.count("raw_selfbuilt.companies") == 10
    connect(project, companies.server.url, max_removed=1.0)
    assert rows_landed(project.run("selfbuilt")) == {"companies": 8}


def test_a_restored_record_outranks_its_tombstone(project: Project, companies: Companies) -> None:
    companies.create(name="乙")
    id_ = companies.create(name="甲")
    project.run("selfbuilt")
    companies.delete(id_)
    project.run("selfbuilt")
    companies.create(id=id_, name="甲")

    project.run("selfbuilt")

    assert project.query(
        "select _is_deleted from raw_selfbuilt.companies where id = ? "
        "qualify row_number() over (partition by id order by updated desc, _dlt_load_id desc) = 1",
        [id_],
    ) == [(False,)]


def test_more_records_than_a_page(project: Project, companies: Companies) -> None:
    for i in range(450):
        companies.create(name=f"公司{i}")

    assert rows_landed(project.run("selfbuilt")) == {"companies": 450}
    assert rows_landed(project.run("selfbuilt")) == {"companies": 0}


def test_a_crm_that_does_not_answer_is_named(project: Project, tmp_path: Path) -> None:
    connect(project, "http://127.0.0.1:9")

    with pytest.raises(SourceError, match="selfbuilt: companies"):
        project.run("selfbuilt")


def test_an_object_that_is_not_there_is_named(project: Project, companies: Companies) -> None:
    connect(project, companies.server.url, objects=["persons"])

    with pytest.raises(SourceError, match="persons"):
        project.run("selfbuilt")
