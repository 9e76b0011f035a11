"""How much each cell trades: one budget shared out over the prices at which the cells' exposure opens.

B = investment * leverage * (1 - reserve), w_k = 1/p_k or 1, c = B / sum(w_k * o_k), q_k = c * w_k floored to the step.
What a cell that is full already gains on top of that is bought at market: it costs the price of now, not o_k.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from core.domain.exact import EXACT, ZERO, ceil_to, floor_to
from core.domain.grid import Between, CellShape
from core.domain.parameters import Parameters, Sizing
from core.domain.symbol_rules import SymbolRules

CENT = Decimal("0.01")  # the step of total_investment
_AMOUNT_DIGITS = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Full:
    """Cells of a running grid that hold all they should (base, by their lines), and the `price` (quote) at which they
    would be given more."""

    held: Mapping[Between, Decimal]
    price: Decimal


@dataclass(frozen=True, slots=True)
class Shares:
    """How the budget divides: `weights` w_k (1/price or 1), `opening_prices` o_k, `total` = sum of w_k * o_k. `growth`:
    of each full cell, the c at which it begins to grow, and what a unit of c costs more from there on; by rising c."""

    weights: tuple[Fraction, ...]
    opening_prices: tuple[Decimal, ...]
    total: Fraction
    growth: tuple[tuple[Fraction, Fraction], ...] = ()

    def cost(self, amount: Fraction) -> Fraction:
        """Of c, in quote."""
        return self.total * amount + sum(
            ((amount - begins) * more for begins, more in self.growth if amount > begins), Fraction(0)
        )

    def amount(self, cost: Fraction) -> Fraction:
        """The c that costs so much."""
        slope, offset = self.total, Fraction(0)
        for begins, more in self.growth:
            if slope * begins + offset >= cost:
                break
            slope, offset = slope + more, offset - begins * more
        return (cost - offset) / slope


def shares(parameters: Parameters, shapes: Sequence[CellShape], full: Full | None = None) -> Shares:
    equal_notional = parameters.sizing is Sizing.EQUAL_NOTIONAL
    weights = tuple(1 / Fraction(shape.lower) if equal_notional else Fraction(1) for shape in shapes)
    prices = tuple(shape.opening_price for shape in shapes)
    total = sum((weight * Fraction(price) for weight, price in zip(weights, prices, strict=True)), Fraction(0))
    return Shares(weights, prices, total, () if full is None else _growth(weights, shapes, full))


def _growth(
    weights: Sequence[Fraction], shapes: Sequence[CellShape], full: Full
) -> tuple[tuple[Fraction, Fraction], ...]:
    found = [
        (Fraction(full.held[shape.between]) / weight, weight * Fraction(full.price - shape.opening_price))
        for shape, weight in zip(shapes, weights, strict=True)
        if shape.between in full.held
    ]
    return tuple(sorted(found))


def budget(parameters: Parameters) -> Decimal:
    """B, in quote: what all cells' exposure may cost."""
    with localcontext(EXACT):
        return parameters.total_investment * parameters.leverage * (1 - parameters.reserve)


def quantities(parameters: Parameters, rules: SymbolRules, split: Shares) -> tuple[Decimal, ...]:
    """q_k of every cell (base), whatever the minimums say."""
    amount = split.amount(Fraction(budget(parameters)))
    return tuple(floor_to(amount * weight, rules.step_size) for weight in split.weights)


def per_grid_amount(parameters: Parameters, split: Shares) -> Decimal | None:
    """c, in quote, down to 8 decimals; None for EQUAL_QUANTITY, whose cells cost different amounts."""
    if parameters.sizing is Sizing.EQUAL_QUANTITY:
        return None
    return floor_to(split.amount(Fraction(budget(parameters))), _AMOUNT_DIGITS)


def smallest_investment(
    parameters: Parameters, rules: SymbolRules, shapes: Sequence[CellShape], split: Shares
) -> Decimal:
    """The smallest total_investment, in cents, with which both orders of every cell pass the minimums."""
    least = (Fraction(rules.smallest_quantity(shape.lower)) for shape in shapes)
    return ceil_to(split.cost(max(_amounts(least, split))) / _reach(parameters), CENT)


def largest_investment(
    parameters: Parameters, rules: SymbolRules, shapes: Sequence[CellShape], split: Shares
) -> Decimal:
    """The largest total_investment, in cents, that keeps every cell's orders within the maximum quantity."""
    most = (Fraction(largest_quantity(rules, shape.lower)) for shape in shapes)
    return floor_to(split.cost(min(_amounts(most, split))) / _reach(parameters), CENT)


def largest_quantity(rules: SymbolRules, price: Decimal) -> Decimal:
    """A cell's most (base): its closing order may have to take a carried part along, always below the minimum."""
    return max(ZERO, rules.max_quantity - rules.smallest_quantity(price))


def _amounts(limits: Iterable[Fraction], split: Shares) -> Iterator[Fraction]:
    """The c at which each cell's quantity reaches its limit."""
    return (limit / weight for limit, weight in zip(limits, split.weights, strict=True))


def _reach(parameters: Parameters) -> Fraction:
    """Quote of budget per quote invested."""
    return parameters.leverage * (1 - Fraction(parameters.reserve))
