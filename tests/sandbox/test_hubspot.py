"""The sandbox of HubSpot says no where HubSpot's documents say that it does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.faults import FaultError, read_faults
from sandbox.hubspot.account import Account
from sandbox.hubspot.api import HubSpot
from sandbox.hubspot.properties import Property
from sandbox.serving import serving

Ask = Callable[..., requests.Response]


@pytest.fixture
def sandbox() -> HubSpot:
    made = HubSpot()
    made.account.switches.burst = 10**6
    made.account.table("contacts").add_property(Property("tongke_id", "ours", is_unique=True))
    return made


@pytest.fixture
def ask(sandbox: HubSpot) -> Iterator[Ask]:
    with serving(sandbox) as url, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.account.tokens.private}"

        def asked(method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
            return session.request(method, f"{url}{path}", json=body, timeout=10, **options)

        yield asked


def upsert(ask: Ask, *inputs: dict[str, str], **more: Any) -> requests.Response:
    batch = [
        {"id": each["tongke_id"], "idProperty": "tongke_id", "properties": each, **more}
        for each in inputs
    ]
    return ask("POST", "/crm/v3/objects/contacts/batch/upsert", {"inputs": batch})


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"email": "no mail"}, "INVALID_EMAIL"),
        ({"lifecyclestage": "emperor"}, "INVALID_OPTION"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"firstname": "x" * 65_537}, "MAX_LENGTH_EXCEEDED"),
        ({"nonsense": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"firstname": 1}, "INVALID_TYPE"),
    ],
)
def test_a_value_that_isnt_acceptable_is_named(ask: Ask, values: Any, code: str) -> None:
    answer = ask("POST", "/crm/v3/objects/contacts", {"properties": values})
    assert answer.status_code == 400
    said = answer.json()
    assert (said["category"], said["errors"][0]["code"]) == ("VALIDATION_ERROR", code)
    assert said["errors"][0]["context"]["propertyName"] == list(values)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("number", ["1.10", "-3", "1e5"], ["one", "1,000"]),
        ("bool", ["true", "false"], ["yes"]),
        ("date", ["2026-01-02", "1767312000000"], ["2026-13-01", "1767312000001"]),
        ("datetime", ["2026-01-02T03:04:05.678Z", "1767312000001"], ["2026-01-02T03:04:05", "x"]),
    ],
)
def test_a_type_takes_its_values_and_no_others(
    sandbox: HubSpot, ask: Ask, type_: str, good: list[str], bad: list[str]
) -> None:
    sandbox.account.table("contacts").add_property(Property("field", "field", type_))
    for values, status in ((good, 201), (bad, 400)):
        for value in values:
            answer = ask("POST", "/crm/v3/objects/contacts", {"properties": {"field": value}})
            assert answer.status_code == status, value


def test_a_batch_has_its_limits(ask: Ask) -> None:
    assert upsert(ask, *({"tongke_id": str(n)} for n in range(100))).status_code == 200
    assert upsert(ask, *({"tongke_id": str(n)} for n in range(101))).status_code == 400
    assert upsert(ask, {"tongke_id": "a"}, {"tongke_id": "a"}).status_code == 400
    assert upsert(ask).status_code == 400


def test_a_207_names_its_records_by_trace_id(ask: Ask) -> None:
    answer = upsert(
        ask,
        {"tongke_id": "a", "email": "no mail"},
        {"tongke_id": "b", "email": "b@example.com"},
        objectWriteTraceId="t",
    )
    said = answer.json()
    assert (answer.status_code, said["numErrors"], len(said["results"])) == (207, 1, 1)
    assert said["errors"][0]["context"]["objectWriteTraceId"] == ["t"]
    assert said["results"][0]["new"] is True


def test_a_batch_that_is_refused_whole_writes_nothing(sandbox: HubSpot, ask: Ask) -> None:
    sandbox.account.switches.batch_errors = "whole"
    answer = upsert(ask, {"tongke_id": "a"}, {"tongke_id": "b", "email": "no mail"})
    assert answer.status_code == 400
    assert not sandbox.account.table("contacts").by_change


def test_unique_values_are_free_again_when_a_record_is_archived(ask: Ask) -> None:
    values = {"properties": {"email": "a@example.com"}}
    first = ask("POST", "/crm/v3/objects/contacts", values).json()
    clash = ask("POST", "/crm/v3/objects/contacts", values)
    assert (clash.status_code, clash.json()["category"]) == (409, "CONFLICT")
    assert f"Existing ID: {first['id']}" in clash.json()["message"]
    assert ask("DELETE", f"/crm/v3/objects/contacts/{first['id']}").status_code == 204
    assert ask("POST", "/crm/v3/objects/contacts", values).status_code == 201
    archived = ask("GET", "/crm/v3/objects/contacts?archived=true").json()
    assert [each["id"] for each in archived["results"]] == [first["id"]]


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic pat-sandbox"])
def test_a_stranger_isnt_let_in(ask: Ask, token: str) -> None:
    answer = ask("GET", "/crm/v3/objects/contacts", headers={"Authorization": token})
    assert answer.status_code == 401


def test_a_burst_and_a_day_end_in_a_429_that_names_its_policy(sandbox: HubSpot, ask: Ask) -> None:
    switches = sandbox.account.switches
    switches.change({"burst": 3, "burst_window": 60.0})
    answers = [ask("GET", "/crm/v3/objects/contacts") for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["X-HubSpot-RateLimit-Remaining"] == "2"
    assert answers[3].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert sandbox.account.quotas.said()["most_in_a_window"] == 5
    switches.change({"burst": 100, "daily": 4})
    policies = [ask("GET", "/crm/v3/objects/contacts").json().get("policyName") for _ in range(2)]
    assert policies == [None, "DAILY"]


def test_searches_have_a_budget_of_their_own_and_no_headers(sandbox: HubSpot, ask: Ask) -> None:
    answers = [ask("POST", "/crm/v3/objects/contacts/search", {}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
    assert sandbox.account.quotas.said()["refused_searches"] == 1


@pytest.mark.parametrize(
    "search",
    [
        {"limit": 201},
        {"after": "9999", "limit": 100},
        {"filterGroups": [{"filters": []}]},
        {"filterGroups": [{"filters": [{"propertyName": "nonsense", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE"}]}]},
        {"sorts": ["email", "firstname"]},
    ],
)
def test_a_search_that_cant_be_is_refused(ask: Ask, search: Any) -> None:
    assert ask("POST", "/crm/v3/objects/contacts/search", search).status_code == 400


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("EQ", {"value": "B"}, {"b"}),
        ("NEQ", {"value": "b"}, {"a", "c", "d"}),
        ("GT", {"value": "a"}, {"b", "c"}),
        ("BETWEEN", {"value": "a", "highValue": "b"}, {"a", "b"}),
        ("IN", {"values": ["a", "c"]}, {"a", "c"}),
        ("NOT_IN", {"values": ["a", "c"]}, {"b", "d"}),
        ("HAS_PROPERTY", {}, {"a", "b", "c"}),
        ("NOT_HAS_PROPERTY", {}, {"d"}),
        ("CONTAINS_TOKEN", {"value": "b*"}, {"b"}),
    ],
)
def test_a_search_finds_what_its_operator_says(
    ask: Ask, operator: str, value: dict[str, Any], found: set[str]
) -> None:
    upsert(ask, *({"tongke_id": key, "city": key} for key in "abc"), {"tongke_id": "d"})
    test = {"propertyName": "city", "operator": operator, **value}
    search = {"filterGroups": [{"filters": [test]}], "properties": ["tongke_id"], "limit": 100}
    said = ask("POST", "/crm/v3/objects/contacts/search", search).json()
    assert {each["properties"]["tongke_id"] for each in said["results"]} == found


def test_a_plan_lets_things_go_wrong_while_it_runs(sandbox: HubSpot, ask: Ask) -> None:
    steps = [
        {"fault": "busy", "on": "write", "retry_after": 1},
        {"fault": "error_after", "on": "batch/upsert", "status": 502},
        {"fault": "cut_after", "on": "batch/upsert"},
        {"fault": "short", "on": "batch/upsert"},
    ]
    left = ask("POST", "/_sandbox/faults", steps).json()["faults"]
    assert [each["fault"] for each in left] == ["busy", "error_after", "cut_after", "short"]
    refused = upsert(ask, {"tongke_id": "a"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert upsert(ask, {"tongke_id": "b"}).status_code == 502
    for key in "cd":
        with pytest.raises(requests.RequestException):
            upsert(ask, {"tongke_id": key})
    assert upsert(ask, {"tongke_id": "e"}).status_code == 200
    held = sandbox.account.table("contacts").by_change.values()
    assert {each.properties["tongke_id"] for each in held} == set("bcde")


def test_a_token_can_be_let_end(ask: Ask) -> None:
    ask("POST", "/_sandbox/faults", {"fault": "expire_token"})
    assert ask("GET", "/crm/v3/objects/contacts").status_code == 401
    assert ask("GET", "/crm/v3/objects/contacts").status_code == 200


@pytest.mark.parametrize(
    "plan",
    ["busy", {"fault": "nonsense"}, {"fault": "busy", "when": 1}, {"fault": "busy", "times": 0}],
)
def test_a_plan_that_cant_be_is_refused(plan: Any) -> None:
    with pytest.raises(FaultError):
        read_faults(plan)


@pytest.mark.parametrize("switches", [{"nonsense": 1}, {"burst": "many"}, {"batch_errors": "some"}])
def test_a_switch_that_cant_be_is_refused(ask: Ask, switches: Any) -> None:
    assert ask("PATCH", "/_sandbox/switches", switches).status_code == 400


def test_what_it_holds_survives_in_a_file(sandbox: HubSpot, ask: Ask, tmp_path: Path) -> None:
    upsert(ask, {"tongke_id": "a", "firstname": "三"}, {"tongke_id": "b"})
    company = ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "星河"}}).json()
    sandbox.account.associations.add(("contacts", "companies"), "100001", company["id"], set())
    sandbox.account.save(tmp_path / "state.json")
    again = Account()
    again.load(tmp_path / "state.json")
    assert again.as_data() == sandbox.account.as_data()
    assert again.table("contacts").must_find("a", "tongke_id").properties["firstname"] == "三"
    assert again.new_id() > int(company["id"])
