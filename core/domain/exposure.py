"""What a whole grid can come to hold, where that is liquidated, and what it can lose at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.domain.backing import Backing, liquidation_beside
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.order import Side
from core.domain.parameters import MarginType, Parameters
from core.domain.plan import Plan, PlannedCell
from core.domain.risk import is_before
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


def grid_liquidation(
    parameters: Parameters, exposure: Exposure, rules: SymbolRules, backing: Backing | None = None
) -> Decimal | None:
    """Where the worst case of one side is liquidated, to the nearest tick.

    Behind a cross-margined grid stands its account, or its investment where no account is known; behind an isolated one
    the margin of the position.
    """
    beside = backing or Backing(parameters.total_investment)
    with localcontext(PRECISE):
        wallet = beside.spare - exposure.fees
        if parameters.margin_type is MarginType.ISOLATED:
            wallet = (exposure.notional + abs(beside.cost)) / parameters.leverage
    price = liquidation_beside(exposure.side, exposure.quantity, exposure.notional, wallet, beside, rules)
    return None if price is None else rules.round_price(price)


def maximum_loss(  # noqa: PLR0917 - what is held, and where it ends
    parameters: Parameters,
    held: Mapping[Side, Exposure],
    liquidations: Mapping[Side, Decimal | None],
    bounds: Mapping[Side, Decimal],
    rules: SymbolRules,
    backing: Backing | None = None,
) -> Decimal:
    """The most (quote) that either side loses: at its stop, at a price of zero, or where it is liquidated. Where only
    the investment is behind it, that is all that a liquidation can take."""
    most = None if backing is not None and parameters.margin_type is MarginType.CROSSED else parameters.total_investment
    return max(
        _loss(exposure, liquidations.get(side), bounds.get(side), rules, most) for side, exposure in held.items()
    )


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
    exposure: Exposure,
    liquidation: Decimal | None,
    bound: Decimal | None,
    rules: SymbolRules,
    most: Decimal | None,
) -> Decimal:
    if liquidation is not None and (bound is None or is_before(liquidation, bound, exposure.side)):
        if most is not None:
            return most
        bound = liquidation
    with localcontext(EXACT):
        left = exposure.quantity * (bound or ZERO)
        return exposure.side.sign * (exposure.notional - left) + exposure.fees + left * rules.taker_fee
