"""The sandbox of 悟空 does what its server does, and says no where that says no."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.serving import serving
from sandbox.wukong.api import Wukong
from sandbox.wukong.fields import BOOLEAN, DATE, DATETIME, DECIMAL, MOBILE, SELECT, Field
from sandbox.wukong.server import Server

Ask = Callable[..., Any]


class Clock:
    """Stands still until it is moved."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Wukong:
    made = Wukong(clock=clock)
    customers = made.account.module("customer").fields
    customers["field_key"] = Field(1, "field_key", "编号", is_unique=True)
    customers["field_note"] = Field(2, "field_note", "说明")
    return made


@pytest.fixture
def url(sandbox: Wukong) -> Iterator[str]:
    with serving(sandbox) as url:
        yield url


@pytest.fixture
def ask(sandbox: Wukong, url: str) -> Iterator[Ask]:
    with requests.Session() as session:

        def asked(path: str, body: Any = None, *, method: str = "POST") -> Any:
            answer = session.request(method, f"{url}{path}", json=body or {}, timeout=10)
            assert answer.status_code == 200
            return answer.json()

        session.headers["Admin-Token"] = signed_in(asked, sandbox)
        yield asked


def signed_in(ask: Ask, sandbox: Wukong, kind: int = 1) -> str:
    said = ask("/login", {**sandbox.ways_in, "loginType": 1, "type": kind})
    token: str = said["data"]["adminToken"]
    return token


def saved(ask: Ask, action: str = "add", key: str = "k1", **entity: Any) -> Any:
    fields = [{"fieldId": 1, "value": key}]
    if "note" in entity:
        fields.append({"fieldId": 2, "value": entity.pop("note")})
    entity = {"customerName": "公司", **entity}
    return ask(f"/crmCustomer/{action}", {"entity": entity, "field": fields})


def found(ask: Ask, *conditions: tuple[str, int, list[str]], **search: Any) -> list[Any]:
    tests = [{"name": n, "formType": "text", "type": t, "values": v} for n, t, v in conditions]
    rows: list[Any] = ask("/crmCustomer/queryPageList", {"searchList": tests, **search})["data"][
        "list"
    ]
    return rows


def test_a_new_record_gives_no_id_and_a_search_sees_it_later(ask: Ask, clock: Clock) -> None:
    assert saved(ask) == {"code": 0, "msg": "success", "data": None}
    assert found(ask, ("field_key", 1, ["k1"])) == []
    assert ask("/crmCustomer/queryById/1")["data"]["field_key"] == "k1"
    clock.now += 3
    [row] = found(ask, ("field_key", 1, ["k1"]))
    assert (row["customerId"], row["customerName"]) == (1, "公司")
    assert row["updateTime"] == "2027-01-15 16:00:00"


def test_a_search_sees_what_was_there_before_for_a_while(ask: Ask, clock: Clock) -> None:
    saved(ask)
    clock.now += 3
    saved(ask, "update", customerId=1, customerName="new")
    assert found(ask)[0]["customerName"] == "公司"
    ask("/crmCustomer/deleteByIds", [1])
    assert len(found(ask)) == 1
    clock.now += 3
    assert found(ask) == []


def test_a_second_sign_in_of_its_kind_ends_the_first(sandbox: Wukong, ask: Ask) -> None:
    signed_in(ask, sandbox, kind=2)
    assert saved(ask)["code"] == 0
    signed_in(ask, sandbox, kind=1)
    assert saved(ask, key="k2")["code"] == 302
    assert len(sandbox.account.module("customer").records) == 1


def test_who_isnt_signed_in_may_be_told_by_the_gateway(sandbox: Wukong, url: str) -> None:
    sandbox.account.switches.gateway_refuses_strangers = True
    answer = requests.post(f"{url}/crmCustomer/add", json={}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, 401)


def test_the_third_wrong_password_locks_the_user_for_a_while(
    sandbox: Wukong, ask: Ask, clock: Clock
) -> None:
    wrong = {**sandbox.ways_in, "password": "wrong"}
    assert [ask("/login", wrong)["code"] for _ in range(3)] == [500] * 3
    assert ask("/login", dict(sandbox.ways_in))["code"] == 500
    clock.now += 200
    assert ask("/login", dict(sandbox.ways_in))["code"] == 0


@pytest.mark.parametrize("action", ["add", "update"])
def test_a_unique_value_is_taken_once(ask: Ask, action: str) -> None:
    saved(ask)
    saved(ask, key="k2")
    assert saved(ask, action, customerId=2)["code"] == 2079
    assert saved(ask, "update", key="k2", customerId=2)["code"] == 0


def test_uniqueness_may_lag_as_searches_do(sandbox: Wukong, ask: Ask, clock: Clock) -> None:
    sandbox.account.switches.unique_sees = "index"
    assert [saved(ask)["code"] for _ in range(2)] == [0, 0]
    clock.now += 3
    assert saved(ask)["code"] == 2079


@pytest.mark.parametrize(
    ("type_", "good", "bad", "code"),
    [
        (MOBILE, "+86 138 0000 1111", "no phone", 2032),
        (DECIMAL, "12.50", "much", 2033),
        (DATETIME, "2026-01-02 03:04:05", "2026-01-02T03:04:05Z", 2034),
        (DATE, "2026-01-02", "2 January", 2035),
        (SELECT, "甲", "丙", 400),
        (BOOLEAN, 1, "yes", 400),
    ],
)
def test_a_type_takes_its_values_and_no_others(
    sandbox: Wukong, ask: Ask, type_: int, good: Any, bad: Any, code: int
) -> None:
    field = Field(2, "field_note", "说明", type_, options=["甲", "乙"])
    sandbox.account.module("customer").fields["field_note"] = field
    assert saved(ask, note=good)["code"] == 0
    refused = saved(ask, key="k2", note=bad)
    assert refused["code"] == code
    assert "说明" in refused["msg"]
    assert saved(ask, key="k3", note="")["code"] == 0


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/crmCustomer/add", {"entity": {"customerName": ""}}, 400),
        ("/crmCustomer/add", {"entity": {"customerName": "长" * 256}}, 400),
        ("/crmContacts/add", {"entity": {"name": "张三"}}, 2083),
        ("/crmCustomer/update", {"entity": {}}, 1003),
        ("/crmCustomer/nothing", {}, 404),
        ("/nowhere", {}, 404),
        ("/crmCustomer/queryPageList", {"searchList": [{"name": "nothing", "type": 1}]}, 400),
        ("/crmCustomer/queryPageList", {"page": 101, "limit": 100}, 500),
    ],
)
def test_what_cant_be_is_refused_with_a_code_in_a_200(
    ask: Ask, path: str, body: Any, code: int
) -> None:
    assert ask(path, body)["code"] == code


def test_a_customer_with_contacts_cant_be_deleted(ask: Ask) -> None:
    saved(ask)
    ask("/crmContacts/add", {"entity": {"name": "张三", "customerId": 1}})
    assert ask("/crmCustomer/deleteByIds", [1])["code"] == 2017


@pytest.mark.parametrize(("replaces", "note"), [(True, None), (False, "old")])
def test_an_update_may_forget_what_it_isnt_given(
    sandbox: Wukong, ask: Ask, replaces: bool, note: str | None
) -> None:
    sandbox.account.switches.update_replaces = replaces
    saved(ask, note="old")
    saved(ask, "update", customerId=1)
    assert ask("/crmCustomer/queryById/1")["data"]["field_note"] == note


@pytest.mark.parametrize(("is_empty", "code"), [(True, 0), (False, 2004)])
def test_what_isnt_there_is_said_in_one_of_two_ways(
    sandbox: Wukong, ask: Ask, is_empty: bool, code: int
) -> None:
    switches = sandbox.account.switches
    switches.missing_is_empty = switches.deleting_nothing_is_ok = is_empty
    assert ask("/crmCustomer/queryById/9")["code"] == code
    assert ask("/crmCustomer/deleteByIds", [9])["code"] == code


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        (("field_key", 1, ["k1", "k3"]), {"k1"}),
        (("field_key", 2, ["k1"]), {"k2", "k3"}),
        (("field_note", 3, ["b"]), {"k2", "k3"}),
        (("field_note", 4, ["b"]), {"k1"}),
        (("field_note", 5, []), {"k1"}),
        (("field_note", 6, []), {"k2", "k3"}),
        (("field_note", 7, ["abc"]), {"k3"}),
        (("field_note", 8, ["abc"]), {"k2", "k3"}),
        (("field_note", 9, ["b"]), {"k2"}),
        (("field_note", 10, ["abc"]), {"k2"}),
        (("customerId", 11, ["1", "3"]), {"k1", "k3"}),
        (("field_note", 12, ["ab"]), {"k2"}),
        (("field_note", 13, ["b"]), {"k3"}),
        (("field_note", 14, ["a", "abz"]), {"k2"}),
    ],
)
def test_a_search_finds_what_its_condition_says(
    ask: Ask, clock: Clock, condition: tuple[str, int, list[str]], keys: set[str]
) -> None:
    for key, note in (("k1", None), ("k2", "abc"), ("k3", "bb")):
        saved(ask, key=key, note=note)
    clock.now += 3
    assert {row["field_key"] for row in found(ask, condition)} == keys


def test_pages_are_fifteen_rows_or_a_hundred_and_all_at_once_by_their_type(
    ask: Ask, clock: Clock
) -> None:
    for number in range(120):
        saved(ask, key=f"k{number}")
    clock.now += 3
    assert len(found(ask)) == 15
    assert len(found(ask, limit=500)) == 100
    assert len(found(ask, limit=100, page=2)) == 20
    assert len(found(ask, pageType=0)) == 120


def test_a_plan_lets_things_go_wrong_while_it_runs(sandbox: Wukong, ask: Ask, url: str) -> None:
    steps = [
        {"fault": "busy", "on": "write"},
        {"fault": "error_after", "on": "/add"},
        {"fault": "expire_token", "on": "/add"},
    ]
    ask("/_sandbox/faults", steps)
    assert [saved(ask, key=f"k{n}")["code"] for n in range(4)] == [403, 500, 302, 302]
    ask("/_sandbox/faults", {"fault": "error", "status": 502})
    assert requests.post(f"{url}/crmCustomer/add", json={}, timeout=10).status_code == 502
    assert [each["field_key"] for each in sandbox.account.module("customer").records.values()] == [
        "k1"
    ]


def test_too_many_in_a_second_are_told_so(sandbox: Wukong, ask: Ask, clock: Clock) -> None:
    clock.now += 2
    sandbox.account.switches.per_second = 2
    assert [ask("/crmCustomer/queryById/1")["code"] for _ in range(3)] == [0, 0, 403]
    assert ask("/_sandbox", method="GET")["requests"]["refused"] == 1


def test_it_is_looked_into_changed_and_emptied(ask: Ask) -> None:
    made = ask("/_sandbox/fields/contacts", {"field_name": "field_x", "is_unique": True})
    assert made["is_unique"] is True
    saved(ask)
    [record] = ask("/_sandbox/records/customer", method="GET")["records"]
    assert record["field_key"] == "k1"
    switched = ask("/_sandbox/switches", {"unique_sees": "index"}, method="PATCH")
    assert switched["switches"]["unique_sees"] == "index"
    assert ask("/_sandbox/empty", {"object": "customer"})["records"]["customer"] == 0


@pytest.mark.parametrize(
    "switches", [{"nonsense": 1}, {"index_lag": "long"}, {"unique_sees": "both"}]
)
def test_a_switch_that_cant_be_is_refused(sandbox: Wukong, switches: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"switch|is database or index"):
        sandbox.account.switches.change(switches)


def test_what_it_holds_survives_in_a_file(sandbox: Wukong, ask: Ask, tmp_path: Path) -> None:
    saved(ask, note="说明")
    saved(ask, key="k2")
    sandbox.account.save(tmp_path / "state.json")
    again = Server()
    again.load(tmp_path / "state.json")
    assert again.as_data() == sandbox.account.as_data()
    assert len(again.module("customer").indexed(0)) == 2
    assert again.new_id() == 3
