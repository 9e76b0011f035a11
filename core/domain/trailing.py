"""The one cell that a grid gains when the market leaves its range by a spacing; it loses the one at the other end.

Indices continue the ladder: trailing up drops the lowest index and adds the one after the highest, so every cell keeps
its index, and its lines are those of the same formula for good.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from core.domain.exact import ZERO, floor_to
from core.domain.lines import Ladder, ladder, resolve
from core.domain.order import Side
from core.domain.parameters import GridType, Parameters, Sizing, StrategyType
from core.domain.plan import PlannedCell
from core.domain.profit import net_profit
from core.domain.symbol_rules import SymbolRules


def trails_up(grid_type: GridType, strategy_type: StrategyType) -> bool:
    return grid_type is not GridType.CUSTOM and strategy_type is not StrategyType.BEARISH


def trails_down(grid_type: GridType, strategy_type: StrategyType) -> bool:
    return grid_type is not GridType.CUSTOM and strategy_type is not StrategyType.BULLISH


def trailing_step(
    parameters: Parameters,
    rules: SymbolRules,
    shift: int,
    mark: Decimal,
    *,
    per_grid_amount: Decimal | None,
    dropped_quantity: Decimal,
) -> PlannedCell | None:
    """The cell to add now, or None. Its index tells the direction; the cell to drop is N below or N above it.

    `parameters` are those of the start, `shift` the steps taken since (up positive), `dropped_quantity` (base) that of
    the cell at the far end. Take the step only if that cell is flat. None also where the new line passes a limit or a
    stop price, or the new cell would be below a minimum or earn less than its fees.
    """
    settled = resolve(parameters, rules)
    line = ladder(settled, rules)
    above, below = step_prices(settled, rules, shift)
    if above is not None and mark >= above:
        added = _opened_by(Side.BUY, shift + (settled.grid_number or 0), line)
    elif below is not None and mark <= below:
        added = _opened_by(Side.SELL, shift - 1, line)
    else:
        return None
    quantity = _quantity(settled, rules, per_grid_amount, dropped_quantity, added.lower)
    pays = net_profit(added.lower, added.upper, rules.maker_fee) > 0
    return replace(added, quantity=quantity) if pays and rules.is_orderable(quantity, added.lower) else None


@lru_cache(maxsize=10_000)  # asked each second for every grid that trails
def step_prices(parameters: Parameters, rules: SymbolRules, shift: int) -> tuple[Decimal | None, Decimal | None]:
    """The marks (quote) at or above, and at or below, which a step is due after `shift` steps; None where none may be
    taken."""
    settled = resolve(parameters, rules)
    line = ladder(settled, rules)
    above, below = line(shift + (settled.grid_number or 0) + 1), line(shift - 1)
    return (
        above if _may_rise(settled, above, rules) else None,
        below if _may_fall(settled, below, rules) else None,
    )


def _may_rise(settled: Parameters, price: Decimal, rules: SymbolRules) -> bool:
    if settled.trailing_up is None or price > settled.trailing_up or price > rules.max_price:
        return False
    return settled.take_profit is None or price < settled.take_profit


def _may_fall(settled: Parameters, price: Decimal, rules: SymbolRules) -> bool:
    if settled.trailing_down is None or price < settled.trailing_down or price < max(rules.min_price, rules.tick_size):
        return False
    stop = settled.take_profit if settled.strategy_type is StrategyType.BEARISH else settled.stop_loss
    return stop is None or price > stop


def _opened_by(side: Side, index: int, line: Ladder) -> PlannedCell:
    lower, upper = line(index), line(index + 1)
    price = lower if side is Side.BUY else upper
    return PlannedCell(index, lower, upper, side, side, needs_inventory=False, quantity=ZERO, opening_price=price)


def _quantity(
    settled: Parameters, rules: SymbolRules, per_grid_amount: Decimal | None, dropped: Decimal, lower: Decimal
) -> Decimal:
    """By the weight of the new lower line; with EQUAL_QUANTITY the same as all others."""
    if settled.sizing is Sizing.EQUAL_QUANTITY or per_grid_amount is None:
        return dropped
    return floor_to(Fraction(per_grid_amount) / Fraction(lower), rules.step_size)
