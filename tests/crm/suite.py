"""What every CRM must do, whatever its API: the standard suite that each inherits.

A test module of a CRM subclasses `CrmSuite` and gives a `system` fixture; all else
is the same for all. Where CRMs may differ, the suite asks the capabilities.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from crm.connections import connect
from crm.errors import CrmError, FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import (
    Crm,
    Gone,
    NotWritten,
    Operation,
    Outcome,
    Rejected,
    Unknown,
    Value,
    Write,
    Written,
)
from crm.runtime import Runtime
from tests.connections import configure
from tests.crm.faults import Fault, Kind, Proxy

OBJECT = "companies"

PROFILES = Path(__file__).with_name("profiles")

HARD_KEYS = [
    "plain",
    "O'Brien",
    'say "hi"',
    "a/b/../c",
    "..",
    "100%25",
    "50% off?x=1&y=2#z",
    "two\nlines\tand a tab",
    "back\\slash\\",
    "\\'",
    "{id} {{x}} ${y}",
    "键 𠮷 🀄",
    " leading and trailing ",
    "a||b&&c",
    "@now",
    "*",
    "k" * 200,
]


class Clock:
    """Time that passes only by sleeping, so that a test of waits doesn't wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._time = 1_800_000_000.0

    def now(self) -> float:
        return self._time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._time += seconds

    def runtime(self) -> Runtime:
        return Runtime(now=time.time, monotonic=self.now, sleep=self.sleep, chance=lambda: 0.5)


class Server(Protocol):
    url: str

    def expire_tokens(self) -> None: ...

    def empty(self, name: str) -> None: ...


@dataclass
class System:
    """One CRM under test: the real server, the faults in front of it, a connection to it."""

    server: Server
    proxy: Proxy
    profile: str
    secrets: Mapping[str, str]
    setenv: Callable[[str, str], None]
    is_read: Callable[[str, str], bool]
    is_write: Callable[[str, str], bool]
    sign_in_path: str
    clock: Clock = field(default_factory=Clock)
    kind: str = "selfbuilt"

    def connect(self, *, runtime: Runtime | None = None, **settings: str) -> Crm:
        given = {
            "kind": self.kind,
            "profile": self.profile,
            "base_url": self.proxy.url,
            **self.secrets,
            **settings,
        }
        configure(self.setenv, "suite", **given)
        return connect("suite", runtime=runtime or self.clock.runtime())

    def requests(self, hits: Callable[[str, str], bool]) -> int:
        return sum(hits(seen.method, seen.path) for seen in self.proxy.seen)


def create(key: str, **fields: Value) -> Write:
    return Write(
        key, "create", None, {"external_id": key, "name": f"name of {key}"[:100], **fields}
    )


def update(record: Written, **fields: Value) -> Write:
    return Write(record.key, "update", record.remote_id, fields)


def remove(crm: Crm, record: Written) -> Write:
    """As the CRM does it: some delete, some have a recycle bin."""
    operation: Operation = "delete" if "delete" in crm.capabilities.operations else "archive"
    return Write(record.key, operation, record.remote_id, {})


def written(outcomes: list[Outcome]) -> list[Written]:
    made = [each for each in outcomes if isinstance(each, Written)]
    assert len(made) == len(outcomes), outcomes
    return made


def batches(crm: Crm, writes: list[Write]) -> Iterator[list[Write]]:
    size = crm.capabilities.max_batch
    return (writes[start : start + size] for start in range(0, len(writes), size))


def write_all(crm: Crm, writes: list[Write]) -> list[Written]:
    return [each for batch in batches(crm, writes) for each in written(crm.write(OBJECT, batch))]


def keys_of(crm: Crm) -> list[Any]:
    return [record.fields["external_id"] for page in crm.scan(OBJECT) for record in page]


def found(crm: Crm, *keys: str) -> dict[Any, Mapping[str, Value]]:
    records = crm.find(OBJECT, "external_id", keys)
    return {record.fields["external_id"]: record.fields for record in records}


class CrmSuite:
    """Subclass it, and give it a `system`."""

    @pytest.fixture
    def system(self) -> System:
        raise NotImplementedError

    @pytest.fixture
    def crm(self, system: System) -> Crm:
        return system.connect()

    # -- what is written is there ---------------------------------------------------------------

    def test_a_created_record_is_found_by_our_key_and_by_the_crms(self, crm: Crm) -> None:
        (made,) = written(crm.write(OBJECT, [create("k1", email="a@example.com")]))
        (by_key,) = crm.find(OBJECT, "external_id", ["k1"])
        (by_id,) = crm.find(OBJECT, "id", [made.remote_id])
        assert by_key == by_id
        assert by_key.remote_id == made.remote_id
        assert by_key.fields["email"] == "a@example.com"
        assert by_key.updated_at is not None
        assert by_key.updated_at.endswith("Z")

    def test_an_update_changes_what_it_names_and_nothing_else(self, crm: Crm) -> None:
        (made,) = written(crm.write(OBJECT, [create("k1", email="a@example.com", notes="kept")]))
        written(crm.write(OBJECT, [update(made, email="b@example.com")]))
        fields = found(crm, "k1")["k1"]
        assert (fields["email"], fields["notes"]) == ("b@example.com", "kept")

    def test_a_deleted_record_is_gone_and_is_said_to_be_gone(self, crm: Crm) -> None:
        (made,) = written(crm.write(OBJECT, [create("k1")]))
        written(crm.write(OBJECT, [remove(crm, made)]))
        assert found(crm, "k1") == {}
        (again,) = crm.write(OBJECT, [remove(crm, made)])
        # a recycle bin may say nothing of what is in it already
        assert again == Gone("k1") or "archive" in crm.capabilities.operations
        assert crm.write(OBJECT, [update(made, name="x")]) == [Gone("k1")]

    def test_one_that_is_gone_costs_its_neighbours_nothing(self, crm: Crm) -> None:
        made = write_all(crm, [create(f"k{n}") for n in range(3)])
        crm.write(OBJECT, [remove(crm, made[1])])
        updates = [update(each, name="new") for each in made]
        outcomes = [each for batch in batches(crm, updates) for each in crm.write(OBJECT, batch)]
        assert outcomes[1] == Gone("k1")
        self._assert_spared(crm, [outcomes[0], outcomes[2]])

    def test_a_rejected_record_costs_its_neighbours_nothing(self, crm: Crm) -> None:
        long = create("long", name="长" * 101)
        writes = [create("k1"), long, create("k2")][: max(crm.capabilities.max_batch, 1)]
        if len(writes) == 1:
            writes = [long]
        outcomes = crm.write(OBJECT, writes)
        rejected = next(each for each in outcomes if isinstance(each, Rejected))
        assert rejected.key == "long"
        assert rejected.field_name == "name"
        assert rejected.code
        assert rejected.message
        assert "长" not in repr(rejected)
        self._assert_spared(crm, [each for each in outcomes if each is not rejected])
        assert "long" not in keys_of(crm)

    def _assert_spared(self, crm: Crm, outcomes: list[Outcome]) -> None:
        wanted = NotWritten if crm.capabilities.batch == "atomic" else Written
        assert all(isinstance(each, wanted) for each in outcomes), outcomes
        there = keys_of(crm)
        for each in outcomes:
            if wanted is Written:
                assert each.key in there

    def test_the_same_create_twice_makes_one_record(self, crm: Crm) -> None:
        crm.write(OBJECT, [create("k1", notes="first")])
        (again,) = crm.write(OBJECT, [create("k1", notes="second")])
        assert keys_of(crm) == ["k1"]
        # what is there already may be left to whoever reads it back
        is_repeatable = crm.capabilities.repeatable_create
        assert isinstance(again, (Written, Unknown) if is_repeatable else Rejected)
        notes = "second" if isinstance(again, Written) else "first"
        assert found(crm, "k1")["k1"]["notes"] == notes

    # -- shapes and sizes -----------------------------------------------------------------------

    def test_an_empty_batch_asks_nothing(self, system: System, crm: Crm) -> None:
        assert crm.write(OBJECT, []) == []
        assert system.proxy.seen == []

    def test_the_largest_batch_and_the_largest_find_go_through(self, crm: Crm) -> None:
        size = max(crm.capabilities.max_batch, crm.capabilities.max_find)
        keys = [f"{n:036d}" for n in range(size)]
        made = write_all(crm, [create(key) for key in keys])
        assert [each.key for each in made] == keys
        asked = keys[: crm.capabilities.max_find]
        assert sorted(found(crm, *asked)) == asked

    def test_each_outcome_is_that_of_its_own_record(self, crm: Crm) -> None:
        made = write_all(crm, [create(f"k{n}") for n in range(30)])
        for record in crm.find(OBJECT, "external_id", [f"k{n}" for n in range(20)]):
            key = record.fields["external_id"]
            assert record.remote_id == next(m.remote_id for m in made if m.key == key)

    @pytest.mark.parametrize("key", HARD_KEYS)
    def test_a_hard_key_is_created_found_updated_and_deleted(self, crm: Crm, key: str) -> None:
        bystander = written(crm.write(OBJECT, [create("bystander")]))
        (made,) = written(crm.write(OBJECT, [create(key)]))
        assert list(found(crm, key)) == [key]
        written(crm.write(OBJECT, [update(made, notes="seen")]))
        assert found(crm, key)[key]["notes"] == "seen"
        (outcome,) = crm.write(OBJECT, [remove(crm, made)])
        left = keys_of(crm)
        if isinstance(outcome, Rejected):
            # a key that can't stand in an address: refused here, never sent to another address
            assert outcome.code == "unusable_value"
            assert sorted(left) == sorted(["bystander", key])
        else:
            assert isinstance(outcome, Written)
            assert left == [bystander[0].key]

    def test_all_hard_keys_are_found_at_once(self, crm: Crm) -> None:
        write_all(crm, [create(key) for key in HARD_KEYS])
        asked = HARD_KEYS[: crm.capabilities.max_find]
        assert sorted(found(crm, *asked)) == sorted(asked)

    @pytest.mark.parametrize(
        "text", ["张三", "𠮷野家🀄", "e\u0301 \u00a0 \u3000", "a\r\nb", "<b>&amp;"]
    )
    def test_text_comes_back_as_it_went(self, crm: Crm, text: str) -> None:
        written(crm.write(OBJECT, [create("k1", notes=f"[{text}]")]))
        assert found(crm, "k1")["k1"]["notes"] == f"[{text}]"

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_clears_a_field(self, crm: Crm, nothing: str | None) -> None:
        (made,) = written(crm.write(OBJECT, [create("k1", email="a@example.com")]))
        written(crm.write(OBJECT, [update(made, email=nothing)]))
        assert found(crm, "k1")["k1"]["email"] in {None, ""}

    def test_a_field_the_crm_doesnt_know_is_never_said_to_be_written(self, crm: Crm) -> None:
        (outcome,) = crm.write(OBJECT, [create("k1", no_such_field="x")])
        if isinstance(outcome, Written):
            assert outcome.observed is not None
            assert "no_such_field" not in outcome.observed
        else:
            assert isinstance(outcome, Rejected)
            assert outcome.field_name == "no_such_field"

    @pytest.mark.parametrize("value", ["\ud800", 2**70])
    def test_a_value_that_is_no_json_is_rejected_alone(self, crm: Crm, value: Value) -> None:
        writes = [create("k1"), create("bad", notes=value), create("k2")]
        outcomes = [each for batch in batches(crm, writes) for each in crm.write(OBJECT, batch)]
        if isinstance(outcomes[1], Written):
            # a CRM that takes text alone takes any number
            assert found(crm, "bad")["bad"]["notes"] == str(value)
        else:
            assert isinstance(outcomes[1], Rejected)
        assert [type(each) for each in outcomes[::2]] == [Written, Written]

    # -- reading --------------------------------------------------------------------------------

    def test_a_scan_brings_every_record_once_over_many_pages(self, crm: Crm) -> None:
        keys = [f"k{n:02d}" for n in range(25)]
        write_all(crm, [create(key) for key in keys])
        pages = list(crm.scan(OBJECT))
        assert len(pages) > 2
        assert sorted(record.fields["external_id"] for page in pages for record in page) == keys
        times = [record.updated_at or "" for page in pages for record in page]
        assert times == sorted(times)
        assert crm.count(OBJECT) == 25

    def test_a_scan_since_brings_what_was_changed_from_then_on(self, crm: Crm) -> None:
        made = write_all(crm, [create(f"k{n}") for n in range(9)])
        time.sleep(0.002)
        written(crm.write(OBJECT, [update(made[3], notes="new")]))
        (changed,) = crm.find(OBJECT, "external_id", ["k3"])
        (page,) = crm.scan(OBJECT, since=changed.updated_at)
        assert page == [changed]
        all_since = sum(len(page) for page in crm.scan(OBJECT, since="2001-01-01T00:00:00.000000Z"))
        assert all_since == 9

    def test_an_empty_object_scans_to_nothing(self, crm: Crm) -> None:
        assert list(crm.scan(OBJECT)) == []
        assert crm.count(OBJECT) == 0

    def test_what_isnt_there_isnt_found(self, crm: Crm) -> None:
        assert crm.find(OBJECT, "external_id", ["nobody"]) == []
        assert crm.find(OBJECT, "external_id", []) == []

    def test_the_fields_are_described(self, crm: Crm) -> None:
        write_all(crm, [create("k1", email="a@example.com", notes="n")])
        names = {each.name for each in crm.describe(OBJECT)}
        assert {"external_id", "name", "email", "notes"} <= names

    def test_an_object_that_isnt_there_is_fatal_and_not_empty(self, crm: Crm) -> None:
        with pytest.raises(CrmError) as error:
            list(crm.scan("no_such_object"))
        assert not isinstance(error.value, RetryableError)

    # -- the sign-in ----------------------------------------------------------------------------

    def test_a_sign_in_that_ends_in_the_middle_is_renewed(self, system: System, crm: Crm) -> None:
        made = write_all(crm, [create(f"k{n}") for n in range(9)])
        for act in (
            lambda: crm.write(OBJECT, [update(made[0], notes="a")]),
            lambda: crm.write(OBJECT, [create("late")]),
            lambda: crm.write(OBJECT, [remove(crm, made[1])]),
            lambda: crm.find(OBJECT, "external_id", ["k2"]),
            lambda: crm.find(OBJECT, "external_id", ["nobody"]),
            lambda: crm.count(OBJECT),
        ):
            system.server.expire_tokens()
            system.proxy.clear()
            outcome = act()
            assert system.requests(self._signs_in(system)) == 1
            if isinstance(outcome, list) and outcome:
                assert not isinstance(outcome[0], (Gone, Rejected))
        scan = crm.scan(OBJECT)
        first = next(scan)
        system.server.expire_tokens()
        assert len(first) + sum(len(page) for page in scan) == 9

    def test_threads_that_meet_an_ended_sign_in_sign_in_once(self, system: System) -> None:
        crm = system.connect(runtime=Runtime())
        made = write_all(crm, [create(f"k{n}") for n in range(8)])
        system.server.expire_tokens()
        system.proxy.clear()
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(
                pool.map(lambda one: crm.write(OBJECT, [update(one, notes="x")])[0], made)
            )
        written(outcomes)
        assert system.requests(self._signs_in(system)) == 1

    def test_a_wrong_secret_is_fatal_said_without_it_and_tried_once(self, system: System) -> None:
        crm = system.connect(**dict.fromkeys(system.secrets, "not-the-secret"))
        for _ in range(3):
            with pytest.raises(FatalError) as error:
                crm.write(OBJECT, [create("k1")])
            assert "not-the-secret" not in str(error.value)
        assert len(system.proxy.seen) == 1

    def _signs_in(self, system: System) -> Callable[[str, str], bool]:
        return lambda _method, path: path == system.sign_in_path

    # -- everything that can happen to a request ------------------------------------------------

    @pytest.mark.parametrize("after", ["7", None])
    def test_a_read_that_is_too_fast_waits_and_comes_back(
        self, system: System, crm: Crm, after: str | None
    ) -> None:
        write_all(crm, [create("k1")])
        headers = {"Retry-After": after} if after else {}
        system.proxy.inject(Fault("answer", 429, headers, hits=system.is_read, times=2))
        assert list(found(crm, "k1")) == ["k1"]
        if after:
            assert system.clock.slept == pytest.approx([7, 7])
        else:
            assert len(system.clock.slept) == 2
            assert system.clock.slept[0] < system.clock.slept[1]

    def test_a_write_that_is_too_fast_isnt_written_and_all_wait(
        self, system: System, crm: Crm
    ) -> None:
        system.proxy.inject(Fault("answer", 429, {"Retry-After": "7"}, hits=system.is_write))
        with pytest.raises(RetryableError) as error:
            crm.write(OBJECT, [create("k1")])
        assert error.value.after == 7
        assert system.requests(system.is_write) == 1
        assert keys_of(crm) == []
        assert system.clock.slept == pytest.approx([7])
        written(crm.write(OBJECT, [create("k1")]))

    def test_a_pause_longer_than_patience_is_the_callers(self, system: System, crm: Crm) -> None:
        write_all(crm, [create("k1")])
        system.proxy.inject(Fault("answer", 429, {"Retry-After": "3600"}, hits=system.is_read))
        with pytest.raises(RetryableError) as error:
            keys_of(crm)
        assert error.value.after == pytest.approx(3600)
        assert system.clock.slept == []

    def test_a_server_that_is_down_for_a_while_wrote_nothing(
        self, system: System, crm: Crm
    ) -> None:
        system.proxy.inject(Fault("answer", 503, {"Retry-After": "2"}, hits=system.is_write))
        with pytest.raises(RetryableError):
            crm.write(OBJECT, [create("k1")])
        assert keys_of(crm) == []

    @pytest.mark.parametrize("kind", ["answer", "answer_after"])
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_write_that_ends_in_5xx_is_unknown_and_not_sent_again(
        self, system: System, crm: Crm, kind: Any, status: int
    ) -> None:
        system.proxy.inject(Fault(kind, status, hits=system.is_write))
        self._assert_unknown(system, crm, was_written=kind == "answer_after")

    @pytest.mark.parametrize("kind", ["cut", "cut_after", "short"])
    def test_a_write_that_is_cut_off_is_unknown_and_not_sent_again(
        self, system: System, crm: Crm, kind: Any
    ) -> None:
        system.proxy.inject(Fault(kind, hits=system.is_write))
        self._assert_unknown(system, crm, was_written=kind != "cut")

    def test_a_write_that_isnt_answered_in_time_is_unknown(self, system: System) -> None:
        crm = system.connect(timeouts__read="0.4")
        system.proxy.silence = 1.0
        system.proxy.inject(Fault("silence_after", hits=system.is_write))
        self._assert_unknown(system, crm, was_written=True)

    def test_a_page_that_is_no_answer_of_the_crm_is_unknown(self, system: System, crm: Crm) -> None:
        page = b"<html>please sign in to the company's network</html>"
        system.proxy.inject(Fault("answer", 200, body=page, hits=system.is_write))
        self._assert_unknown(system, crm, was_written=False)

    def _assert_unknown(self, system: System, crm: Crm, *, was_written: bool) -> None:
        system.proxy.seen.clear()
        with pytest.raises(UnknownOutcomeError) as error:
            crm.write(OBJECT, [create("k1", notes="a-value")])
        assert "a-value" not in str(error.value)
        assert system.requests(system.is_write) == 1
        assert list(found(crm, "k1")) == (["k1"] if was_written else [])

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("answer", 500, times=2),
            Fault("answer", 503, {"Retry-After": "1"}, times=2),
            Fault("cut", times=2),
            Fault("short", times=2),
            Fault("answer", 200, body=b"<html>", times=2),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}",
    )
    def test_a_read_that_fails_is_read_again(self, system: System, crm: Crm, fault: Fault) -> None:
        write_all(crm, [create("k1")])
        system.proxy.inject(
            Fault(fault.kind, fault.status, fault.headers, fault.body, system.is_read, fault.times)
        )
        assert list(found(crm, "k1")) == ["k1"]
        assert len(system.clock.slept) == 2

    def test_a_read_that_always_fails_is_given_up(self, system: System, crm: Crm) -> None:
        system.proxy.inject(Fault("answer", 500, hits=system.is_read, times=99))
        with pytest.raises(RetryableError) as error:
            found(crm, "a-value")
        assert "a-value" not in str(error.value)
        assert 3 <= system.requests(system.is_read) <= 10

    def test_a_connection_that_is_refused_wrote_nothing(self, system: System) -> None:
        crm = system.connect(base_url="http://127.0.0.1:9")
        with pytest.raises(RetryableError) as error:
            crm.write(OBJECT, [create("k1")])
        assert error.value.__cause__ is None

    def test_a_permission_we_lack_is_fatal(self, system: System, crm: Crm) -> None:
        system.proxy.inject(Fault("answer", 403, hits=system.is_write))
        with pytest.raises(FatalError):
            crm.write(OBJECT, [create("k1")])
        assert keys_of(crm) == []

    def test_a_redirect_isnt_followed(self, system: System, crm: Crm) -> None:
        elsewhere = {"Location": f"{system.proxy.url}/elsewhere"}
        system.proxy.inject(Fault("answer", 302, elsewhere, hits=system.is_write))
        with pytest.raises(CrmError, match="base_url"):
            crm.write(OBJECT, [create("k1")])
        assert all("elsewhere" not in seen.path for seen in system.proxy.seen)

    def test_the_quota_counts_every_request(self, system: System) -> None:
        clock = system.clock
        crm = system.connect(rate__per_second="10")
        started = clock.now()
        write_all(crm, [create(f"k{n}") for n in range(5)])
        keys_of(crm)
        sent = len(system.proxy.seen)
        assert clock.now() - started == pytest.approx((sent - 1) / 10)

    def test_a_spent_day_is_the_callers(self, system: System) -> None:
        crm = system.connect(rate__per_day="3")
        with pytest.raises(RetryableError) as error:
            [keys_of(crm) for _ in range(9)]
        assert error.value.after
        assert len(system.proxy.seen) == 3


class RepeatableBatches:
    """What a CRM with idempotency keys must do besides."""

    def test_the_same_batch_sent_twice_is_carried_out_once(self, crm: Crm) -> None:
        assert crm.capabilities.repeatable_batch
        (made,) = written(crm.write(OBJECT, [create("k1")], batch_id="b1"))
        written(crm.write(OBJECT, [remove(crm, made)], batch_id="b2"))
        assert written(crm.write(OBJECT, [create("k1")], batch_id="b1")) == [made]
        assert keys_of(crm) == []
        written(crm.write(OBJECT, [create("k1")], batch_id="b3"))
        assert keys_of(crm) == ["k1"]


def merge(goes: Written, lives_on: Written) -> Write:
    return Write(goes.key, "merge", goes.remote_id, {}, lives_on.remote_id)


class MergingRecords:
    """What a CRM that merges records must do besides."""

    def test_of_two_merged_records_one_lives_on_with_its_values(self, crm: Crm) -> None:
        assert "merge" in crm.capabilities.operations
        goes, lives_on = write_all(
            crm, [create("goes", notes="n"), create("lives on", email="e@example.com")]
        )
        (outcome,) = written(crm.write(OBJECT, [merge(goes, lives_on)]))
        assert outcome.key == "goes"
        assert keys_of(crm) == ["lives on"]
        (record,) = crm.find(OBJECT, "id", [outcome.remote_id])
        assert record.fields["name"] == "name of lives on"
        assert record.fields["email"] == "e@example.com"
        # under the id of the one that went there is no record of its own any more
        assert all(
            each.remote_id != goes.remote_id for each in crm.find(OBJECT, "id", [goes.remote_id])
        )

    def test_several_go_into_one_in_one_batch(self, crm: Crm) -> None:
        *go, lives_on = write_all(crm, [create(f"k{number}") for number in range(4)])
        outcomes = written(crm.write(OBJECT, [merge(each, lives_on) for each in go]))
        assert keys_of(crm) == ["k3"]
        (record,) = crm.find(OBJECT, "external_id", ["k3"])
        assert outcomes[-1].remote_id == record.remote_id

    def test_a_merge_with_one_that_is_gone_says_so_and_costs_the_others_nothing(
        self, crm: Crm
    ) -> None:
        gone, goes, lives_on = write_all(crm, [create(key) for key in ("gone", "goes", "on")])
        written(crm.write(OBJECT, [remove(crm, gone)]))
        first, second = crm.write(OBJECT, [merge(gone, lives_on), merge(goes, lives_on)])
        assert first == Gone("gone")
        assert isinstance(second, Written)
        assert keys_of(crm) == ["on"]
        assert crm.write(OBJECT, [merge(lives_on, gone)]) == [Gone("on")]

    @pytest.mark.parametrize("kind", ["cut", "cut_after"])
    def test_a_merge_of_which_nobody_heard_is_unknown_and_is_not_sent_again(
        self, system: System, crm: Crm, kind: Kind
    ) -> None:
        goes, lives_on = write_all(crm, [create("goes"), create("lives on")])
        system.proxy.inject(Fault(kind, hits=system.is_write))
        with pytest.raises(UnknownOutcomeError):
            crm.write(OBJECT, [merge(goes, lives_on)])
        assert len(keys_of(crm)) == (1 if kind == "cut_after" else 2)

    def test_what_became_of_the_first_merges_is_not_lost_with_a_later_one(
        self, system: System, crm: Crm
    ) -> None:
        *go, lives_on = write_all(crm, [create(f"k{number}") for number in range(4)])
        sent = 0

        def is_second(method: str, path: str) -> bool:
            nonlocal sent
            sent += system.is_write(method, path)
            return sent == 2

        system.proxy.inject(Fault("cut_after", hits=is_second))
        outcomes = crm.write(OBJECT, [merge(each, lives_on) for each in go])
        assert [type(each) for each in outcomes] == [Written, Unknown, NotWritten]
