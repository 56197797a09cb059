"""Whether two values are the same, where Python must say so; elsewhere the plan's SQL does."""

import unicodedata
from decimal import Decimal, InvalidOperation


def text(value: object) -> str:
    """A value as the text it is compared by: as the plan's SQL has it; nothing is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def differ_in_form(shown: object, sent: object) -> bool:
    """Whether a CRM that was given `sent` may show it so: same letters and digits in their order.

    CRMs trim, change case, fold full-width forms, and reformat phones and amounts.
    """
    shown_core, sent_core = _core(text(shown)), _core(text(sent))
    return bool(sent_core) and shown_core == sent_core


def _core(text_: str) -> str:
    # twice, as a letter in lower case may have a compatibility form of its own
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text_).casefold()).strip()
    try:
        number = Decimal(folded)
    except InvalidOperation:
        return "".join(each for each in folded if each.isalnum())
    # 12.50 and 12.5, but 1.25 and 125 are two amounts
    return format(number.normalize(), "f") if number.is_finite() else folded
