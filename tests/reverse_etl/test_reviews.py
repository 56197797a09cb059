"""Fields in conflict: asked about, answered, carried out, and gone from the list."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import MemoryCrm, TestWorld, make_sync

from crm.connections import connect
from crm.protocol import Outcome, RemoteRecord, Write
from identity import sheets
from reverse_etl.engine import Selection, exit_code
from reverse_etl.ledger import retention, reviews
from reverse_etl.ledger.schema import review_values
from reverse_etl.plan import Plan
from reverse_etl.reviews import cli as reviews_cli
from reverse_etl.reviews import sheet as review_sheet
from reverse_etl.syncs import Column, Guard, Limit, Owner, Sync
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.connections import configure

Command = Callable[..., tuple[int, str, str]]


def asking(owner: Owner = "review", **of_phone: Any) -> Sync:
    """A sync of people whose names are ours and whose phones have the owner."""
    return make_sync(
        columns=(
            Column("person_id", "external_id", "varchar", ""),
            Column("name", "name", "varchar", ""),
            Column("phone", "phone", "varchar", "", owner=owner, **of_phone),
            Column("visits", "visits", "bigint", "", owner=owner),
        )
    )


def person(phone: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"person_id": "p1", "name": "张三", "phone": phone} | fields


@pytest.fixture
def world(new_world: Callable[..., TestWorld], monkeypatch: pytest.MonkeyPatch) -> TestWorld:
    made = new_world(syncs=[asking()])
    monkeypatch.setattr(reviews_cli, "read_manifest", lambda _path: {})
    monkeypatch.setattr(
        reviews_cli, "read_syncs", lambda _manifest: {each.name: each for each in made.syncs}
    )
    return made


def want(world: TestWorld, phone: str | None, **fields: Any) -> None:
    world.desire("people", person(phone, **fields))


def type_in(world: TestWorld, **fields: Any) -> None:
    """A person changes the only record in the CRM."""
    [record] = world.crm.objects["people"].values()
    record |= fields


def in_conflict(world: TestWorld, ours: str | None = "b", theirs: str | None = "x") -> None:
    """A phone that was written as a, and changed on both sides."""
    want(world, "a")
    world.apply()
    type_in(world, phone=theirs)
    want(world, ours, name="李四")
    world.apply()


def held(world: TestWorld) -> dict[str, Any]:
    [record] = world.crm.objects["people"].values()
    return record


def asked(world: TestWorld) -> list[tuple[str, str | None, str | None]]:
    return [(each.field, each.ours, each.theirs) for each in reviews.waiting(world.ledger)]


def answer(world: TestWorld, choice: reviews.Choice, value: str | None = None) -> None:
    [question] = reviews.waiting(world.ledger)
    said = reviews.Answer(question.review_id, choice, value)
    assert reviews.answer(world.ledger, [said], "王经理") == 1


def test_the_other_fields_go_out_and_the_run_is_partly_done(world: TestWorld) -> None:
    in_conflict(world)
    assert (held(world)["name"], held(world)["phone"]) == ("李四", "x")
    assert asked(world) == [("phone", "b", "x")]
    writes = len(world.crm.writes)
    results = world.apply()
    assert exit_code(results) == 3
    assert results[0].counts.asks == {"phone": 1}
    assert len(world.crm.writes) == writes


def test_a_plan_shows_the_conflict_and_asks_nobody(world: TestWorld, command: Command) -> None:
    want(world, "a")
    world.apply()
    type_in(world, phone="x")
    want(world, "b")
    code, out, _ = command(world, "plan", "--format", "json")
    planned = json.loads(out)["syncs"][0]
    assert (code, planned["asked"]) == (0, {"phone": 1})
    assert planned["questions"] == [{"key": "p1", "field": "phone", "ours": "b", "theirs": "x"}]
    assert planned["operations"] == {"unchanged": 1}
    _, shown, _ = command(world, "plan")
    assert "phone 1" in shown
    assert asked(world) == []


@pytest.mark.parametrize(
    ("choice", "value", "expected"),
    [("ours", None, "b"), ("theirs", None, "x"), ("value", "v", "v")],
)
def test_an_answer_is_carried_out_by_the_next_run_and_not_asked_again(
    world: TestWorld, choice: reviews.Choice, value: str | None, expected: str
) -> None:
    in_conflict(world)
    answer(world, choice, value)
    assert exit_code(world.apply()) == 0
    assert held(world)["phone"] == expected
    assert exit_code(world.apply()) == 0
    writes = len(world.crm.writes)
    assert exit_code(world.apply()) == 0
    assert len(world.crm.writes) == writes
    assert world.plan() == {}
    assert asked(world) == []
    assert [each.answered_by for each in reviews.waiting(world.ledger, state="settled")] == [
        "王经理"
    ]


def test_an_answer_given_while_a_run_is_under_way_is_carried_out_by_the_next(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_conflict(world)
    [question] = reviews.waiting(world.ledger)
    answer(world, "theirs")
    scan = world.crm.scan

    def scan_while_somebody_answers(*wanted: Any) -> Iterator[list[RemoteRecord]]:
        world.clock.sleep(1)
        said = reviews.Answer(question.review_id, "value", "v")
        assert reviews.answer(world.ledger, [said], "王经理") == 1
        return scan(*wanted)

    with monkeypatch.context() as patch:
        patch.setattr(world.crm, "scan", scan_while_somebody_answers)
        world.apply()
    assert held(world)["phone"] == "x"
    assert exit_code(world.apply()) == 0
    assert held(world)["phone"] == "v"


def test_an_answer_that_replaces_one_under_way_is_carried_out_though_both_look_alike(
    new_world: Callable[..., TestWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world(syncs=[asking()], crm=MemoryCrm(normalises=without_spaces))
    in_conflict(world, "1 2", "12")
    [question] = reviews.waiting(world.ledger)
    answer(world, "ours")
    write = world.crm.write

    def write_while_somebody_answers(*wanted: Any, **options: Any) -> list[Outcome]:
        world.clock.sleep(1)
        said = reviews.Answer(question.review_id, "value", "v")
        assert reviews.answer(world.ledger, [said], "王经理") == 1
        return write(*wanted, **options)

    with monkeypatch.context() as patch:
        patch.setattr(world.crm, "write", write_while_somebody_answers)
        world.apply()
    assert held(world)["phone"] == "12"
    assert exit_code(world.apply()) == 0
    assert held(world)["phone"] == "v"
    world.apply()
    assert world.plan() == {}


@pytest.mark.parametrize("choice", ["ours", "theirs"])
def test_what_moves_after_the_answer_is_asked_about_again(
    world: TestWorld, choice: reviews.Choice
) -> None:
    in_conflict(world)
    answer(world, choice)
    type_in(world, phone="y")
    assert exit_code(world.apply()) == 3
    assert held(world)["phone"] == "y"
    assert asked(world) == [("phone", "b", "y")]


@pytest.mark.parametrize("choice", ["ours", "theirs", "value"])
def test_where_people_emptied_what_was_answered_about_a_new_question_waits(
    world: TestWorld, choice: reviews.Choice
) -> None:
    world.crm.put("people", "r9", external_id="p1", name="", phone="x")
    want(world, "b")
    world.apply()
    answer(world, choice, "v" if choice == "value" else None)
    type_in(world, phone="")
    for _ in range(3):
        assert exit_code(world.apply()) == 3
        assert asked(world) == [("phone", "b", None)]
        assert not held(world)["phone"]


def test_a_value_that_a_person_chose_is_not_overwritten_when_ours_changes(world: TestWorld) -> None:
    in_conflict(world)
    answer(world, "value", "v")
    world.apply()
    for ours in ("c", "c", "d", "d"):
        want(world, ours)
        world.apply()
        assert held(world)["phone"] == "v"
        assert asked(world) == [("phone", ours, "v")]


def test_ours_is_written_on_after_it_was_chosen(world: TestWorld) -> None:
    in_conflict(world)
    answer(world, "ours")
    world.apply()
    want(world, "c")
    assert exit_code(world.apply()) == 0
    assert held(world)["phone"] == "c"


@pytest.mark.parametrize("moves", ["theirs", "ours"])
def test_a_question_closes_by_itself_when_the_sides_agree(world: TestWorld, moves: str) -> None:
    in_conflict(world)
    if moves == "theirs":
        type_in(world, phone="b")
    else:
        want(world, "x")
    assert exit_code(world.apply()) == 0
    assert asked(world) == []


def test_a_question_that_closed_without_an_answer_says_nothing_of_what_comes_later(
    world: TestWorld,
) -> None:
    in_conflict(world)
    type_in(world, phone="a")
    for ours in ("b", "x", "c"):
        want(world, ours)
        assert exit_code(world.apply()) == 0
    assert (asked(world), held(world)["phone"]) == ([], "c")


def test_a_record_that_is_no_longer_wanted_is_no_question(world: TestWorld) -> None:
    in_conflict(world)
    world.desire("people")
    world.apply()
    assert asked(world) == []


def test_a_record_that_is_made_anew_is_no_question(new_world: Callable[..., TestWorld]) -> None:
    world = new_world(syncs=[replace(asking(), on_gone="recreate")])
    in_conflict(world)
    world.crm.objects["people"].clear()
    world.apply()
    assert held(world)["phone"] == "b"
    assert asked(world) == []


@pytest.mark.parametrize("choice", [None, "ours"])
def test_a_record_that_is_gone_is_no_question(
    world: TestWorld, choice: reviews.Choice | None
) -> None:
    in_conflict(world)
    if choice:
        answer(world, choice)
    world.crm.objects["people"].clear()
    want(world, "c")
    world.apply()
    assert reviews.unsettled(world.ledger) == []


@pytest.mark.parametrize("choice", [None, "ours"])
def test_a_record_that_was_never_adopted_is_no_question_once_nobody_wants_it(
    world: TestWorld, choice: reviews.Choice | None
) -> None:
    world.crm.put("people", "r9", external_id="p1", name="", phone="x")
    want(world, "b")
    world.crm.faults = ["before"] * 99
    world.apply()
    if choice:
        answer(world, choice)
    assert reviews.unsettled(world.ledger) != []
    world.desire("people")
    world.apply(selection=Selection(["p2"]))
    assert reviews.unsettled(world.ledger) != []
    world.apply()
    assert reviews.unsettled(world.ledger) == []


def test_a_question_about_a_record_that_is_still_to_be_adopted_waits(world: TestWorld) -> None:
    world.crm.put("people", "r9", external_id="p1", name="", phone="x")
    want(world, "b")
    world.crm.faults = ["before"] * 99
    world.apply()
    answer(world, "ours")
    world.apply()
    world.crm.faults = []
    world.apply()
    assert held(world)["phone"] == "b"


def test_a_field_that_is_ours_alone_now_is_no_question(world: TestWorld) -> None:
    in_conflict(world)
    world.syncs = [asking("warehouse")]
    assert exit_code(world.apply()) == 0
    assert (asked(world), held(world)["phone"]) == ([], "b")


def test_a_record_that_is_adopted_asks_where_it_differs(world: TestWorld) -> None:
    world.crm.put("people", "r9", external_id="p1", name="", phone="x")
    want(world, "b")
    assert exit_code(world.apply()) == 3
    assert (held(world)["name"], held(world)["phone"]) == ("张三", "x")
    assert asked(world) == [("phone", "b", "x")]
    answer(world, "ours")
    world.apply()
    assert held(world)["phone"] == "b"


def test_a_saved_plan_leaves_out_what_is_in_conflict(
    world: TestWorld, command: Command, tmp_path: Path
) -> None:
    want(world, "a")
    world.apply()
    type_in(world, phone="x")
    want(world, "b", name="李四")
    path = tmp_path / "people.plan"
    command(world, "plan", "--out", str(path))
    code, _, _ = command(world, "apply", "--plan", str(path))
    assert (code, held(world)["name"], held(world)["phone"]) == (3, "李四", "x")
    assert asked(world) == [("phone", "b", "x")]


def test_what_a_release_leaves_out_is_not_asked_about(
    world: TestWorld, command: Command, tmp_path: Path
) -> None:
    want(world, "a")
    world.apply()
    type_in(world, phone="x")
    want(world, "b", name="李四")
    others = tmp_path / "others.txt"
    others.write_text("p2")
    command(world, "apply", "--keys", str(others))
    assert asked(world) == []


def test_the_guard_counts_what_is_sent(world: TestWorld) -> None:
    in_conflict(world)
    world.syncs = [
        Sync(**{
            **{name: getattr(world.syncs[0], name) for name in Sync.__slots__},
            "guard": Guard(updates=Limit(0, 0), min_rows=0),
        })
    ]  # fmt: skip
    assert exit_code(world.apply()) == 3
    answer(world, "ours")
    assert exit_code(world.apply()) == 4


def test_the_newer_value_wins_where_both_times_are_known(
    new_world: Callable[..., TestWorld],
) -> None:
    sync = asking("newest", changed_at="phone_at", changed_at_field="phone_on")
    for hours, expected in ((1, "b"), (-1, "x")):
        world = new_world(syncs=[sync])
        moment = datetime(2026, 3, 1)  # noqa: DTZ001 - as a timestamp of the warehouse
        want(world, "a", phone_at=moment)
        world.apply()
        type_in(world, phone="x", phone_on="2026-03-02T08:00:00+08:00")
        want(world, "b", phone_at=moment + timedelta(days=1, hours=hours))
        assert exit_code(world.apply()) == 0
        assert held(world)["phone"] == expected


def test_where_a_time_is_missing_a_person_is_asked(new_world: Callable[..., TestWorld]) -> None:
    world = new_world(syncs=[asking("newest", changed_at="phone_at", changed_at_field="phone_on")])
    in_conflict(world)
    assert asked(world) == [("phone", "b", "x")]


def test_the_command_answers_by_the_beginning_of_an_id(world: TestWorld, command: Command) -> None:
    in_conflict(world)
    code, out, _ = command(world, "reviews", "people", "--format", "json")
    [question] = json.loads(out)
    assert (code, question["ours"], question["theirs"]) == (0, "b", "x")
    _, out, _ = command(world, "status", "--format", "json")
    assert json.loads(out)["syncs"][0]["reviews"] == 1
    code, _, complaint = command(world, "reviews", "answer", question["review_id"][:6], "value")
    assert (code, "needs a value" in complaint) == (2, True)
    code, _, _ = command(
        world, "reviews", "answer", question["review_id"][:6], "ours", "--by", "me"
    )
    assert code == 0
    assert command(world, "reviews")[1].strip() == "no question is open"
    code, _, complaint = command(world, "reviews", "answer", "0000", "ours")
    assert (code, "reverse-etl reviews" in complaint) == (2, True)


def test_a_value_that_the_field_cannot_hold_is_refused(world: TestWorld, command: Command) -> None:
    want(world, "a", visits=1)
    world.apply()
    type_in(world, visits=3)
    want(world, "a", visits=2)
    world.apply()
    [question] = reviews.waiting(world.ledger)
    code, _, complaint = command(world, "reviews", "answer", question.review_id, "value", "many")
    assert (code, "visits" in complaint) == (2, True)
    command(world, "reviews", "answer", question.review_id, "value", "1e1")
    assert exit_code(world.apply()) == 0
    assert held(world)["visits"] == 10
    assert exit_code(world.apply()) == 0
    assert world.plan() == {}


def test_an_answer_in_a_file_to_a_question_that_moved_is_left_out(
    world: TestWorld, command: Command, tmp_path: Path
) -> None:
    in_conflict(world)
    path = tmp_path / "reviews.csv"
    command(world, "reviews", "--out", str(path))
    fill_in(path, answer="ours")
    type_in(world, phone="y")
    world.apply()
    code, out, _ = command(world, "reviews", "--in", str(path))
    assert (code, "aren't asked any more" in out) == (3, True)
    world.apply()
    assert held(world)["phone"] == "y"


@pytest.mark.parametrize(
    "cells", [{"answer": "perhaps"}, {"answer": "value"}, {"answer": "ours", "value": "v"}]
)
def test_a_wrong_answer_in_a_file_is_named_by_its_row(
    world: TestWorld, command: Command, tmp_path: Path, cells: dict[str, str]
) -> None:
    in_conflict(world)
    path = tmp_path / "reviews.csv"
    command(world, "reviews", "--out", str(path))
    fill_in(path, **cells)
    code, _, complaint = command(world, "reviews", "--in", str(path))
    assert (code, "row 2" in complaint) == (2, True)


def fill_in(path: Path, **cells: str) -> None:
    """Write into the first row of a list, as somebody would in a spreadsheet."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [row for _, row in sheets.read(review_sheet.FORM, path)]
    rows[0] |= cells
    sheets.write(review_sheet.FORM, [list(row.values()) for row in rows], path)


def test_values_of_settled_questions_are_purged_and_the_answer_still_holds(
    world: TestWorld,
) -> None:
    in_conflict(world)
    before = retention.moment_before(world.clock.now() + timedelta(days=1), "1h")
    retention.purge(world.ledger, before)
    assert asked(world) == [("phone", "b", "x")]
    answer(world, "value", "v")
    world.apply()
    world.apply()
    [purged] = retention.purge(world.ledger, before)
    assert purged.reviews == 1
    want(world, "b", name="王五")
    assert exit_code(world.apply()) == 0
    assert held(world)["phone"] == "v"


def test_erasure_forgets_the_question_with_its_hashes(world: TestWorld) -> None:
    in_conflict(world)
    [erased] = retention.erase(world.ledger, ["p1"])
    assert erased.reviews == 1
    with world.ledger.reading() as connection:
        for table in (reviews.reviews, review_values):
            assert connection.execute(table.select()).all() == []


def without_spaces(field: str, value: Any) -> Any:
    """A CRM that reformats phones."""
    return value.replace(" ", "") if field == "phone" and value else value


def in_capitals(field: str, value: Any) -> Any:
    """A CRM that has a form of its own."""
    return value.upper() if field == "phone" and value else value


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("want"), st.sampled_from(["", "a", "b", "c"])),
        st.tuples(st.just("type"), st.sampled_from(["", "x", "y"])),
        st.tuples(st.just("answer"), st.sampled_from(["ours", "theirs", "value"])),
        st.just(("apply", "")),
    ),
    max_size=6,
)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_what_a_person_typed_stays_unless_they_answer_and_a_second_run_writes_nothing(
    new_world: Callable[..., TestWorld], steps: list[tuple[str, str]]
) -> None:
    world = new_world(syncs=[asking()], crm=MemoryCrm(normalises=in_capitals))
    want(world, "a")
    world.apply()
    was_answered = False
    for step, what in [*steps, ("apply", "")]:
        if step == "want":
            want(world, what or None)
        elif step == "type":
            type_in(world, phone=what)
        elif step == "answer":
            for question in reviews.waiting(world.ledger):
                said = reviews.Answer(question.review_id, what, "v" if what == "value" else None)
                was_answered |= reviews.answer(world.ledger, [said], "somebody") == 1
        else:
            before = held(world)["phone"]
            world.apply()
            assert held(world)["phone"] == before or before not in {"x", "y"} or was_answered
            was_answered = False
    writes, listed = len(world.crm.writes), asked(world)
    world.apply()
    assert (len(world.crm.writes), asked(world)) == (writes, listed)


@pytest.fixture
def hubspot(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[TestWorld]:
    """A world whose CRM is a sandbox of HubSpot, behind HTTP."""
    sandbox = Sandbox()
    sandbox.account.table("contacts").add_property(Property("tongke_id", "ours", is_unique=True))
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path / "quota"))
    with serving(sandbox) as url:
        settings = {
            "kind": "hubspot",
            "base_url": url,
            "access_token": sandbox.account.tokens.private,
            "read_lag": "0",
        }
        configure(monkeypatch.setenv, "hubspot", **settings)
        world.syncs = [
            make_sync(
                object="contacts",
                columns=(
                    Column("person_id", "tongke_id", "varchar", ""),
                    Column("name", "lastname", "varchar", ""),
                    Column("phone", "phone", "varchar", "", owner="review"),
                ),
            )
        ]
        world.crm = connect("hubspot")
        yield world


@pytest.mark.parametrize("name", ["reviews.xlsx", "reviews.csv"])
def test_a_conflict_goes_its_whole_way_through_a_spreadsheet(
    hubspot: TestWorld, command: Command, tmp_path: Path, name: str
) -> None:
    want(hubspot, "13812345678")
    hubspot.apply()
    [record] = hubspot.crm.find("contacts", "tongke_id", ["p1"])
    typed = {"phone": "13900000001"}
    hubspot.crm.write("contacts", [Write("p1", "update", record.remote_id, typed)])
    want(hubspot, "13711112222", name="李四")
    assert exit_code(hubspot.apply()) == 3
    path = tmp_path / name
    command(hubspot, "reviews", "people", "--out", str(path))
    fill_in(path, answer="value", value="13600000002", reason="asked him")
    code, out, _ = command(hubspot, "reviews", "--in", str(path), "--by", "王经理")
    assert (code, out.split(";")[0]) == (0, "1 of 1 answers are kept")

    assert exit_code(hubspot.apply()) == 0
    [record] = hubspot.crm.find("contacts", "tongke_id", ["p1"])
    assert (record.fields["lastname"], record.fields["phone"]) == ("李四", "13600000002")
    assert asked(hubspot) == []
    [applied] = hubspot.apply()
    assert (applied.status, applied.tally.requests) == ("done", 0)
    assert hubspot.plan() == {}


def test_a_plan_without_contested_fields_asks_nothing(world: TestWorld) -> None:
    world.syncs = [asking("warehouse")]
    want(world, "a")
    with world.engine.planned(world.syncs) as (plan, [planned]):
        assert isinstance(plan, Plan)
        assert planned.counts.asks == {}
