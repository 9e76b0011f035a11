"""What stands behind and beside a grid in its account: a cross-margined one shares everything, and whatever the account
holds on the same symbol is one position with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from core.domain.exact import EXACT, PRECISE
from core.domain.order import Side
from core.domain.risk import is_before, liquidation_price
from core.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Resting:
    """An order on the symbol that is not the grid's: what is left of it, base, at its price, quote."""

    side: Side
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Backing:
    """`spare`: the cross-margined wallet with what the positions on other symbols have gained or lost, less the
    maintenance margin that they need (quote, at their marks of now). `position` (base, signed) is held on the symbol
    beside the grid, for `cost` (quote, signed as the position); `orders` rest there beside the grid's."""

    spare: Decimal
    position: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    orders: Sequence[Resting] = ()

    def without(self, position: Decimal, cost: Decimal) -> "Backing":
        with localcontext(EXACT):
            return replace(self, position=self.position - position, cost=self.cost - cost)


def liquidation_beside(  # noqa: PLR0917 - an exposure, and what is behind and beside it
    side: Side, quantity: Decimal, notional: Decimal, wallet: Decimal, backing: Backing, rules: SymbolRules
) -> Decimal | None:
    """Where exposure of `side` (`quantity` in base, opened for `notional`, quote) is liquidated with all that is beside
    it and `wallet` (quote) behind it; orders of others join it when the price reaches them first. None if nowhere."""
    with localcontext(PRECISE):
        position, cost = backing.position + side.sign * quantity, backing.cost + side.sign * notional
        price = _price(side, position, cost, wallet, rules)
        for order in _on_the_way(side, backing.orders):
            if price is not None and is_before(price, order.price, side):
                break
            worth = order.quantity * order.price
            position, cost = position + side.sign * order.quantity, cost + side.sign * worth
            wallet -= worth * rules.maker_fee
            price = _price(side, position, cost, wallet, rules)
            if price is not None and is_before(price, order.price, side):
                return order.price  # its fill is more than the margin carries
        return price


def _on_the_way(side: Side, orders: Sequence[Resting]) -> list[Resting]:
    """Those that add to the exposure, as a price that moves against it reaches them."""
    return sorted((one for one in orders if one.side is side), key=lambda one: -side.sign * one.price)


def _price(side: Side, position: Decimal, cost: Decimal, wallet: Decimal, rules: SymbolRules) -> Decimal | None:
    """None where what is beside it leaves no exposure of this side."""
    if position * side.sign <= 0:
        return None
    return liquidation_price(position, cost / position, wallet, rules.brackets)
