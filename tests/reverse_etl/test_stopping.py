"""Whoever asks a run to stop isn't kept waiting, and nothing is half-done."""

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.connections import connect
from crm.protocol import Capabilities, RemoteRecord
from crm.runtime import Runtime, until
from reverse_etl.clock import World
from reverse_etl.delivery import ASKED_TO_STOP
from reverse_etl.engine import Applied
from reverse_etl.invocation import stopping
from reverse_etl.syncs import Column
from sandbox.faults import Fault
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.connections import configure

NewWorld = Callable[..., TestWorld]


@dataclass
class SlowCrm(MemoryCrm):
    """Its reads see a write only after a while."""

    @property
    def capabilities(self) -> Capabilities:
        return dataclasses.replace(super().capabilities, read_lag=100.0)


def test_a_read_back_is_not_waited_for(new_world: NewWorld) -> None:
    stop = threading.Event()
    crm = SlowCrm(faults=["after"])
    world = new_world(crm=crm)
    world.desire("people", person(1))
    engine = dataclasses.replace(world.engine, is_stopping=stop.is_set)
    began = world.clock.time
    sleep = world.clock.sleep

    def asked(seconds: float) -> None:
        sleep(seconds)
        stop.set()

    world.clock.sleep = asked  # type: ignore[method-assign]
    [applied] = engine.apply(world.syncs)
    assert (world.clock.time - began).total_seconds() < 5
    assert (applied.tally.unknown, len(world.ledger.unsettled("people"))) == (1, 1)

    [again] = world.apply()
    assert (again.recovered, again.status) == (1, "done")
    assert [len(each) for each in crm.writes] == [1], "it was found, not sent twice"


def test_what_comes_next_is_not_begun(new_world: NewWorld) -> None:
    stop = threading.Event()
    world = new_world(syncs=[make_sync("people"), make_sync("others")])

    def refuses(_write: object) -> None:
        stop.set()

    world.crm.refuses = refuses
    for name in ("people", "others"):
        world.desire(name, *(person(number) for number in range(60)))
    engine = dataclasses.replace(world.engine, is_stopping=stop.is_set)
    people, others = engine.apply(world.syncs)
    assert (people.status, others.status) == ("partial", "partial")
    assert (others.problem, others.tally.requests) == (ASKED_TO_STOP, 0)
    assert 0 < people.tally.created < 60
    assert world.ledger.unsettled("people") == []
    world.crm.refuses = lambda _write: None
    world.apply()
    assert len(world.crm.held("people")) == len(world.crm.held("others")) == 60


def test_a_crm_is_not_read_to_its_end(new_world: NewWorld) -> None:
    stop = threading.Event()

    @dataclass
    class LargeCrm(MemoryCrm):
        def find(
            self, object_name: str, field_name: str, values: Sequence[str]
        ) -> list[RemoteRecord]:
            stop.set()
            return super().find(object_name, field_name, values)

        def count(self, object_name: str) -> None:
            return None

    world = new_world(crm=LargeCrm())
    world.desire("people", *(person(number) for number in range(60)))
    engine = dataclasses.replace(world.engine, is_stopping=stop.is_set)
    [applied] = engine.apply(world.syncs)
    assert (world.crm.finds, world.crm.writes) == (1, [])
    assert (applied.status, applied.problem) == ("partial", ASKED_TO_STOP)


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.account.table("contacts").add_property(Property("tongke_id", "ours", is_unique=True))
    return made


@pytest.fixture
def url(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(sandbox) as url:
        given = {"kind": "hubspot", "base_url": url, "access_token": sandbox.account.tokens.private}
        configure(monkeypatch.setenv, "hubspot", **given)
        yield url


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("on", ["read", "write"])
def test_threads_that_wait_for_the_crm_are_let_go(
    new_world: NewWorld, sandbox: Sandbox, on: Any
) -> None:
    columns = (
        Column("person_id", "tongke_id", "varchar", ""),
        Column("name", "lastname", "varchar", ""),
    )
    world = new_world(syncs=[make_sync("contacts", destination="hubspot", columns=columns)])
    world.desire("contacts", *(person(number) for number in range(900)))
    stop = threading.Event()
    sandbox.faults.add([Fault("busy", on=on, retry_after=100)])

    def applied(stop: threading.Event) -> Applied:
        crm = connect("hubspot", runtime=Runtime(sleep=until(stop)))
        engine = dataclasses.replace(
            world.engine,
            connect=lambda _name: crm,
            new_executor=ThreadPoolExecutor,
            is_stopping=stop.is_set,
            world=World(),
        )
        [result] = engine.apply(world.syncs)
        return result

    def ask() -> None:
        while sandbox.faults.left():
            time.sleep(0.01)
        stop.set()

    threading.Thread(target=ask).start()
    stopped = applied(stop)
    assert (stopped.status, stopped.problem) == ("partial", ASKED_TO_STOP)
    assert world.ledger.unsettled("contacts") == []
    assert applied(threading.Event()).status == "done"
    held = sandbox.account.table("contacts").by_change.values()
    keys = [each.properties["tongke_id"] for each in held]
    assert sorted(keys) == sorted(f"p{number}" for number in range(900))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_a_delivery_to_stop(number: signal.Signals) -> None:
    with stopping() as stop:
        os.kill(os.getpid(), number)
        assert stop.is_set()


def test_an_interrupted_plan_ends_at_once_and_so_do_its_threads() -> None:
    waited: list[str] = []

    def wait(sleep: Callable[[float], None]) -> None:
        try:
            sleep(600)
        except Exception as error:
            waited.append(str(error))

    def plan() -> None:
        with stopping(at_once=True) as stop, ThreadPoolExecutor(1) as pool:
            pool.submit(wait, until(stop))
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        plan()
    assert waited == ["asked to stop, so it isn't waited for"]
