"""Money as whole cents: exact, small, and quick to add up."""


def line_amount(quantity: int, unit_price: int) -> int:
    """Multiply thousandths by ten-thousandths into cents, half a cent rounded up."""
    return (quantity * unit_price + 50_000) // 100_000


def net_of_tax(gross: int, tax_percent: int) -> int:
    """Return what is left of an amount of cents that includes the tax, half a cent rounded up."""
    return (gross * 200 + 100 + tax_percent) // (2 * (100 + tax_percent))


def decimal_text(value: int, places: int = 2) -> str:
    """Write a whole number of 1/10^places as decimal text: `decimal_text(1234) -> '12.34'`."""
    sign, digits = ("-" if value < 0 else ""), f"{abs(value):0{places + 1}d}"
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
