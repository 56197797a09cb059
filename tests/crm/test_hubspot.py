"""What is HubSpot's own: associations, its two kinds of 429, searches, whose property is unique."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.connections import connect
from crm.errors import ConfigurationError, FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import (
    Crm,
    Gone,
    Operation,
    Rejected,
    Resumable,
    Unknown,
    Value,
    Write,
    Written,
)
from crm.runtime import Runtime
from sandbox.faults import Fault
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.connections import configure
from tests.crm.suite import Clock, written

Connect = Callable[..., Crm]


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.account.switches.change({"search_per_second": 10**6, "burst": 10**6})
    for name in ("contacts", "companies", "deals"):
        made.account.table(name).add_property(Property("tongke_id", "ours", is_unique=True))
    return made


@pytest.fixture
def new_crm(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    with serving(sandbox) as url:

        def new(*, runtime: Runtime | None = None, **settings: str) -> Crm:
            given = {
                "kind": "hubspot",
                "base_url": url,
                "access_token": sandbox.account.tokens.private,
                "associations__contacts": "companies",
                "associations__deals": "companies, contacts",
                "read_lag": "0",
            }
            configure(monkeypatch.setenv, "hubspot", **given | settings)
            return connect("hubspot", runtime=runtime or Clock().runtime())

        yield new


@pytest.fixture
def crm(new_crm: Connect) -> Crm:
    return new_crm()


def create(key: str, **fields: Value) -> Write:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return Write(key, "create", None, {"tongke_id": key, **named})


def update(record: Written, **fields: Value) -> Write:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return Write(record.key, "update", record.remote_id, named)


def made(crm: Crm, object_name: str, *writes: Write) -> list[str]:
    return [each.remote_id for each in written(crm.write(object_name, writes))]


def held(sandbox: Sandbox, record_id: str) -> set[str]:
    return set(sandbox.account.associations.of(("contacts", "companies"), record_id))


# -- associations -------------------------------------------------------------------------------


def test_a_link_is_made_changed_and_taken_away(sandbox: Sandbox, crm: Crm) -> None:
    acme, globex = made(crm, "companies", create("c1"), create("c2"))
    (person,) = written(crm.write("contacts", [create("p1", associations__companies=acme)]))
    assert person.observed is not None
    assert person.observed["associations.companies"] == acme
    assert held(sandbox, person.remote_id) == {acme}

    for wanted in (globex, globex, None):
        (changed,) = crm.write("contacts", [update(person, associations__companies=wanted)])
        assert isinstance(changed, Written)
        (record,) = crm.find("contacts", "tongke_id", ["p1"])
        assert record.fields["associations.companies"] == wanted
    assert held(sandbox, person.remote_id) == set()


def test_a_link_travels_with_other_fields_in_one_write(crm: Crm) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    (person,) = written(crm.write("contacts", [create("p1")]))
    written(crm.write("contacts", [update(person, firstname="三", associations__companies=acme)]))
    (record,) = crm.find("contacts", "id", [person.remote_id])
    assert (record.fields["firstname"], record.fields["associations.companies"]) == ("三", acme)


def test_what_people_associated_besides_stays(sandbox: Sandbox, crm: Crm) -> None:
    ours, next_, theirs = made(crm, "companies", create("c1"), create("c2"), create("c3"))
    (person,) = written(crm.write("contacts", [create("p1", associations__companies=ours)]))
    sandbox.account.associations.add(("contacts", "companies"), person.remote_id, theirs, set())
    written(crm.write("contacts", [update(person, associations__companies=next_)]))
    assert held(sandbox, person.remote_id) == {next_, theirs}
    (record,) = crm.find("contacts", "id", [person.remote_id])
    assert record.fields["associations.companies"] == next_


def test_a_link_to_what_isnt_there_is_rejected_alone(sandbox: Sandbox, crm: Crm) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    fine, wrong, unlinked = crm.write(
        "contacts",
        [
            create("p1", associations__companies=acme),
            create("p2", associations__companies="999"),
            create("p3"),
        ],
    )
    assert isinstance(fine, Written)
    assert isinstance(unlinked, Written)
    assert isinstance(wrong, Written), "its properties stand"
    assert [each.field_name for each in wrong.refused] == ["associations.companies"]
    # it is there without its company; the next attempt meets it again instead of doubling it
    assert len(sandbox.account.table("contacts").by_change) == 3
    (mended,) = crm.write("contacts", [create("p2", associations__companies=acme)])
    assert isinstance(mended, Written)
    assert held(sandbox, mended.remote_id) == {acme}


def test_a_pair_without_a_primary_is_associated_by_default(sandbox: Sandbox, crm: Crm) -> None:
    first, second = made(crm, "contacts", create("p1"), create("p2"))
    fields: dict[str, Value] = {"dealname": "big", "dealstage": "won"}
    (deal,) = written(crm.write("deals", [create("d1", associations__contacts=first, **fields)]))
    written(crm.write("deals", [update(deal, associations__contacts=second)]))
    assert set(sandbox.account.associations.of(("deals", "contacts"), deal.remote_id)) == {second}


@pytest.mark.parametrize("fault", ["busy", "error", "error_after", "cut", "cut_after", "short"])
def test_an_association_is_asked_for_until_it_is_made(
    sandbox: Sandbox, crm: Crm, fault: Any
) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    sandbox.faults.add([Fault(fault, times=2, on="batch/create")])
    (person,) = made(crm, "contacts", create("p1", associations__companies=acme))
    assert held(sandbox, person) == {acme}


def test_what_became_of_a_record_whose_association_isnt_made_is_unknown(
    sandbox: Sandbox, crm: Crm
) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    sandbox.faults.add([Fault("error", times=20, on="batch/create")])
    assert crm.write("contacts", [create("p1", associations__companies=acme)]) == [Unknown("p1")]
    sandbox.faults.clear()
    (person,) = made(crm, "contacts", create("p1", associations__companies=acme))
    assert held(sandbox, person) == {acme}
    assert len(sandbox.account.table("contacts").by_change) == 1


def test_an_association_that_the_connection_doesnt_name_says_what_to_set(crm: Crm) -> None:
    with pytest.raises(FatalError, match=r'associations = \{ contacts = \["deals"\] \}'):
        crm.write("contacts", [create("p1", associations__deals="1")])


# -- keys, properties, records ------------------------------------------------------------------


def test_a_conflict_of_unique_values_rejects_its_record_alone(crm: Crm) -> None:
    made(crm, "contacts", create("p1", email="a@example.com"))
    fine, wrong = crm.write(
        "contacts", [create("p2", email="b@example.com"), create("p3", email="A@example.com")]
    )
    assert isinstance(fine, Written)
    assert isinstance(wrong, Rejected)
    assert (wrong.field_name, wrong.code) == ("email", "CONFLICTING_UNIQUE_VALUE")


def test_a_missing_key_property_stops_before_anything_is_sent(
    sandbox: Sandbox, crm: Crm, new_crm: Connect
) -> None:
    with pytest.raises(FatalError, match="tongke_id"):
        crm.write("tickets", [create("t1", subject="x")])
    with pytest.raises(FatalError, match="firstname"):
        new_crm(external_id="firstname").write("contacts", [create("p1")])
    assert sandbox.account.writes == 0


def test_contacts_can_be_keyed_by_email(new_crm: Connect) -> None:
    crm = new_crm(external_id="email")
    key = "a@example.com"
    (person,) = written(crm.write("contacts", [Write(key, "create", None, {"email": key})]))
    (again,) = written(crm.write("contacts", [Write(key, "create", None, {"email": key})]))
    assert again.remote_id == person.remote_id
    assert [record.remote_id for record in crm.find("contacts", "email", [key])] == [
        person.remote_id
    ]


def test_an_archived_record_is_gone_for_an_update(crm: Crm) -> None:
    first, second = written(crm.write("contacts", [create("p1"), create("p2")]))
    written(crm.write("contacts", [Write("p1", "archive", first.remote_id, {})]))
    gone, kept = crm.write(
        "contacts", [update(first, firstname="x"), update(second, firstname="x")]
    )
    assert gone == Gone("p1")
    assert isinstance(kept, Written)


@pytest.mark.parametrize("operation", ["update", "archive", "merge"])
def test_a_merged_record_is_gone_though_its_id_leads_on_to_the_other(
    sandbox: Sandbox, crm: Crm, operation: Operation
) -> None:
    first, second, third = written(
        crm.write("contacts", [create("p1"), create("p2"), create("p3")])
    )
    table = sandbox.account.table("contacts")
    table.merged[second.remote_id] = first.remote_id
    table.archive(table.records[second.remote_id], round(time.time() * 1000))
    del table.records[second.remote_id]
    fields = {"firstname": "x"} if operation == "update" else {}
    write = Write("p2", operation, second.remote_id, fields, into=third.remote_id)
    assert crm.write("contacts", [write]) == [Gone("p2")]
    assert table.records.keys() == {first.remote_id, third.remote_id}
    assert table.get(first.remote_id) is not None


def test_fields_are_described_as_far_as_hubspot_says(crm: Crm) -> None:
    fields = {each.name: each for each in crm.describe("contacts")}
    assert fields["tongke_id"].unique
    assert fields["email"].unique
    assert fields["hs_object_id"].read_only
    assert "customer" in fields["lifecyclestage"].options
    assert fields["associations.companies"].links_to == "companies"
    assert {each.name for each in crm.describe("deals") if each.required} == {
        "dealname",
        "dealstage",
    }


def test_the_properties_to_be_read_can_be_chosen(crm: Crm, new_crm: Connect) -> None:
    made(crm, "contacts", create("p1", firstname="三", lastname="张"))
    few = new_crm(properties__contacts='["firstname"]')
    (record,) = few.find("contacts", "tongke_id", ["p1"])
    assert record.fields["firstname"] == "三"
    assert "lastname" not in record.fields


def test_of_the_whole_only_the_wanted_fields_are_read_whatever_is_usually_read(
    crm: Crm, new_crm: Connect
) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    company = {"associations__companies": acme}
    made(crm, "contacts", create("p1", firstname="三", lastname="张", **company))
    usual = new_crm(properties__contacts='["lastname"]')
    assert isinstance(usual, Resumable)

    def read(*fields: str) -> dict[str, Value]:
        [([record], _)] = usual.scan_from("contacts", None, fields)
        unasked = {"hs_object_id", "createdate", "lastmodifieddate", "hs_merged_object_ids"}
        return {name: value for name, value in record.fields.items() if name not in unasked}

    assert read("firstname") == {"firstname": "三"}
    assert read("associations.companies", "tongke_id") == {
        "associations.companies": acme,
        "tongke_id": "p1",
    }


def test_times_come_back_in_our_form(crm: Crm) -> None:
    sent = "2026-01-02T03:04:05.000000Z"
    fields: dict[str, Value] = {"dealname": "big", "dealstage": "won", "closedate": sent}
    (deal,) = written(crm.write("deals", [create("d1", **fields)]))
    assert deal.observed is not None
    assert deal.observed["closedate"] == sent


def test_deleting_is_refused_in_words(crm: Crm) -> None:
    with pytest.raises(FatalError, match="archives"):
        crm.write("contacts", [Write("p1", "delete", "1", {})])


def test_a_wrong_private_token_is_fatal(new_crm: Connect) -> None:
    with pytest.raises(FatalError, match="secrets"):
        new_crm(access_token="pat-wrong").count("contacts")


def test_what_may_have_arrived_before_the_sign_in_ended_is_unknown(
    sandbox: Sandbox, crm: Crm
) -> None:
    (acme,) = made(crm, "companies", create("c1"))
    sandbox.faults.add([Fault("cut_after", on="upsert"), Fault("expire_token", 9, "upsert")])
    # with a link, a write that may have arrived is asked for once more
    with pytest.raises(UnknownOutcomeError, match="secrets"):
        crm.write("contacts", [create("p1", associations__companies=acme)])
    assert len(sandbox.account.table("contacts").by_change) == 1


def test_a_missing_scope_is_fatal(sandbox: Sandbox, crm: Crm) -> None:
    sandbox.account.switches.scopes = "crm.objects.contacts.read"
    with pytest.raises(FatalError, match="MISSING_SCOPES"):
        crm.write("contacts", [create("p1")])


def test_a_wrong_setting_is_named(new_crm: Connect) -> None:
    with pytest.raises(ConfigurationError, match="read_lag"):
        new_crm(read_lag="-1")
    with pytest.raises(ConfigurationError, match="auth"):
        new_crm(auth="hapikey")


# -- searches -----------------------------------------------------------------------------------


def test_a_property_that_isnt_unique_is_searched_for(crm: Crm) -> None:
    made(crm, "contacts", create("p1", lastname="张"), create("p2", lastname="李"), create("p3"))
    found = crm.find("contacts", "lastname", ["张", "王"])
    assert [record.fields["tongke_id"] for record in found] == ["p1"]


def test_a_search_sees_a_write_late_and_a_read_by_key_at_once(sandbox: Sandbox, crm: Crm) -> None:
    sandbox.account.switches.index_lag = 3600
    made(crm, "contacts", create("p1", lastname="张"))
    assert crm.find("contacts", "lastname", ["张"]) == []
    assert len(crm.find("contacts", "tongke_id", ["p1"])) == 1


def test_all_changes_are_read_past_what_one_search_shows(sandbox: Sandbox, crm: Crm) -> None:
    table = sandbox.account.table("contacts")
    moment = 1_800_000_000_000
    for number in range(10_450):
        # every fourth batch of a hundred shares its moment with the next ones
        at = moment + number // 100 // 4
        table.create({"tongke_id": f"p{number}"}, 1000 + number, at)
    since = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    keys = [
        record.fields["tongke_id"] for page in crm.scan("contacts", since=since) for record in page
    ]
    assert len(keys) == len(set(keys)) == 10_450
    assert crm.count("contacts") == 10_450


def test_a_record_that_changes_during_a_scan_hides_no_neighbour(sandbox: Sandbox, crm: Crm) -> None:
    table = sandbox.account.table("contacts")
    moment = 1_800_000_000_000
    for number in range(500):
        table.create({"tongke_id": f"p{number:03d}"}, 1000 + number, moment + number)
    seen: list[Value] = []
    for page in crm.scan("contacts", since="2001-01-01T00:00:00.000000Z"):
        seen += [record.fields["tongke_id"] for record in page]
        if len(seen) == 200:
            for number in range(150):
                table.touch(table.records[str(1000 + number)], moment + 10_000)
    assert set(seen) == {f"p{number:03d}" for number in range(500)}


# -- quotas -------------------------------------------------------------------------------------


def test_a_burst_that_is_spent_waits_and_a_day_that_is_spent_stops(
    sandbox: Sandbox, new_crm: Connect
) -> None:
    clock = Clock()
    crm = new_crm(runtime=clock.runtime(), rate__time_zone="Asia/Shanghai")
    sandbox.faults.add([Fault("busy", retry_after=3)])
    crm.count("contacts")
    assert clock.slept == pytest.approx([3])

    sandbox.faults.add([Fault("busy", policy="DAILY")])
    for _ in range(2):
        with pytest.raises(RetryableError) as error:
            list(crm.scan("contacts"))
        assert error.value.after is not None
        ends = datetime.fromtimestamp(time.time() + error.value.after, UTC)
        assert (ends.hour, ends.minute) in {(16, 0), (15, 59)}  # midnight in Shanghai
    assert clock.slept == pytest.approx([3])


@pytest.mark.parametrize(("status", "waits"), [(423, 2.0), (477, 30.0)])
def test_locked_and_moving_accounts_are_waited_for(
    sandbox: Sandbox, new_crm: Connect, status: int, waits: float
) -> None:
    clock = Clock()
    crm = new_crm(runtime=clock.runtime())
    crm.describe("contacts")
    sandbox.faults.add([Fault("error", status=status)])
    with pytest.raises(RetryableError) as error:
        crm.write("contacts", [create("p1")])
    assert error.value.after is not None
    if status == 423:
        assert error.value.after == waits
    written(crm.write("contacts", [create("p1")]))


def test_what_the_headers_say_is_believed(sandbox: Sandbox, new_crm: Connect) -> None:
    clock = Clock()
    sandbox.clock = clock.now
    sandbox.account.switches.burst = 5
    crm = new_crm(runtime=clock.runtime())
    # somebody else's requests, which we learn of by what is left
    for _ in range(2):
        sandbox.account.quotas.admit("", clock.now(), is_oauth=False)
    for _ in range(12):
        list(crm.scan("contacts"))
    assert sum(clock.slept) >= 20
    assert sandbox.account.quotas.burst.refused == 0

    sandbox.account.switches.change(
        {"burst": 10**6, "daily": sandbox.account.quotas.days["requests"] + 1}
    )
    list(crm.scan("contacts"))
    with pytest.raises(RetryableError):
        list(crm.scan("contacts"))
    assert sandbox.account.quotas.refused_for_the_day == 0


def test_a_lower_rate_of_ones_own_is_kept(sandbox: Sandbox, new_crm: Connect) -> None:
    clock = Clock()
    sandbox.account.switches.burst = 500
    crm = new_crm(runtime=clock.runtime(), rate__per_window="3")
    for _ in range(7):
        list(crm.scan("contacts"))
    assert sum(clock.slept) >= 20


def test_no_window_of_the_servers_holds_more_than_it_allows(
    sandbox: Sandbox, new_crm: Connect
) -> None:
    sandbox.account.switches.change(
        {"burst": 12, "burst_window": 0.5, "search_per_second": 5, "association_burst": 12}
    )
    crm = new_crm(
        runtime=Runtime(),
        rate__per_window="12",
        rate__window="0.5",
        association_rate__per_window="12",
        association_rate__window="0.5",
    )
    (acme,) = made(crm, "companies", create("c1"))
    with ThreadPoolExecutor(8) as pool:
        for number in range(60):
            pool.submit(crm.write, "contacts", [create(f"p{number}", associations__companies=acme)])
        counts = [pool.submit(crm.count, "contacts") for _ in range(8)]
    assert all(count.result() is not None for count in counts)
    said = sandbox.account.quotas.said()
    assert said["most_in_a_window"] <= 12
    assert said["most_searches_in_a_second"] <= 5
    assert said["most_associations_in_a_window"] <= 12
    assert said["refused_in_bursts"] == said["refused_searches"] == 0
    assert len(sandbox.account.table("contacts").by_change) == 60
