"""What the normalising models make of what people type, and of what nobody would."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.conftest import Project
from warehouse import functions

MODELS = [
    "int_person_names_untitled",
    "int_han_names_parted",
    "int_letter_names_parted",
    "int_person_names_normalised",
    "int_phones_split",
    "int_phones_normalised",
    "int_emails_normalised",
    "int_addresses_cleaned",
    "int_han_addresses_parted",
    "int_letter_addresses_parted",
    "int_addresses_normalised",
    "int_company_names_normalised",
    "int_person_identifiers_keyed",
]
"""In the order in which they read each other."""

INPUTS = {
    "intermediate.int_person_records_renewed": (
        "record_key, full_name, known_as, phone, email, wechat_unionid, national_id, company_name, "
        "address, city"
    ),
    "intermediate.int_company_records_renewed": "phone, email, address",
    "intermediate.int_selfbuilt_values_unechoed": "object, field, value",
    "staging.stg_canonical__records": "entity_type, full_name, company_name",
    "staging.stg_erp__customers": "name",
    "staging.stg_finance__invoices": "customer_name",
    "staging.stg_helpdesk__users": "organisation",
}
"""What the models read of others, all of it text."""

HONORIFICS = Path(__file__).parents[2] / "seeds" / "identity" / "honorifics.csv"

Row = dict[str, Any]


class Normaliser:
    """The models as views over a few records that a test gives."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def names(self, *texts: str) -> dict[str, Row]:
        """What each spelling of a person's name becomes."""
        rows = self._rows(PERSONS, "full_name", texts, "int_person_names_normalised")
        return {row["raw_name"]: row for row in rows}

    def phones(self, *texts: str) -> list[Row]:
        """What the phones become."""
        return self._rows(PERSONS, "phone", texts, "int_phones_normalised")

    def emails(self, *texts: str) -> list[Row]:
        """What the e-mail addresses become."""
        return self._rows(PERSONS, "email", texts, "int_emails_normalised")

    def addresses(self, *texts: str) -> dict[str, Row]:
        """What each spelling of an address becomes."""
        rows = self._rows(PERSONS, "address", texts, "int_addresses_normalised")
        return {row["raw_address"]: row for row in rows}

    def companies(self, *texts: str) -> dict[str, Row]:
        """What each spelling of a company's name becomes."""
        rows = self._rows(
            "staging.stg_erp__customers", "name", texts, "int_company_names_normalised"
        )
        return {row["raw_name"]: row for row in rows}

    def documents(self, *texts: str) -> list[Row]:
        """What the numbers of documents become."""
        return self._rows(PERSONS, "national_id", texts, "int_person_identifiers_keyed")

    def _rows(self, table: str, column: str, texts: Sequence[str], model: str) -> list[Row]:
        self._connection.execute(f"delete from warehouse.{table}")
        self._connection.execute(
            f"insert into warehouse.{table} ({column}) select unnest(?)", [list(texts)]
        )
        found = self._connection.execute(f"from warehouse.intermediate.{model}")
        columns = [name for name, *_ in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


PERSONS = "intermediate.int_person_records_renewed"


@pytest.fixture(scope="module")
def normaliser(project: Project, root: Path) -> Iterator[Normaliser]:
    """The models, compiled by dbt, over the real seeds."""
    result = project.run("compile", "--select", *MODELS)
    assert result.success, result.exception
    compiled = {
        run.node.name: run.node.compiled_code
        for run in result.result.results  # type: ignore[union-attr]  # compile's
    }
    with duckdb.connect() as connection:
        functions.register(connection)
        connection.execute("attach ':memory:' as warehouse")
        for schema in ("seeds", "staging", "intermediate"):
            connection.execute(f"create schema warehouse.{schema}")
        for seed in sorted((root / "seeds/identity").glob("*.csv")):
            connection.execute(
                f"create table warehouse.seeds.{seed.stem} as from read_csv('{seed}')"
            )
        for table, columns in INPUTS.items():
            typed = ", ".join(f"{column} varchar" for column in columns.split(", "))
            connection.execute(f"create table warehouse.{table} ({typed})")
        for model in MODELS:
            connection.execute(f"create view warehouse.intermediate.{model} as {compiled[model]}")
        yield Normaliser(connection)


SURNAMES = st.sampled_from(["张", "王", "李", "单", "曾", "欧阳", "司马", "吕"])
# 芳 to 涛 are no titles and no surnames that make another compound
GIVEN = st.text(
    alphabet="芳娜敏静丽强磊洋艳杰娟涛超霞玲鹏宇浩轩欣怡涵梓诺雨思佳", min_size=1, max_size=2
)
TITLES = st.sampled_from(["", "先生", "女士", "总经理", "老师", "博士", "（采购）", "(VIP)"])
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=8)
ANY_TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)
HARDLY_TEXT = st.text(alphabet="张三李 总先生mrs.,·-()（）\n1８@;/<>'\"", max_size=12)
# a loaded machine takes its time, and no time is asserted here
SLOW = settings(deadline=None, max_examples=60)
SHORT_TITLES = frozenset(
    row["honorific"]
    for row in csv.DictReader(HONORIFICS.open(encoding="utf-8"))
    if row["position"] == "end" and len(row["honorific"]) == 1
)
TEXTS = st.lists(ANY_TEXT | HARDLY_TEXT, min_size=1, max_size=30, unique=True)


@SLOW
@given(SURNAMES, GIVEN, TITLES)
def test_a_han_name_has_one_key_in_every_dress(
    normaliser: Normaliser, surname: str, given_name: str, title: str
) -> None:
    surname_letters = normaliser.names(f"{surname}先生")[f"{surname}先生"]["surname_key"]
    name = f"{surname}{given_name}"
    given_letters = normaliser.names(name)[name]["given_key"]
    spellings = [
        name,
        f"{name}{title}",
        f" {surname} {given_name}",
        f"{surname}　{given_name}{title}",
        f"尊敬的{name}先生",
        f"{surname_letters} {given_letters}",
        f"{given_letters.title()} {surname_letters.title()}",
        f"{surname_letters.upper()}, {given_letters}",
        f"{surname_letters}{given_letters}",
        f"Dr. {given_letters} {surname_letters.upper()}",
    ]

    found = normaliser.names(*spellings)

    assert {row["name_key"] for row in found.values()} == {found[name]["name_key"]}
    assert found[name]["name_kind"] == "full"
    assert found[name]["surname_key"] == surname_letters


@SLOW
@given(LETTERS.filter(lambda word: len(set(word)) > 2), LETTERS)
def test_a_western_name_has_one_key_in_every_order(
    normaliser: Normaliser, first: str, last: str
) -> None:
    spellings = [
        f"{first} {last}",
        f"{last.upper()}, {first.title()}",
        f"{first.title()} Q. {last.title()}",
        f"Mr. {first.title()} {last.title()}",
        f"{last.title()}, Dr. {first.title()}",
        f"{first.title()} {last.title()} Jr.",
        "".join(chr(ord(letter) + 0xFEE0) for letter in first) + f"　{last}",
    ]

    found = normaliser.names(*spellings)

    assert {row["name_key"] for row in found.values()} == {found[f"{first} {last}"]["name_key"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob Smith", "Robert T. Smith"),
        ("Liz O'Neill", "ONEILL, Elizabeth"),
        ("Bill Gates", "William Gates"),
        ("Chris Martin", "Christina Martin"),
        ("Chris Martin", "Christopher Martin"),
        ("Jan Lutterveld", "Johannes Lutterveld"),
        ("Susi Hettner", "Susanne Hettner"),
    ],
)
def test_a_nickname_is_weak_evidence(normaliser: Normaliser, one: str, other: str) -> None:
    found = normaliser.names(one, other)

    assert set(found[one]["nickname_keys"]) & set(found[other]["nickname_keys"])
    assert found[one]["name_key"] != found[other]["name_key"]


@pytest.mark.parametrize(
    ("name", "kind", "surname", "given_name"),
    [
        ("张先生", "part", "zhang", None),
        ("张总", "part", "zhang", None),
        ("小王", "part", "wang", None),
        ("老李", "part", "li", None),
        ("阿芳", "part", None, "fang"),
        ("欧阳女士", "part", "ouyang", None),
        ("Mr. Smith", "part", None, None),
        ("阿卜杜拉•买买提", "full", "maimaiti", "abodula"),
        ("Maria de la Cruz", "full", "delacruz", "maria"),
        ("Anna Smith-Jones", "full", "smithjones", "anna"),
        ("Ahmad bin Said", "full", "binsaid", "ahmad"),
        ("先生", "none", None, None),
        ("微信用户", "none", None, None),
        ("Mr", "none", None, None),
        ("12345", "none", None, None),
    ],
)
def test_what_is_a_name_and_what_a_part_of_one(
    normaliser: Normaliser, name: str, kind: str, surname: str | None, given_name: str | None
) -> None:
    found = normaliser.names(name)[name]

    assert (found["name_kind"], found["surname_key"], found["given_key"]) == (
        kind,
        surname,
        given_name,
    )


def test_homophones_share_a_key_and_differ_in_writing(normaliser: Normaliser) -> None:
    found = normaliser.names("李伟", "李玮", "李磊")

    assert found["李伟"]["name_key"] == found["李玮"]["name_key"] != found["李磊"]["name_key"]
    assert found["李伟"]["written_key"] != found["李玮"]["written_key"]


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_names_and_what_is_shown_has_the_same_key(
    normaliser: Normaliser, texts: list[str]
) -> None:
    found = normaliser.names(*texts)
    full = {
        row["display_name"]: row["name_key"]
        for row in found.values()
        # only the title behind 李生总 tells that 李生 isn't Mr. Li
        if row["name_kind"] == "full" and SHORT_TITLES.isdisjoint(row["display_name"])
    }
    again = normaliser.names(*full)

    assert set(found) == set(texts)
    assert all(row["name_key"] or row["name_kind"] == "none" for row in found.values())
    assert {name: row["name_key"] for name, row in again.items()} == full


MOBILES = st.builds(
    "1{}{:09}".format,
    st.integers(3, 9).filter(lambda n: n not in (4, 6, 7)),
    st.integers(0, 10**9 - 1),
).filter(lambda number: number[1:3] not in {"54", "94"})
"""Of the ranges that are given out by now, and that the library knows."""


@SLOW
@given(MOBILES)
def test_a_mobile_has_one_form_however_it_is_typed(normaliser: Normaliser, mobile: str) -> None:
    wide = unicodedata.normalize("NFKC", mobile).translate({n: n + 0xFEE0 for n in range(48, 58)})
    spellings = {
        mobile,
        wide,
        f"+86 {mobile[:3]}-{mobile[3:7]}-{mobile[7:]}",
        f"0086{mobile}",
        f"{mobile}.0",
        f" {mobile[:3]} {mobile[3:7]} {mobile[7:]} ",
        f"({mobile[:3]}){mobile[3:]}",
        f"{mobile[0]}.{mobile[1:]}E+10",
    }

    found = normaliser.phones(*spellings)

    assert {row["phone"] for row in found} == {f"+86{mobile}"}
    assert {row["phone_kind"] for row in found} == {"mobile"}


@SLOW
@given(MOBILES, st.integers(3, 9))
def test_digits_that_a_spreadsheet_lost_never_make_a_key(
    normaliser: Normaliser, mobile: str, kept: int
) -> None:
    found = normaliser.phones(f"{mobile[0]}.{mobile[1:kept]}E+10")

    assert [(row["phone"], row["reason"], row["weak_phone"]) for row in found] == [
        (None, "digits lost by a spreadsheet", None)
    ]


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_phones_and_only_numbers_are_keys(
    normaliser: Normaliser, texts: list[str]
) -> None:
    found = normaliser.phones(*texts)

    assert all((row["phone"] is None) == (row["reason"] is not None) for row in found)
    again = normaliser.phones(*{row["phone"] for row in found if row["phone_kind"] == "mobile"})
    assert all(row["phone"] == row["raw_phone"] for row in again)


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_addresses_of_mailboxes(
    normaliser: Normaliser, texts: list[str]
) -> None:
    found = normaliser.emails(*texts)
    valid = {row["email"] for row in found if row["reason"] is None}

    assert {row["email"] for row in normaliser.emails(*valid)} == valid


@SLOW
@given(LETTERS, LETTERS)
def test_a_mailbox_has_one_address(normaliser: Normaliser, local: str, domain: str) -> None:
    address = f"{local}@{domain}.com"
    spellings = {
        address,
        address.upper(),
        f" {address}. ",
        f"张三 <{address}>",
        f"mailto:{address}",
        address.replace("@", "＠").replace(".", "。"),
        f'"{address}"',
    }

    assert {row["email"] for row in normaliser.emails(*spellings)} == {address}


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_postal_addresses(normaliser: Normaliser, texts: list[str]) -> None:
    assert set(normaliser.addresses(*texts)) == set(texts)


@SLOW
@given(
    st.sampled_from(
        [("上海", "上海", "浦东新区"), ("广东", "深圳", "南山区"), ("江苏", "苏州", "吴中区")]
    ),
    st.text(alphabet="张江科苑华山泰文", min_size=2, max_size=3),
    st.integers(1, 999),
    st.integers(1, 40),
    st.integers(101, 2999),
)
def test_a_door_has_one_form(
    normaliser: Normaliser,
    place: tuple[str, str, str],
    street: str,
    number: int,
    house: int,
    door: int,
) -> None:
    province, city, district = place
    before = f"{city}市{district}{street}路"
    spellings = [
        f"{before}{number}号{house}栋{door}室",
        f"{before} {number}号 {house}幢 {door}",
        f"{before}{number}-{house}-{door}",
        f"{city}{district}{street}路{number}号{house}号楼{door}房",
        f"中国{province}省{before}{number}號{house}栋{door}室".replace(f"{city}省", ""),
    ]

    found = list(normaliser.addresses(*spellings).values())

    assert {row["rest_key"] for row in found} == {f"{street}路{number}-{house}-{door}"}
    assert {(row["province"], row["city"], row["district"]) for row in found} == {place}
    assert {row["number_key"] for row in found} == {f"{number}-{house}-{door}"}


@SLOW
@given(
    st.sampled_from([("st", "street"), ("bd", "boulevard"), ("ave", "avenue"), ("ct", "court")]),
    st.integers(1, 9999),
    st.integers(1, 99),
)
def test_a_flat_has_one_form_with_and_without_its_town(
    normaliser: Normaliser, street: tuple[str, str], number: int, door: int
) -> None:
    short, long = street
    house = f"{number} Voltaire"
    spellings = [
        f"{house} {short} Apt {door}",
        f"{house} {long}, Unit {door}",
        f"{house} {short.upper()} #{door}, Denver",
        f"{house} {long}, Flat {door}, Denver, CO 80210-1234",
        f"{house} {short}., Suite {door}, Denver CO 80210",
    ]

    found = normaliser.addresses(*spellings)

    assert {row["rest_key"] for row in found.values()} == {f"{number} voltaire {long} {door}"}
    assert {row["city"] for row in found.values()} == {None, "denver"}
    # behind a house number's comma stands its street
    (row,) = normaliser.addresses(f"{number}, {long} Voltaire").values()
    assert (row["rest_key"], row["city"]) == (f"{number} {long} voltaire", None)


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_names_of_companies(normaliser: Normaliser, texts: list[str]) -> None:
    assert set(normaliser.companies(*texts)) == set(texts)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("华创科技有限公司", ["华创科技有限责任公司", "華創科技股份有限公司", "华创 科技"]),
        ("华创（上海）科技有限公司", ["上海华创科技有限公司", "华创科技(上海)有限公司"]),
        (
            "Acme Trading Co., Ltd.",
            ["ACME TRADING", "The Acme Trading Company", "Acme Trading GmbH"],
        ),
        ("Müller & Söhne KG", ["Muller and Sohne"]),
        ("中兴投资中心（有限合伙）", ["中兴投资中心"]),
    ],
)
def test_a_company_has_one_key_in_every_legal_form(
    normaliser: Normaliser, name: str, others: list[str]
) -> None:
    found = normaliser.companies(name, *others)

    assert {(row["name_key"], row["region"]) for row in found.values()} == {
        (found[name]["name_key"], found[name]["region"])
    }


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("华创科技有限公司", "华创科技有限公司上海分公司"),
        ("华创集团有限公司", "华创有限公司"),
        ("Acme Group Ltd", "Acme Ltd"),
    ],
)
def test_companies_that_belong_together_share_the_weak_key_alone(
    normaliser: Normaliser, name: str, other: str
) -> None:
    found = normaliser.companies(name, other)

    assert found[name]["name_key"] != found[other]["name_key"]
    assert found[name]["weak_name_key"] == found[other]["weak_name_key"]


WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(birth: str, sequence: int) -> str:
    """A valid resident ID of Beijing."""
    body = f"110105{birth}{sequence:03}"
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True)) % 11]


BIRTHS = st.dates(min_value=date(1920, 1, 1), max_value=date(1999, 12, 31)).map(
    lambda day: day.strftime("%Y%m%d")
)


@SLOW
@given(BIRTHS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_a_resident_id_with_one_wrong_digit_is_no_key(
    normaliser: Normaliser, birth: str, sequence: int, place: int, shift: int
) -> None:
    right = resident_id(birth, sequence)
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    old = right[:6] + right[8:17]

    keys = {row["raw_value"]: row["is_key"] for row in normaliser.documents(right, wrong)}
    forms = {row["identifier"] for row in normaliser.documents(right.lower(), f" {right}", old)}

    assert keys == {right: True, wrong: False}
    assert forms == {right}


@SLOW
@given(TEXTS)
def test_no_text_breaks_the_documents(normaliser: Normaliser, texts: list[str]) -> None:
    found = normaliser.documents(*texts)

    assert all(row["is_key"] == (row["reason"] is None) for row in found)
