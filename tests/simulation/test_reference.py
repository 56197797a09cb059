"""The reference planner decides as the SQL does, column by column."""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.protocol import Field, LengthUnit, RemoteRecord
from reverse_etl.ledger import Attempt, Known, Ledger, Run, Settled, retention, reviews
from reverse_etl.ledger.reviews import CHOICES, Answer, Asked, hash_of
from reverse_etl.plan import Planner, Rules
from reverse_etl.plan.planner import SENDING
from reverse_etl.syncs import Column, OnGone, OnMerged, OnMissing, Owner, Sync
from tests.simulation.clock import SimulatedClock, new_world
from tests.simulation.direct import AtOnce, StillCrm
from tests.simulation.invariants import EVERY_OPERATION
from tests.simulation.reference import ReferencePlanner
from tests.simulation.warehouse import Models, open_warehouse

KEYS = ("a", "b", "c'c", "中")
TEXTS = st.sampled_from(["", "x", "y", "x;y", "张三", "𠮷", 'q"\\', "138"])
IDS = ("1", "2", "3")

TYPED = (
    Column("count", "count", "bigint", ""),
    Column("is_in", "is_in", "boolean", ""),
    Column("amount", "amount", "decimal(18,2)", ""),
    Column("ratio", "ratio", "double", ""),
    Column("at", "at", "timestamp", ""),
    Column("born", "born", "date", ""),
)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "decimal(18,2)": st.decimals(Decimal(-(10**15)), Decimal(10**15), places=2),
    "double": st.sampled_from([0.5, 1.0, -3.25, 1e20, float("nan"), float("inf")]),
    "timestamp": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - has none
    "date": st.dates(date(1, 1, 2)),
    "varchar": st.none() | TEXTS,
}
MOMENTS = (datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - a timestamp has none
WRITTEN_MOMENTS = ("2026-01-01", "2026-01-01T08:00:00+08:00", "2026-01-02 00:00:01.5", "2025-01-01")
SHOWN = st.none() | TEXTS | st.integers(-2, 2) | st.booleans() | st.just(1.0)


@st.composite
def syncs(draw: st.DrawFn) -> tuple[Sync, Sync]:
    owners: st.SearchStrategy[Owner] = st.sampled_from(get_args(Owner))
    common: dict[str, Any] = {"destination": "crm", "schema": "activation", "key": "key"}
    key = Column("key", "external_id", "varchar", "")
    on_missing: OnMissing = draw(st.sampled_from(get_args(OnMissing)))
    on_merged: OnMerged = draw(st.sampled_from(get_args(OnMerged)))
    companies = Sync(
        "companies",
        object="companies",
        model="",
        table="sync_companies",
        columns=(key, Column("name", "na'me", "varchar", "")),
        can_merge=draw(st.booleans()),
        redirects=draw(st.sampled_from([None, ("activation", "redirected")])),
        **common,
    )
    people = Sync(
        "people",
        object=draw(st.sampled_from(["people", "companies"])),
        model="",
        table="sync_people",
        columns=(
            key,
            Column("name", "name", "varchar", "", owner=draw(owners),
                   max_length=draw(st.sampled_from([None, 1, 2]))),
            Column("phone", 'pho"ne', "varchar", "", owner=draw(owners)),
            Column("city", "city", "varchar", "", owner="newest",
                   changed_at=draw(st.sampled_from([None, "city_at"])),
                   changed_at_field=draw(st.sampled_from([None, "city_on"]))),
            Column("company", "company", "varchar", "", links_to="companies",
                   required_link=draw(st.booleans()), owner=draw(owners)),
            *(dataclasses.replace(each, owner=draw(owners)) for each in draw(st.sets(
                st.sampled_from(TYPED), max_size=2)))
        ),
        after=("companies",),
        mode=draw(st.sampled_from(["upsert", "create_only", "update_only", "mirror"])),
        on_missing=on_missing,
        on_gone=draw(st.sampled_from(get_args(OnGone))),
        flag=(("name", "x"),) if on_missing == "flag" else (),
        merged=on_merged,
        merged_flag=(("name", "y"),) if on_merged == "flag" else (),
        can_merge=draw(st.booleans()),
        # it is the other way round, but a link is a link
        linked_from=draw(st.sampled_from([(), (("companies", "na'me"),)])),
        match=draw(st.sampled_from([(), (('pho"ne',),), (("name", 'pho"ne'), ("name",))])),
        record_id=draw(st.sampled_from([None, "crm_id"])),
        redirects=draw(st.sampled_from([None, *[("activation", "redirected")] * 2])),
        **common,
    )  # fmt: skip
    return companies, people


@st.composite
def rows(draw: st.DrawFn, sync: Sync) -> list[dict[str, Any]]:
    made = []
    for key in draw(st.sets(st.sampled_from(KEYS))):
        row = {
            column.name: draw(st.none() | VALUES[column.data_type]) for column in sync.columns[1:]
        }
        if "company" in row:
            row["company"] = draw(st.none() | st.sampled_from(KEYS))
        row["city_at"] = draw(st.none() | st.sampled_from(MOMENTS))
        row["crm_id"] = draw(st.none() | st.sampled_from(IDS))
        made.append({"key": key, "fingerprint": draw(st.sampled_from("fg")), **row})
    return made


@st.composite
def known_records(draw: st.DrawFn, sync: Sync) -> list[Known]:
    fields = [column.field for column in sync.columns]
    values = st.dictionaries(st.sampled_from(fields), SHOWN, max_size=4)
    return [
        Known(
            key,
            draw(st.sampled_from(IDS)),
            draw(st.sampled_from(["created", "adopted"])),
            draw(st.sampled_from(["f", "g", None])),
            draw(values),
            draw(values),
            draw(st.sampled_from(["live", "live", "gone", "archived", "deleted", "undone"])),
        )
        for key in draw(st.sets(st.sampled_from(KEYS)))
    ]


@st.composite
def remote_records(draw: st.DrawFn, sync: Sync) -> list[RemoteRecord]:
    others = st.sampled_from([column.field for column in sync.columns[1:]] + ["notes"])
    return [
        RemoteRecord(
            remote_id,
            {
                "external_id": draw(st.none() | st.just("") | st.sampled_from(KEYS)),
                **draw(st.dictionaries(others, SHOWN)),
                "city_on": draw(st.sampled_from(["", "x", *WRITTEN_MOMENTS])),
            },
            formerly=tuple(sorted(draw(st.sets(st.sampled_from(IDS), max_size=1)) - {remote_id})),
        )
        for remote_id in draw(st.sets(st.sampled_from(IDS)))
    ]


@st.composite
def rejected(draw: st.DrawFn) -> list[Settled]:
    return [
        Settled(
            Attempt(key, "create", None, {}, fingerprint=draw(st.sampled_from(["f", None]))),
            "rejected",
            error_code="no",
            error_field=draw(st.sampled_from([None, "name"])),
        )
        for key in draw(st.sets(st.sampled_from(KEYS)))
    ]


@st.composite
def field_rules(draw: st.DrawFn, sync: Sync) -> Rules:
    names = [column.field for column in sync.columns] + ["other"]
    described = [
        Field(
            name,
            name,
            draw(st.sampled_from(["text", "number", "boolean", "date", "select", "odd"])),
            required=draw(st.booleans()),
            read_only=draw(st.booleans()),
            max_length=draw(st.sampled_from([None, 1, 3])),
            options=draw(st.sampled_from([(), ("x", "y")])),
            source=draw(st.sampled_from(["crm", "profile", "sample"])),
        )
        for name in draw(st.sets(st.sampled_from(names), max_size=3))
    ]
    unit: LengthUnit = draw(st.sampled_from(["characters", "utf16", "bytes"]))
    return Rules({each.name: each for each in described}, unit)


@st.composite
def answered(draw: st.DrawFn, sync: Sync) -> list[tuple[Asked, Answer | None]]:
    """Questions, each with its answer if it was given one."""
    made = []
    asked = st.tuples(
        st.sampled_from(KEYS), st.sampled_from([column.field for column in sync.columns])
    )
    for key, name in draw(st.sets(asked)):
        hashes = [
            hash_of(sync.name, key, name, draw(st.none() | TEXTS)) for _ in ("ours", "theirs")
        ]
        choice = draw(st.none() | st.sampled_from(CHOICES))
        value = draw(TEXTS) if choice == "value" else None
        question = Asked(key, name, "ours", "theirs", *hashes)
        made.append((question, None if choice is None else Answer("", choice, value)))
    return made


REDIRECTS = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS), st.sampled_from(["merged", "split"])),
    max_size=2,
    unique_by=lambda each: each[0],
)


def planned(
    planner: Planner,
    both: Sequence[Sync],
    crm: StillCrm,
    rules: Mapping[str, Rules],
    meanwhile: Callable[[Sync], None],
    **options: Any,
) -> list[object]:
    """All that a plan says, of both syncs; `meanwhile` comes before each is decided on."""
    planner.take(both, **options)
    said: list[object] = []
    for sync in both:
        meanwhile(sync)
        planner.decide(sync, crm, AtOnce(), 1, rules[sync.name])
        plan = planner.plan
        said += [plan.counts(sync), plan.fields(sync), plan.held(sync, 3)]
        said += [[each for page in plan.asked(sync) for each in page]]
        said += [[each for page in plan.settled(sync) for each in page]]
        for operation in EVERY_OPERATION:
            # the text of the payload is the SQL planner's alone
            changes = [
                dataclasses.replace(change, payload_json="")
                for change in plan.changes(sync, (operation,))
            ]
            # in which order those are listed that aren't sent is nobody's business
            if operation not in SENDING:
                changes.sort(key=lambda change: change.key)
            said += changes
        said.append([change.key for change in plan.changes(sync, limit=2)])
    return said


def write_reviews(
    ledger: Ledger,
    run: Run,
    questions: Sequence[tuple[Asked, Answer | None]],
    open_fields: AbstractSet[str],
) -> None:
    """Ask and answer; what is about other fields is settled."""
    if not questions:
        return
    reviews.ask(ledger, run, [asked for asked, _ in questions])
    ids = {(each.key, each.field): each.review_id for each in reviews.waiting(ledger, run.sync)}
    answers = [
        dataclasses.replace(answer, review_id=ids[asked.key, asked.field])
        for asked, answer in questions
        if answer is not None
    ]
    reviews.answer(ledger, answers, "somebody")
    reviews.settle_others(ledger, run, sorted(open_fields))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_reference_plans_what_the_sql_plans(data: st.DataObject) -> None:
    both = data.draw(syncs())
    models = Models({sync.name: data.draw(rows(sync)) for sync in both}, data.draw(REDIRECTS))
    rules = {sync.name: data.draw(field_rules(sync)) for sync in both}
    crm = StillCrm({})
    world = new_world(SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)), 1)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite", world)
        runs: dict[str, Run] = {}
        known: dict[str, list[Known]] = {}
        for sync in both:
            crm.objects.setdefault(sync.object, data.draw(remote_records(sync)))
            run = runs[sync.name] = ledger.start_run(sync, "apply")
            known[sync.name] = data.draw(known_records(sync))
            ledger.write(run, settled=data.draw(rejected()), known=known[sync.name])
            write_reviews(
                ledger,
                run,
                data.draw(answered(sync)),
                data.draw(st.sets(st.sampled_from([column.field for column in sync.columns]))),
            )
            ledger.finish_run(run, "done", {})
        retention.erase(ledger, sorted(data.draw(st.sets(st.sampled_from(KEYS), max_size=2))))
        keys = data.draw(st.none() | st.lists(st.sampled_from(KEYS), max_size=2))
        flags = {name: data.draw(st.booleans()) for name in ("forced", "again")}
        options = {"keys": keys, **flags}
        links = st.dictionaries(st.just("company"), SHOWN)
        moved = [dataclasses.replace(e, observed=data.draw(links)) for e in known["people"]]

        def meanwhile(sync: Sync) -> None:
            # what the merges of companies, once carried out, have made of the people's links
            seen = moved if sync.name == "people" else known["people"]
            ledger.write(runs["people"], known=seen)

        meanwhile(both[0])
        expected = planned(ReferencePlanner(models, ledger), both, crm, rules, meanwhile, **options)
        meanwhile(both[0])
        with duckdb.connect(":memory:") as connection:
            open_warehouse(connection, both, models)
            planner = Planner(connection, ledger, Path(folder))
            assert planned(planner, both, crm, rules, meanwhile, **options) == expected
        ledger.close()
