"""What a plan promises and risks: profit per grid, liquidation prices, maximum loss, and the warnings about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.domain.backing import Backing
from core.domain.exposure import exposures, grid_liquidation, maximum_loss
from core.domain.order import Side
from core.domain.parameters import Parameters, StrategyType
from core.domain.plan import Plan, Warning
from core.domain.profit import is_comfortable, profit_range
from core.domain.risk import is_before, losing_bounds, stop_prices
from core.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Outlook:
    """Profits in percent per round trip after both maker fees; `maximum_loss` in quote.

    The liquidation prices are those with all opening orders of a side filled; None where there is none.
    """

    net_profit_min_pct: Decimal
    net_profit_max_pct: Decimal
    liquidation_lower: Decimal | None
    liquidation_upper: Decimal | None
    maximum_loss: Decimal
    warnings: tuple[Warning, ...]


def outlook(
    parameters: Parameters,
    planned: Plan,
    rules: SymbolRules,
    shares_symbol: bool = False,
    backing: Backing | None = None,
) -> Outlook:
    """`shares_symbol`: whether other strategies of the account trade it too; `backing`: the account, where known."""
    held = exposures(planned, rules)
    liquidations = {side: grid_liquidation(parameters, exposure, rules, backing) for side, exposure in held.items()}
    stops = stop_prices(parameters, planned.lines[0], planned.lines[-1], rules)
    bounds = losing_bounds(parameters.strategy_type, *stops)
    least, most = profit_range(planned.lines, rules.maker_fee)
    return Outlook(
        net_profit_min_pct=least,
        net_profit_max_pct=most,
        liquidation_lower=liquidations.get(Side.BUY),
        liquidation_upper=liquidations.get(Side.SELL),
        maximum_loss=maximum_loss(parameters, held, liquidations, bounds, rules, backing),
        warnings=(
            *_fee_warnings(planned, rules, least),
            *_liquidation_warnings(planned, liquidations, bounds),
            *_protection_warnings(parameters, bounds, shares_symbol),
        ),
    )


def _fee_warnings(planned: Plan, rules: SymbolRules, least_profit_pct: Decimal) -> Iterator[Warning]:
    if not is_comfortable(planned.lines, rules.maker_fee):
        yield Warning(
            "thin_profit",
            f"the thinnest cell is less than 1.25 times as high as its two fees: {least_profit_pct} % remain",
            {"net_profit_min_pct": least_profit_pct},
        )


def _protection_warnings(
    parameters: Parameters, bounds: Mapping[Side, Decimal], shares_symbol: bool
) -> Iterator[Warning]:
    """A stop that rests at the exchange closes the position; only a grid of one direction, alone on its symbol, can
    keep its remaining orders from opening another one if Gridkeeper is down then."""
    if bounds and (shares_symbol or parameters.strategy_type is StrategyType.NEUTRAL):
        yield Warning(
            "reopens_after_stop",
            "if Gridkeeper is down when the stop at the exchange fires, the orders that remain may open a new position",
            {},
        )


def _liquidation_warnings(
    planned: Plan, liquidations: Mapping[Side, Decimal | None], bounds: Mapping[Side, Decimal]
) -> Iterator[Warning]:
    for side, price in liquidations.items():
        edge = planned.lines[0] if side is Side.BUY else planned.lines[-1]
        if price is None:
            continue
        if is_before(price, edge, side):
            message = f"the grid is liquidated at about {price}, inside its range"
            yield Warning("liquidation_inside_range", message, {"liquidation_price": price, "edge": edge})
        elif side in bounds and is_before(price, bounds[side], side):
            message = f"the grid is liquidated at about {price}, before its stop at {bounds[side]}"
            yield Warning("liquidation_before_stop", message, {"liquidation_price": price, "stop": bounds[side]})
