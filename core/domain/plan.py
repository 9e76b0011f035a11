"""The plan of a grid: its cells with their quantities, and the market orders that its start needs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction

from core.domain.exact import PRECISE, ZERO, multiple
from core.domain.grid import Between, CellShape, cells, grid_lines, resolve
from core.domain.order import Side
from core.domain.parameters import GridType, Parameters, StrategyType
from core.domain.quantities import (
    Full,
    Shares,
    budget,
    largest_investment,
    largest_quantity,
    per_grid_amount,
    quantities,
    shares,
    smallest_investment,
)
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid

ONE_SIDED = Fraction(60, 100)


@dataclass(frozen=True, slots=True)
class Warning:
    """Something the user should know. `code` is for machines, `message` for people, `data` the numbers in it."""

    code: str
    message: str
    data: Mapping[str, Decimal | int | str]


@dataclass(frozen=True, slots=True)
class PlannedCell(CellShape):
    """A cell with its quantity q_k (base, the same on both legs)."""

    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Running:
    """The cells of a grid that runs already, lowest first, and what of them a new plan leaves as it is."""

    cells: tuple[PlannedCell, ...]
    keeps_lines: bool
    keeps_quantities: bool
    keeps_limits: bool = True  # those of trailing

    @property
    def by_lines(self) -> dict[Between, PlannedCell]:
        return {cell.between: cell for cell in self.cells}

    def full(self, strategy_type: StrategyType, price: Decimal) -> Full:
        """Those cells that would be given more at market: a NEUTRAL grid's grow when they open again."""
        side = strategy_type.inventory_side
        full = (cell for cell in self.cells if cell.opening_side is side and cell.first_side is not side)
        return Full({cell.between: cell.quantity for cell in full}, price)

    @property
    def lines(self) -> tuple[Decimal, ...]:
        return (self.cells[0].lower, *(cell.upper for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start at one entry price does.

    `budget` and `per_grid_amount` in quote, `inventory_quantity` and `inventory_orders` in base. `inventory_cells`
    are the indices of the cells that need inventory, nearest to the price first: in this order they get it. Where the
    market lot size does not allow the whole quantity, the orders sum to less.
    """

    lines: tuple[Decimal, ...]
    cells: tuple[PlannedCell, ...]
    budget: Decimal
    per_grid_amount: Decimal | None
    inventory_side: Side | None
    inventory_quantity: Decimal
    inventory_cells: tuple[int, ...]
    inventory_orders: tuple[Decimal, ...]
    warnings: tuple[Warning, ...]


def plan(parameters: Parameters, rules: SymbolRules, entry_price: Decimal, running: Running | None = None) -> Plan:
    """The whole plan for a start at `entry_price`, or, where the grid is `running`, of what it becomes at this price:
    its own cells keep the prices at which they open. Raises Invalid where lines or quantities can't be."""
    settled = resolve(parameters, rules)
    lines, shapes = shapes_of(settled, rules, entry_price, running)
    split = shares(settled, shapes, None if running is None else running.full(settled.strategy_type, entry_price))
    planned = _sized(shapes, quantities(settled, rules, split))
    if running is not None and running.keeps_lines and running.keeps_quantities:
        planned = running.cells
    elif running is not None:
        planned = _blended(planned, running.full(settled.strategy_type, entry_price))
    _require_orderable(settled, rules, planned, split)
    waiting = sorted((cell for cell in planned if cell.needs_inventory), key=lambda c: abs(c.lower - entry_price))
    needed = sum((cell.quantity for cell in waiting), ZERO)
    return Plan(
        lines=lines,
        cells=planned,
        budget=budget(settled),
        per_grid_amount=per_grid_amount(settled, split),
        inventory_side=settled.strategy_type.inventory_side if waiting else None,
        inventory_quantity=needed,
        inventory_cells=tuple(cell.cell_index for cell in waiting),
        inventory_orders=market_orders(needed, entry_price, rules),
        warnings=tuple(_warnings(parameters, settled, planned, entry_price)),
    )


def shapes_of(
    settled: Parameters, rules: SymbolRules, entry_price: Decimal, running: Running | None
) -> tuple[tuple[Decimal, ...], tuple[CellShape, ...]]:
    """The lines and the cells between them."""
    if running is None:
        lines = grid_lines(settled, rules)
        return lines, cells(lines, settled.strategy_type, entry_price)
    lines = running.lines if running.keeps_lines else grid_lines(settled, rules)
    return lines, cells(lines, settled.strategy_type, entry_price, running.by_lines)


def market_orders(quantity: Decimal, price: Decimal, rules: SymbolRules) -> tuple[Decimal, ...]:
    """`quantity` (base) as market orders of nearly equal size, floored to the market step; empty below its minimums."""
    steps = math.floor(Fraction(quantity) / Fraction(rules.market_step_size))
    whole = multiple(steps, rules.market_step_size)
    if whole < rules.market_min_quantity or whole <= 0 or whole * price < rules.min_notional:
        return ()
    most = math.floor(Fraction(rules.market_max_quantity) / Fraction(rules.market_step_size))
    count = math.ceil(Fraction(steps, most))
    each, rest = divmod(steps, count)
    return tuple(multiple(each + (1 if number < rest else 0), rules.market_step_size) for number in range(count))


def _sized(shapes: Sequence[CellShape], amounts: Sequence[Decimal]) -> tuple[PlannedCell, ...]:
    return tuple(
        PlannedCell(
            cell_index=shape.cell_index,
            lower=shape.lower,
            upper=shape.upper,
            opening_side=shape.opening_side,
            first_side=shape.first_side,
            needs_inventory=shape.needs_inventory,
            opening_price=shape.opening_price,
            quantity=quantity,
        )
        for shape, quantity in zip(shapes, amounts, strict=True)
    )


def _blended(planned: Sequence[PlannedCell], full: Full) -> tuple[PlannedCell, ...]:
    """What a full cell gains opens at the price of now."""
    return tuple(
        replace(cell, opening_price=_mean_price(cell, full.held[cell.between], full.price))
        if cell.between in full.held and cell.quantity > full.held[cell.between]
        else cell
        for cell in planned
    )


def _mean_price(cell: PlannedCell, held: Decimal, price: Decimal) -> Decimal:
    with localcontext(PRECISE):
        return (held * cell.opening_price + (cell.quantity - held) * price) / cell.quantity


def _require_orderable(settled: Parameters, rules: SymbolRules, planned: Sequence[PlannedCell], split: Shares) -> None:
    if any(not rules.is_orderable(cell.quantity, cell.lower) for cell in planned):
        least = smallest_investment(settled, rules, planned, split)
        raise _investment(
            "investment_too_small",
            f"a cell's quantity is below the minimum ({rules.min_quantity} or {rules.min_notional} USDT): "
            f"the smallest investment that passes is {least} USDT",
        )
    if any(cell.quantity > largest_quantity(rules, cell.lower) for cell in planned):
        most = largest_investment(settled, rules, planned, split)
        raise _investment(
            "quantity_too_large",
            f"a cell's quantity is above the maximum ({rules.max_quantity}): "
            f"the largest investment that passes is {most} USDT",
        )


def _investment(reason: str, message: str) -> Invalid:
    return Invalid(reason, message, {"total_investment": [message]})


def _warnings(
    parameters: Parameters, settled: Parameters, planned: Sequence[PlannedCell], entry_price: Decimal
) -> Iterator[Warning]:
    lower, upper = planned[0].lower, planned[-1].upper
    if settled.grid_number is not None and settled.upper_price != parameters.upper_price and _is_spaced(parameters):
        yield Warning(
            "upper_price_moved",
            f"{settled.grid_number} whole cells fit: the upper price is {upper}",
            {"upper_price": upper, "grid_number": settled.grid_number},
        )
    if (lower, upper) != (settled.lower_price, settled.upper_price):
        yield Warning(
            "rounded_to_tick",
            f"the range is {lower} to {upper}, rounded to the tick",
            {"lower_price": lower, "upper_price": upper},
        )
    if not lower <= entry_price <= upper:
        yield Warning(
            "entry_outside_range",
            f"the price {entry_price} is outside the range {lower} to {upper}",
            {"entry_price": entry_price, "lower_price": lower, "upper_price": upper},
        )
    if settled.strategy_type is StrategyType.NEUTRAL:
        yield from _balance_warnings(planned)


def _is_spaced(parameters: Parameters) -> bool:
    return parameters.grid_type is not GridType.CUSTOM and parameters.count_field != "grid_number"


def _balance_warnings(planned: Sequence[PlannedCell]) -> Iterator[Warning]:
    buying = sum(1 for cell in planned if cell.opening_side is Side.BUY)
    selling = len(planned) - buying
    if Fraction(max(buying, selling), len(planned)) > ONE_SIDED:
        yield Warning(
            "one_sided",
            f"{buying} cells start with BUY and {selling} with SELL: the grid leans to one side",
            {"buying": buying, "selling": selling},
        )
