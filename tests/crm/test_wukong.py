"""What is 悟空's own: ids that are known late, one session, whole updates, deletion for good."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crm.connections import connect
from crm.errors import ConfigurationError, CrmError, FatalError, RetryableError
from crm.http import Client
from crm.protocol import (
    Collecting,
    Crm,
    Gone,
    Outcome,
    Pending,
    Rejected,
    Unknown,
    Value,
    Write,
    Written,
)
from crm.runtime import Runtime
from crm.transport import Call
from sandbox.faults import Fault
from sandbox.messages import Answer, Request
from sandbox.serving import serving
from sandbox.wukong import api, search
from sandbox.wukong.api import Wukong as Sandbox
from sandbox.wukong.fields import BOOLEAN, DATETIME, DECIMAL, MOBILE, Field
from sandbox.wukong.problems import Problem
from sandbox.wukong.store import Module
from tests.connections import configure
from tests.crm.suite import Clock

Connect = Callable[..., Crm]
KEY = "field_key"
LAG = 3.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    made = Sandbox(clock=clock.now)
    made.account.switches.change({"index_lag": LAG})
    for module in made.account.modules.values():
        module.fields[KEY] = Field(1, KEY, "通客编号", is_unique=True)
    fields = made.account.module("customer").fields
    fields["field_mobile"] = Field(2, "field_mobile", "客户手机", MOBILE, is_unique=True)
    for number, (name, type_) in enumerate(
        [("field_time", DATETIME), ("field_is", BOOLEAN), ("field_money", DECIMAL)], 3
    ):
        fields[name] = Field(number, name, name, type_)
    return made


@pytest.fixture
def new_crm(sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    runtime = Runtime(now=clock.now, monotonic=clock.now, sleep=clock.sleep, chance=lambda: 0.5)
    with serving(sandbox) as url:

        def new(**settings: str) -> Crm:
            given = {"kind": "wukong", "base_url": url, "read_lag": "4", **sandbox.ways_in}
            configure(monkeypatch.setenv, "wukong", **given | settings)
            return connect("wukong", runtime=runtime, shared=False)

        yield new


@pytest.fixture
def crm(new_crm: Connect) -> Crm:
    return new_crm()


@pytest.fixture
def customers(sandbox: Sandbox) -> Module:
    return sandbox.account.module("customer")


def create(key: str, **fields: Value) -> Write:
    return Write(key, "create", None, {KEY: key, "customerName": f"公司 {key}", **fields})


def update(record: Written, **fields: Value) -> Write:
    return Write(record.key, "update", record.remote_id, fields)


def delete(record: Written) -> Write:
    return Write(record.key, "delete", record.remote_id, {})


def wrote(crm: Crm, write: Write) -> Outcome:
    (outcome,) = crm.write("customer", [write])
    return outcome


def collected(crm: Crm, pending: Outcome, *, after: float, clock: Clock) -> Outcome:
    assert isinstance(pending, Pending)
    assert isinstance(crm, Collecting)
    clock.sleep(after)
    (outcome,) = crm.collect("customer", pending.receipt)
    return outcome


def made(crm: Crm, clock: Clock, key: str, **fields: Value) -> Written:
    outcome = collected(crm, wrote(crm, create(key, **fields)), after=LAG, clock=clock)
    assert isinstance(outcome, Written)
    return outcome


# -- the id of a new record ---------------------------------------------------------------------


def test_a_new_record_is_pending_until_a_search_sees_it(
    crm: Crm, clock: Clock, customers: Module
) -> None:
    pending = wrote(crm, create("k1"))
    assert isinstance(pending, Pending)
    assert pending.after == 4
    early = collected(crm, pending, after=LAG - 1, clock=clock)
    assert early == pending
    found = collected(crm, pending, after=1, clock=clock)
    assert isinstance(found, Written)
    assert [found.remote_id] == [str(each) for each in customers.records]
    assert found.observed is not None
    assert found.observed["customerName"] == "公司 k1"


def test_another_process_can_collect_it(new_crm: Connect, clock: Clock) -> None:
    pending = wrote(new_crm(), create("键 1\n"))
    found = collected(new_crm(), pending, after=LAG, clock=clock)
    assert isinstance(found, Written)
    assert found.key == "键 1\n"


def test_a_new_record_that_is_first_seen_late_is_looked_at(crm: Crm, clock: Clock) -> None:
    pending = wrote(crm, create("k1"))
    assert collected(crm, pending, after=3_600, clock=clock) == Unknown("k1")


def test_a_record_that_was_accepted_and_never_shows_is_unknown_in_the_end(
    crm: Crm, clock: Clock, customers: Module
) -> None:
    pending = wrote(crm, create("k1"))
    customers.remove(*customers.records, clock.now())
    assert isinstance(collected(crm, pending, after=40, clock=clock), Pending)
    assert collected(crm, pending, after=40, clock=clock) == Unknown("k1")


def test_a_key_that_is_taken_may_be_ours_and_is_looked_at(crm: Crm, clock: Clock) -> None:
    wrote(crm, create("k1"))
    pending = wrote(crm, create("k1"))
    assert collected(crm, pending, after=LAG, clock=clock) == Unknown("k1")


def test_a_taken_key_without_words_that_never_shows_is_rejected(
    sandbox: Sandbox, crm: Crm, clock: Clock
) -> None:
    sandbox.account.switches.change({"messages_name_fields": False})
    wrote(crm, create("k1", field_mobile="13800001111"))
    pending = wrote(crm, create("k2", field_mobile="13800001111"))
    assert isinstance(collected(crm, pending, after=40, clock=clock), Pending)
    rejected = collected(crm, pending, after=40, clock=clock)
    assert isinstance(rejected, Rejected)
    assert (rejected.key, rejected.code) == ("k2", "2079")


def test_another_taken_value_is_rejected_at_once_and_named(crm: Crm) -> None:
    wrote(crm, create("k1", field_mobile="13800001111"))
    rejected = wrote(crm, create("k2", field_mobile="13800001111"))
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.field_name) == ("2079", "field_mobile")


def test_two_records_with_one_key_are_left_to_be_looked_at(
    sandbox: Sandbox, crm: Crm, clock: Clock
) -> None:
    sandbox.account.switches.change({"unique_sees": "index"})
    wrote(crm, create("k1"))
    pending = wrote(crm, create("k1"))
    assert collected(crm, pending, after=LAG, clock=clock) == Unknown("k1")


def test_without_a_unique_field_for_our_key_nothing_is_created(crm: Crm, customers: Module) -> None:
    customers.fields[KEY].is_unique = False
    with pytest.raises(FatalError, match="unique"):
        wrote(crm, create("k1"))
    assert not customers.records


# -- reads that lag -----------------------------------------------------------------------------


def test_by_its_id_a_write_is_seen_at_once_and_by_a_field_later(crm: Crm, clock: Clock) -> None:
    record = made(crm, clock, "k1", field_mobile="13800001111")
    wrote(crm, update(record, field_mobile="13900001111"))
    (by_id,) = crm.find("customer", "id", [record.remote_id])
    assert by_id.fields["field_mobile"] == "13900001111"
    # what a search still sees isn't taken for what is there
    assert crm.find("customer", "field_mobile", ["13800001111"]) == []
    assert crm.find("customer", "field_mobile", ["13900001111"]) == []
    clock.sleep(LAG)
    assert crm.find("customer", "field_mobile", ["13900001111"]) == [by_id]


def test_what_was_deleted_isnt_found_though_a_search_still_sees_it(crm: Crm, clock: Clock) -> None:
    record = made(crm, clock, "k1")
    assert wrote(crm, delete(record)) == Written("k1", record.remote_id)
    assert crm.find("customer", KEY, ["k1"]) == []
    assert wrote(crm, delete(record)) == Gone("k1")
    assert wrote(crm, update(record, customerName="x")) == Gone("k1")


def test_a_scan_shows_what_was_written_before_it_began(crm: Crm, clock: Clock) -> None:
    record = made(crm, clock, "k1")
    wrote(crm, update(record, customerName="new"))
    ((scanned,),) = crm.scan("customer")
    assert scanned.fields["customerName"] == "new"


def fill(customers: Module, clock: Clock, count: int, *, apart: float) -> None:
    """Records whose changes are so many seconds apart."""
    for number in range(1, count + 1):
        clock.sleep(apart)
        said = {KEY: f"k{number}", "customerName": "公司"}
        customers.save(said, number, clock.now(), is_new=True)
    clock.sleep(LAG)


@pytest.mark.parametrize("apart", [0.0, 0.3, 2.0])
def test_a_scan_brings_each_record_once_however_many_share_a_second(
    new_crm: Connect, clock: Clock, customers: Module, apart: float
) -> None:
    fill(customers, clock, 47, apart=apart)
    crm = new_crm(page_size="5")
    ids = [record.remote_id for page in crm.scan("customer") for record in page]
    assert sorted(map(int, ids)) == list(range(1, 48))
    assert crm.count("customer") == 47


def test_a_scan_loses_none_of_those_that_people_change_meanwhile(
    new_crm: Connect, clock: Clock, customers: Module
) -> None:
    fill(customers, clock, 30, apart=1)
    seen: set[str] = set()
    for number, page in enumerate(new_crm(page_size="5").scan("customer")):
        seen |= {record.remote_id for record in page}
        if number < 3:
            said = {KEY: f"k{number + 1}", "customerName": "new"}
            customers.save(said, number + 1, clock.now(), is_new=False)
            clock.sleep(LAG)
    assert len(seen) == 30


def test_more_of_one_second_than_a_search_shows_is_fatal_and_not_cut_short(
    new_crm: Connect, clock: Clock, customers: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_ROWS", 20)
    fill(customers, clock, 21, apart=0)
    with pytest.raises(FatalError, match="changed in one second"):
        list(new_crm(page_size="5").scan("customer"))


# -- one session --------------------------------------------------------------------------------


def test_a_sign_in_that_somebody_else_ended_is_renewed_and_nothing_is_written_twice(
    sandbox: Sandbox, new_crm: Connect, clock: Clock, customers: Module
) -> None:
    ours, theirs = new_crm(), new_crm()
    for number in range(1, 6):
        made(theirs if number % 2 else ours, clock, f"k{number}")
    assert sorted(each[KEY] for each in customers.records.values()) == [
        f"k{n}" for n in range(1, 6)
    ]
    assert sandbox.account.sessions.sign_ins == 5


def test_sessions_of_two_kinds_of_client_leave_each_other_alone(
    sandbox: Sandbox, new_crm: Connect, clock: Clock
) -> None:
    ours, theirs = new_crm(client="pc"), new_crm(client="mobile")
    for number in range(4):
        made(theirs if number % 2 else ours, clock, f"k{number}")
    assert sandbox.account.sessions.sign_ins == 2


def test_whoever_is_signed_out_again_and_again_comes_back_later(
    sandbox: Sandbox, crm: Crm, customers: Module
) -> None:
    sandbox.faults.add([Fault("expire_token", times=2, on="/add")])
    with pytest.raises(RetryableError, match="somebody else signs in"):
        wrote(crm, create("k1"))
    assert not customers.records
    assert isinstance(wrote(crm, create("k1")), Pending)


def test_threads_share_one_session(sandbox: Sandbox, crm: Crm) -> None:
    start = threading.Barrier(6)

    def work(number: int) -> Outcome:
        start.wait()
        return wrote(crm, create(f"k{number}"))

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(work, range(6)))
    assert all(isinstance(each, Pending) for each in outcomes)
    assert sandbox.account.sessions.sign_ins == 1


@pytest.mark.parametrize("code", [1, 400, 500, 1001])
def test_a_wrong_password_is_asked_for_once_and_locks_nobody(
    sandbox: Sandbox, new_crm: Connect, code: int
) -> None:
    sandbox.account.switches.change({"wrong_password_code": code})
    crm = new_crm(password="wrong")
    for _ in range(5):
        with pytest.raises(FatalError, match="secrets"):
            crm.count("customer")
    assert isinstance(wrote(new_crm(), create("k1")), Pending)


# -- what an update does to the rest ------------------------------------------------------------


def test_an_update_keeps_what_people_typed_into_other_fields(
    crm: Crm, clock: Clock, customers: Module
) -> None:
    record = made(crm, clock, "k1", field_money="12.50")
    customers.records[int(record.remote_id)]["remark"] = "typed by a person"
    changed = wrote(crm, update(record, field_mobile="13800001111"))
    assert isinstance(changed, Written)
    held = customers.records[int(record.remote_id)]
    assert (held["remark"], held["field_money"], held[KEY]) == ("typed by a person", "12.50", "k1")


def test_only_what_changes_goes_out_where_the_server_keeps_the_rest(
    sandbox: Sandbox, new_crm: Connect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.account.switches.change({"update_replaces": False})
    crm = new_crm(updates="changes")
    record = made(crm, clock, "k1", field_money="12.50")
    bodies: list[bytes | None] = []
    write = Client.write

    def noted(client: Client, call: Call) -> object:
        bodies.append(call.body)
        return write(client, call)

    monkeypatch.setattr(Client, "write", noted)
    changed = wrote(crm, update(record, field_mobile="13800001111"))
    assert isinstance(changed, Written)
    assert changed.observed is not None
    assert changed.observed["field_money"] == "12.50"
    assert b"12.50" not in (bodies[0] or b"")


def test_an_update_is_unknown_as_long_as_nobody_can_read_what_became_of_it(
    sandbox: Sandbox, new_crm: Connect, clock: Clock, customers: Module
) -> None:
    sandbox.account.switches.change({"update_replaces": False})
    crm = new_crm(updates="changes")
    record = made(crm, clock, "k1")
    sandbox.faults.add([Fault("error", on="queryById", times=99)])
    assert wrote(crm, update(record, remark="ours")) == Unknown("k1")
    assert customers.records[int(record.remote_id)]["remark"] == "ours"


def test_values_travel_in_the_servers_forms_and_come_back_in_ours(
    crm: Crm, clock: Clock, customers: Module
) -> None:
    record = made(
        crm,
        clock,
        "k1",
        field_time="2026-01-02T03:04:05.678000Z",
        field_is=True,
        field_money="1234567890.10",
    )
    held = customers.records[int(record.remote_id)]
    assert (held["field_time"], held["field_is"]) == ("2026-01-02 11:04:05", 1)
    assert record.observed is not None
    assert {name: record.observed[name] for name in ("field_time", "field_is", "field_money")} == {
        "field_time": "2026-01-02T03:04:05.000000Z",
        "field_is": True,
        "field_money": "1234567890.10",
    }


@pytest.mark.parametrize(
    ("fields", "code", "name"),
    [
        ({"field_mobile": "no phone"}, "2032", "field_mobile"),
        ({"field_money": "much"}, "2033", "field_money"),
        ({"field_time": "some day"}, "2034", "field_time"),
        ({"customerName": ""}, "400", "customerName"),
        ({"field_none": "x"}, "unknown_field", "field_none"),
    ],
)
def test_a_refusal_in_a_200_names_its_field(
    crm: Crm, fields: dict[str, Value], code: str, name: str
) -> None:
    rejected = wrote(crm, create("k1", **fields))
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.field_name) == (code, name)


def test_what_hangs_on_a_customer_keeps_it(crm: Crm, clock: Clock, sandbox: Sandbox) -> None:
    record = made(crm, clock, "k1")
    said = {"name": "张三", "customerId": int(record.remote_id)}
    sandbox.account.module("contacts").save(said, 99, clock.now(), is_new=True)
    rejected = wrote(crm, delete(record))
    assert isinstance(rejected, Rejected)
    assert rejected.code == "2017"


# -- what isn't there ---------------------------------------------------------------------------


def test_the_fields_are_described_with_what_the_server_holds_them_to(crm: Crm) -> None:
    described = {each.name: each for each in crm.describe("contacts")}
    assert described[KEY].unique
    assert described["name"].required
    assert described["name"].max_length == 255
    assert described["customerId"].links_to == "customer"
    assert described["mobile"].label == "手机"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"read_lag": "-1"}, "read_lag"),
        ({"client": "watch"}, "client"),
        ({"updates": "some"}, "updates"),
        ({"time_zone": "Nowhere/None"}, "time zone"),
        ({"page_size": "101"}, "at most 100"),
    ],
)
def test_a_setting_that_cant_be_is_refused(
    new_crm: Connect, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        new_crm(**settings)


def test_a_record_that_our_user_may_not_see_is_refused_alone_and_not_taken_for_gone(
    crm: Crm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made(crm, clock, "k1")

    def refuse(*_: object) -> None:
        raise Problem(2040, "没有权限")

    monkeypatch.setattr(api, "_one", refuse)
    for write in (update(record, customerName="x"), delete(record)):
        refused = wrote(crm, write)
        assert isinstance(refused, Rejected)
        assert refused.code == "2040"
    with pytest.raises(FatalError, match="may our user see"):
        crm.find("customer", "id", [record.remote_id])


@pytest.mark.parametrize("shown", [{"customerName": "公司"}, [1], "公司"])
def test_an_answer_that_is_no_record_is_fatal_and_not_taken_for_gone(
    crm: Crm, clock: Clock, monkeypatch: pytest.MonkeyPatch, shown: object
) -> None:
    record = made(crm, clock, "k1")
    monkeypatch.setattr(api, "_one", lambda *_: shown)
    with pytest.raises(FatalError, match="without its id"):
        wrote(crm, update(record, customerName="x"))


def test_an_answer_to_a_write_without_a_code_says_nothing_of_it(
    crm: Crm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made(crm, clock, "k1")
    answer = Sandbox._answer

    def answered(sandbox: Sandbox, request: Request, parts: list[str]) -> Answer:
        if "deleteByIds" in parts:
            return Answer(200, {"status": "fine"})
        return answer(sandbox, request, parts)

    monkeypatch.setattr(Sandbox, "_answer", answered)
    assert wrote(crm, delete(record)) == Unknown("k1")


def test_a_base_url_that_leads_elsewhere_is_fatal_and_no_record_is_taken_for_gone(
    new_crm: Connect, sandbox: Sandbox, clock: Clock
) -> None:
    record = made(new_crm(), clock, "k1")
    for status in (404, 405):
        sandbox.faults.add([Fault("error", on="queryById", status=status)])
        with pytest.raises(CrmError):
            wrote(new_crm(), update(record, customerName="x"))
