"""The five systems as they really run."""

import csv
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from demo import crm, helpdesk, processes, systems
from demo.layout import Home
from demo.settings import draw_passwords
from demo.testing import AS_OF, SEED, SIZE, DemoCompany


@pytest.fixture
def tracker(demo_company: DemoCompany) -> requests.Session:
    session = requests.Session()
    name = helpdesk.INTEGRATION_USER
    session.auth = (name, demo_company.passwords.helpdesk[name])
    return session


@pytest.fixture
def integration(demo_company: DemoCompany) -> crm.Server:
    return signed_in(demo_company, crm.INTEGRATION_EMAIL)


def signed_in(company: DemoCompany, email: str) -> crm.Server:
    server = crm.Server(company.crm_url)
    server.sign_in("users", email, company.passwords.crm[email])
    return server


def items(
    company: DemoCompany, tracker: requests.Session, kind: str, **parameters: object
) -> list[dict[str, Any]]:
    answer = tracker.get(f"{company.helpdesk_url}rest/data/{kind}", params=parameters, timeout=30)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["data"]["collection"]
    return found


def records(server: crm.Server, collection: str) -> list[dict[str, Any]]:
    path = f"/api/collections/{collection}/records?perPage=1000&sort=created"
    found: list[dict[str, Any]] = server.call("GET", path)["items"]
    return found


def test_the_tracker_answers_page_by_page(
    demo_company: DemoCompany, tracker: requests.Session
) -> None:
    pages = [
        items(
            demo_company,
            tracker,
            "issue",
            **{"@fields": "title,requester", "@page_size": 40, "@page_index": page},
        )
        for page in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [40, 40, len(pages[2])]
    ids = [item["id"] for page in pages for item in page]
    assert len(set(ids)) == len(ids) == len(items(demo_company, tracker, "issue"))
    assert SIZE * 1.5 * 0.9 < len(ids) <= SIZE * 1.5


def test_the_tracker_filters_by_activity(
    demo_company: DemoCompany, tracker: requests.Session
) -> None:
    everything = items(demo_company, tracker, "issue", **{"@fields": "activity"})
    since = sorted(item["activity"] for item in everything)[len(everything) // 2]
    recent = items(
        demo_company, tracker, "issue", **{"@fields": "activity", "activity": f"{since};"}
    )
    assert {item["id"] for item in recent} == {
        item["id"] for item in everything if item["activity"] >= since
    }


def test_the_integration_reads_addresses_and_writes_nothing(
    demo_company: DemoCompany, tracker: requests.Session
) -> None:
    asker = f"{demo_company.helpdesk_url}rest/data/user/{helpdesk.FIRST_CUSTOMER_ID + 1}"
    attributes = tracker.get(asker, timeout=30).json()["data"]["attributes"]
    assert attributes["realname"] == "顾文静"
    assert attributes["address"] == "guwenjing@163.com"
    answer = tracker.post(
        f"{demo_company.helpdesk_url}rest/data/issue",
        json={"title": "no"},
        headers={
            "Origin": demo_company.helpdesk_url.rstrip("/"),
            "Referer": demo_company.helpdesk_url,
            "X-Requested-With": "rest",
        },
        timeout=30,
    )
    assert answer.status_code == 403


def test_a_stranger_may_not_see_customers(demo_company: DemoCompany) -> None:
    answer = requests.get(f"{demo_company.helpdesk_url}rest/data/user/10", timeout=30)
    assert answer.status_code in {401, 403}


def test_what_salespeople_typed_has_no_id_of_ours(integration: crm.Server) -> None:
    for collection in ("companies", "contacts"):
        typed = records(integration, collection)
        assert typed
        assert {record["external_id"] for record in typed} == {""}
        assert all(record["sales_owner"] and record["stage"] for record in typed)


def test_a_stranger_gets_nothing_from_the_crm(demo_company: DemoCompany) -> None:
    path = "api/collections/contacts/records"
    answer = requests.get(demo_company.crm_url + path, timeout=30)
    assert answer.json()["items"] == []


def test_the_crm_limits_the_rate_of_the_integration(own_demo_company: DemoCompany) -> None:
    server = signed_in(own_demo_company, crm.INTEGRATION_EMAIL)
    statuses = Counter(
        server._session.get(
            f"{own_demo_company.crm_url}api/collections/contacts/records?perPage=1", timeout=30
        ).status_code
        for _ in range(400)
    )
    assert statuses[200] >= 90
    assert statuses[429] > 0


def test_whole_batches_get_through_the_limit(own_demo_company: DemoCompany) -> None:
    server = signed_in(own_demo_company, crm.INTEGRATION_EMAIL)
    for number in range(3):
        body = [
            {
                "method": "POST",
                "url": "/api/collections/orders/records",
                "body": {"external_id": f"{number}/{row}", "order_no": "x", "amount": "-12.30"},
            }
            for row in range(200)
        ]
        assert len(server.call("POST", "/api/batch", {"requests": body})) == 200


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        ("companies", {"name": ""}),
        ("companies", {"name": "长" * 101}),
        ("companies", {"name": "a", "lifetime_value": "12.3"}),
        ("companies", {"name": "a", "open_tickets": 1.5}),
        ("companies", {"name": "a", "stage": "没有"}),
        ("contacts", {"name": "a", "email": "a@mailinator.com"}),
        ("contacts", {"name": "a", "mobile": "1" * 21}),
        ("contacts", {"name": "a", "company": "nobody000000000"}),
        ("orders", {"order_no": ""}),
    ],
)
def test_the_crm_refuses_what_its_fields_forbid(
    integration: crm.Server, collection: str, fields: dict[str, object]
) -> None:
    with pytest.raises(RuntimeError, match="PocketBase refused"):
        integration.call("POST", f"/api/collections/{collection}/records", fields)


def test_an_external_id_is_unique_unless_it_is_empty(own_demo_company: DemoCompany) -> None:
    server = signed_in(own_demo_company, crm.INTEGRATION_EMAIL)
    path = "/api/collections/companies/records"
    for _ in range(2):
        server.call("POST", path, {"name": "ohne", "external_id": ""})
    server.call("POST", path, {"name": "mit", "external_id": "c1"})
    with pytest.raises(RuntimeError, match="validation_not_unique"):
        server.call("POST", path, {"name": "mit", "external_id": "c1"})


def test_truth_names_what_the_crm_and_the_tracker_hold(
    demo_company: DemoCompany, tracker: requests.Session, integration: crm.Server
) -> None:
    with demo_company.home.truth.open(encoding="utf-8", newline="") as file:
        told = {(row["source_system"], row["source_record_id"]) for row in csv.DictReader(file)}
    typed = {f"company:{record['id']}" for record in records(integration, "companies")}
    typed |= {f"contact:{record['id']}" for record in records(integration, "contacts")}
    assert {record_id for system, record_id in told if system == "selfbuilt"} == typed
    users = {
        f"user:{user['id']}"
        for user in items(demo_company, tracker, "user")
        if int(user["id"]) >= helpdesk.FIRST_CUSTOMER_ID
    }
    assert users <= {record_id for system, record_id in told if system == "helpdesk"}


def test_secrets_are_read_by_their_owner_only_and_differ_each_time(
    demo_company: DemoCompany, own_demo_company: DemoCompany
) -> None:
    secrets = own_demo_company.home.settings / "secrets.toml"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    mine, others = own_demo_company.passwords, demo_company.passwords
    everyone = [*mine.crm.values(), *mine.helpdesk.values()]
    assert len(set(everyone)) == len(everyone)
    assert not set(everyone) & {*others.crm.values(), *others.helpdesk.values()}


def test_settings_name_every_source_and_the_crm(demo_company: DemoCompany) -> None:
    settings = tomllib.loads((demo_company.home.settings / "config.toml").read_text())
    kinds = {name: source["kind"] for name, source in settings["sources"].items()}
    assert kinds == {
        "erp": "sql",
        "helpdesk": "roundup",
        "finance": "workbooks",
        "shop": "csv_drop",
        "selfbuilt": "crm",
        "ledger": "ledger",
    }
    assert settings["crm"]["selfbuilt"]["base_url"] == demo_company.crm_url.rstrip("/")


def test_one_change_in_the_helpdesk_is_one_open_ticket(own_demo_company: DemoCompany) -> None:
    name = helpdesk.AGENT_USER
    session = requests.Session()
    session.auth = (name, own_demo_company.passwords.helpdesk[name])
    fields = {"@fields": "title,requester,status"}
    before = items(own_demo_company, session, "issue", **fields)
    own_demo_company.change("helpdesk")
    after = items(own_demo_company, session, "issue", **fields)
    [new] = [item for item in after if item not in before]
    assert new["requester"]["id"] == str(helpdesk.FIRST_CUSTOMER_ID + 1)
    assert new["status"]["id"] == "1"


def test_one_change_in_the_crm_touches_only_what_salespeople_own(
    own_demo_company: DemoCompany,
) -> None:
    server = signed_in(own_demo_company, crm.salesperson_email("suting"))
    before = {record["id"]: record for record in records(server, "contacts")}
    own_demo_company.change("crm")
    changed = [one for one in records(server, "contacts") if one != before[one["id"]]]
    assert [record["name"] for record in changed] == ["林晓岚"]
    old = before[changed[0]["id"]]
    differing = {field for field, value in changed[0].items() if value != old[field]}
    assert differing == {"stage", "notes", "updated"}


def test_an_unknown_system_is_refused(demo_company: DemoCompany) -> None:
    with pytest.raises(ValueError, match="no system is called fax"):
        demo_company.change("fax")


def test_a_stop_leaves_no_process_and_may_be_repeated(own_demo_company: DemoCompany) -> None:
    started = own_demo_company.state.processes
    assert systems.running(own_demo_company.state) == {"helpdesk": True, "crm": True}
    assert systems.stop(own_demo_company.home) == ["crm", "helpdesk"]
    assert not any(processes.is_running(process) for process in started.values())
    assert systems.stop(own_demo_company.home) == []


def test_a_start_ends_the_demo_that_was_there(own_demo_company: DemoCompany) -> None:
    former = own_demo_company.state.processes
    systems.start(own_demo_company.home, SIZE, SEED, AS_OF, report=lambda _done: None)
    assert not any(processes.is_running(process) for process in former.values())
    assert systems.running(own_demo_company.state) == {"helpdesk": True, "crm": True}


def test_a_failed_start_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[processes.Process] = []
    start = processes.start

    def watched(*arguments: Any) -> processes.Process:
        started.append(start(*arguments))
        return started[-1]

    def fail(*_: object) -> None:
        raise RuntimeError("the CRM is unwell")

    monkeypatch.setattr(processes, "start", watched)
    monkeypatch.setattr(crm, "set_up", fail)
    with pytest.raises(RuntimeError, match="unwell"):
        systems.start(Home(tmp_path / "demo"), SIZE, SEED, AS_OF, report=lambda _done: None)
    assert len(started) == 2
    assert not any(processes.is_running(process) for process in started)


def test_a_folder_that_holds_something_else_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(FileExistsError, match="holds no demo"):
        systems.start(Home(tmp_path), SIZE, SEED, AS_OF, report=lambda _done: None)
    assert (tmp_path / "thesis.odt").exists()


def test_no_password_can_be_taken_for_an_option_of_a_command() -> None:
    drawn = [draw_passwords() for _ in range(100)]
    every = [word for each in drawn for word in (*each.helpdesk.values(), *each.crm.values())]
    assert all(word.isalnum() for word in every)
    assert len(set(every)) == len(every)
