"""Accounts and what each holds in a symbol."""

from dataclasses import dataclass, field
from decimal import Decimal

from core.paper.engine.numbers import ZERO, average, round8
from core.paper.engine.orders import Algo, Order
from core.paper.engine.rules import Rules

DEFAULT_LEVERAGE = 20


@dataclass(slots=True, eq=False)
class Holding:
    """An account's position, orders and settings in one symbol.

    `quantity` is signed (base), `cost` is signed quantity * entry price (quote). `bids` and `asks` are the notional of
    its resting orders that are not reduce-only, kept as running sums.
    """

    symbol: str
    leverage: int = DEFAULT_LEVERAGE
    isolated: bool = False
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    realized: Decimal = ZERO
    updated: int = 0
    bids: Decimal = ZERO
    asks: Decimal = ZERO
    orders: dict[int, Order] = field(default_factory=dict)
    client_ids: dict[str, Order] = field(default_factory=dict)
    reduce_only: dict[int, Order] = field(default_factory=dict)
    reduce_quantity: Decimal = ZERO
    calm_version: int = -1
    calm_low: Decimal = ZERO
    calm_high: Decimal = ZERO

    @property
    def entry_price(self) -> Decimal:
        return average(self.cost, self.quantity)

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.quantity * mark - self.cost

    def closable(self, sign: int) -> Decimal:
        """How much of the position an order of that sign would close (base)."""
        return max(ZERO, -sign * self.quantity)

    def add_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self.client_ids[order.client_id] = order
        if order.reduce_only:
            self.reduce_only[order.id] = order
            self.reduce_quantity += order.remaining
        else:
            self._add_notional(order.sign, order.remaining * order.price)

    def shrink_order(self, order: Order, quantity: Decimal) -> None:
        """A resting order has `quantity` less to go."""
        if order.reduce_only:
            self.reduce_quantity -= quantity
        else:
            self._add_notional(order.sign, -quantity * order.price)

    def remove_order(self, order: Order) -> None:
        self.shrink_order(order, order.remaining)
        del self.orders[order.id]
        self.reduce_only.pop(order.id, None)
        if self.client_ids.get(order.client_id) is order:
            del self.client_ids[order.client_id]

    def _add_notional(self, sign: int, notional: Decimal) -> None:
        if sign > 0:
            self.bids += notional
        else:
            self.asks += notional

    def trade(self, signed: Decimal, price: Decimal) -> Decimal:
        """Moves the position by a fill and returns the profit it realised (quote, 8 decimals).

        What rounding takes from the profit stays in the cost, so that wallet plus unrealised profit is always exact.
        """
        if self.quantity * signed >= 0:
            self.quantity += signed
            self.cost += signed * price
            return ZERO
        closed = max(signed, -self.quantity) if signed < 0 else min(signed, -self.quantity)
        realized = round8(-closed * price + self.cost * closed / self.quantity)
        self.cost += closed * price + realized
        self.quantity += closed
        if not self.quantity:
            self.quantity = signed - closed
            self.cost = self.quantity * price
        self.realized += realized
        return realized


@dataclass(slots=True, eq=False)
class Account:
    """`wallet` is in USDT. Exactly one of `secret` (HMAC) and `public_key` (Ed25519, PEM) is set."""

    id: int
    api_key: str
    secret: str
    public_key: str
    created: int
    wallet: Decimal = ZERO
    isolated_total: Decimal = ZERO
    hedge_mode: bool = False
    multi_assets: bool = False
    listen_key: str = ""
    listen_key_until: int = 0
    holdings: dict[str, Holding] = field(default_factory=dict)
    algos: dict[int, Algo] = field(default_factory=dict)
    version: int = 0

    @property
    def cross_wallet(self) -> Decimal:
        return self.wallet - self.isolated_total

    def holding(self, symbol: str, rules: Rules) -> Holding:
        found = self.holdings.get(symbol)
        if found is None:
            leverage = min(DEFAULT_LEVERAGE, rules.max_leverage)
            found = self.holdings[symbol] = Holding(symbol, leverage)
        return found

    def move_isolated(self, holding: Holding, amount: Decimal) -> None:
        """From the cross wallet into a position's own, or back (negative)."""
        holding.isolated_wallet += amount
        self.isolated_total += amount


def isolated_share(holding: Holding, signed: Decimal, price: Decimal) -> Decimal:
    """What a fill moves into an isolated position's wallet: margin for what it opens, less the share of what it closes.

    To be asked before the fill moves the position.
    """
    held = abs(holding.quantity)
    closed = min(abs(signed), holding.closable(1 if signed > 0 else -1))
    released = ZERO
    if closed:
        released = holding.isolated_wallet if closed == held else round8(holding.isolated_wallet * closed / held)
    return round8((abs(signed) - closed) * price / holding.leverage) - released
