"""Judges what a user asks for, at creation, in previews and at the start: one code, every reason, every range."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import pairwise

from core.domain.backing import Backing
from core.domain.checks import (
    Problem,
    SymbolUse,
    field_problems,
    number_problems,
    order_count_problems,
    other_problems,
    symbol_problems,
)
from core.domain.exposure import worst_notional
from core.domain.outlook import outlook
from core.domain.parameters import GridType, Parameters
from core.domain.plan import Plan, Running, Warning, plan
from core.domain.profit import least_height_pct, net_profit, pays
from core.domain.ranges import (
    Range,
    basic_ranges,
    investment_range,
    leverage_range,
    ranges_of,
    shape_ranges,
    smallest_spacing,
)
from core.domain.risk import max_leverage
from core.domain.sketch import Sketch, most_cells_that_pay, pay, sketch, with_cells
from core.domain.symbol_rules import SymbolRules
from core.errors import Conflict, Invalid

__all__ = ["Range", "Review", "SymbolUse", "Warning", "raise_for_errors", "review"]

CONFLICTS = frozenset({"symbol_leverage_differs", "symbol_margin_type_differs"})


@dataclass(frozen=True, slots=True)
class Review:
    """The verdict: `errors` are sentences by field, `reason` the code of the first. Without errors there is a `plan`.

    Profits in percent per round trip after both maker fees; margin and loss in quote. The liquidation prices are where
    the grid is liquidated with all opening orders of a side filled; None where it is not, or where there is no plan.
    """

    errors: dict[str, list[str]]
    reason: str | None
    find_ranges: Callable[[], dict[str, Range]] = field(compare=False)
    warnings: tuple[Warning, ...] = ()
    plan: Plan | None = None
    net_profit_min_pct: Decimal | None = None
    net_profit_max_pct: Decimal | None = None
    margin_required: Decimal | None = None
    liquidation_lower: Decimal | None = None
    liquidation_upper: Decimal | None = None
    maximum_loss: Decimal | None = None

    @property
    def ranges(self) -> dict[str, Range]:
        """What each field may be. Worked out when asked for: it takes many times as long as the verdict."""
        return self.find_ranges()


def review(  # noqa: PLR0917 - what is asked, then what surrounds it
    parameters: Parameters,
    rules: SymbolRules,
    entry_price: Decimal,
    available_balance: Decimal | None = None,
    other_orders: int = 0,
    symbol_use: SymbolUse | None = None,
    running: Running | None = None,
    backing: Backing | None = None,
) -> Review:
    """The verdict for a start at `entry_price`.

    `available_balance` in quote, None where it is not asked for; `other_orders` are the account's live orders on the
    symbol that are not this strategy's; `symbol_use` is what its other strategies on the symbol trade with;
    `running` the grid's own cells where it runs already, and the verdict is on what it becomes; `backing` what else its
    account has and holds, where that is known.
    """
    problems = list(number_problems(parameters)) or list(field_problems(parameters, rules))
    if problems:
        return _refusal(problems, partial(basic_ranges, rules))
    try:
        grid = sketch(parameters, rules, entry_price, available_balance, other_orders, running=running)
    except Invalid as error:
        found = partial(_ranges_without_lines, parameters, rules, entry_price, other_orders)
        return _refusal(_from(error), found)
    may_be_at_limit = running is not None and running.keeps_lines and running.keeps_limits
    problems += [*_grid_problems(grid, may_be_at_limit), *_balance_problems(grid)]
    try:
        planned = plan(parameters, rules, entry_price, running)
    except Invalid as error:
        found = partial(ranges_of, grid)
        return _refusal([*problems, *_from(error), *symbol_problems(parameters, symbol_use)], found)
    problems += [*_leverage_problems(grid, planned), *symbol_problems(parameters, symbol_use)]
    return _verdict(grid, planned, problems, symbol_use is not None, backing)


def raise_for_errors(verdict: Review) -> None:
    """Raises Conflict where only other strategies stand in the way, Invalid for anything else that is wrong."""
    if verdict.reason is None:
        return
    message = next(iter(verdict.errors.values()))[0]
    if verdict.reason in CONFLICTS:
        raise Conflict(verdict.reason, message)
    raise Invalid(verdict.reason, message, verdict.errors)


def _verdict(
    grid: Sketch, planned: Plan, problems: Sequence[Problem], shares_symbol: bool, backing: Backing | None
) -> Review:
    seen = outlook(grid.settled, planned, grid.rules, shares_symbol, backing)
    return Review(
        errors=_by_field(problems),
        reason=problems[0].reason if problems else None,
        find_ranges=partial(ranges_of, grid),
        warnings=(*planned.warnings, *seen.warnings),
        plan=planned,
        net_profit_min_pct=seen.net_profit_min_pct,
        net_profit_max_pct=seen.net_profit_max_pct,
        margin_required=grid.settled.total_investment,
        liquidation_lower=seen.liquidation_lower,
        liquidation_upper=seen.liquidation_upper,
        maximum_loss=seen.maximum_loss,
    )


def _refusal(problems: Sequence[Problem], find_ranges: Callable[[], dict[str, Range]]) -> Review:
    return Review(errors=_by_field(problems), reason=problems[0].reason, find_ranges=find_ranges)


def _by_field(problems: Sequence[Problem]) -> dict[str, list[str]]:
    errors = defaultdict(list)
    for problem in problems:
        errors[problem.field].append(problem.message)
    return dict(errors)


def _from(error: Invalid) -> list[Problem]:
    return [Problem(field, error.reason, text) for field, texts in error.fields.items() for text in texts]


def _ranges_without_lines(
    parameters: Parameters, rules: SymbolRules, entry_price: Decimal, other_orders: int
) -> dict[str, Range]:
    """The shape that would be possible, told from the same range with the fewest cells."""
    if parameters.grid_type is GridType.CUSTOM:
        return basic_ranges(rules)
    try:
        fewest = sketch(with_cells(parameters, 2), rules, entry_price, None, other_orders)
    except Invalid:
        return basic_ranges(rules)
    return basic_ranges(rules) | shape_ranges(fewest)


def _grid_problems(grid: Sketch, may_be_at_limit: bool) -> Iterator[Problem]:
    """A range that has trailed to its limit may stay there."""
    number = len(grid.shapes)
    yield from order_count_problems(grid.parameters, number, grid.rules, grid.other_orders)
    for problem in other_problems(grid.settled, grid.lines, grid.entry_price, grid.rules):
        if not may_be_at_limit or problem.reason != "trailing_out_of_range":
            yield problem
    if not pays(grid.lines, grid.rules.maker_fee):
        field = grid.parameters.count_field
        yield Problem(field, "spacing_below_fees", f"a cell earns less than its two fees: {_remedy(grid, field)}")


def _remedy(grid: Sketch, field: str) -> str:
    fee, number = grid.rules.maker_fee, len(grid.shapes)
    if field == "lines":
        lower, upper = next(pair for pair in pairwise(grid.lines) if net_profit(*pair, fee) <= 0)
        return f"the lines {lower} and {upper} must be at least {least_height_pct(fee)} % apart"
    most = most_cells_that_pay(grid, number - 1 if field == "grid_number" else number)
    if most is None:
        return f"not even two cells of {least_height_pct(fee)} % fit into this range, widen it"
    if field != "grid_number":
        return f"the smallest {field} that pays is {smallest_spacing(grid, field, most, pay)}"
    spacing = "grid_spacing" if grid.settled.grid_type is GridType.ARITHMETIC else "grid_spacing_pct"
    smallest = smallest_spacing(grid, spacing, most, pay)
    return f"the smallest {spacing} that pays is {smallest}, the largest number of cells {most}"


def _balance_problems(grid: Sketch) -> Iterator[Problem]:
    """The worst case needs the investment as margin: the budget is what it carries at this leverage, less a reserve."""
    needed, available = grid.settled.total_investment, grid.available_balance
    if available is not None and needed > available:
        message = f"the grid needs {needed} USDT of margin, available are {available} USDT"
        yield Problem("total_investment", "insufficient_balance", message)


def _leverage_problems(grid: Sketch, planned: Plan) -> Iterator[Problem]:
    notional = worst_notional(planned)
    if grid.settled.leverage <= max_leverage(notional, grid.rules.brackets):
        return
    most = leverage_range(grid).maximum
    if most:
        message = f"a position of up to {notional} USDT allows no such leverage: it must be between 1 and {most}"
        yield Problem("leverage", "leverage_above_bracket", message)
    else:
        largest = investment_range(grid).maximum
        message = f"a position of up to {notional} USDT is more than {grid.rules.symbol} allows with any leverage"
        yield Problem(
            "total_investment", "investment_above_bracket", f"{message}: the investment must be at most {largest} USDT"
        )
