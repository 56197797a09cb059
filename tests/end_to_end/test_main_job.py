"""Five systems that disagree become one record each in a CRM, through a plan."""

import json
import sqlite3
from typing import Any

import duckdb
import pytest

from tests.end_to_end.company import CompanyProject

SYNCS = ("selfbuilt_companies", "selfbuilt_contacts", "selfbuilt_orders")


def fields(change: dict[str, Any]) -> set[str]:
    return {each["field"] for each in change["fields"]}


@pytest.mark.timeout(1800)
def test_the_whole_story(project: CompanyProject) -> None:
    """One test, as it is one story: each step stands on the one before."""
    typed = {each["id"] for name in ("companies", "contacts") for each in project.records(name)}
    first = project.plan()
    operations = {change["operation"] for sync in first.values() for change in sync.values()}
    assert operations == {"create", "adopt"}

    # a guard stops a first sync, until its saved plan is applied by name
    stopped = project.apply(expected=4)
    assert stopped["selfbuilt_contacts"]["status"] == "stopped"
    assert stopped["selfbuilt_orders"]["created"] == 0
    project.approve()
    assert project.plan() == {name: {} for name in SYNCS}
    held = {
        name: [each for each in project.records(name) if each["external_id"]]
        for name in ("companies", "contacts", "orders")
    }
    for name, records in held.items():
        wanted = project.query(f"select count(*) from activation.sync_selfbuilt__{name}")
        assert [(len(records),)] == wanted
        assert len({each["external_id"] for each in records}) == len(records)
    # what salespeople typed is adopted where it is known, and nothing of it is gone
    now = {each["id"] for name in ("companies", "contacts") for each in project.records(name)}
    assert typed <= now
    adopted = [r for n in ("companies", "contacts") for r in held[n] if r["id"] in typed]
    assert len(adopted) > len(typed) / 2
    # links hold the CRM's own ids, money its cents
    companies = {each["id"] for each in held["companies"]}
    assert {each["company"] for each in held["contacts"]} - {""} <= companies
    assert {each["contact"] for each in held["orders"]} - {""} <= {
        each["id"] for each in held["contacts"]
    }
    in_crm = sum(int(each["amount"].replace(".", "")) for each in held["orders"])
    [(in_marts,)] = project.query(
        "select sum(amount) * 100 from marts.fct_orders "
        "where order_id in (select order_id from activation.sync_selfbuilt__orders)"
    )
    assert in_crm == in_marts

    # what we wrote comes back as no news
    project.refresh()
    assert project.plan() == {name: {} for name in SYNCS}

    # one change at each system arrives as exactly one update, with exactly its fields
    for system in ("erp", "helpdesk", "finance", "shop"):
        project.company.change(system)
    project.refresh()
    plan = project.plan()
    [company] = plan["selfbuilt_companies"].values()
    assert (company["operation"], fields(company)) == ("update", {"overdue_amount"})
    assert {change["operation"] for change in plan["selfbuilt_contacts"].values()} == {"update"}
    assert sorted(sorted(fields(change)) for change in plan["selfbuilt_contacts"].values()) == [
        ["last_contact_on", "last_order_on", "lifetime_value"],  # the shop's buyer
        ["last_contact_on", "open_tickets"],  # who called the helpdesk
        ["mobile"],  # whose number changed in the ERP
    ]
    [order] = plan["selfbuilt_orders"].values()
    assert order["operation"] == "create"
    applied = project.apply()
    assert [each["requests"] for each in applied.values()] == [1, 1, 1]
    assert project.plan() == {name: {} for name in SYNCS}

    # what a salesperson types into their own fields reaches the warehouse and stays theirs
    project.company.change("crm")
    before = project.records("contacts")
    project.refresh()
    assert project.plan() == {name: {} for name in SYNCS}
    project.apply()
    assert project.records("contacts") == before
    noted = [each for each in before if each["notes"]]
    landed = project.query("select distinct notes from staging.stg_selfbuilt__contacts")
    assert {each["notes"] for each in noted} <= {notes for (notes,) in landed}


@pytest.mark.timeout(1800)
def test_a_record_the_crm_refuses_waits_and_the_rest_goes_on(project: CompanyProject) -> None:
    project.approve()
    # the shop's buyer comes with an address that the CRM's own rule refuses
    [(person_id, contact)] = project.query(
        "select person_id, source_record_id from marts.bridge_person_records "
        "where source_system = 'erp' and source_record_id = 'contact:1'"
    )
    set_email(project, "lin.xiaolan@sharklasers.com")
    project.company.change("helpdesk")
    project.refresh()
    applied = project.apply(expected=3)
    assert applied["selfbuilt_contacts"]["rejected"] == 1
    assert applied["selfbuilt_contacts"]["updated"] == 1, "the rest is delivered"
    [waiting] = json.loads(project.run("reverse-etl", "errors", "--format", "json"))
    assert (waiting["key"], waiting["error_field"]) == (person_id, "email")
    assert waiting["the CRM's words"]
    # corrected at the source, it goes through
    set_email(project, "lin.xiaolan@huachuang-tech.cn")
    project.refresh()
    assert project.apply()["selfbuilt_contacts"]["updated"] == 1
    assert json.loads(project.run("reverse-etl", "errors", "--format", "json")) == []
    assert contact == "contact:1"


def test_a_guard_stops_an_emptied_model(project: CompanyProject) -> None:
    project.approve()
    before = {name: project.records(name) for name in ("companies", "contacts", "orders")}
    with duckdb.connect(str(project.company.home.warehouse)) as connection:
        connection.execute("delete from activation.sync_selfbuilt__orders")
    applied = project.apply(expected=4)
    assert applied["selfbuilt_orders"]["status"] == "stopped"
    assert "at least 1 are expected" in applied["selfbuilt_orders"]["problem"]
    assert before == {name: project.records(name) for name in ("companies", "contacts", "orders")}


def set_email(project: CompanyProject, email: str) -> None:
    """A clerk changes the first contact's e-mail in the ERP."""
    with sqlite3.connect(project.company.home.erp) as connection:
        connection.execute(
            "update contacts set email = ?, updated_at = datetime('now', '+8 hours') "
            "where contact_id = 1",
            [email],
        )
