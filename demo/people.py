"""The people of the demo: who they are, before any system has spelled them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from demo import identifiers
from demo.companies import Company
from demo.vocabulary import (
    CITIES,
    ESTATES,
    GIVEN_FEMALE,
    GIVEN_MALE,
    NICKNAMES,
    PERSONAL_MAIL_HOSTS,
    STREETS,
    SURNAMES,
    TITLES,
    WESTERN_CITIES,
    WESTERN_FEMALE,
    WESTERN_MALE,
    WESTERN_STREETS,
    WESTERN_SURNAMES,
    WESTERN_TITLES,
)

WESTERN_PRIVATE_SHARE = 0.05
FAMILY_SHARE = 0.15
"""How many private people are the head of a household that others of ours belong to."""
CHANGED_NUMBER_SHARE = 0.08
RECYCLED_SHARE = 0.2
"""How many of the numbers given up were then handed to somebody else of ours."""
FEATURED = frozenset({"P000001", "P000002", "P000003"})
"""The people to whom the documented changes happen; every system has typed them plainly."""
SYSTEMS = ("erp", "helpdesk", "finance", "shop", "selfbuilt")


@dataclass(frozen=True, slots=True)
class Person:
    """One human being."""

    entity: str
    surname: str
    given: str
    latin_surname: str
    latin_given: str
    is_western: bool
    sex: str
    birth_date: date
    national_id: str
    mobile: str
    former_mobile: str
    """The number until `mobile_since`; empty if it never changed."""
    mobile_since: date | None
    email: str
    work_email: str
    wechat_unionid: str
    nickname: str
    city: str
    address: str
    company: Company | None
    title: str
    known_to: frozenset[str]
    """The systems that hold at least one record of this person."""

    @property
    def name(self) -> str:
        """The full name as this person writes it."""
        if self.is_western:
            return f"{self.given} {self.surname}"
        return self.surname + self.given

    def mobile_on(self, day: date) -> str:
        """Return the mobile number this person had on that day."""
        if self.mobile_since is not None and day < self.mobile_since:
            return self.former_mobile
        return self.mobile


class _Registry:
    """Hands out numbers and addresses that nobody else has."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._mobiles: set[str] = set()
        self._emails: set[str] = set()
        self.given_up: list[tuple[str, date]] = []

    def mobile(self) -> str:
        while (number := identifiers.mobile(self._rng)) in self._mobiles:
            pass
        self._mobiles.add(number)
        return number

    def western_mobile(self, city: str) -> str:
        start, digits = next(row[2] for row in WESTERN_CITIES if row[0] == city)
        while True:
            # the first digit after an area code is never 0 or 1
            rest = self._rng.randrange(2 * 10 ** (digits - 1), 10**digits)
            number = f"{start}{rest}"
            if number not in self._mobiles:
                self._mobiles.add(number)
                return number

    def email(self, local: str, host: str) -> str:
        address, number = f"{local}@{host}", 1
        while address in self._emails:
            number += 1
            address = f"{local}{number}@{host}"
        self._emails.add(address)
        return address


def make_people(rng: Random, count: int, companies: list[Company], as_of: date) -> list[Person]:
    """Make people; the first three are the ones that the documented changes happen to.

    The first is a contact at the first company and known to every system,
    the second a private person known to helpdesk and shop, the third one known to shop and CRM.
    """
    registry = _Registry(rng)
    people = list(_featured(rng, registry, companies[0], as_of))
    employed = max(len(companies), int(count * 0.55))
    # every company has somebody; the others crowd at some companies more than at others
    weights = [rng.paretovariate(1.5) for _ in companies]
    employers = companies[1:] + rng.choices(companies, weights, k=employed)
    for company in employers[: employed - 1]:
        people.append(_employee(rng, registry, len(people) + 1, company, as_of))
    while len(people) < count:
        head = _private(rng, registry, len(people) + 1, as_of)
        people.append(head)
        if rng.random() < FAMILY_SHARE and not head.is_western:
            for _ in range(rng.choice((1, 1, 2, 3))):
                if len(people) < count:
                    people.append(_relative(rng, registry, len(people) + 1, head, people))
    return people


def _featured(rng: Random, registry: _Registry, company: Company, as_of: date) -> Iterator[Person]:
    buyer = _employee(rng, registry, 1, company, as_of)
    yield _renamed(buyer, ("林", "lin"), ("晓岚", "xiaolan"), registry, SYSTEMS)
    asker = _private(rng, registry, 2, as_of)
    yield _renamed(asker, ("顾", "gu"), ("文静", "wenjing"), registry, ("helpdesk", "shop"))
    shopper = _private(rng, registry, 3, as_of)
    yield _renamed(shopper, ("陶", "tao"), ("海燕", "haiyan"), registry, ("shop", "selfbuilt"))


def _renamed(
    person: Person,
    surname: tuple[str, str],
    given: tuple[str, str],
    registry: _Registry,
    known_to: tuple[str, ...],
) -> Person:
    """Give a person a fixed name and plain circumstances: one mobile, never changed, one e-mail."""
    local = surname[1] + given[1]
    company = person.company
    return replace(
        person,
        surname=surname[0],
        given=given[0],
        latin_surname=surname[1].capitalize(),
        latin_given=given[1].capitalize(),
        is_western=False,
        sex="f",
        national_id="",
        mobile=registry.mobile(),
        former_mobile="",
        mobile_since=None,
        email=registry.email(local, "163.com"),
        work_email=registry.email(local, company.domain) if company else "",
        known_to=frozenset(known_to),
    )


def _employee(
    rng: Random, registry: _Registry, number: int, company: Company, as_of: date
) -> Person:
    person = _anyone(rng, registry, number, company.city, company.is_western, as_of)
    local = rng.choice(
        (
            f"{person.latin_given}.{person.latin_surname}",
            f"{person.latin_surname}{person.latin_given}",
            f"{person.latin_given[:1]}{person.latin_surname}",
        )
    )
    known_to = _drawn(rng, erp=0.65, helpdesk=0.35, finance=0.25, shop=0.2, selfbuilt=0.2)
    return replace(
        person,
        company=company,
        work_email=registry.email(_ascii(local), company.domain),
        email=person.email if rng.random() < 0.4 else "",
        title=rng.choice(WESTERN_TITLES if company.is_western else TITLES),
        known_to=_only_typed_by_sales(rng) or known_to or frozenset({"erp"}),
    )


def _private(rng: Random, registry: _Registry, number: int, as_of: date) -> Person:
    is_western = rng.random() < WESTERN_PRIVATE_SHARE
    city = rng.choice(WESTERN_CITIES if is_western else CITIES)[0]
    person = _anyone(rng, registry, number, city, is_western, as_of)
    known_to = _drawn(rng, erp=0.25, helpdesk=0.3, shop=0.75, selfbuilt=0.18)
    return replace(person, known_to=_only_typed_by_sales(rng) or known_to or frozenset({"shop"}))


def _relative(
    rng: Random, registry: _Registry, number: int, head: Person, people: list[Person]
) -> Person:
    """Make one who lives with `head`: same address, often the same phone, another name."""
    sex = rng.choice("mf")
    taken = {person.given for person in people[-4:]}
    given, latin_given = next(
        pair
        for pair in iter(lambda: _common(rng, GIVEN_MALE if sex == "m" else GIVEN_FEMALE), None)
        if pair[0] not in taken
    )
    surname, latin_surname = (
        (head.surname, head.latin_surname.lower())
        if rng.random() < 0.55
        else _common(rng, SURNAMES)
    )
    birth_date = head.birth_date + timedelta(days=rng.randrange(-3000, 9000))
    latin = latin_surname + latin_given
    return replace(
        head,
        entity=f"P{number:06d}",
        surname=surname,
        given=given,
        latin_surname=latin_surname.capitalize(),
        latin_given=latin_given.capitalize(),
        sex=sex,
        birth_date=birth_date,
        national_id=identifiers.national_id(rng, head.national_id[:6], birth_date, sex),
        mobile=head.mobile if rng.random() < 0.6 else registry.mobile(),
        former_mobile="",
        mobile_since=None,
        email=_personal_email(rng, registry, latin, birth_date) if rng.random() < 0.5 else "",
        wechat_unionid=identifiers.unionid(rng) if rng.random() < 0.5 else "",
        nickname=rng.choice(NICKNAMES).format(given[-1]),
        known_to=_drawn(rng, erp=0.1, helpdesk=0.2, shop=0.8) or frozenset({"shop"}),
    )


def _anyone(
    rng: Random, registry: _Registry, number: int, city: str, is_western: bool, as_of: date
) -> Person:
    sex = rng.choice("mf")
    if is_western:
        surname = latin_surname = rng.choice(WESTERN_SURNAMES)
        given = latin_given = rng.choice(WESTERN_MALE if sex == "m" else WESTERN_FEMALE)
    else:
        surname, latin_surname = _common(rng, SURNAMES)
        given, latin_given = _common(rng, GIVEN_MALE if sex == "m" else GIVEN_FEMALE)
    birth_date = date(
        as_of.year - rng.randrange(20, 68), rng.randrange(1, 13), rng.randrange(1, 29)
    )
    region = next((code for name, _, code in CITIES if name == city), "")
    former, mobile, since = _numbers(rng, registry, city, is_western, as_of)
    return Person(
        entity=f"P{number:06d}",
        surname=surname,
        given=given,
        latin_surname=latin_surname.capitalize(),
        latin_given=latin_given.capitalize(),
        is_western=is_western,
        sex=sex,
        birth_date=birth_date,
        national_id="" if is_western else identifiers.national_id(rng, region, birth_date, sex),
        mobile=mobile,
        former_mobile=former,
        mobile_since=since,
        email=_personal_email(rng, registry, f"{latin_surname}{latin_given}", birth_date),
        work_email="",
        wechat_unionid="" if is_western or rng.random() < 0.3 else identifiers.unionid(rng),
        nickname=rng.choice(NICKNAMES).format(given if is_western else given[-1]),
        city=city,
        address=_home(rng, city, is_western),
        company=None,
        title="",
        known_to=frozenset(),
    )


def _numbers(
    rng: Random, registry: _Registry, city: str, is_western: bool, as_of: date
) -> tuple[str, str, date | None]:
    """Draw the former number, the present one, and since when; some numbers are second-hand."""
    if is_western:
        return "", registry.western_mobile(city), None
    if registry.given_up and rng.random() < CHANGED_NUMBER_SHARE * RECYCLED_SHARE:
        # an operator keeps a number back for some months before it hands it out again
        number, given_up_on = registry.given_up.pop()
        since = given_up_on + timedelta(days=120)
        if since < as_of:
            return registry.mobile(), number, since
    if rng.random() < CHANGED_NUMBER_SHARE:
        former, since = registry.mobile(), as_of - timedelta(days=rng.randrange(90, 700))
        registry.given_up.append((former, since))
        return former, registry.mobile(), since
    return "", registry.mobile(), None


def _personal_email(rng: Random, registry: _Registry, latin: str, birth_date: date) -> str:
    local = rng.choice(
        (
            _ascii(latin),
            f"{_ascii(latin)}{birth_date:%y}",
            f"{_ascii(latin)}_{birth_date:%m%d}",
            str(rng.randrange(10**7, 10**10)),
        )
    )
    return registry.email(local, rng.choice(PERSONAL_MAIL_HOSTS))


def _home(rng: Random, city: str, is_western: bool) -> str:
    if is_western:
        return f"{rng.choice(WESTERN_STREETS)} {rng.randrange(1, 200)}, {city}"
    building = f"{rng.randrange(1, 40)}栋{rng.randrange(1, 33)}0{rng.randrange(1, 5)}室"
    return f"{city}市{rng.choice(STREETS)}{rng.randrange(1, 999)}号{rng.choice(ESTATES)}{building}"


def _common(rng: Random, table: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """Draw from a table whose first entries are the common ones."""
    return table[int(rng.random() ** 1.7 * len(table))]


def _drawn(rng: Random, **shares: float) -> frozenset[str]:
    return frozenset(system for system, share in shares.items() if rng.random() < share)


def _only_typed_by_sales(rng: Random) -> frozenset[str] | None:
    """Two in a hundred are leads whom no other system has ever seen."""
    return frozenset({"selfbuilt"}) if rng.random() < 0.02 else None


def _ascii(text: str) -> str:
    plain = str.maketrans({"ü": "ue", "é": "e", "ë": "e", "'": None, " ": None})
    return text.lower().translate(plain)
