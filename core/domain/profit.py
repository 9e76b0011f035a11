"""What a cell earns per round trip after both fees. A fee is a fraction: 0.0002 is 0.02 %."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from core.domain.exact import PRECISE, ceil_to

COMFORT = Decimal("1.25")  # a cell lower than this many times its fees is worth a warning
_PCT_DIGITS = Decimal("1e-6")
_HEIGHT_DIGITS = Decimal("1e-4")


def net_profit(lower: Decimal, upper: Decimal, fee: Decimal) -> Decimal:
    """Quote per base traded: bought at the lower line, sold at the upper one, `fee` paid on both."""
    return upper * (1 - fee) - lower * (1 + fee)


def net_profit_pct(lower: Decimal, upper: Decimal, fee: Decimal) -> Decimal:
    """The same in percent of what the purchase cost, to 6 decimals."""
    return PRECISE.divide(net_profit(lower, upper, fee) * 100, lower).quantize(_PCT_DIGITS)


def least_height_pct(fee: Decimal) -> Decimal:
    """How high a cell must be to pay, in percent of its lower line, up to 4 decimals."""
    return ceil_to(200 * Fraction(fee) / (1 - Fraction(fee)), _HEIGHT_DIGITS)


def pays(lines: Sequence[Decimal], fee: Decimal) -> bool:
    """Whether every cell earns more than its two fees."""
    return all(net_profit(lower, upper, fee) > 0 for lower, upper in pairwise(lines))


def is_comfortable(lines: Sequence[Decimal], fee: Decimal) -> bool:
    """Whether every cell is at least 1.25 times as high as its two fees."""
    return all(upper - lower >= COMFORT * fee * (lower + upper) for lower, upper in pairwise(lines))


def profit_range(lines: Sequence[Decimal], fee: Decimal) -> tuple[Decimal, Decimal]:
    """The smallest and the largest net profit of a cell, in percent."""
    profits = [net_profit_pct(lower, upper, fee) for lower, upper in pairwise(lines)]
    return min(profits), max(profits)
