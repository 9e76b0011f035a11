"""Liquidation: closing what its margin no longer carries."""

from decimal import Decimal

from core.paper.engine import events, margin
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import Exchange, Seat
from core.paper.engine.fills import book_trade, end
from core.paper.engine.market import Market
from core.paper.engine.orders import Order

_LIQUIDATED = "5"  # expiry reason
_STEEPEST = Decimal("1.5")  # equity less maintenance changes by at most this much per unit of notional moved


def check_holders(exchange: Exchange, market: Market) -> None:
    """Looks at every position in the market, but only closely at those whose price left the band known to be calm."""
    for account_id, holding in list(market.holders.items()):
        account = exchange.accounts[account_id]
        if holding.calm_version == account.version and holding.calm_low < market.price < holding.calm_high:
            continue
        if holding.isolated:
            _check_isolated(Seat(exchange, account, holding, market))
        else:
            _check_cross(exchange, account)


def _check_isolated(seat: Seat) -> None:
    one = margin.stake(seat.holding, seat.market)
    spare = seat.holding.isolated_wallet + one.unrealized - one.maintenance
    if spare > 0:
        _stay_calm(seat, spare)
        return
    _expire_orders(seat)
    backing = seat.holding.isolated_wallet
    _cover(seat.exchange, seat.account, -(backing + _close(seat)))


def _check_cross(exchange: Exchange, account: Account) -> None:
    """All cross positions stand and fall together: each may use its share of what is spare before the next look."""
    totals = margin.totals(account, exchange.markets)
    spare = totals.cross_wallet + totals.cross_unrealized - totals.cross_maintenance
    crossed = [exchange.seat(account, symbol) for symbol, one in account.holdings.items() if not one.isolated]
    held = [seat for seat in crossed if seat.holding.quantity]
    if spare > 0:
        for seat in held:
            _stay_calm(seat, spare / len(held))
        return
    for seat in crossed:
        _expire_orders(seat)
    for seat in held:
        _close(seat)
    _cover(exchange, account, -account.cross_wallet)


def _stay_calm(seat: Seat, spare: Decimal) -> None:
    """Notes the band of prices in which this position can't have used up `spare` (quote)."""
    holding, price = seat.holding, seat.market.price
    width = spare / (abs(holding.quantity) * _STEEPEST)
    holding.calm_version = seat.account.version
    holding.calm_low, holding.calm_high = price - width, price + width


def _expire_orders(seat: Seat) -> None:
    for order in list(seat.holding.orders.values()):
        end(seat, order, "EXPIRED", _LIQUIDATED)


def _close(seat: Seat) -> Decimal:
    """Closes a position at the mark with an order of the venue's own; what that did to the wallet (quote)."""
    order = _closing_order(seat.exchange, seat.account, seat.holding, seat.market.price)
    seat.tell(events.order_update(order, seat.holding, "NEW", order.time))
    trade = book_trade(seat, order, order.quantity, seat.market.price, maker=False)
    order.filled, order.quote, order.status = order.quantity, order.quantity * order.price, "FILLED"
    seat.exchange.keep_order(order)
    seat.tell(events.account_update(seat.account, seat.holding, seat.market.price, trade.time))
    seat.tell(events.order_update(order, seat.holding, "CALCULATED", trade.time, trade=trade))
    return trade.realized - trade.fee


def _closing_order(exchange: Exchange, account: Account, holding: Holding, mark: Decimal) -> Order:
    now = exchange.now()
    order_id = exchange.next_order_id()
    return Order(
        id=order_id,
        account_id=account.id,
        symbol=holding.symbol,
        client_id=f"autoclose-{order_id}",
        side="SELL" if holding.quantity > 0 else "BUY",
        type="LIMIT",
        time_in_force="IOC",
        quantity=abs(holding.quantity),
        price=mark,
        reduce_only=False,
        time=now,
        updated=now,
        original_type="LIMIT",
    )


def _cover(exchange: Exchange, account: Account, shortfall: Decimal) -> None:
    """What the liquidated margin could not pay (quote), the insurance fund does."""
    if shortfall > 0:
        exchange.book(account, "", "INSURANCE_CLEAR", shortfall)
        exchange.tell(account, events.insurance_update(account, exchange.now(), shortfall))
