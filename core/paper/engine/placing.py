"""Placing and cancelling orders."""

from core.paper.engine import events
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.checks import check, crosses
from core.paper.engine.exchange import Exchange, Seat
from core.paper.engine.fills import end, fill, trim_reduce_only
from core.paper.engine.market import Market
from core.paper.engine.numbers import ZERO
from core.paper.engine.orders import NewOrder, Order
from core.paper.engine.refusals import refusal

_IOC_REST = "2"  # expiry reason


def place(exchange: Exchange, account: Account, new: NewOrder) -> Order:
    """Raises VenueError, before anything changed, where a filter or a limit refuses the order."""
    seat = exchange.seat(account, new.symbol)
    check(seat, new)
    order = _created(exchange, account, new)
    if crosses(new, seat.market):
        fill(seat, order, seat.market.price, maker=False)
    elif new.time_in_force == "IOC":
        seat.tell(events.order_update(order, seat.holding, "NEW", order.time))
        end(seat, order, "EXPIRED", _IOC_REST)
    else:
        _rest(seat, order)
    return order


def _created(exchange: Exchange, account: Account, new: NewOrder) -> Order:
    now = exchange.now()
    order_id = exchange.next_order_id()
    order = Order(
        id=order_id,
        account_id=account.id,
        symbol=new.symbol,
        client_id=new.client_id or f"paper_{order_id}",
        side=new.side,
        type=new.type,
        time_in_force=new.time_in_force,
        quantity=new.quantity,
        price=ZERO if new.price is None else new.price,
        reduce_only=new.reduce_only,
        time=now,
        updated=now,
        stp=new.stp,
        original_type=new.original_type or new.type,
        stop_price=new.stop_price,
        close_position=new.close_position,
        working_type=new.working_type,
        price_protect=new.price_protect,
    )
    exchange.keep_order(order)
    return order


def _rest(seat: Seat, order: Order) -> None:
    put_in_book(seat.market, seat.holding, order)
    seat.tell(events.order_update(order, seat.holding, "NEW", order.time))
    if order.reduce_only:
        trim_reduce_only(seat)


def put_in_book(market: Market, holding: Holding, order: Order) -> None:
    order.resting = True
    holding.add_order(order)
    market.resting.add(order, order.price, rises=order.side == "SELL")


def find_open(holding: Holding, order_id: int | None, client_id: str) -> Order | None:
    """The open order of that id, or of that client id where no id is given."""
    return holding.orders.get(order_id) if order_id is not None else holding.client_ids.get(client_id)


def cancel(seat: Seat, order_id: int | None, client_id: str) -> Order:
    """Raises VenueError (-2011) where no such order is open."""
    order = find_open(seat.holding, order_id, client_id)
    if order is None:
        raise refusal(-2011)
    end(seat, order, "CANCELED")
    return order


def cancel_all(seat: Seat) -> None:
    for order in list(seat.holding.orders.values()):
        end(seat, order, "CANCELED")
