"""What a whole grid can come to hold, where that is liquidated, and what it can lose at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.order import Side
from core.domain.parameters import MarginType, Parameters
from core.domain.plan import Plan, PlannedCell
from core.domain.risk import liquidation_price
from core.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Exposure:
    """All opening orders of one side filled: `quantity` in base, `notional` at their own prices and `fees` in quote."""

    side: Side
    quantity: Decimal
    notional: Decimal
    fees: Decimal

    @property
    def position(self) -> Decimal:
        return self.side.sign * self.quantity

    @property
    def entry_price(self) -> Decimal:
        return PRECISE.divide(self.notional, self.quantity)


def exposures(planned: Plan, rules: SymbolRules) -> dict[Side, Exposure]:
    """The worst case of each side that the grid can hold."""
    sides = {cell.opening_side for cell in planned.cells}
    return {side: _exposure(side, planned, rules) for side in Side if side in sides}


def worst_notional(planned: Plan) -> Decimal:
    """The larger of the two sides' notionals (quote) once all their opening orders have filled."""
    return max(_notional(planned, side) for side in Side)


def grid_liquidation(parameters: Parameters, exposure: Exposure, rules: SymbolRules) -> Decimal | None:
    """Where the worst case of one side is liquidated with the strategy's own money, to the nearest tick.

    Behind a cross-margined grid stands its investment, behind an isolated one the margin of the position.
    """
    with localcontext(PRECISE):
        wallet = parameters.total_investment - exposure.fees
        if parameters.margin_type is MarginType.ISOLATED:
            wallet = exposure.notional / parameters.leverage
    price = liquidation_price(exposure.position, exposure.entry_price, wallet, rules.brackets)
    return None if price is None else rules.round_price(price)


def maximum_loss(
    parameters: Parameters,
    held: Mapping[Side, Exposure],
    liquidations: Mapping[Side, Decimal | None],
    bounds: Mapping[Side, Decimal],
    rules: SymbolRules,
) -> Decimal:
    """The most (quote) that either side loses: at its stop, at a price of zero, or the whole investment if liquidated.

    A cross-margined account that holds more than the investment can lose more in a liquidation.
    """
    return max(
        _loss(parameters, exposure, liquidations.get(side), bounds.get(side), rules) for side, exposure in held.items()
    )


def is_before(first: Decimal, second: Decimal, side: Side) -> bool:
    """Whether a price that moves against exposure of `side` passes `first` before `second`, or both at once."""
    return first >= second if side is Side.BUY else first <= second


def _exposure(side: Side, planned: Plan, rules: SymbolRules) -> Exposure:
    opened = [cell for cell in planned.cells if cell.opening_side is side]
    with localcontext(EXACT):
        quantity = sum((cell.quantity for cell in opened), ZERO)
        fees = sum((_opening_fee(cell, rules) for cell in opened), ZERO)
    return Exposure(side, quantity, _notional(planned, side), fees)


def _notional(planned: Plan, side: Side) -> Decimal:
    with localcontext(EXACT):
        opened = (cell.quantity * cell.opening_price for cell in planned.cells if cell.opening_side is side)
        return sum(opened, ZERO)


def _opening_fee(cell: PlannedCell, rules: SymbolRules) -> Decimal:
    fee = rules.taker_fee if cell.needs_inventory else rules.maker_fee
    return cell.quantity * cell.opening_price * fee


def _loss(
    parameters: Parameters, exposure: Exposure, liquidation: Decimal | None, bound: Decimal | None, rules: SymbolRules
) -> Decimal:
    if liquidation is not None and (bound is None or is_before(liquidation, bound, exposure.side)):
        return parameters.total_investment
    with localcontext(EXACT):
        left = exposure.quantity * (bound or ZERO)
        return exposure.side.sign * (exposure.notional - left) + exposure.fees + left * rules.taker_fee
