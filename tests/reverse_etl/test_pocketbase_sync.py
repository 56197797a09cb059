"""Syncs to a real PocketBase server, through the engine: whose record an id is, if it was ours."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from worlds import TestWorld, make_sync, person

from crm.connections import connect
from crm.errors import UnknownOutcomeError
from crm.protocol import Crm, Outcome, RemoteRecord, Write
from tests.connections import configure
from tests.crm.pocketbase import EMAIL, PASSWORD, PocketBase

NewWorld = Callable[..., TestWorld]
OBJECT = "people"
FIELDS = ("external_id", "name", "mobile", "amount", "title")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PocketBase]:
    started = PocketBase(tmp_path_factory.mktemp("pocketbase"))
    try:
        started.create_collection(OBJECT, [{"name": name, "type": "text"} for name in FIELDS])
        yield started
    finally:
        started.close()


@pytest.fixture
def crm(server: PocketBase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    server.empty(OBJECT)
    settings = {"kind": "selfbuilt", "profile": "pocketbase", "base_url": server.url}
    configure(monkeypatch.setenv, "crm", **settings, identity=EMAIL, password=PASSWORD)
    crm = connect("crm")
    yield crm
    crm.close()  # type: ignore[attr-defined]


def held(crm: Crm) -> dict[str, str]:
    """By key: the name."""
    records = [each.fields for page in crm.scan(OBJECT) for each in page]
    names = {str(each["external_id"]): str(each["name"]) for each in records}
    assert len(names) == len(records)
    return names


def test_a_record_that_another_took_over_stays_its_own_when_the_first_is_back(
    new_world: NewWorld, crm: Crm
) -> None:
    world = new_world(crm=crm, syncs=[make_sync(redirects=("activation", "redirected"))])
    world.desire(OBJECT, person(1))
    world.apply()
    world.merged = {"p1": "p9"}
    world.desire(OBJECT, person(9))
    world.apply()
    assert held(crm) == {"p9": "张三9"}
    # they were two after all
    world.merged = {}
    world.desire(OBJECT, person(1), person(2), person(9))
    [applied] = world.apply()
    assert (applied.status, applied.tally.created) == ("done", 2)
    assert held(crm) == {"p1": "张三1", "p2": "张三2", "p9": "张三9"}
    assert world.plan() == {}


def test_a_record_that_people_gave_another_key_stays_theirs_when_the_ledger_is_lost(
    new_world: NewWorld, crm: Crm, server: PocketBase
) -> None:
    world = new_world(crm=crm)
    world.desire(OBJECT, person(1))
    world.apply()
    [[record]] = crm.scan(OBJECT)
    path = f"/api/collections/{OBJECT}/records/{record.remote_id}"
    server.call("PATCH", path, {"external_id": "x", "name": "of another"})
    without_ledger = new_world(crm=crm)
    without_ledger.desire(OBJECT, person(1))
    [applied] = without_ledger.apply()
    assert (applied.status, applied.tally.created) == ("done", 1)
    assert held(crm) == {"p1": "张三1", "x": "of another"}
    assert without_ledger.plan() == {}


def test_a_create_that_is_carried_out_after_it_was_read_back_is_not_doubled(
    new_world: NewWorld, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world(crm=crm)
    world.desire(OBJECT, person(1), person(2))
    find, write = crm.find, crm.write
    under_way = ["a batch", "its read-back"]

    def writing(
        object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        outcomes = write(object_name, writes, batch_id=batch_id)
        if under_way[:1] == ["a batch"]:
            under_way.pop(0)
            raise UnknownOutcomeError("cut before the answer came")
        return outcomes

    def finding(object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        if under_way == ["its read-back"]:
            under_way.clear()
            return []
        return find(object_name, field_name, values)

    monkeypatch.setattr(crm, "write", writing)
    monkeypatch.setattr(crm, "find", finding)
    [applied] = world.apply()
    assert under_way == []
    assert (applied.status, applied.tally.created) == ("done", 2)
    assert held(crm) == {"p1": "张三1", "p2": "张三2"}
    assert world.plan() == {}
