"""The companies of the demo: who they are, before any system has spelled them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo import identifiers
from demo.vocabulary import (
    BRAND_FIRST,
    BRAND_PINYIN,
    BRAND_SECOND,
    CITIES,
    STREETS,
    TRADES,
    WESTERN_CITIES,
    WESTERN_FORMS,
    WESTERN_STREETS,
    WESTERN_SURNAMES,
    WESTERN_TRADES,
)

WESTERN_SHARE = 0.08
BRANCH_SHARE = 0.05
FEATURED_COMPANY = "C000001"
"""The company to which the documented changes happen; every system has typed it plainly."""


@dataclass(frozen=True, slots=True)
class Company:
    """One legal entity."""

    entity: str
    name: str
    """As it stands in the commercial register."""
    brand: str
    """The distinctive part of the name with the trade: 华创科技, Hartmann Systems."""
    city: str
    is_western: bool
    is_branch: bool
    """Shares its brand with a company of another city, so the city is part of who it is."""
    tax_id: str
    switchboard: str
    domain: str
    address: str
    currency: str


def make_companies(rng: Random, count: int) -> list[Company]:
    """Make companies; the first one is the one that the documented changes happen to."""
    featured = _chinese(rng, FEATURED_COMPANY, "华创", ("科技", "tech"), CITIES[0])
    companies = [featured]
    taken = {featured.brand}
    for number in range(2, count + 1):
        entity = f"C{number:06d}"
        if rng.random() < BRANCH_SHARE and number > 10:
            parent = rng.choice(companies[1:])
            branch = None if parent.is_western else _branch(rng, entity, parent, taken)
            if branch is not None:
                companies.append(branch)
                continue
        draw = _western_brands if rng.random() < WESTERN_SHARE else _chinese_brands
        company = next(company for company in draw(rng, entity) if company.brand not in taken)
        taken.add(company.brand)
        companies.append(company)
    return companies


def _chinese_brands(rng: Random, entity: str) -> Iterator[Company]:
    while True:
        brand = rng.choice(BRAND_FIRST) + rng.choice(BRAND_SECOND)
        yield _chinese(rng, entity, brand, rng.choice(TRADES), rng.choice(CITIES))


def _chinese(
    rng: Random, entity: str, brand: str, trade: tuple[str, str], place: tuple[str, str, str]
) -> Company:
    city, area_code, region = place
    spelled_brand = "".join(BRAND_PINYIN[character] for character in brand)
    form = "有限公司" if rng.random() < 0.75 else "有限责任公司"
    # the three ways in which registered names hold their city, and the one without
    pattern = rng.choice(("{city}{brand}{form}", "{brand}（{city}）{form}", "{brand}{form}"))
    return Company(
        entity=entity,
        name=pattern.format(city=city, brand=brand + trade[0], form=form),
        brand=brand + trade[0],
        city=city,
        is_western=False,
        is_branch=False,
        tax_id=identifiers.credit_code(rng, region),
        switchboard=identifiers.switchboard(rng, area_code),
        domain=f"{spelled_brand}-{trade[1]}.{rng.choice(('cn', 'com', 'com.cn'))}",
        address=f"{city}市{rng.choice(STREETS)}{rng.randrange(1, 999)}号{rng.randrange(1, 30)}层",
        currency=rng.choices(("CNY", "HKD", "USD"), (97, 2, 1))[0],
    )


def _branch(rng: Random, entity: str, parent: Company, taken: set[str]) -> Company | None:
    """Make a sister company elsewhere: nearly the same name, another tax id, other people."""
    place = rng.choice(CITIES)
    city, area_code, region = place
    if city == parent.city or parent.is_branch or f"{parent.brand}/{city}" in taken:
        return None
    taken.add(f"{parent.brand}/{city}")
    return Company(
        entity=entity,
        name=f"{parent.brand}（{city}）有限公司",
        brand=parent.brand,
        city=city,
        is_western=False,
        is_branch=True,
        tax_id=identifiers.credit_code(rng, region),
        switchboard=identifiers.switchboard(rng, area_code),
        domain=parent.domain,
        address=f"{city}市{rng.choice(STREETS)}{rng.randrange(1, 999)}号",
        currency=parent.currency,
    )


def _western_brands(rng: Random, entity: str) -> Iterator[Company]:
    while True:
        city, country, _, (start, digits) = rng.choice(WESTERN_CITIES)
        founders = rng.sample(WESTERN_SURNAMES, rng.choice((1, 2)))
        trade = rng.choice(WESTERN_TRADES)
        brand = f"{' & '.join(founders)} {trade}"
        host = "-".join(founders).lower().replace("'", "").replace("ü", "u")
        yield Company(
            entity=entity,
            name=f"{brand} {WESTERN_FORMS[country]}",
            brand=brand,
            city=city,
            is_western=True,
            is_branch=False,
            tax_id=f"{country}{rng.randrange(10**8, 10**9)}",
            switchboard=f"{start}{rng.randrange(10**digits):0{digits}d}",
            domain=f"{host}-{trade.lower()}.com",
            address=f"{rng.choice(WESTERN_STREETS)} {rng.randrange(1, 200)}, {city}",
            currency=rng.choice(("USD", "EUR")),
        )
