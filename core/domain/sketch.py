"""A grid as asked for, with its surroundings, before its quantities are known; and how many cells it could have."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.domain.grid import CellShape, cells, resolve
from core.domain.lines import MAX_CELLS, MIN_CELLS, is_rising, ladder
from core.domain.order import Side
from core.domain.parameters import Parameters
from core.domain.plan import Running, shapes_of
from core.domain.profit import pays
from core.domain.quantities import Shares, budget, shares, smallest_investment
from core.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Sketch:
    """`parameters` as asked, `settled` with range and number of cells.

    `available_balance` in quote, None where not asked for; `other_orders` are the account's live ones on the symbol.
    """

    parameters: Parameters
    settled: Parameters
    rules: SymbolRules
    entry_price: Decimal
    available_balance: Decimal | None
    other_orders: int
    lines: tuple[Decimal, ...]
    shapes: tuple[CellShape, ...]
    split: Shares

    @property
    def smallest_investment(self) -> Decimal:
        """In quote, rounded up to a cent: below it a cell's quantity is under a minimum."""
        return smallest_investment(self.settled, self.rules, self.shapes, self.split)

    @property
    def notional_per_leverage(self) -> Fraction:
        """The worst case of one side (quote) with leverage 1: it grows with the leverage."""
        parts = {side: Fraction(0) for side in Side}
        for shape, weight, price in zip(self.shapes, self.split.weights, self.split.opening_prices, strict=True):
            parts[shape.opening_side] += weight * Fraction(price)
        share = max(parts.values()) / self.split.total
        return Fraction(budget(self.settled)) * share / self.settled.leverage

    @property
    def most_cells_allowed(self) -> int:
        """By count: 200, and what the account's other orders leave of the symbol's limit."""
        return min(MAX_CELLS, self.rules.max_num_orders - self.other_orders)


Fits = Callable[[Sketch, tuple[Decimal, ...], Parameters], bool]


def sketch(
    parameters: Parameters,
    rules: SymbolRules,
    entry_price: Decimal,
    available_balance: Decimal | None = None,
    other_orders: int = 0,
    *,
    running: Running | None = None,
) -> Sketch:
    """Raises Invalid where the lines can't be."""
    settled = resolve(parameters, rules)
    lines, shapes = shapes_of(settled, rules, entry_price, running)
    split = shares(settled, shapes, None if running is None else running.full(settled.strategy_type, entry_price))
    return Sketch(parameters, settled, rules, entry_price, available_balance, other_orders, lines, shapes, split)


def pay(grid: Sketch, lines: tuple[Decimal, ...], _settled: Parameters) -> bool:
    """Whether every cell between the lines earns more than its fees."""
    return pays(lines, grid.rules.maker_fee)


def passes(grid: Sketch, lines: tuple[Decimal, ...], settled: Parameters) -> bool:
    """Whether the lines pass every guard with everything else as asked."""
    return pay(grid, lines, settled) and _is_affordable(grid, lines, settled)


def most_cells_that_pay(grid: Sketch, limit: int) -> int | None:
    """The most cells up to `limit` that earn more than their fees (one more does not); None where not even two do."""
    return _most_cells(grid, limit, pay)


def most_cells(grid: Sketch) -> int | None:
    """The most cells that pass every guard with everything else as asked; None where not even two do."""
    return _most_cells(grid, grid.most_cells_allowed, passes)


def with_cells(parameters: Parameters, number: int) -> Parameters:
    return replace(parameters, grid_number=number, grid_spacing=None, grid_spacing_pct=None)


def _is_affordable(grid: Sketch, lines: tuple[Decimal, ...], settled: Parameters) -> bool:
    shapes = cells(lines, settled.strategy_type, grid.entry_price)
    split = shares(settled, shapes)
    return smallest_investment(settled, grid.rules, shapes, split) <= settled.total_investment


def _most_cells(grid: Sketch, limit: int, fits: Fits) -> int | None:
    def works(number: int) -> bool:
        settled = with_cells(grid.parameters, number)
        lines = tuple(map(ladder(settled, grid.rules), range(number + 1)))
        return is_rising(lines) and fits(grid, lines, settled)

    asked = grid.parameters.grid_number if grid.parameters.count_field == "grid_number" else None
    low = asked if asked is not None and asked <= limit and works(asked) else MIN_CELLS
    return _last_that(works, low, limit) if limit >= low and works(low) else None


def _last_that(works: Callable[[int], bool], low: int, high: int) -> int:
    """A number that works and whose successor does not, or `high`; `low` works."""
    if works(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if works(middle) else (low, middle)
    return low
