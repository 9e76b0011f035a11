"""Exact numbers: contexts for sums and roots, and rounding to multiples of a tick or a step.

Intermediate values are `Fraction`, so that a quotient that is a whole number of steps is never floored to one less.
"""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction

ZERO = Decimal(0)

# Sums and products of money: 200 digits hold any of ours whole, and losing one would raise, not pass silently.
EXACT = Context(prec=200, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
# Quotients, roots and averages, which have no last digit.
PRECISE = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])


def multiple(count: int, unit: Decimal) -> Decimal:
    return EXACT.multiply(Decimal(count), unit)


def floor_to(value: Fraction, unit: Decimal) -> Decimal:
    """Down to a multiple of `unit`."""
    count, of = _in_units(value, unit)
    return multiple(count // of, unit)


def ceil_to(value: Fraction, unit: Decimal) -> Decimal:
    """Up to a multiple of `unit`."""
    count, of = _in_units(value, unit)
    return multiple(-(-count // of), unit)


def nearest_to(value: Fraction, unit: Decimal) -> Decimal:
    """The nearest multiple of `unit`, half up."""
    count, of = _in_units(value, unit)
    return multiple((2 * count + of) // (2 * of), unit)


def to_decimal(value: Fraction) -> Decimal:
    """To 60 digits, where a fraction has to be shown."""
    return PRECISE.divide(Decimal(value.numerator), Decimal(value.denominator))


def _in_units(value: Fraction, unit: Decimal) -> tuple[int, int]:
    """value / unit as two whole numbers: far quicker than a reduced fraction."""
    numerator, denominator = unit.as_integer_ratio()
    return value.numerator * denominator, value.denominator * numerator
