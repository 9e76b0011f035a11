"""How much each cell trades: one budget shared out over the prices at which the cells' exposure opens.

B = investment * leverage * (1 - reserve), w_k = 1/p_k or 1, c = B / sum(w_k * o_k), q_k = c * w_k floored to the step.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from core.domain.exact import EXACT, ZERO, ceil_to, floor_to
from core.domain.grid import CellShape
from core.domain.parameters import Parameters, Sizing
from core.domain.symbol_rules import SymbolRules

CENT = Decimal("0.01")  # the step of total_investment
_AMOUNT_DIGITS = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Shares:
    """How the budget divides: `weights` w_k (1/price or 1), `opening_prices` o_k, `total` = sum of w_k * o_k."""

    weights: tuple[Fraction, ...]
    opening_prices: tuple[Decimal, ...]
    total: Fraction


def shares(parameters: Parameters, shapes: Sequence[CellShape]) -> Shares:
    equal_notional = parameters.sizing is Sizing.EQUAL_NOTIONAL
    weights = tuple(1 / Fraction(shape.lower) if equal_notional else Fraction(1) for shape in shapes)
    prices = tuple(shape.opening_price for shape in shapes)
    total = sum((weight * Fraction(price) for weight, price in zip(weights, prices, strict=True)), Fraction(0))
    return Shares(weights, prices, total)


def budget(parameters: Parameters) -> Decimal:
    """B, in quote: what all cells' exposure may cost."""
    with localcontext(EXACT):
        return parameters.total_investment * parameters.leverage * (1 - parameters.reserve)


def quantities(parameters: Parameters, rules: SymbolRules, split: Shares) -> tuple[Decimal, ...]:
    """q_k of every cell (base), whatever the minimums say."""
    amount = Fraction(budget(parameters)) / split.total
    return tuple(floor_to(amount * weight, rules.step_size) for weight in split.weights)


def per_grid_amount(parameters: Parameters, split: Shares) -> Decimal | None:
    """c, in quote, down to 8 decimals; None for EQUAL_QUANTITY, whose cells cost different amounts."""
    if parameters.sizing is Sizing.EQUAL_QUANTITY:
        return None
    return floor_to(Fraction(budget(parameters)) / split.total, _AMOUNT_DIGITS)


def smallest_investment(
    parameters: Parameters, rules: SymbolRules, shapes: Sequence[CellShape], split: Shares
) -> Decimal:
    """The smallest total_investment, in cents, with which both orders of every cell pass the minimums."""
    least = (Fraction(rules.smallest_quantity(shape.lower)) for shape in shapes)
    return ceil_to(max(_amounts(least, split)) * split.total / _reach(parameters), CENT)


def largest_investment(
    parameters: Parameters, rules: SymbolRules, shapes: Sequence[CellShape], split: Shares
) -> Decimal:
    """The largest total_investment, in cents, that keeps every cell's orders within the maximum quantity."""
    most = (Fraction(largest_quantity(rules, shape.lower)) for shape in shapes)
    return floor_to(min(_amounts(most, split)) * split.total / _reach(parameters), CENT)


def largest_quantity(rules: SymbolRules, price: Decimal) -> Decimal:
    """A cell's most (base): its closing order may have to take a carried part along, always below the minimum."""
    return max(ZERO, rules.max_quantity - rules.smallest_quantity(price))


def _amounts(limits: Iterable[Fraction], split: Shares) -> Iterator[Fraction]:
    """The c at which each cell's quantity reaches its limit."""
    return (limit / weight for limit, weight in zip(limits, split.weights, strict=True))


def _reach(parameters: Parameters) -> Fraction:
    """Quote of budget per quote invested."""
    return parameters.leverage * (1 - Fraction(parameters.reserve))
