"""Whether a value is another in another form."""

import unicodedata
from decimal import Decimal, InvalidOperation

from crm.values import text

SHORTEST_CUT = 16
"""The fewest letters of a text that counts as another one cut: CRMs' fields are seldom shorter."""


def differ_in_form(shown: object, sent: object) -> bool:
    """Whether a CRM that was given `sent` may show it so: same letters and digits in their order.

    CRMs trim, change case, fold full-width forms, reformat phones and amounts, and cut what is
    too long. A number that is cut is another number.
    """
    shown_core, sent_core = _core(text(shown)), _core(text(sent))
    is_cut = len(shown_core) >= SHORTEST_CUT and not shown_core.isdecimal()
    return bool(sent_core) and (
        shown_core == sent_core or (is_cut and sent_core.startswith(shown_core))
    )


def _core(text_: str) -> str:
    # twice, as a letter in lower case may have a compatibility form of its own
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text_).casefold()).strip()
    try:
        number = Decimal(folded)
    except InvalidOperation:
        return "".join(each for each in folded if each.isalnum())
    # 12.50 and 12.5, but 1.25 and 125 are two amounts
    return format(number.normalize(), "f") if number.is_finite() else folded
