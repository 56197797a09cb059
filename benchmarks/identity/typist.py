"""What a system makes of a person or a company: one record in canonical form."""

import unicodedata
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from benchmarks.identity import vocabulary as v
from benchmarks.identity.population import AS_OF, Address, Company, Person
from benchmarks.identity.profiles import Profile

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


class Record(NamedTuple):
    """A record in canonical form; every value is text, an empty one is missing."""

    source_system: str
    source_record_id: str
    entity_type: str
    full_name: str = ""
    phone: str = ""
    email: str = ""
    wechat_unionid: str = ""
    national_id: str = ""
    company_name: str = ""
    tax_id: str = ""
    address: str = ""
    city: str = ""
    birth_date: str = ""
    updated_at: str = ""


class Typist:
    """Types into one system, with that system's habits."""

    def __init__(self, rng: Random, profile: Profile) -> None:
        self._rng = rng
        self._profile = profile

    def person(self, person: Person, record_id: str) -> Record:
        """Type a person."""
        profile, chance = self._profile, self._chance
        former = chance(profile.former_address)
        address = person.former_address if former else person.address
        has_address = chance(profile.address)
        employer = person.company if chance(profile.company) else None
        return Record(
            source_system=profile.system,
            source_record_id=record_id,
            entity_type="person",
            full_name=self.name(person) if chance(profile.name) else "",
            phone=self._persons_phone(person) if chance(profile.phone) else "",
            email=self._persons_email(person) if chance(profile.email) else "",
            wechat_unionid=person.wechat_unionid if chance(profile.wechat_unionid) else "",
            national_id=self.national_id(person) if chance(profile.national_id) else "",
            company_name=self.company_name(employer) if employer else "",
            address=self.address(address) if has_address else "",
            city=self.city(address) if has_address or chance(0.1) else "",
            birth_date=self.birth_date(person) if chance(profile.birth_date) else "",
            updated_at=self._moment(),
        )

    def company(self, company: Company, record_id: str) -> Record:
        """Type a company."""
        profile, chance = self._profile, self._chance
        mailbox = f"{self._rng.choice(v.ROLE_MAILBOXES)}@{company.domain}"
        return Record(
            source_system=profile.system,
            source_record_id=record_id,
            entity_type="organisation",
            phone=self.phone(company.switchboard) if chance(profile.phone * 0.8) else "",
            email=mailbox if chance(profile.email * 0.6) else "",
            company_name=self.company_name(company),
            tax_id=self._tax_id(company) if chance(profile.tax_id) else "",
            address=self.address(company.address) if chance(profile.address) else "",
            city=self.city(company.address) if chance(0.5) else "",
            updated_at=self._moment(),
        )

    # names

    def name(self, person: Person) -> str:
        """Type a person's name, with at most one habit and perhaps a slip."""
        if person.is_han and person.address.is_han:
            return self._han_name(person)
        return self._latin_name(person)

    def _han_name(self, person: Person) -> str:
        rng, profile = self._rng, self._profile
        polite = "先生" if person.sex == "m" else rng.choice(("女士", "小姐"))
        if rng.random() < 0.3:
            polite = rng.choice(v.HAN_TITLES)
        given = person.given
        if self._chance(profile.misspelt):
            given = self._sound_alike(given)
        name = person.surname + given
        draw = rng.random()
        for share, typed in (
            (profile.bare_surname, person.surname + polite),
            (profile.honorific, name + polite),
            (profile.latin, self._pinyin(person)),
            (profile.traditional, name.translate(v.traditional())),
            (profile.nickname, rng.choice(v.SHOP_NICKNAMES).format(given[-1])),
            (0.01, f"{person.surname} {given}"),
        ):
            draw -= share
            if draw < 0:
                return typed
        return name

    def _latin_name(self, person: Person) -> str:
        rng, profile = self._rng, self._profile
        surname, given = person.surname_latin, person.given_latin
        if person.maiden_name and self._chance(profile.maiden_name):
            surname = person.maiden_name
        if self._chance(profile.nickname) and given in v.NICKNAMES:
            given = rng.choice(v.NICKNAMES[given])
        if self._chance(profile.misspelt):
            if rng.random() < 0.5:
                surname = self._slip(surname)
            else:
                given = self._slip(given)
        if rng.random() < 0.3:
            surname, given = _without_accents(surname), _without_accents(given)
        title = rng.choice(v.LATIN_TITLES[person.sex])
        middle = f" {person.middle}." if person.middle and rng.random() < 0.3 else ""
        draw = rng.random()
        for share, typed in (
            (profile.bare_surname, f"{title} {surname}"),
            (profile.honorific, f"{title} {given} {surname}"),
            (profile.initials, f"{given[0]}. {surname}"),
            (profile.turned * 0.6, f"{surname}, {given}{middle}"),
            (profile.turned * 0.4, f"{given} {surname}".upper()),
            (0.02, f"{given} {surname}".lower()),
        ):
            draw -= share
            if draw < 0:
                return typed
        return f"{given}{middle} {surname}"

    def _pinyin(self, person: Person) -> str:
        surname, given = person.surname_latin, person.given_latin
        return self._rng.choice(
            (
                f"{surname} {given}",
                f"{given} {surname}",
                f"{surname.upper()} {given}",
                f"{given}, {surname}",
                f"{surname}{given}".lower(),
            )
        )

    def _sound_alike(self, given: str) -> str:
        """Type another character that sounds the same, or drop one."""
        place = self._rng.randrange(len(given))
        others = v.homophones(given[place])
        if others:
            return given[:place] + self._rng.choice(others) + given[place + 1 :]
        return given

    def _slip(self, word: str) -> str:
        """Exchange, drop, double or miss a letter, but never the first."""
        if len(word) < 4:
            return word
        rng = self._rng
        place = rng.randrange(1, len(word) - 1)
        before, letter, after = word[:place], word[place], word[place + 1 :]
        return rng.choice(
            (
                before + after[0] + letter + after[1:],
                before + after,
                before + letter * 2 + after,
                before + v.LETTERS_NEXT.get(letter, letter) + after,
            )
        )

    # phones

    def _persons_phone(self, person: Person) -> str:
        rng, profile = self._rng, self._profile
        if self._chance(profile.placeholder):
            return rng.choice(v.PLACEHOLDER_PHONES)
        number = person.mobile
        if person.former_mobile and self._chance(profile.former_phone):
            number = person.former_mobile
        if person.family_phone and (not number or self._chance(profile.family_phone)):
            number = person.family_phone
        if person.company and self._chance(profile.switchboard):
            number = person.company.switchboard
            if rng.random() < 0.3:
                return f"{number}{rng.choice(('转', ' ext. ', '-'))}{person.extension}"
        typed = self.phone(number)
        if typed and person.family_phone and self._chance(profile.two_phones):
            return f"{typed}{rng.choice((';', '/', ' / ', '、', ','))}{person.family_phone}"
        return typed

    def phone(self, number: str) -> str:
        """Type a number."""
        rng, profile = self._rng, self._profile
        if not number:
            return ""
        if self._chance(profile.mistyped):
            place = rng.randrange(len(number) - 4, len(number))
            number = number[:place] + rng.choice("0123456789") + number[place + 1 :]
        if number.startswith("+"):
            return self._latin_phone(number)
        if not number.isdigit():
            return rng.choice((number, number, number.replace("-", ""), f"+86 {number[1:]}"))
        if self._chance(profile.spreadsheet):
            return f"{number}.0" if rng.random() < 0.6 else f"{int(number):.4E}"
        if self._chance(profile.dressed):
            first, middle, last = number[:3], number[3:7], number[7:]
            return rng.choice(
                (
                    f"{first}-{middle}-{last}",
                    f"{first} {middle} {last}",
                    f"+86{number}",
                    f"+86 {first} {middle} {last}",
                    f"0086{number}",
                    f"86-{number}",
                    number.translate(_FULL_WIDTH),
                )
            )
        return number

    def _latin_phone(self, number: str) -> str:
        """Type an American number; half of them as one does at home, without the country."""
        _, area, exchange, line = number.split()
        return self._rng.choice(
            (
                number,
                f"+1{area}{exchange}{line}",
                f"+1-{area}-{exchange}-{line}",
                f"001 {area} {exchange} {line}",
                f"({area}) {exchange}-{line}",
                f"{area}-{exchange}-{line}",
                f"{area}.{exchange}.{line}",
                f"{area}{exchange}{line}",
            )
        )

    # the rest

    def _persons_email(self, person: Person) -> str:
        rng, profile = self._rng, self._profile
        if self._chance(profile.placeholder):
            return rng.choice(v.PLACEHOLDER_EMAILS)
        address = person.email
        if person.company:
            if self._chance(profile.role_mailbox):
                return f"{rng.choice(v.ROLE_MAILBOXES)}@{person.company.domain}"
            if self._chance(profile.work_email):
                address = person.work_email
        local, _, host = address.partition("@")
        if self._chance(profile.mistyped):
            address = f"{local}@{v.MISTYPED_HOSTS.get(host, host)}"
            if rng.random() < 0.5:
                address = f"{self._slip(local)}@{host}"
        if rng.random() < 0.06:
            return rng.choice((address.upper(), address.title(), address.replace("@", "＠")))
        return address

    def national_id(self, person: Person) -> str:
        """Type a resident ID; a few in small letters, in the old form, or with a wrong digit."""
        number = person.national_id
        if not number:
            return ""
        draw = self._rng.random()
        if draw < 0.01:
            place = self._rng.randrange(6, 17)
            return number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        if draw < 0.03 and number[6:8] == "19":
            return number[:6] + number[8:17]
        return number.lower() if draw < 0.1 else number

    def _tax_id(self, company: Company) -> str:
        return company.tax_id.lower() if self._chance(0.05) else company.tax_id

    def company_name(self, company: Company) -> str:
        """Type a company's name; where there are sisters, always with what tells them apart."""
        sloppy = self._chance(self._profile.sloppy_company)
        return (self._han_company if company.is_han else self._latin_company)(company, sloppy)

    def _han_company(self, company: Company, sloppy: bool) -> str:  # noqa: FBT001 - drawn above
        rng = self._rng
        core, city, form = company.brand + company.trade, company.address.city, company.form
        if company.branch_of:
            forms = (f"{core}{form}{city}分公司", f"{core}{city}分公司")
            return rng.choice(forms) if sloppy else forms[0]
        registered = f"{core}（{city}）{form}" if company.has_sisters else f"{city}{core}{form}"
        if not sloppy:
            return registered
        other = rng.choice(company.form_spellings)
        variants = [
            f"{core}({city}){form}",
            f"{city}{core}{other}",
            f"{city}市{core}{form}",
            f"{core}（{city}）{other}",
            f"{registered} ",
        ]
        if not company.has_sisters:
            variants += [f"{core}{form}", f"{core}{other}", core, f"{city}{core}"]
        return rng.choice(variants)

    def _latin_company(self, company: Company, sloppy: bool) -> str:  # noqa: FBT001 - as above
        rng = self._rng
        core = f"{company.brand} {company.trade}"
        city = f" ({company.address.city})" if company.has_sisters else ""
        registered = f"{core}{city} {company.form}"
        if not sloppy:
            return registered
        return rng.choice(
            (
                f"{core}{city} {rng.choice(company.form_spellings)}".strip(),
                f"{core}{city}",
                registered.upper(),
                registered.replace(".", ""),
                registered.replace("&", "and"),
                f"The {core}{city} {company.form}",
                f"{self._slip(company.brand)} {company.trade}{city} {company.form}",
            )
        )

    def address(self, address: Address) -> str:
        """Type a postal address."""
        rng = self._rng
        if not address.is_han:
            kind = rng.choice((*address.road_kind, f"{address.road_kind[1]}."))
            road = (
                self._slip(address.road) if self._chance(self._profile.mistyped) else address.road
            )
            unit = rng.choice(
                (f" Apt {address.room}", f" #{address.room}", f", Unit {address.room}")
            )
            street = f"{address.number} {road} {kind}{unit if address.room else ''}"
            place = f", {address.city}, {address.province} {address.district}"
            typed = street + (place if rng.random() < 0.5 else "")
            return typed.upper() if rng.random() < 0.1 else typed
        province = f"{address.province}省" if address.province != address.city else ""
        district = address.district.rstrip("0123456789")
        house = rng.choice(("栋", "幢", "号楼"))
        room = rng.choice((f"{address.room}室", f"{address.room}", f"-{address.room}"))
        typed = (
            f"{rng.choice((province, '', ''))}{rng.choice((f'{address.city}市', address.city, ''))}"
            f"{rng.choice((district, district, ''))}{address.road}{address.number}号"
            f"{address.estate}{address.building}{house}{room}"
        )
        return typed.translate(_FULL_WIDTH) if rng.random() < 0.03 else typed

    def city(self, address: Address) -> str:
        """Type a city."""
        return f"{address.city}市" if address.is_han and self._chance(0.3) else address.city

    def birth_date(self, person: Person) -> str:
        """Type a birth date as is usual there."""
        day = person.birth_date
        if self._chance(self._profile.day_slip):
            if day.day <= 12 and self._rng.random() < 0.5:
                day = date(day.year, day.day, day.month)
            else:
                day = day.replace(day=(day.day % 28) + 1)
        if self._profile.system == "erp":
            return day.isoformat()
        if person.address.is_han:
            return self._rng.choice(
                (f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y/%m/%d}")
            )
        return f"{day:%m/%d/%Y}"

    def _moment(self) -> str:
        rng = self._rng
        day = AS_OF - timedelta(days=rng.randrange(1, 1100))
        return f"{day.isoformat()} {rng.randrange(8, 22):02d}:{rng.randrange(60):02d}:00"

    def _chance(self, share: float) -> bool:
        return share > 0 and self._rng.random() < share


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
