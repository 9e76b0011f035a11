"""The guards on single fields: what can be judged without knowing the other quantities of the plan."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from core.domain.lines import MAX_CELLS, MIN_CELLS, ladder
from core.domain.parameters import GridType, MarginType, Parameters
from core.domain.risk import outwards, stop_pct_range, stop_prices, stop_range
from core.domain.symbol_rules import SymbolRules
from core.domain.trailing import trails_down, trails_up

MAX_DIGITS = 15  # before the point
MAX_DECIMALS = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field can't be as it is: `reason` for machines, `message` for people."""

    field: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class SymbolUse:
    """What the account's other strategies on the symbol trade with: both are one setting per symbol at the venue."""

    leverage: int
    margin_type: MarginType


def number_problems(parameters: Parameters) -> Iterator[Problem]:
    """Numbers that nobody means: exact arithmetic with them would take time and memory without end."""
    for name in (field.name for field in fields(parameters)):
        value = getattr(parameters, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, Decimal) and not _is_meant(number) for number in numbers):
            message = f"{name} must be between -1e{MAX_DIGITS} and 1e{MAX_DIGITS}, with at most {MAX_DECIMALS} decimals"
            yield Problem(name, "number_out_of_range", message)


def field_problems(parameters: Parameters, rules: SymbolRules) -> Iterator[Problem]:
    """Those that leave no lines or quantities to talk about."""
    if not rules.tradable:
        yield Problem("symbol", "symbol_not_tradable", f"{rules.symbol} can't be traded at present")
    if parameters.grid_type is GridType.CUSTOM:
        yield from _prices("lines", parameters.lines or (), rules)
    else:
        yield from _prices("lower_price", (parameters.lower_price,), rules)
        yield from _prices("upper_price", (parameters.upper_price,), rules)
        yield from _count_problems(parameters)
    yield from _money_problems(parameters, rules)


def other_problems(
    settled: Parameters, lines: Sequence[Decimal], entry_price: Decimal, rules: SymbolRules
) -> Iterator[Problem]:
    """Stops, trigger, trailing and the loss limit: what stands around the range's lines."""
    yield from _stop_problems(settled, lines[0], lines[-1], entry_price, rules)
    yield from _trailing_problems(settled, rules)
    if settled.trigger_price is not None:
        yield from _prices("trigger_price", (settled.trigger_price,), rules)
    if settled.cell_loss_limit is not None and settled.cell_loss_limit <= 0:
        yield Problem("cell_loss_limit", "cell_loss_limit_out_of_range", "cell_loss_limit must be above 0 USDT")


def order_count_problems(parameters: Parameters, number: int, rules: SymbolRules, other_orders: int) -> list[Problem]:
    """`other_orders` are the account's live orders on the symbol that are not this strategy's."""
    free = rules.max_num_orders - other_orders
    if number <= free:
        return []
    message = (
        f"{rules.symbol} allows {rules.max_num_orders} live orders and {other_orders} are in use: "
        f"the largest possible number of cells is {max(0, free)}"
    )
    return [Problem(parameters.count_field, "too_many_orders", message)]


def symbol_problems(parameters: Parameters, use: SymbolUse | None) -> Iterator[Problem]:
    """Conflicts with the account's other strategies on the symbol."""
    if use is None:
        return
    if use.leverage != parameters.leverage:
        message = f"another strategy trades {parameters.symbol} with leverage {use.leverage}: it must be the same"
        yield Problem("leverage", "symbol_leverage_differs", message)
    if use.margin_type is not parameters.margin_type:
        message = f"another strategy trades {parameters.symbol} with {use.margin_type} margin: it must be the same"
        yield Problem("margin_type", "symbol_margin_type_differs", message)


def _is_meant(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MAX_DECIMALS and number.adjusted() < MAX_DIGITS


def _prices(field: str, prices: Iterable[Decimal], rules: SymbolRules) -> Iterator[Problem]:
    lowest = max(rules.min_price, rules.tick_size)
    if any(not lowest <= price <= rules.max_price for price in prices):
        yield Problem(field, "price_out_of_range", f"{field} must be between {lowest} and {rules.max_price}")


def _count_problems(parameters: Parameters) -> Iterator[Problem]:
    allowed = f"between {MIN_CELLS} and {MAX_CELLS}"
    if parameters.lines is not None:
        yield Problem("lines", "lines_not_custom", "lines are for grid_type CUSTOM only")
    if parameters.grid_spacing is not None and parameters.grid_type is not GridType.ARITHMETIC:
        message = "grid_spacing is for grid_type ARITHMETIC only: give grid_spacing_pct or grid_number"
        yield Problem("grid_spacing", "spacing_not_allowed", message)
    elif parameters.grid_spacing is not None and parameters.grid_spacing_pct is not None:
        message = "give grid_spacing or grid_spacing_pct, not both"
        yield Problem("grid_spacing_pct", "spacing_given_twice", message)
    elif parameters.count_field == "grid_number" and parameters.grid_number is None:
        yield Problem("grid_number", "grid_number_missing", f"give grid_number, {allowed}, or a spacing")


def _money_problems(parameters: Parameters, rules: SymbolRules) -> Iterator[Problem]:
    if parameters.total_investment <= 0:
        yield Problem("total_investment", "investment_out_of_range", "total_investment must be above 0 USDT")
    if not 1 <= parameters.leverage <= rules.max_leverage:
        message = f"leverage must be between 1 and {rules.max_leverage}"
        yield Problem("leverage", "leverage_out_of_range", message)
    if not 0 <= parameters.reserve < 1:
        yield Problem("reserve", "reserve_out_of_range", "reserve must be at least 0 and below 1")


def _stop_problems(
    parameters: Parameters, lower: Decimal, upper: Decimal, entry_price: Decimal, rules: SymbolRules
) -> Iterator[Problem]:
    given_twice = False
    for name, absolute, pct in (
        ("stop_loss", parameters.stop_loss, parameters.stop_loss_pct),
        ("take_profit", parameters.take_profit, parameters.take_profit_pct),
    ):
        if absolute is not None and pct is not None:
            given_twice = True
            yield Problem(f"{name}_pct", "stop_given_twice", f"give {name} or {name}_pct, not both")
    if not given_twice:
        yield from _stop_price_problems(parameters, lower, upper, entry_price, rules)


def _stop_price_problems(
    parameters: Parameters, lower: Decimal, upper: Decimal, entry_price: Decimal, rules: SymbolRules
) -> Iterator[Problem]:
    prices = stop_prices(parameters, lower, upper, rules)
    fields = (
        "stop_loss" if parameters.stop_loss_pct is None else "stop_loss_pct",
        "take_profit" if parameters.take_profit_pct is None else "take_profit_pct",
    )
    for field, price, direction in zip(fields, prices, outwards(parameters.strategy_type), strict=True):
        if price is None:
            continue
        lowest, highest = stop_range(direction, lower, upper, None, rules)
        allowed = _allowed_stop(field, direction, lower, upper, entry_price, rules)
        if not lowest <= price <= highest:
            message = f"a {parameters.strategy_type} grid's {field} must be {allowed}, but lies at {price}"
            yield Problem(field, "stop_out_of_range", message)
        elif entry_price <= price if direction < 0 else entry_price >= price:
            message = f"the price {entry_price} is beyond {field} ({price}) already: it must be {allowed}"
            yield Problem(field, "entry_beyond_stop", message)


def _allowed_stop(  # noqa: PLR0917 - a field and what its range depends on
    field: str, direction: int, lower: Decimal, upper: Decimal, entry_price: Decimal, rules: SymbolRules
) -> str:
    if field.endswith("_pct"):
        least, most = stop_pct_range(direction, lower, upper, entry_price, rules)
        return f"between {least} and {most} %"
    lowest, highest = stop_range(direction, lower, upper, entry_price, rules)
    return f"a price between {lowest} and {highest}"


def _trailing_problems(settled: Parameters, rules: SymbolRules) -> Iterator[Problem]:
    if settled.trailing_up is not None:
        if not trails_up(settled.grid_type, settled.strategy_type):
            yield _no_trailing("trailing_up", settled)
        else:
            first = ladder(settled, rules)((settled.grid_number or 0) + 1)
            yield from _limit_problem("trailing_up", settled.trailing_up, first, rules.max_price)
    if settled.trailing_down is not None:
        if not trails_down(settled.grid_type, settled.strategy_type):
            yield _no_trailing("trailing_down", settled)
        else:
            first = ladder(settled, rules)(-1)
            yield from _limit_problem(
                "trailing_down", settled.trailing_down, max(rules.min_price, rules.tick_size), first
            )


def _limit_problem(field: str, limit: Decimal, lowest: Decimal, highest: Decimal) -> Iterator[Problem]:
    if not lowest <= limit <= highest:
        message = f"{field} must be between {lowest} and {highest}, so that at least one step is possible"
        yield Problem(field, "trailing_out_of_range", message)


def _no_trailing(field: str, settled: Parameters) -> Problem:
    message = f"a {settled.strategy_type} {settled.grid_type} grid has no {field}"
    return Problem(field, "trailing_not_allowed", message)
