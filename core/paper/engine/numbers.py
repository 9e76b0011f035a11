"""Exact amounts and how the venue writes them."""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
_EIGHT_PLACES = Decimal("0.00000001")


def round8(amount: Decimal) -> Decimal:
    """To 8 decimals, half up: what the venue books."""
    return amount.quantize(_EIGHT_PLACES, ROUND_HALF_UP)


def plain(number: Decimal) -> str:
    """Without an exponent."""
    return format(number, "f")


def money(amount: Decimal) -> str:
    """With 8 decimals, or with all it has where those are more: never rounded."""
    rounded = amount.quantize(_EIGHT_PLACES, ROUND_HALF_UP)
    return format(rounded if rounded == amount else amount.normalize(), "f")


def average(total: Decimal, quantity: Decimal) -> Decimal:
    """total / quantity to 12 decimals, without trailing zeros; 0 where there is no quantity."""
    if not quantity:
        return ZERO
    return _trimmed((total / quantity).quantize(Decimal("0.000000000001"), ROUND_HALF_UP))


def decimals(number: Decimal) -> int:
    """How many digits after the point it needs."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def is_multiple(number: Decimal, unit: Decimal) -> bool:
    return not unit or number % unit == 0


def _trimmed(number: Decimal) -> Decimal:
    return number.quantize(ONE) if number == number.to_integral_value() else number.normalize()
