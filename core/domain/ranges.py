"""The allowed range of every field while the others stay as they are."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.domain.exact import ceil_to, floor_to
from core.domain.grid import grid_lines, resolve
from core.domain.lines import MAX_CELLS, MIN_CELLS, ladder, spacing_of
from core.domain.parameters import GridType
from core.domain.quantities import CENT, largest_investment
from core.domain.risk import PCT_STEP, max_notional, outwards, stop_pct_range, stop_range
from core.domain.sketch import Fits, Sketch, most_cells, passes
from core.domain.symbol_rules import SymbolRules
from core.domain.trailing import trails_down, trails_up
from core.errors import Invalid

_ATTEMPTS = 100
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends allowed; `maximum` None where there is no end. A `minimum` above the `maximum`: nothing fits."""

    minimum: Decimal
    maximum: Decimal | None
    step: Decimal


def basic_ranges(rules: SymbolRules) -> dict[str, Range]:
    """What the symbol alone allows, for a request that makes no grid yet."""
    price = Range(max(rules.min_price, rules.tick_size), rules.max_price, rules.tick_size)
    most = Decimal(min(MAX_CELLS, rules.max_num_orders))
    return {
        "lower_price": price,
        "upper_price": price,
        "grid_number": Range(Decimal(MIN_CELLS), most, _ONE),
        "lines": Range(Decimal(MIN_CELLS + 1), most + 1, _ONE),  # how many
        "total_investment": Range(CENT, None, CENT),
        "leverage": Range(_ONE, Decimal(rules.max_leverage), _ONE),
        "trigger_price": price,
        "stop_loss": price,
        "take_profit": price,
        "cell_loss_limit": Range(CENT, None, CENT),
    }


def ranges_of(grid: Sketch) -> dict[str, Range]:
    """Every field that this type of grid has."""
    ranges = basic_ranges(grid.rules)
    if grid.settled.grid_type is GridType.CUSTOM:
        for name in ("lower_price", "upper_price", "grid_number"):
            del ranges[name]
        ranges["lines"] = Range(Decimal(MIN_CELLS + 1), Decimal(grid.most_cells_allowed + 1), _ONE)
    else:
        del ranges["lines"]
        ranges |= shape_ranges(grid)
    ranges["total_investment"] = investment_range(grid)
    ranges["leverage"] = leverage_range(grid)
    return ranges | dict(_stop_ranges(grid)) | dict(_trailing_ranges(grid))


def investment_range(grid: Sketch) -> Range:
    """From what passes the minimums to what the balance, the brackets and the maximum quantity allow, in quote."""
    settled, rules = grid.settled, grid.rules
    worst = grid.notional_per_leverage * settled.leverage
    cap = Fraction(max_notional(settled.leverage, rules.brackets)) * Fraction(settled.total_investment) / worst
    limits = [floor_to(cap, CENT), largest_investment(settled, rules, grid.shapes, grid.split)]
    if grid.available_balance is not None:
        limits.append(floor_to(Fraction(grid.available_balance), CENT))
    return Range(grid.smallest_investment, min(limits), CENT)


def leverage_range(grid: Sketch) -> Range:
    """From what lifts every cell over the minimums to what the bracket of the worst-case notional allows."""
    settled, brackets = grid.settled, grid.rules.brackets
    ratio = Fraction(grid.smallest_investment) / Fraction(settled.total_investment)
    least = max(1, math.ceil(settled.leverage * ratio))
    unit = grid.notional_per_leverage
    allowed = (
        times for times in range(grid.rules.max_leverage, 0, -1) if unit * times <= max_notional(times, brackets)
    )
    return Range(Decimal(least), Decimal(next(allowed, 0)), _ONE)


def smallest_spacing(grid: Sketch, field: str, most: int, fits: Fits) -> Decimal:
    """The smallest `grid_spacing` (quote) or `grid_spacing_pct` with which the grid fits: a step less does not.

    `most` is the most cells that fit into the range as asked, so it lies near their spacing or that of one more: an
    upper line that moves to a whole number of cells can make room for these.
    """
    step = grid.rules.tick_size if field == "grid_spacing" else PCT_STEP
    low = floor_to(spacing_of(grid.parameters, most + 1, field), step)
    high = _first_that_fits(grid, field, ceil_to(spacing_of(grid.parameters, most, field), step), step, fits)
    for _ in range(_ATTEMPTS):
        if low <= 0 or not _fits_with(grid, field, low, fits):
            break
        low, high = low - step, low
    while high - low > step:
        middle = floor_to(Fraction(low + high) / 2, step)
        low, high = (low, middle) if _fits_with(grid, field, middle, fits) else (middle, high)
    return high


def _first_that_fits(grid: Sketch, field: str, spacing: Decimal, step: Decimal, fits: Fits) -> Decimal:
    """Rounding to the tick can make one cell thinner than the others, and so not pay where the mean would."""
    for _ in range(_ATTEMPTS):
        if _fits_with(grid, field, spacing, fits):
            break
        spacing += step
    return spacing


def _fits_with(grid: Sketch, field: str, spacing: Decimal, fits: Fits) -> bool:
    bare = replace(grid.parameters, grid_number=None, grid_spacing=None, grid_spacing_pct=None)
    amount = field == "grid_spacing"
    asked = replace(bare, grid_spacing=spacing) if amount else replace(bare, grid_spacing_pct=spacing)
    try:
        settled = resolve(asked, grid.rules)
        return fits(grid, grid_lines(settled, grid.rules), settled)
    except Invalid:
        return False


def shape_ranges(grid: Sketch) -> dict[str, Range]:
    parameters, tick = grid.parameters, grid.rules.tick_size
    most = most_cells(grid) or 0
    width = tick * (grid.settled.grid_number or MIN_CELLS)
    lowest = max(grid.rules.min_price, tick)
    ranges = {
        "lower_price": Range(lowest, floor_to(Fraction(parameters.upper_price - width), tick), tick),
        "upper_price": Range(ceil_to(Fraction(parameters.lower_price + width), tick), grid.rules.max_price, tick),
        "grid_number": Range(Decimal(MIN_CELLS), Decimal(most), _ONE),
        "grid_spacing_pct": _spacing_range(grid, "grid_spacing_pct", most, PCT_STEP),
    }
    if parameters.grid_type is GridType.ARITHMETIC:
        ranges["grid_spacing"] = _spacing_range(grid, "grid_spacing", most, tick)
    return ranges


def _spacing_range(grid: Sketch, field: str, most: int, step: Decimal) -> Range:
    widest = floor_to(spacing_of(grid.parameters, MIN_CELLS, field), step)
    smallest = smallest_spacing(grid, field, most, passes) if most else widest + step
    return Range(smallest, widest, step)


def _stop_ranges(grid: Sketch) -> Iterator[tuple[str, Range]]:
    lower, upper, rules = grid.lines[0], grid.lines[-1], grid.rules
    directions = zip(("stop_loss", "take_profit"), outwards(grid.settled.strategy_type), strict=True)
    for name, direction in directions:
        around = direction, lower, upper, grid.entry_price, rules
        yield name, Range(*stop_range(*around), rules.tick_size)
        yield f"{name}_pct", Range(*stop_pct_range(*around), PCT_STEP)


def _trailing_ranges(grid: Sketch) -> Iterator[tuple[str, Range]]:
    settled, rules = grid.settled, grid.rules
    if trails_up(settled.grid_type, settled.strategy_type):
        first = ladder(settled, rules)((settled.grid_number or 0) + 1)
        yield "trailing_up", Range(first, rules.max_price, rules.tick_size)
    if trails_down(settled.grid_type, settled.strategy_type):
        first = ladder(settled, rules)(-1)
        yield "trailing_down", Range(max(rules.min_price, rules.tick_size), first, rules.tick_size)
