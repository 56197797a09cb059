"""Numbers that validate: mobiles, switchboards, resident IDs, company codes, WeChat unionids.

The check digits follow GB 11643-1999 (resident ID) and GB 32100-2015 (Unified Social Credit Code).
"""

from datetime import date
from random import Random

from demo.vocabulary import words

MOBILE_PREFIXES = words(
    "134 135 136 137 138 139 150 151 152 157 158 159 178 182 183 187 188 130 131 132 155 156 166"
    " 185 186 133 153 177 180 181 189 199"
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = tuple(3**place % 31 for place in range(17))
_UNIONID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def national_id_check(first_17: str) -> str:
    """Compute the 18th character of a resident ID."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True))
    return _ID_CHECK[total % 11]


def national_id(rng: Random, region: str, birth_date: date, sex: str) -> str:
    """Draw a resident ID of that region, day of birth and sex (an odd sequence is a man's)."""
    sequence = rng.randrange(1, 500) * 2 - (sex == "m")
    first_17 = f"{region}{birth_date:%Y%m%d}{sequence:03d}"
    return first_17 + national_id_check(first_17)


def credit_code_check(first_17: str) -> str:
    """Compute the 18th character of a Unified Social Credit Code."""
    total = sum(
        _CODE_ALPHABET.index(character) * weight
        for character, weight in zip(first_17, _CODE_WEIGHTS, strict=True)
    )
    return _CODE_ALPHABET[-total % 31]


def credit_code(rng: Random, region: str) -> str:
    """Draw a Unified Social Credit Code (统一社会信用代码) of an enterprise of that region."""
    organisation = "".join(rng.choices(_CODE_ALPHABET, k=9))
    first_17 = f"91{region}{organisation}"
    return first_17 + credit_code_check(first_17)


def mobile(rng: Random) -> str:
    """Draw a mainland mobile number, 11 digits; never one of the well-known placeholders."""
    # the last eight digits of a placeholder are all zero or all alike
    return rng.choice(MOBILE_PREFIXES) + f"{rng.randrange(10_000_001, 99_999_988):08d}"


def switchboard(rng: Random, area_code: str) -> str:
    """Draw a company's land line."""
    return f"{area_code}-{rng.randrange(3, 7)}{rng.randrange(10**7):07d}"


def unionid(rng: Random) -> str:
    """Draw a WeChat unionid: 28 characters, the same in all of a company's WeChat apps."""
    return "oX" + "".join(rng.choices(_UNIONID_ALPHABET, k=26))
