"""Who exists: households, employees and companies, before any system has spelled them.

They come in blocks of some hundred people who may share a phone, an address or an
employer; each block has a source of chance of its own, so any number of them can be
made one after another.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import TypeVar

from benchmarks.identity import vocabulary as v
from demo import identifiers

PEOPLE_IN_A_BLOCK = 600
COMPANIES_IN_A_BLOCK = 90
FOREIGN_SHARE = 0.04
"""How many people have a name of the other world than the list's: Wei Zhang in Chicago."""
HOUSEHOLD_SHARE = 0.3
"""How many people live with others of ours."""
EMPLOYED_SHARE = 0.5
CHANGED_NUMBER_SHARE = 0.12
RECYCLED_SHARE = 0.3
"""How many of the numbers given up were then handed to a stranger."""
TWINS_SHARE = 0.12
"""How many households have twins: more than in life, as with all that is hard to tell apart."""
NAMESAKE_SHARE = 0.12
"""How many households of a man have a son of his name; in Chinese ones, where nobody is named after
his father, two siblings share the character of their generation instead."""
MAIDEN_NAME_SHARE = 0.15
"""How many women with a name in letters once had another surname."""
SAME_NAME_COLLEAGUE_SHARE = 0.003
"""How many employees have a colleague of the same name."""
SISTER_SHARE = 0.15
"""How many companies are the branch, the subsidiary or the sister of another."""
AS_OF = date(2026, 6, 30)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives or sits."""

    is_han: bool
    province: str
    city: str
    district: str
    """A Chinese city's district, or the postal code."""
    road: str
    road_kind: tuple[str, str]
    """The two ways to write Street; empty in Chinese."""
    number: int
    estate: str
    building: int
    room: int


@dataclass(frozen=True, slots=True)
class Company:
    """One legal entity."""

    entity: str
    is_han: bool
    brand: str
    trade: str
    form: str
    form_spellings: tuple[str, ...]
    branch_of: str
    """The city of a branch (分公司) that isn't a company of its own right; empty otherwise."""
    has_sisters: bool
    """Others bear its brand, so its name is never shortened to that."""
    tax_id: str
    switchboard: str
    domain: str
    address: Address


@dataclass(frozen=True, slots=True)
class Person:
    """One human being."""

    entity: str
    is_han: bool
    sex: str
    surname: str
    given: str
    middle: str
    surname_latin: str
    given_latin: str
    maiden_name: str
    """The surname before, of a woman who took another; empty otherwise."""
    birth_date: date
    national_id: str
    mobile: str
    former_mobile: str
    """The number before; empty if it never changed."""
    family_phone: str
    """The number of somebody in the household, or the land line at home."""
    email: str
    work_email: str
    wechat_unionid: str
    address: Address
    former_address: Address
    company: Company | None
    extension: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some hundred people and the companies they work for."""

    people: Sequence[Person]
    companies: Sequence[Company]


def make_block(seed: int, language: str, number: int) -> Block:
    """Make one block of a population; `language` is zh, en or mixed."""
    return _Maker(Random(f"{seed}/{language}/{number}/population"), language, number).block()


class _Maker:
    def __init__(self, rng: Random, language: str, number: int) -> None:
        self._rng = rng
        self._language = language
        self._number = number
        self._people: list[Person] = []
        self._given_up: list[str] = []
        self._drawn = 0

    def block(self) -> Block:
        companies = self._companies()
        weights = [self._rng.paretovariate(1.1) for _ in companies]
        staff = int(PEOPLE_IN_A_BLOCK * EMPLOYED_SHARE)
        for company in self._rng.choices(companies, weights, k=staff):
            self._people.append(self._employee(company))
            if self._rng.random() < SAME_NAME_COLLEAGUE_SHARE:
                self._people.append(self._same_name_colleague(self._people[-1]))
        while len(self._people) < PEOPLE_IN_A_BLOCK:
            head = self._anyone(self._is_han())
            self._people.append(head)
            if self._rng.random() < HOUSEHOLD_SHARE:
                self._people += self._relatives(head)
        return Block(self._people, companies)

    # companies

    def _companies(self) -> list[Company]:
        companies: list[Company] = []
        while len(companies) < COMPANIES_IN_A_BLOCK:
            place = len(companies)
            company = self._company(self._is_han(), place)
            companies.append(company)
            if self._rng.random() < SISTER_SHARE:
                companies[place] = replace(company, has_sisters=True)
                companies.append(self._sister(companies[place], len(companies)))
        return companies

    def _company(self, is_han: bool, place: int) -> Company:  # noqa: FBT001 - of one kind or the other
        rng = self._rng
        # every company of all blocks has a brand of its own
        serial = self._number * (COMPANIES_IN_A_BLOCK + 1) + place
        address = self._address(is_han)
        if is_han:
            brand, trade = _han_brand(serial), rng.choice(v.HAN_TRADES)
            form, spellings = rng.choices(v.HAN_FORMS, (7, 2, 1))[0], v.HAN_FORM_SPELLINGS
            latin = "".join(v.romanised(character) for character in brand)
            region = _city_of(address)[3] + "15"
            tax_id = identifiers.credit_code(rng, region)
            switchboard = identifiers.switchboard(rng, _city_of(address)[2])
        else:
            brand, trade = _latin_brand(serial), rng.choice(v.LATIN_TRADES)
            form, spellings = rng.choice(v.LATIN_FORMS)
            latin = brand.lower().replace(" & ", "-").replace(" ", "")
            tax_id = f"{rng.randrange(10, 99)}-{rng.randrange(10**7):07d}"
            switchboard = self._latin_phone(address)
        return Company(
            entity=f"C{self._number:05d}{place:03d}",
            is_han=is_han,
            brand=brand,
            trade=trade,
            form=form,
            form_spellings=spellings,
            branch_of="",
            has_sisters=False,
            tax_id=tax_id,
            switchboard=switchboard,
            domain=f"{_ascii(latin)}{serial % 7 or ''}.{'cn' if is_han else 'com'}",
            address=address,
        )

    def _sister(self, company: Company, place: int) -> Company:
        """Make a branch elsewhere, a subsidiary elsewhere, or a sister of another trade."""
        rng = self._rng
        other = replace(
            self._company(company.is_han, place),
            brand=company.brand,
            trade=company.trade,
            domain=company.domain,
            form=company.form,
            form_spellings=company.form_spellings,
            has_sisters=True,
        )
        if other.address.city == company.address.city or rng.random() < 0.3:
            trades = v.HAN_TRADES if company.is_han else v.LATIN_TRADES
            trade = rng.choice([trade for trade in trades if trade != company.trade])
            # the group sits under one roof
            return replace(
                other, trade=trade, switchboard=company.switchboard, address=company.address
            )
        if company.is_han and rng.random() < 0.5:
            return replace(other, branch_of=other.address.city)
        return other

    # people

    def _employee(self, company: Company) -> Person:
        rng = self._rng
        is_foreign = rng.random() < FOREIGN_SHARE
        person = self._anyone(company.is_han != is_foreign)
        given, surname = _ascii(person.given_latin), _ascii(person.surname_latin)
        local = rng.choice((f"{given}.{surname}", f"{given[:1]}{surname}", f"{surname}{given}"))
        return replace(
            person,
            company=company,
            extension=rng.randrange(100, 900),
            work_email=f"{local}{rng.choice(('', '', '', '1', '2'))}@{company.domain}",
        )

    def _same_name_colleague(self, person: Person) -> Person:
        """Make another employee of one name, as in any large company."""
        other = self._employee(person.company) if person.company else person
        return replace(
            other,
            is_han=person.is_han,
            surname=person.surname,
            given=person.given,
            surname_latin=person.surname_latin,
            given_latin=person.given_latin,
        )

    def _maiden_name(self, sex: str) -> str:
        if sex == "m" or self._rng.random() >= MAIDEN_NAME_SHARE:
            return ""
        return _latin_name(self._rng, sex)[0]

    def _relatives(self, head: Person) -> list[Person]:
        """Make a spouse, children or parents: same address, often the same surname and phone."""
        rng = self._rng
        family = []
        for kind in rng.choices(
            ("spouse", "child", "parent"), (5, 4, 2), k=rng.choice((1, 1, 2, 3))
        ):
            years = {"spouse": 0, "child": 27, "parent": -27}[kind]
            born = head.birth_date + timedelta(days=round(rng.gauss(years * 365, 1000)))
            relative = self._anyone(head.is_han, born=min(born, AS_OF - timedelta(days=3000)))
            inherits = rng.random() < (0.85 if kind != "spouse" else 0.1 if head.is_han else 0.8)
            if inherits:
                relative = replace(relative, surname=head.surname, surname_latin=head.surname_latin)
            phone = head.mobile if rng.random() < 0.7 else self._landline(head.address)
            has_own = rng.random() < (0.75 if kind == "spouse" else 0.45)
            family.append(
                replace(
                    relative,
                    mobile=relative.mobile if has_own else "",
                    former_mobile="",
                    family_phone=phone,
                    address=head.address,
                    former_address=head.former_address,
                    email=relative.email if rng.random() < 0.7 else head.email,
                )
            )
        if rng.random() < TWINS_SHARE:
            family.append(self._twin(family[0]))
        if rng.random() < NAMESAKE_SHARE and (head.is_han or head.sex == "m"):
            family.append(self._sibling(family[0]) if head.is_han else self._namesake(head))
        return family

    def _twin(self, person: Person) -> Person:
        other = self._anyone(person.is_han, born=person.birth_date)
        given = other.given
        if person.is_han and self._rng.random() < 0.5:
            # 子轩 and 子涵: twins and siblings often share a character
            given = person.given[0] + other.given[-1]
        return replace(
            other,
            surname=person.surname,
            surname_latin=person.surname_latin,
            given=given,
            given_latin=_latin_of(given, is_han=person.is_han),
            family_phone=person.family_phone,
            mobile="" if self._rng.random() < 0.5 else other.mobile,
            former_mobile="",
            address=person.address,
            former_address=person.former_address,
        )

    def _sibling(self, person: Person) -> Person:
        """Make somebody some years younger: 子轩 and 子涵 share the character of a generation."""
        younger = self._twin(person)
        given = person.given[0] + (younger.given[-1] if len(person.given) > 1 else "")
        born = min(person.birth_date + timedelta(days=1100), AS_OF - timedelta(days=400))
        return replace(
            younger,
            given=given,
            given_latin=_latin_of(given, is_han=person.is_han).capitalize(),
            birth_date=born,
            national_id=younger.national_id
            and identifiers.national_id(self._rng, younger.national_id[:6], born, younger.sex),
        )

    def _namesake(self, head: Person) -> Person:
        """Make a father or a son of the same name, at the same address."""
        other = self._anyone(head.is_han, born=head.birth_date + timedelta(days=9500))
        return replace(
            other,
            sex=head.sex,
            surname=head.surname,
            given=head.given,
            surname_latin=head.surname_latin,
            given_latin=head.given_latin,
            national_id=head.national_id
            and identifiers.national_id(
                self._rng, head.national_id[:6], other.birth_date, head.sex
            ),
            family_phone=head.mobile,
            former_mobile="",
            address=head.address,
            former_address=head.former_address,
        )

    def _anyone(self, is_han: bool, born: date | None = None) -> Person:  # noqa: FBT001 - as above
        rng = self._rng
        sex = rng.choice("mf")
        born = born or date(1945, 1, 1) + timedelta(days=int(rng.triangular(0, 22500, 15000)))
        lives_in_china = {"zh": True, "en": False}.get(self._language, is_han)
        address = self._address(lives_in_china)
        surname, given = (_han_name if is_han else _latin_name)(rng, sex)
        surname_latin = v.romanised_surname(surname) if is_han else surname
        given_latin = _latin_of(given, is_han=is_han)
        former, mobile = self._numbers(address)
        national_id = ""
        if is_han and address.is_han:
            city = _city_of(address)
            region = city[3] + address.district[-2:]
            national_id = identifiers.national_id(rng, region, born, sex)
        return Person(
            entity=f"P{self._number:05d}{self._serial():05d}",
            is_han=is_han,
            sex=sex,
            surname=surname,
            given=given,
            middle="" if is_han or rng.random() < 0.5 else rng.choice("ABCDEFGHJKLMNPRSTW"),
            surname_latin=surname_latin.capitalize() if is_han else surname,
            given_latin=given_latin.capitalize() if is_han else given,
            maiden_name=self._maiden_name(sex) if not is_han else "",
            birth_date=born,
            national_id=national_id,
            mobile=mobile,
            former_mobile=former,
            family_phone="",
            email=self._email(surname_latin, given_latin, born, is_han=address.is_han),
            work_email="",
            wechat_unionid=identifiers.unionid(rng) if address.is_han else "",
            address=address,
            former_address=self._address(address.is_han) if rng.random() < 0.1 else address,
            company=None,
            extension=0,
        )

    def _numbers(self, address: Address) -> tuple[str, str]:
        """Draw the former number and the present one; some had belonged to a stranger."""
        rng = self._rng
        mobile = identifiers.mobile(rng) if address.is_han else self._latin_phone(address)
        if rng.random() < CHANGED_NUMBER_SHARE:
            former = identifiers.mobile(rng) if address.is_han else self._latin_phone(address)
            if rng.random() < RECYCLED_SHARE:
                self._given_up.append(former)
            return former, mobile
        if self._given_up and rng.random() < 0.1:
            fits = self._given_up[-1].startswith("+") != address.is_han
            return "", self._given_up.pop() if fits else mobile
        return "", mobile

    def _email(self, surname: str, given: str, born: date, *, is_han: bool) -> str:
        rng = self._rng
        surname, given = _ascii(surname), _ascii(given)
        local = rng.choice(
            (
                f"{given}.{surname}{rng.randrange(100)}",
                f"{surname}{given}{born:%y}",
                f"{given}{surname}_{born:%m%d}",
                f"{given[:1]}{surname}{rng.randrange(1000)}",
                str(rng.randrange(10**7, 10**10)) if is_han else f"{given}{rng.randrange(10**5)}",
            )
        )
        hosts = v.HAN_MAIL_HOSTS if is_han else v.LATIN_MAIL_HOSTS
        return f"{local}@{_ranked(rng, hosts)}"

    # places

    def _address(self, is_han: bool) -> Address:  # noqa: FBT001 - as above
        rng = self._rng
        if is_han:
            city, province, _, _, districts = _ranked(rng, v.HAN_CITIES)
            return Address(
                is_han=True,
                province=province,
                city=city,
                district=rng.choice(districts.split()),
                road=rng.choice(v.HAN_ROADS),
                road_kind=("", ""),
                number=rng.randrange(1, 999),
                estate=rng.choice(v.HAN_ESTATES),
                building=rng.randrange(1, 30),
                room=rng.randrange(1, 33) * 100 + rng.randrange(1, 5),
            )
        city, state, zip_code, _ = _ranked(rng, v.LATIN_CITIES)
        return Address(
            is_han=False,
            province=state,
            city=city,
            district=f"{zip_code}{rng.randrange(100):02d}",
            road=_ranked(rng, v.LATIN_ROADS),
            road_kind=_ranked(rng, v.ROAD_KINDS),
            number=rng.randrange(1, 9999),
            estate="",
            building=0,
            room=rng.randrange(1, 60) if rng.random() < 0.35 else 0,
        )

    def _landline(self, address: Address) -> str:
        if address.is_han:
            return identifiers.switchboard(self._rng, _city_of(address)[2])
        return self._latin_phone(address)

    def _latin_phone(self, address: Address) -> str:
        area = next(city[3] for city in v.LATIN_CITIES if city[0] == address.city)
        return f"{area} {self._rng.randrange(200, 999)} {self._rng.randrange(10000):04d}"

    def _is_han(self) -> bool:
        shares = {"zh": 1.0 - FOREIGN_SHARE, "en": 0.0, "mixed": 0.5}
        return self._rng.random() < shares[self._language]

    def _serial(self) -> int:
        self._drawn += 1
        return self._drawn


def _ranked(rng: Random, table: Sequence[T]) -> T:
    """Draw from a table that stands in the order of how common its entries are."""
    return table[_rank(rng, len(table), 3.0)]


def _rank(rng: Random, count: int, flatness: float) -> int:
    """Draw a rank by Zipf's law: the share of rank r is as 1 / (r + flatness)."""
    return rng.choices(range(count), cum_weights=_zipf(count, flatness))[0]


@cache
def _zipf(count: int, flatness: float) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + flatness) for rank in range(count)))


def _han_name(rng: Random, sex: str) -> tuple[str, str]:
    surname = _ranked(rng, v.HAN_SURNAMES)
    characters, pairs = v.HAN_GIVEN[sex], v.HAN_GIVEN_PAIRS[sex]
    draw = rng.random()
    if draw < 0.25:
        return surname, characters[_rank(rng, len(characters), 2.0)]
    if draw < 0.4:
        return surname, _ranked(rng, pairs)
    first, second = (characters[_rank(rng, len(characters), 25.0)] for _ in range(2))
    return surname, first + second


def _latin_name(rng: Random, sex: str) -> tuple[str, str]:
    given = v.LATIN_GIVEN[sex][_rank(rng, len(v.LATIN_GIVEN[sex]), 8.0)]
    if rng.random() < 0.4:
        start = rng.choice(v.LATIN_SURNAME_STARTS)
        return start + rng.choice(v.LATIN_SURNAME_ENDS), given
    surname = v.LATIN_SURNAMES[_rank(rng, len(v.LATIN_SURNAMES), 8.0)].replace("_", " ")
    if rng.random() < 0.03:
        surname += "-" + rng.choice(v.LATIN_SURNAMES).replace("_", " ")
    return surname, given


def _latin_of(given: str, *, is_han: bool) -> str:
    return "".join(v.romanised(each) for each in given).capitalize() if is_han else given


def _han_brand(serial: int) -> str:
    """Give the brand of a company: another one for each serial, up to 17 millions."""
    characters = v.HAN_BRAND_CHARACTERS
    count = len(characters)
    if serial < count**2 // 2:
        # a step that shares no factor with the count visits every brand once
        place = serial * 7919 % count**2
        return characters[place // count] + characters[place % count]
    place = serial * 104_729 % count**3
    return (
        characters[place // count**2]
        + characters[place // count % count]
        + characters[place % count]
    )


def _latin_brand(serial: int) -> str:
    """Give the brand of a company: another one for each serial, up to a million."""
    surnames = _brand_surnames()
    place = serial * 7919 % len(surnames) ** 2
    first, second = surnames[place // len(surnames)], surnames[place % len(surnames)]
    # about half of the first ones are called by one name
    return surnames[serial] if serial % 2 and serial < len(surnames) else f"{first} & {second}"


@cache
def _brand_surnames() -> tuple[str, ...]:
    composed = (start + end for start in v.LATIN_SURNAME_STARTS for end in v.LATIN_SURNAME_ENDS)
    return tuple(dict.fromkeys((*v.LATIN_SURNAMES[:160], *composed)))


def _city_of(address: Address) -> tuple[str, str, str, str, str]:
    return next(city for city in v.HAN_CITIES if city[0] == address.city)


@cache
def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower().replace("ı", "i").replace("ł", "l"))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
