"""The people of the demo: who they are, before any system has spelled them."""

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
    spelled,
)

EMPLOYED_SHARE = 0.55
"""How many are known to us through a company; the others buy for themselves."""
WESTERN_PRIVATE_SHARE = 0.05
FAMILY_SHARE = 0.15
"""How many private people are the head of a household that others of ours belong to."""
CHANGED_NUMBER_SHARE = 0.08
RECYCLED_SHARE = 0.2
"""How many of the numbers given up were then handed to somebody else of ours."""
LEAD_SHARE = 0.02
"""How many only a salesperson has ever heard of."""
FEATURED = frozenset({"P000001", "P000002", "P000003"})
"""The people to whom the documented changes happen; every system has typed them plainly."""
SYSTEMS = ("erp", "helpdesk", "finance", "shop", "selfbuilt")
"""As the warehouse calls them."""
WESTERN_PLACES = frozenset(city for city, *_ in WESTERN_CITIES)
_REGIONS = {city: region for city, _, region in CITIES}


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


def make_people(rng: Random, count: int, companies: list[Company], as_of: date) -> list[Person]:
    """Make people; the first three are the ones that the documented changes happen to.

    The first is a contact at the first company and known to every system,
    the second a private person known to helpdesk and shop, the third one known to shop and CRM.
    """
    maker = _Maker(rng, as_of)
    people = maker.featured(companies[0])
    employed = max(len(companies), int(count * EMPLOYED_SHARE))
    # every company has somebody; the others crowd at some companies more than at others
    weights = [rng.paretovariate(1.5) for _ in companies]
    employers = companies[1:] + rng.choices(companies, weights, k=employed - len(companies))
    people += [maker.employee(company) for company in employers]
    while len(people) < count:
        head = maker.private()
        people += [head, *maker.relatives(head)]
    return people[:count]


class _Registry:
    """Hands out numbers and addresses that nobody else has."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._mobiles: set[str] = set()
        self._emails: set[str] = set()
        self.given_up: list[tuple[str, date]] = []
        """Numbers that somebody no longer has, and since when."""

    def mobile(self) -> str:
        """Return a mainland mobile number."""
        while (number := identifiers.mobile(self._rng)) in self._mobiles:
            pass
        self._mobiles.add(number)
        return number

    def western_mobile(self, city: str) -> str:
        """Return a mobile number of that city's country."""
        start, digits = next(row[2] for row in WESTERN_CITIES if row[0] == city)
        while True:
            # the first digit after an area code is never 0 or 1
            rest = self._rng.randrange(2 * 10 ** (digits - 1), 10**digits)
            number = f"{start}{rest}"
            if number not in self._mobiles:
                self._mobiles.add(number)
                return number

    def email(self, local: str, host: str) -> str:
        """Return an address; the second of a name gets a number."""
        address, number = f"{local}@{host}", 1
        while address in self._emails:
            number += 1
            address = f"{local}{number}@{host}"
        self._emails.add(address)
        return address


class _Maker:
    """Makes people one by one; who came before decides which numbers are left."""

    def __init__(self, rng: Random, as_of: date) -> None:
        self._rng = rng
        self._as_of = as_of
        self._registry = _Registry(rng)
        self._count = 0

    def featured(self, company: Company) -> list[Person]:
        """Make the three to whom the documented changes happen."""
        return [
            self._plain(self.employee(company), "林lin", "晓岚xiaolan", SYSTEMS),
            self._plain(self.private(), "顾gu", "文静wenjing", ("helpdesk", "shop")),
            self._plain(self.private(), "陶tao", "海燕haiyan", ("shop", "selfbuilt")),
        ]

    def employee(self, company: Company) -> Person:
        """Make one who works at that company."""
        person = self._anyone(company.city)
        local = self._rng.choice(
            (
                f"{person.latin_given}.{person.latin_surname}",
                f"{person.latin_surname}{person.latin_given}",
                f"{person.latin_given[:1]}{person.latin_surname}",
            )
        )
        shares = {"erp": 0.65, "helpdesk": 0.35, "finance": 0.25, "shop": 0.2, "selfbuilt": 0.2}
        return replace(
            person,
            company=company,
            work_email=self._registry.email(_ascii(local), company.domain),
            email=person.email if self._rng.random() < 0.4 else "",
            title=self._rng.choice(WESTERN_TITLES if company.is_western else TITLES),
            known_to=self._lead() or self._drawn(shares, otherwise="erp"),
        )

    def private(self) -> Person:
        """Make one who buys for nobody but himself or herself."""
        abroad = self._rng.random() < WESTERN_PRIVATE_SHARE
        city = self._rng.choice([row[0] for row in (WESTERN_CITIES if abroad else CITIES)])
        shares = {"erp": 0.25, "helpdesk": 0.3, "shop": 0.75, "selfbuilt": 0.18}
        return replace(
            self._anyone(city), known_to=self._lead() or self._drawn(shares, otherwise="shop")
        )

    def relatives(self, head: Person) -> list[Person]:
        """Make those who live with `head`, if any; no two of a family have one given name."""
        if head.is_western or self._rng.random() > FAMILY_SHARE:
            return []
        family = [head]
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            family.append(self._relative(head, {member.given for member in family}))
        return family[1:]

    def _relative(self, head: Person, taken: set[str]) -> Person:
        """Make one more of a family: same address, often the same phone, another name."""
        rng = self._rng
        sex = rng.choice("mf")
        given, latin_given = head.given, ""
        while given in taken | {head.given}:
            given, latin_given = self._common(GIVEN_MALE if sex == "m" else GIVEN_FEMALE)
        surname, latin_surname = head.surname, head.latin_surname.lower()
        if rng.random() < 0.45:
            surname, latin_surname = self._common(SURNAMES)
        birth_date = head.birth_date + timedelta(days=rng.randrange(-3000, 9000))
        email = self._personal_email(latin_surname + latin_given, birth_date)
        return replace(
            head,
            entity=self._next_entity(),
            surname=surname,
            given=given,
            latin_surname=latin_surname.capitalize(),
            latin_given=latin_given.capitalize(),
            sex=sex,
            birth_date=birth_date,
            national_id=identifiers.national_id(rng, head.national_id[:6], birth_date, sex),
            mobile=head.mobile if rng.random() < 0.6 else self._registry.mobile(),
            former_mobile="",
            mobile_since=None,
            email=email if rng.random() < 0.5 else "",
            wechat_unionid=identifiers.unionid(rng) if rng.random() < 0.5 else "",
            nickname=rng.choice(NICKNAMES).format(given[-1]),
            known_to=self._drawn({"erp": 0.1, "helpdesk": 0.2, "shop": 0.8}, otherwise="shop"),
        )

    def _anyone(self, city: str) -> Person:
        rng = self._rng
        is_western = city in WESTERN_PLACES
        sex = rng.choice("mf")
        if is_western:
            surname = latin_surname = rng.choice(WESTERN_SURNAMES)
            given = latin_given = rng.choice(WESTERN_MALE if sex == "m" else WESTERN_FEMALE)
        else:
            surname, latin_surname = self._common(SURNAMES)
            given, latin_given = self._common(GIVEN_MALE if sex == "m" else GIVEN_FEMALE)
        year = self._as_of.year - rng.randrange(20, 68)
        birth_date = date(year, rng.randrange(1, 13), rng.randrange(1, 29))
        former, mobile, since = self._numbers(city)
        return Person(
            entity=self._next_entity(),
            surname=surname,
            given=given,
            latin_surname=latin_surname.capitalize(),
            latin_given=latin_given.capitalize(),
            is_western=is_western,
            sex=sex,
            birth_date=birth_date,
            national_id=""
            if is_western
            else identifiers.national_id(rng, _REGIONS[city], birth_date, sex),
            mobile=mobile,
            former_mobile=former,
            mobile_since=since,
            email=self._personal_email(latin_surname + latin_given, birth_date),
            work_email="",
            wechat_unionid="" if is_western or rng.random() < 0.3 else identifiers.unionid(rng),
            nickname=rng.choice(NICKNAMES).format(given if is_western else given[-1]),
            city=city,
            address=self._home(city),
            company=None,
            title="",
            known_to=frozenset(),
        )

    def _plain(self, person: Person, surname: str, given: str, known_to: tuple[str, ...]) -> Person:
        """Give a person a fixed name and plain circumstances: one mobile, never changed."""
        ((surname, latin_surname),) = spelled(surname)
        ((given, latin_given),) = spelled(given)
        local = latin_surname + latin_given
        company = person.company
        return replace(
            person,
            surname=surname,
            given=given,
            latin_surname=latin_surname.capitalize(),
            latin_given=latin_given.capitalize(),
            is_western=False,
            sex="f",
            national_id="",
            mobile=self._registry.mobile(),
            former_mobile="",
            mobile_since=None,
            email=self._registry.email(local, "163.com"),
            work_email=self._registry.email(local, company.domain) if company else "",
            nickname=f"{given}😊",
            known_to=frozenset(known_to),
        )

    def _numbers(self, city: str) -> tuple[str, str, date | None]:
        """Draw the former number, the present one, and since when; some are second-hand."""
        rng, registry = self._rng, self._registry
        if city in WESTERN_PLACES:
            return "", registry.western_mobile(city), None
        if registry.given_up and rng.random() < CHANGED_NUMBER_SHARE * RECYCLED_SHARE:
            number, given_up_on = registry.given_up.pop()
            # an operator keeps a number back for some months before handing it out again
            since = given_up_on + timedelta(days=120)
            if since < self._as_of:
                return registry.mobile(), number, since
        if rng.random() < CHANGED_NUMBER_SHARE:
            former = registry.mobile()
            since = self._as_of - timedelta(days=rng.randrange(90, 700))
            registry.given_up.append((former, since))
            return former, registry.mobile(), since
        return "", registry.mobile(), None

    def _personal_email(self, latin: str, birth_date: date) -> str:
        local = self._rng.choice(
            (
                _ascii(latin),
                f"{_ascii(latin)}{birth_date:%y}",
                f"{_ascii(latin)}_{birth_date:%m%d}",
                str(self._rng.randrange(10**7, 10**10)),
            )
        )
        return self._registry.email(local, self._rng.choice(PERSONAL_MAIL_HOSTS))

    def _home(self, city: str) -> str:
        rng = self._rng
        if city in WESTERN_PLACES:
            return f"{rng.choice(WESTERN_STREETS)} {rng.randrange(1, 200)}, {city}"
        street = f"{city}市{rng.choice(STREETS)}{rng.randrange(1, 999)}号{rng.choice(ESTATES)}"
        return f"{street}{rng.randrange(1, 40)}栋{rng.randrange(1, 33)}0{rng.randrange(1, 5)}室"

    def _common(self, table: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        """Draw from a table whose first entries are the common ones."""
        return table[int(self._rng.random() ** 1.7 * len(table))]

    def _drawn(self, shares: dict[str, float], otherwise: str) -> frozenset[str]:
        drawn = {system for system, share in shares.items() if self._rng.random() < share}
        return frozenset(drawn or {otherwise})

    def _lead(self) -> frozenset[str] | None:
        """Two in a hundred are leads whom no other system has ever seen."""
        return frozenset({"selfbuilt"}) if self._rng.random() < LEAD_SHARE else None

    def _next_entity(self) -> str:
        self._count += 1
        return f"P{self._count:06d}"


def _ascii(text: str) -> str:
    plain = str.maketrans({"ü": "u", "é": "e", "ë": "e", "'": None, " ": None})
    return text.lower().translate(plain)
