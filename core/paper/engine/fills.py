"""Filling orders: trades, fees, positions, and what a smaller position does to reduce-only orders."""

from collections.abc import Iterator
from decimal import Decimal

from core.paper.engine import events
from core.paper.engine.accounts import Holding, isolated_share
from core.paper.engine.exchange import MAKER_FEE, TAKER_FEE, Seat
from core.paper.engine.numbers import ZERO, round8
from core.paper.engine.orders import Order, Trade

_NO_ROOM = "4"  # expiry reason: the order would no longer only reduce


def fill(seat: Seat, order: Order, price: Decimal, maker: bool) -> None:
    """Fills an order whole, or in pieces. A reduce-only one fills as far as the position goes; its rest expires.

    A taker is announced here, because the venue's first word of it comes after its first trade's.
    """
    room = min(order.remaining, seat.holding.closable(order.sign)) if order.reduce_only else order.remaining
    for quantity in _pieces(room, seat.market.rules.lot.step, seat.exchange.pieces()):
        _fill_piece(seat, order, quantity, price, maker)
    if order.is_open:
        end(seat, order, "EXPIRED", _NO_ROOM)
    trim_reduce_only(seat)


def _pieces(quantity: Decimal, step: Decimal, count: int) -> Iterator[Decimal]:
    """`quantity` in up to `count` parts of whole steps."""
    part = quantity / count // step * step
    if count > 1 and part:
        yield from [part] * (count - 1)
        quantity -= part * (count - 1)
    if quantity:
        yield quantity


def _fill_piece(seat: Seat, order: Order, quantity: Decimal, price: Decimal, maker: bool) -> None:
    is_first_word = not maker and not order.filled
    trade = book_trade(seat, order, quantity, price, maker)
    seat.tell(events.trade_lite(order, trade))
    if is_first_word:
        seat.tell(events.order_update(order, seat.holding, "NEW", trade.time))
    _advance(seat.holding, order, trade)
    seat.exchange.keep_order(order)
    seat.tell(events.account_update(seat.account, seat.holding, seat.market.price, trade.time))
    seat.tell(events.order_update(order, seat.holding, "TRADE", trade.time, trade=trade))


def book_trade(seat: Seat, order: Order, quantity: Decimal, price: Decimal, maker: bool) -> Trade:
    """Moves the position and writes the trade and its ledger lines; the order itself is the caller's."""
    exchange, account, holding = seat.exchange, seat.account, seat.holding
    if holding.isolated:
        account.move_isolated(holding, isolated_share(holding, order.sign * quantity, price))
    trade = Trade(
        id=seat.market.next_trade_id(),
        order_id=order.id,
        account_id=account.id,
        symbol=order.symbol,
        side=order.side,
        price=price,
        quantity=quantity,
        realized=holding.trade(order.sign * quantity, price),
        fee=round8(quantity * price * (MAKER_FEE if maker else TAKER_FEE)),
        maker=maker,
        time=exchange.now(),
    )
    if trade.realized:
        exchange.book(account, order.symbol, "REALIZED_PNL", trade.realized, trade_id=str(trade.id))
    exchange.book(account, order.symbol, "COMMISSION", -trade.fee, trade_id=str(trade.id))
    exchange.changes.trades.append(trade)
    exchange.changes.markets[order.symbol] = seat.market
    seat.market.candle = exchange.candle(seat.market).traded(quantity, price)
    holding.updated = trade.time
    seat.keep()
    return trade


def _advance(holding: Holding, order: Order, trade: Trade) -> None:
    if order.resting:
        holding.shrink_order(order, trade.quantity)
    order.filled += trade.quantity
    order.quote += trade.quantity * trade.price
    order.updated = trade.time
    order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
    if order.resting and not order.remaining:
        _leave_book(holding, order)


def _leave_book(holding: Holding, order: Order) -> None:
    order.resting = False
    holding.remove_order(order)


def end(seat: Seat, order: Order, status: str, reason: str = "0") -> None:
    """Takes an order out of the market as CANCELED or EXPIRED; `reason` is the venue's expiry reason."""
    if order.resting:
        _leave_book(seat.holding, order)
        seat.market.resting.forget()
    order.status = status
    order.updated = seat.exchange.now()
    seat.exchange.keep_order(order)
    seat.tell(events.order_update(order, seat.holding, status, order.updated, reason=reason))


def trim_reduce_only(seat: Seat) -> None:
    """Expires the reduce-only orders for which the position has no room left, the farthest from the market first."""
    holding = seat.holding
    if not holding.reduce_only:
        return
    room = holding.closable(next(iter(holding.reduce_only.values())).sign)
    if holding.reduce_quantity <= room:
        return
    taken = ZERO
    for order in by_priority(holding):
        if taken >= room:
            end(seat, order, "EXPIRED", _NO_ROOM)
        else:
            taken += order.remaining


def by_priority(holding: Holding) -> list[Order]:
    """The reduce-only orders, nearest to the market first."""
    return sorted(holding.reduce_only.values(), key=lambda order: (-order.sign * order.price, order.id))
