"""How people type: what a name, a phone or a company becomes on its way into a system.

Every system has `Habits` of its own (clerks of the finance department write 张经理, customers who
register by themselves write zhang san), and one `Typist` who follows them.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from demo.companies import FEATURED_COMPANY, Company
from demo.people import FEATURED, Person
from demo.vocabulary import TRADITIONAL

PLACEHOLDER_PHONES = ("13800000000", "00000000000", "12345678901", "13800138000", "无")
PLACEHOLDER_EMAILS = ("test@test.com", "无", "no@no.com", "a@a.com")
PLACEHOLDER_NICKNAME = "微信用户"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Habits:
    """How often each slip happens in one system."""

    honorific: float = 0.0
    """张三 becomes 张三先生."""
    title_only: float = 0.0
    """张三 becomes 张经理: nobody knows the given name any more."""
    latin: float = 0.0
    """张三 becomes Zhang San or san zhang."""
    traditional: float = 0.0
    """张三 becomes 張三."""
    spaced: float = 0.0
    """张三 becomes 张 三, or gets a blank at its end."""
    dressed_phone: float = 0.0
    """13812345678 gets dashes, spaces or +86."""
    full_width: float = 0.0
    """13812345678 becomes １３８１２３４５６７８."""
    shouted_email: float = 0.0
    """a@b.com becomes A@B.COM."""
    sloppy_company: float = 0.0
    """A company's legal form or brackets aren't what the register says."""
    placeholder: float = 0.0
    """Somebody had to fill a required field with something."""
    missing: float = 0.0
    """A phone or an e-mail isn't there at all."""
    company_phone: float = 0.0
    """Instead of an employee's mobile somebody gave the switchboard."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A phone and an e-mail as one record holds them."""

    phone: str
    email: str


class Typist:
    """Types people and companies into one system, with that system's habits."""

    def __init__(self, rng: Random, habits: Habits) -> None:
        self._rng = rng
        self._habits = habits

    def chance(self, share: float) -> bool:
        """Return True in that share of the calls."""
        return self._rng.random() < share

    def name(self, person: Person) -> str:
        """Type a person's name."""
        if person.entity in FEATURED:
            return person.name
        if person.is_western:
            return self._western_name(person)
        habits = self._habits
        polite = "先生" if person.sex == "m" else "女士"
        spaced = self._rng.choice((f"{person.surname} {person.given}", f"{person.name} "))
        slips = {
            person.name + polite: habits.honorific,
            person.surname + polite: habits.title_only,
            self._latin(person): habits.latin,
            person.name.translate(TRADITIONAL): habits.traditional,
            spaced: habits.spaced,
        }
        draw = self._rng.random()
        for typed, share in slips.items():
            draw -= share
            if draw < 0:
                return typed
        return person.name

    def phone(self, number: str) -> str:
        """Type a mobile number."""
        if not number:
            return ""
        draw = self._rng.random()
        if draw < self._habits.full_width:
            return number.translate(_FULL_WIDTH)
        if draw < self._habits.full_width + self._habits.dressed_phone:
            return self._dressed(number)
        return number

    def email(self, address: str) -> str:
        """Type an e-mail address."""
        if self.chance(self._habits.shouted_email):
            return self._rng.choice((address.upper(), address.title(), f" {address}"))
        return address

    def company(self, company: Company) -> str:
        """Type a company's name; one with sisters elsewhere always keeps its city."""
        if company.entity == FEATURED_COMPANY or not self.chance(self._habits.sloppy_company):
            return company.name
        brand, city = company.brand, company.city
        if company.is_western:
            variants: tuple[str, ...] = (brand, company.name.upper(), company.name.replace(".", ""))
        elif company.is_branch:
            variants = (
                f"{brand}({city})有限公司",
                f"{city}{brand}有限公司",
                f"{brand}{city}分公司",
            )
        else:
            variants = (
                f"{brand}有限公司",
                f"{brand}有限责任公司",
                f"{brand}（{city}）有限公司",
                f"{brand}({city})有限公司",
                f"{city}{brand}有限公司",
                f"{city}市{brand}有限责任公司",
                brand,
                f"{company.name} ",
            )
        return self._rng.choice(variants)

    def reach(self, person: Person, day: date, *, at_work: bool) -> Reach:
        """Type how to reach a person as of that day: mostly both ways, at times only one, or none.

        At work, people give the work address, and a few the switchboard instead of a mobile.
        """
        number, address = person.mobile_on(day), person.email
        if person.entity in FEATURED:
            return Reach(number, person.work_email if at_work else address)
        if at_work and person.company is not None:
            address = person.work_email
            if self.chance(self._habits.company_phone):
                number = person.company.switchboard
        phone, email = self.phone(number), self.email(address or person.work_email)
        draw, missing, placeholder = (
            self._rng.random(),
            self._habits.missing,
            self._habits.placeholder,
        )
        if draw < missing:
            # one of the two is left out, hardly ever both
            kept = self._rng.random()
            return Reach(phone if kept < 0.55 else "", email if kept > 0.5 else "")
        if draw < missing + placeholder:
            if email and self.chance(0.5):
                return Reach(self._rng.choice(PLACEHOLDER_PHONES), email)
            return Reach(phone, self._rng.choice(PLACEHOLDER_EMAILS))
        return Reach(phone, email)

    def _western_name(self, person: Person) -> str:
        if self.chance(self._habits.latin):
            return self._rng.choice(
                (f"{person.surname}, {person.given}", person.name.upper(), person.name.lower())
            )
        if self.chance(self._habits.honorific):
            return f"{'Mr.' if person.sex == 'm' else 'Ms.'} {person.name}"
        return person.name

    def _latin(self, person: Person) -> str:
        surname, given = person.latin_surname, person.latin_given
        return self._rng.choice(
            (f"{surname} {given}", f"{given} {surname}", f"{surname}{given}".lower())
        )

    def _dressed(self, number: str) -> str:
        if number.startswith("+"):
            return self._rng.choice((number.replace("+", "00", 1), f"{number[:3]} {number[3:]}"))
        if not number.isdigit():
            return self._rng.choice(
                (number.replace("-", ""), f"+86 {number[1:]}", f"{number}转801")
            )
        first, middle, last = number[:3], number[3:7], number[7:]
        return self._rng.choice(
            (
                f"{first}-{middle}-{last}",
                f"{first} {middle} {last}",
                f"+86{number}",
                f"+86 {first} {middle} {last}",
                f"86-{number}",
            )
        )
