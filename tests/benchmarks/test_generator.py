"""The made-up records are the same for the same seed, and hold the things that are hard."""

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.identity import vocabulary
from benchmarks.identity.generate import generate, write
from benchmarks.identity.inputs import COLUMNS
from benchmarks.identity.population import Block, make_block
from benchmarks.identity.profiles import PROFILES
from benchmarks.identity.typist import Record
from benchmarks.identity.worst import chains, hub

Labelled = Sequence[tuple[Record, str]]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def made() -> Mapping[str, Labelled]:
    """Some thousand records of each language."""
    return {
        language: list(islice(generate(1, language), 8000)) for language in ("zh", "en", "mixed")
    }


@pytest.fixture(scope="module")
def block() -> Block:
    """The people and companies of a Chinese list."""
    return make_block(1, "zh", 0)


def test_the_same_seed_makes_the_same_records(made: Mapping[str, Labelled]) -> None:
    assert list(islice(generate(1, "zh"), 8000)) == made["zh"]
    assert list(islice(generate(2, "zh"), 100)) != made["zh"][:100]


def test_more_records_begin_with_the_same_ones(tmp_path: Path) -> None:
    for records, folder in (("150", "few"), ("300", "many")):
        command = [sys.executable, "-m", "benchmarks.identity.generate", "--records", records]
        subprocess.run([*command, "--out", str(tmp_path / folder)], cwd=ROOT, check=True)
    for name in ("records.csv", "truth.csv"):
        few, many = ((tmp_path / folder / name).read_text() for folder in ("few", "many"))
        assert many.startswith(few)
        assert len(list(csv.reader(few.splitlines()))) == 151


def test_the_columns_are_those_of_canonical_records() -> None:
    assert Record._fields == COLUMNS


@pytest.mark.parametrize("language", ["zh", "en", "mixed"])
def test_every_record_has_a_key_of_its_own_and_a_truth(
    made: Mapping[str, Labelled], language: str
) -> None:
    keys = {(record.source_system, record.source_record_id) for record, _ in made[language]}
    assert len(keys) == len(made[language])
    assert all(entity for _, entity in made[language])
    assert {system for system, _ in keys} == {profile.system for profile in PROFILES}
    assert {record.entity_type for record, _ in made[language]} == {"person", "organisation"}


@pytest.mark.parametrize(
    ("what", "language", "column", "pattern"),
    [
        ("a bare surname with a title", "zh", "full_name", r"^.(先生|女士|小姐|经理|总)$"),
        ("a title behind a name", "zh", "full_name", r"^...(先生|女士|经理)$"),
        ("pinyin", "zh", "full_name", r"^[A-Z][a-z]+ [A-Z][a-z]+$"),
        ("traditional characters", "zh", "full_name", r"^[張劉陳楊黃趙吳孫]"),
        ("a compound surname", "zh", "full_name", r"^(欧阳|上官|司马|诸葛|夏侯)"),
        ("a shop's nickname", "zh", "full_name", r"爱吃鱼的|快乐的|风中的"),
        ("full-width digits", "zh", "phone", r"^[０-９]{11}$"),
        ("a spreadsheet's damage", "zh", "phone", r"^1\.\d+E\+10$"),
        ("a spreadsheet's decimal", "zh", "phone", r"^1\d{10}\.0$"),
        ("an extension", "zh", "phone", r"(转| ext\. |-)\d{3}$"),
        ("two numbers in a cell", "zh", "phone", r"\d{11}( ?/ ?|;|,|、)\d"),
        ("a placeholder", "zh", "phone", r"^(13800000000|无)$"),
        ("a mailbox of a role", "zh", "email", r"^(info|sales|service|admin|office)@"),
        ("a resident ID in its old form", "zh", "national_id", r"^\d{15}$"),
        ("a branch", "zh", "company_name", r"分公司$"),
        ("a place in brackets", "zh", "company_name", r"[（(].+[）)]有限"),
        ("a day in Chinese", "zh", "birth_date", r"年.+月.+日"),
        ("the surname first", "en", "full_name", r"^\w+, \w+"),
        ("capitals", "en", "full_name", r"^[A-Z]+ [A-Z]+$"),
        ("an initial", "en", "full_name", r"^[A-Z]\. \w+"),
        ("a short form of a given name", "en", "full_name", r"^(Bob|Bill|Mike|Jim|Liz) "),
        ("a number without its country", "en", "phone", r"^\(\d{3}\) \d{3}-\d{4}$"),
        ("an address cut short", "en", "address", r"\b(St|Ave|Rd|Ln)\b"),
        ("a name without a legal form", "en", "company_name", r"(Foods|Media|Trading)$"),
    ],
)
def test_each_habit_occurs(
    made: Mapping[str, Labelled], what: str, language: str, column: str, pattern: str
) -> None:
    values = [getattr(record, column) for record, _ in made[language]]
    assert any(re.search(pattern, value) for value in values), what


def test_there_are_people_of_whom_a_system_has_only_the_name(
    made: Mapping[str, Labelled],
) -> None:
    bare = [
        record
        for record, _ in made["zh"]
        if record.full_name and not any(record[4:10]) and not record.address
    ]
    assert bare


def test_some_systems_hold_somebody_twice(made: Mapping[str, Labelled]) -> None:
    held = Counter((record.source_system, entity) for record, entity in made["zh"])
    assert max(held.values()) > 1


def test_names_are_as_uneven_as_in_life(made: Mapping[str, Labelled]) -> None:
    bearers = defaultdict(set)
    for record, entity in made["zh"]:
        bearers[record.full_name].add(entity)
    most = max(bearers.items(), key=lambda item: len(item[1]) if len(item[0]) == 2 else 0)
    alone = sum(len(entities) == 1 for entities in bearers.values())
    assert len(most[1]) >= 3
    assert alone > len(bearers) / 2


def test_a_slip_sounds_alike() -> None:
    assert "玮" in vocabulary.homophones("伟")


def test_families_share_a_number_an_address_and_a_surname(block: Block) -> None:
    homes = defaultdict(list)
    for person in block.people:
        homes[person.address].append(person)
    families = [members for members in homes.values() if len(members) > 1]
    assert any(
        one.mobile and one.mobile == other.family_phone and one.surname == other.surname
        for members in families
        for one in members
        for other in members
    )
    same_name = [
        (one, other)
        for members in families
        for one in members
        for other in members
        if one.entity < other.entity and (one.surname, one.given) == (other.surname, other.given)
    ]
    assert same_name, "no father and son of one name"
    assert all(one.birth_date != other.birth_date for one, other in same_name)


def test_twins_share_a_birth_date(block: Block) -> None:
    births = Counter((person.address, person.birth_date) for person in block.people)
    assert max(births.values()) > 1


def test_a_number_given_up_is_handed_to_a_stranger() -> None:
    blocks = [make_block(1, "zh", number) for number in range(3)]
    former = {
        person.former_mobile: person
        for each in blocks
        for person in each.people
        if person.former_mobile
    }
    inherited = [
        (former[person.mobile], person)
        for each in blocks
        for person in each.people
        if person.mobile in former
    ]
    assert any(one.surname != other.surname for one, other in inherited)


def test_colleagues_share_an_employer_a_domain_and_a_switchboard(block: Block) -> None:
    staff = Counter(person.company.entity for person in block.people if person.company)
    assert max(staff.values()) >= 10
    for person in block.people:
        if person.company:
            assert person.work_email.endswith(f"@{person.company.domain}")


def test_companies_have_branches_and_sisters_of_one_brand(block: Block) -> None:
    brands = defaultdict(list)
    for company in block.companies:
        brands[company.brand].append(company)
    groups = [companies for companies in brands.values() if len(companies) > 1]
    assert any(company.branch_of for group in groups for company in group)
    assert any(one.trade != other.trade for one, other, *_ in groups)
    assert all(company.has_sisters for group in groups for company in group)


def test_every_chain_hangs_together_and_to_no_other() -> None:
    made = list(chains(count=3, length=50))
    phones, emails = defaultdict(set), defaultdict(set)
    for place, (record, entity) in enumerate(made):
        phones[record.phone].add((place, entity))
        emails[record.email].add((place, entity))
    for identifier in (phones, emails):
        assert all(len({entity for _, entity in bearers}) == 1 for bearers in identifier.values())
    links = {
        frozenset(place for place, _ in bearers)
        for identifier in (phones, emails)
        for bearers in identifier.values()
        if len(bearers) == 2
    }
    assert len(links) == 3 * 49


def test_a_hub_is_one_number_on_records_of_many() -> None:
    made = list(hub(size=1000))
    assert {record.phone for record, _ in made} == {made[0][0].phone}
    assert Counter(Counter(entity for _, entity in made).values()) == {2: 500}
    assert len({record.full_name for record, _ in made}) == 500


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    labelled = list(islice(generate(3, "mixed"), 50))
    write(iter(labelled), tmp_path)
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as file:
        assert [Record(**row) for row in csv.DictReader(file)] == [record for record, _ in labelled]
