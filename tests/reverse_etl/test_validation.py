"""What the CRM would refuse isn't sent, and nothing else is held back."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strict import refusal, wrong_value
from worlds import MemoryCrm, TestWorld, make_linked, make_sync, person

from crm.errors import RetryableError
from crm.hubspot.values import read_property
from crm.protocol import Field, LengthUnit, Write
from reverse_etl import queries
from reverse_etl.engine import exit_code
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.plan.validation import Rules, Written, fault_of_known, fault_of_new
from reverse_etl.syncs import Column, Sync
from sandbox.hubspot.properties import Property, option

NewWorld = Callable[..., TestWorld]
NAMES = ("external_id", "name", "mobile", "amount", "title")


def described(**said: Mapping[str, Any]) -> list[Field]:
    """The description of every field of the usual sync: text, or as said."""
    return [
        Field(**({"name": n, "label": n, "type": "text"} | dict(said.get(n, {})))) for n in NAMES
    ]


def held(world: TestWorld) -> dict[str, str | None]:
    """Who is held, and why."""
    with world.engine.planned(world.syncs) as (plan, _):
        return {c.key: c.reason for s in world.syncs for c in plan.changes(s, ("held",))}


def test_what_is_too_long_is_held_and_the_rest_is_sent(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(described=described(mobile={"max_length": 5})))
    world.desire("people", person(1, mobile="12345"), person(2, mobile="123456"))
    assert held(world) == {"p2": "mobile: 6 characters, the CRM takes 5"}
    [applied] = world.apply()
    assert set(world.crm.held("people")) == {"p1"}
    assert (applied.status, exit_code([applied])) == ("partial", 3)
    assert queries.errors(world.ledger) == [], "the queue is what the CRM itself refused"
    [standing] = queries.status(world.ledger)
    assert standing["held"] == 1
    assert standing["message"] == "held: mobile: 6 characters, the CRM takes 5 (1)"


def test_a_held_record_is_sent_once_it_is_mended(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(described=described(mobile={"max_length": 5})))
    world.desire("people", person(1, mobile="123456"))
    world.apply()
    assert list(held(world)) == ["p1"], "it stays held as long as it is so"
    world.desire("people", person(1, mobile="12345"))
    [applied] = world.apply()
    assert (applied.status, applied.tally.created) == ("done", 1)


def test_only_a_field_that_would_be_written_is_judged(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1, mobile="123456", title="a long title"))
    world.apply()
    world.crm.described = described(mobile={"max_length": 5}, title={"max_length": 5})
    world.desire("people", person(1, mobile="123456", title="a long title", amount=1))
    assert world.plan() == {("people", "p1"): ("update", ("amount",))}
    world.desire("people", person(1, mobile="1234567", title="a long title"))
    assert held(world) == {"p1": "mobile: 7 characters, the CRM takes 5"}


def test_several_faults_of_one_record_are_said_together(new_world: NewWorld) -> None:
    fields = described(mobile={"type": "number"}, title={"type": "select", "options": ("a", "b")})
    world = new_world(crm=MemoryCrm(described=fields))
    world.desire("people", person(1, mobile="secret", title="c"))
    assert held(world) == {"p1": "mobile: not a number; title: not one of the CRM's options"}


@pytest.mark.parametrize(
    ("unit", "length"),
    [("characters", "3 characters"), ("utf16", "6 UTF-16 units"), ("bytes", "12 bytes")],
)
def test_a_length_is_counted_as_the_crm_counts(
    new_world: NewWorld, unit: LengthUnit, length: str
) -> None:
    crm = MemoryCrm(described=described(mobile={"max_length": 2}), length_unit=unit)
    world = new_world(crm=crm)
    world.desire("people", person(1, mobile="𠮷𠮷𠮷"))
    assert held(world) == {"p1": f"mobile: {length}, the CRM takes 2"}


def test_what_the_crm_requires_must_be_in_a_new_record_and_stay(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(described=described(mobile={"required": True})))
    world.desire("people", person(1), person(2, mobile="1"))
    assert held(world) == {"p1": "mobile: the CRM requires it, and there is none"}
    world.apply()
    world.desire("people", person(2, name="new"))
    assert held(world) == {"p2": "mobile: the CRM requires it, and it would be emptied"}
    world.desire("people", person(2, mobile="2", name="new"))
    assert world.plan() == {("people", "p2"): ("update", ("name", "mobile"))}


def test_a_required_field_that_no_column_goes_to_holds_new_records(new_world: NewWorld) -> None:
    fields = [*described(), Field("stage", "阶段", "text", required=True)]
    world = new_world(
        crm=MemoryCrm(described=[*fields, replace(fields[0], name="id", read_only=True)])
    )
    world.desire("people", person(1))
    assert held(world) == {"p1": "stage: the CRM requires it, and no column goes to it"}


def test_the_contract_alone_counts_where_the_crm_describes_nothing(new_world: NewWorld) -> None:
    columns = (
        Column("person_id", "external_id", "varchar", ""),
        Column("name", "name", "varchar(3)", ""),
        Column("mobile", "mobile", "varchar", "", max_length=5),
    )
    world = new_world(syncs=[make_sync(columns=columns)])
    rows = [{"name": "张三丰四"}, {"mobile": "123456"}, {"name": "张三丰", "mobile": "12345"}]
    world.desire("people", *({"person_id": f"p{n}"} | row for n, row in enumerate(rows)))
    assert held(world) == {
        "p0": "name: 4 characters, the contract takes 3",
        "p1": "mobile: 6 characters, the contract takes 5",
    }
    assert world.plan() == {("people", "p2"): ("create", ("external_id", "name", "mobile"))}


def test_what_was_only_seen_in_a_sample_is_no_rule(new_world: NewWorld) -> None:
    guess = {"type": "number", "source": "sample", "required": False}
    fields = [replace(each, source="profile") for each in described(mobile=guess)[:1]]
    fields.append(Field("mobile", "mobile", "number", source="sample"))
    world = new_world(crm=MemoryCrm(described=fields))
    world.desire("people", person(1, mobile="no number"))
    [applied] = world.apply()
    assert applied.status == "done", "fields that no sample shows may be there all the same"


def test_a_link_is_not_judged_by_our_key(new_world: NewWorld) -> None:
    companies, people = make_linked(max_length=2)
    fields = [
        Field("external_id", "", "text"),
        Field("name", "", "text"),
        Field("company", "", "text", max_length=2, required=True),
    ]
    world = new_world(syncs=[companies, people], crm=MemoryCrm(described=fields))
    world.desire("companies", {"company_id": "a long key", "name": "x"})
    world.desire("people", {"person_id": "p1", "company_id": "a long key"}, {"person_id": "p2"})
    world.syncs = [companies, people]
    assert held(world) == {
        "a long key": "company: the CRM requires it, and no column goes to it",
        "p1": "company: the CRM requires it, and there is none",
        "p2": "company: the CRM requires it, and there is none",
    }
    world.crm.described = fields[:2]
    world.syncs = [companies]
    world.apply()
    world.crm.described = fields
    world.syncs = [companies, people]
    assert held(world) == {"p2": "company: the CRM requires it, and there is none"}


def test_wrong_columns_are_said_all_at_once_before_anything_is_planned(
    new_world: NewWorld,
) -> None:
    fields = [each for each in described(title={"read_only": True}) if each.name != "mobile"]
    world = new_world(crm=MemoryCrm(described=[*fields, Field("mobil", "手机", "text")]))
    world.desire("people", person(1))
    with pytest.raises(SyncConfigurationError) as raised:
        world.apply()
    missing, read_only = str(raised.value).splitlines()
    assert "`mobile`, which people in crm doesn't have; near it are mobil" in missing
    assert "`title`, which is read-only in crm" in read_only
    assert (world.crm.writes, world.crm.finds, world.crm.scans) == ([], 0, 0)
    assert queries.history(world.ledger) == []


def test_a_read_only_field_that_is_only_read_is_no_mistake(new_world: NewWorld) -> None:
    sync = make_sync()
    columns = [*sync.columns[:-1], replace(sync.columns[-1], owner="crm")]
    world = new_world(
        crm=MemoryCrm(described=described(title={"read_only": True, "required": True})),
        syncs=[make_sync(columns=tuple(columns))],
    )
    world.desire("people", person(1, title="theirs"))
    assert world.plan() == {("people", "p1"): ("create", ("external_id", "name", "amount"))}


def test_a_crm_is_asked_once_a_sync_and_run(new_world: NewWorld) -> None:
    world = new_world(crm=MemoryCrm(described=described()))
    world.desire("people", *(person(number) for number in range(9)))
    world.apply()
    assert world.crm.describes == 1


def test_a_crm_that_cannot_be_asked_fails_its_sync(new_world: NewWorld) -> None:
    world = new_world()
    world.desire("people", person(1))

    def down(_name: str) -> list[Field]:
        raise RetryableError("down")

    world.crm.describe = down  # type: ignore[method-assign]  # the fault
    [applied] = world.apply()
    assert (applied.status, applied.problem) == ("failed", "down")
    assert world.crm.writes == []


# properties

TYPES = ("text", "string", "number", "boolean", "bool", "date", "datetime", "select", "geo", "link")
VALUES = (
    "1", "-1.50", " 2 ", ".5e-3", "1,000", "1.2.3", "n/a", "TRUE", "yes ", "maybe", "2026-11-22",
    "长期", "a", "b", "a;b", ";a", "a;c", ";", '["a","c"]', "𠮷野家", "e\u0301", "x" * 9,
)  # fmt: skip
# digits of other scripts are for the CRM to judge
ALPHABET = st.characters(codec="utf-8", exclude_categories=["N", "Cc"]) | st.sampled_from(
    "0123456789"
)
values = st.none() | st.sampled_from(VALUES) | st.text(ALPHABET, min_size=1, max_size=8)
units = st.sampled_from(["characters", "utf16", "bytes"])


def a_field(name: str) -> st.SearchStrategy[Field]:
    return st.builds(
        Field,
        name=st.just(name),
        label=st.just(name),
        type=st.sampled_from(TYPES),
        required=st.booleans(),
        max_length=st.none() | st.integers(1, 9),
        options=st.lists(st.sampled_from(["a", "b", "a;b", "yes", "长期"]), unique=True).map(tuple),
    )


def sql_faults(
    sync: Sync, rules: Rules, rows: Sequence[Mapping[str, str | None]], *, new: bool
) -> list[str]:
    """The faults that the SQL finds, of rows that are written whole."""
    written = [
        Written(f"v{n}", f"v{n} is not null" if new else f"v{n} is distinct from 'untouched'")
        for n in range(len(sync.columns))
    ]
    sql = (fault_of_new if new else fault_of_known)(sync, rules, written)
    names = ", ".join(f"v{number} varchar" for number in range(len(sync.columns)))
    with duckdb.connect() as connection:
        connection.execute(f"create table rows_ (number integer, {names})")
        for number, row in enumerate(rows):
            marks = ", ".join("?" * (len(sync.columns) + 1))
            given_ = [row.get(column.field) for column in sync.columns]
            connection.execute(f"insert into rows_ values ({marks})", [number, *given_])
        return [
            fault
            for (fault,) in connection.execute(
                f"select {sql} from rows_ order by number"
            ).fetchall()
        ]


@settings(max_examples=60)
@given(
    fields=st.tuples(a_field("f0"), a_field("f1")),
    unit=units,
    most=st.none() | st.integers(1, 9),
    rows=st.lists(st.fixed_dictionaries({"f0": values, "f1": values}), min_size=1, max_size=12),
    new=st.booleans(),
)
def test_the_sql_says_what_the_plain_rules_say(
    fields: tuple[Field, ...], unit: LengthUnit, most: int | None, rows: Any, new: bool
) -> None:
    columns = (
        Column("c0", "f0", "varchar", "", max_length=most),
        Column("c1", "f1", "varchar", ""),
    )
    rules = Rules({each.name: each for each in fields}, unit)
    expected = []
    for row in rows:
        faults = []
        for column, said in zip(columns, fields, strict=True):
            value = row[column.field]
            if value is None:
                there = "there is none" if new else "it would be emptied"
                words = f"the CRM requires it, and {there}" if said.required else None
            else:
                words = wrong_value(said, value, unit)
                if words is None and column.max_length and len(value) > column.max_length:
                    words = f"{len(value)} characters, the contract takes {column.max_length}"
            faults += [f"{column.field}: {words}"] if words else []
        expected.append("; ".join(faults))
    assert expected == sql_faults(make_sync(columns=columns), rules, rows, new=new)


@settings(max_examples=15)
@given(
    fields=st.tuples(*(a_field(name) for name in ("name", "mobile", "title"))),
    unit=units,
    first=st.lists(st.tuples(values, values, values), min_size=8, max_size=20),
    then=st.lists(st.tuples(values, values, values), min_size=20, max_size=20),
)
def test_what_is_sent_is_never_refused_and_what_is_held_would_be(
    fields: tuple[Field, ...], unit: LengthUnit, first: Any, then: Any
) -> None:
    """On a CRM that enforces exactly its own description: for new records, then for changes."""
    known = (Field("external_id", "", "text"), Field("amount", "", "text"), *fields)

    def refuses(write: Write) -> str | None:
        wrong = refusal(known, write, unit)
        return str(wrong) if wrong else None

    crm = MemoryCrm(batch="per_record", refuses=refuses, described=known, length_unit=unit)
    with TemporaryDirectory() as folder:
        world = TestWorld(Path(folder), crm=crm)
        for rows in (first, then):
            world.desire(
                "people",
                *(
                    {"person_id": f"p{n}", "name": a, "mobile": b, "title": c}
                    for n, (a, b, c) in enumerate(rows[: len(first)])
                ),
            )
            ids = {
                fields["external_id"]: each
                for each, fields in crm.objects.get("people", {}).items()
            }
            with world.engine.planned(world.syncs) as (plan, _):
                for change in plan.changes(world.syncs[0], ("held",)):
                    assert change.cause == "invalid"
                    operation: Any = "update" if change.key in ids else "create"
                    write = Write(change.key, operation, ids.get(change.key), change.payload)
                    found = {name for name, _ in refusal(known, write, unit)}
                    assert found, f"the CRM would have taken it: {change.reason}"
                    named = re.findall(r"(?:^|; )(\w+): ", change.reason or "")
                    assert set(named) == found
            [applied] = world.apply()
            assert applied.tally.rejected == 0
        world.ledger.close()


@settings(max_examples=100)
@given(
    kind=st.sampled_from(["string", "number", "bool", "date", "datetime", "select", "checkbox"]),
    texts=st.lists(values.filter(bool), min_size=1, max_size=12),
)
def test_nothing_is_held_that_the_sandbox_of_hubspot_takes(kind: str, texts: list[str]) -> None:
    is_choice = kind in {"select", "checkbox"}
    made = Property("f", "f", "enumeration" if is_choice else kind, kind)
    made.options = [option(each) for each in ("a", "b", "长期")] if is_choice else []
    check = made.check()
    assert check is not None
    columns = (Column("c", "f", "varchar", ""),)
    rules = Rules.of([read_property(made.described())], MemoryCrm().capabilities)
    faults = sql_faults(
        make_sync(columns=columns), rules, [{"f": text} for text in texts], new=True
    )
    for text, fault in zip(texts, faults, strict=True):
        if fault:
            with pytest.raises(ValueError, match="INVALID"):
                check(text)
