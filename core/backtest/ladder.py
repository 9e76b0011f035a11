"""All the cells that a grid may come to have: its own, and those that trailing can add within the market's prices."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from core.domain.lines import resolve
from core.domain.parameters import Parameters
from core.domain.plan import Plan, PlannedCell
from core.domain.risk import outwards, stop_prices
from core.domain.symbol_rules import SymbolRules
from core.domain.trailing import step_prices, trailing_step

UP, DOWN = 1, -1
Bounds = tuple[Decimal | None, Decimal | None]  # the lower and the upper stop


@dataclass(frozen=True, slots=True)
class Ladder:
    """`lines` from the lowest that trailing can reach to the highest; the grid starts on the one at `bottom`.

    `slots` are the grid's own cells and those that steps add, by place (the line below them) in `up` and `down`.
    `stops`: for each place of the grid's lowest cell.
    """

    lines: tuple[Decimal, ...]
    bottom: int
    slots: tuple[PlannedCell, ...]
    up: dict[int, int]
    down: dict[int, int]
    stops: tuple[Bounds, ...]


def ladder_of(parameters: Parameters, rules: SymbolRules, grid: Plan, lowest: Decimal, highest: Decimal) -> Ladder:
    """In a market between two prices."""
    settled = resolve(parameters, rules)
    rises = list(_steps(settled, rules, grid, UP, highest))
    falls = list(_steps(settled, rules, grid, DOWN, lowest))
    bottom, size = len(falls), len(grid.cells)
    lines = (*(cell.lower for cell in reversed(falls)), *grid.lines, *(cell.upper for cell in rises))
    back_up = (_added(settled, rules, grid, shift, UP) for shift in range(-bottom, 0))
    back_down = (_added(settled, rules, grid, shift, DOWN) for shift in range(1, len(rises) + 1))
    ups = [*filter(None, back_up), *rises]
    downs = [*filter(None, back_down), *falls]
    return Ladder(
        lines=lines,
        bottom=bottom,
        slots=(*grid.cells, *ups, *downs),
        up={cell.cell_index + bottom: slot for slot, cell in enumerate(ups, size)},
        down={cell.cell_index + bottom: slot for slot, cell in enumerate(downs, size + len(ups))},
        stops=tuple(
            _bounds(parameters, rules, lines[place], lines[place + size]) for place in range(len(lines) - size)
        ),
    )


def _steps(settled: Parameters, rules: SymbolRules, grid: Plan, way: int, end: Decimal) -> Iterator[PlannedCell]:
    """The cells that are added one after the other on the way from the start to `end`."""
    for shift in count(0, way):
        cell = _added(settled, rules, grid, shift, way)
        if cell is None or (cell.upper > end if way is UP else cell.lower < end):
            return
        yield cell


def _added(settled: Parameters, rules: SymbolRules, grid: Plan, shift: int, way: int) -> PlannedCell | None:
    above, below = step_prices(settled, rules, shift)
    due = above if way is UP else below
    if due is None:
        return None
    amount, dropped = grid.per_grid_amount, grid.cells[0].quantity
    return trailing_step(settled, rules, shift, due, per_grid_amount=amount, dropped_quantity=dropped)


def _bounds(parameters: Parameters, rules: SymbolRules, lower: Decimal, upper: Decimal) -> Bounds:
    loss, profit = stop_prices(parameters, lower, upper, rules)
    return (loss, profit) if outwards(parameters.strategy_type)[0] < 0 else (profit, loss)
