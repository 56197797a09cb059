"""The six systems of a made-up business, and what each makes of the people it knows.

All numbers are shares of its records, between 0 and 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """What one system asks for, and how those type who fill it."""

    system: str
    knows_people: float
    """Of how many people it has a record."""
    knows_companies: float = 0.0
    doubled: float = 0.03
    """How many it has once more: somebody didn't look first."""

    # what is filled
    name: float = 1.0
    phone: float = 0.0
    email: float = 0.0
    wechat_unionid: float = 0.0
    national_id: float = 0.0
    company: float = 0.0
    """Where an employee works."""
    tax_id: float = 0.0
    address: float = 0.0
    birth_date: float = 0.0

    # whose it is
    former_phone: float = 0.0
    """The number before, of those who have changed theirs."""
    family_phone: float = 0.0
    """The number of the household, of those who have one."""
    switchboard: float = 0.0
    """The employer's number, of those who have an employer."""
    work_email: float = 0.0
    role_mailbox: float = 0.0
    placeholder: float = 0.0
    former_address: float = 0.0
    maiden_name: float = 0.0
    """The surname before, of women who took another."""

    # how names are typed
    honorific: float = 0.0
    """张三先生, 张三经理, Mr. John Smith."""
    bare_surname: float = 0.0
    """张先生, 张总: nobody wrote the given name down."""
    latin: float = 0.0
    """张三 as Zhang San, San Zhang or zhangsan."""
    traditional: float = 0.0
    misspelt: float = 0.0
    """伟 as 玮; Smith as Simth."""
    nickname: float = 0.0
    """Bob for Robert; in a shop, what people call themselves."""
    turned: float = 0.0
    """Smith, John; and in full capitals."""
    initials: float = 0.0
    """J. Smith."""

    # how the rest is typed
    dressed: float = 0.2
    """Dashes, blanks, country codes, full-width digits."""
    spreadsheet: float = 0.0
    """Damage by a spreadsheet: 13812345678.0, and at worst 1.38123E+10."""
    two_phones: float = 0.0
    """Two numbers in one cell."""
    mistyped: float = 0.0
    """A digit or a letter of a phone, an e-mail address or a street is wrong."""
    day_slip: float = 0.0
    """Day and month exchanged, or a digit wrong, in a birth date."""
    sloppy_company: float = 0.3
    """Legal form, region or brackets of a company's name as it came."""


PROFILES = (
    Profile(
        system="erp",
        knows_people=0.5,
        knows_companies=0.95,
        doubled=0.02,
        phone=0.95,
        email=0.7,
        national_id=0.55,
        company=0.9,
        tax_id=0.9,
        address=0.6,
        birth_date=0.45,
        former_phone=0.3,
        switchboard=0.03,
        work_email=0.6,
        placeholder=0.02,
        honorific=0.01,
        misspelt=0.01,
        sloppy_company=0.15,
        two_phones=0.02,
    ),
    Profile(
        system="shop",
        knows_people=0.55,
        doubled=0.15,
        name=0.95,
        phone=0.97,
        email=0.5,
        wechat_unionid=0.5,
        address=0.95,
        family_phone=0.35,
        former_phone=0.4,
        former_address=0.5,
        maiden_name=0.2,
        nickname=0.06,
        bare_surname=0.03,
        honorific=0.04,
        misspelt=0.02,
        mistyped=0.01,
    ),
    Profile(
        system="helpdesk",
        knows_people=0.45,
        doubled=0.05,
        phone=0.6,
        email=0.95,
        company=0.4,
        work_email=0.5,
        role_mailbox=0.02,
        latin=0.45,
        turned=0.15,
        nickname=0.12,
        initials=0.04,
        misspelt=0.02,
        mistyped=0.01,
    ),
    Profile(
        system="finance",
        knows_people=0.25,
        knows_companies=0.7,
        doubled=0.08,
        phone=0.88,
        email=0.4,
        national_id=0.08,
        company=0.85,
        tax_id=0.55,
        work_email=0.7,
        switchboard=0.12,
        honorific=0.3,
        bare_surname=0.05,
        traditional=0.04,
        spreadsheet=0.25,
        two_phones=0.04,
        sloppy_company=0.5,
    ),
    Profile(
        system="marketing",
        knows_people=0.4,
        knows_companies=0.2,
        doubled=0.06,
        phone=0.85,
        email=0.8,
        company=0.4,
        address=0.35,
        birth_date=0.35,
        former_phone=0.8,
        former_address=0.8,
        maiden_name=0.6,
        work_email=0.4,
        placeholder=0.04,
        latin=0.05,
        turned=0.12,
        nickname=0.08,
        traditional=0.03,
        misspelt=0.1,
        mistyped=0.05,
        spreadsheet=0.05,
        day_slip=0.06,
        sloppy_company=0.5,
    ),
    Profile(
        system="callcentre",
        knows_people=0.25,
        doubled=0.05,
        phone=0.97,
        email=0.02,
        company=0.15,
        family_phone=0.3,
        switchboard=0.15,
        bare_surname=0.3,
        honorific=0.2,
        misspelt=0.08,
        dressed=0.1,
        sloppy_company=0.8,
    ),
)
