"""Placing, cancelling and asking for orders and trades."""

from typing import Any

import orjson

from core.paper.engine.exchange import Seat
from core.paper.engine.orders import DEFAULT_STP, NewOrder
from core.paper.engine.placing import cancel, cancel_all, find_open, place
from core.paper.engine.refusals import VenueError, not_offered, refusal
from core.paper.server import render
from core.paper.server.call import Call
from core.paper.server.params import Params

CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
STP_MODES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE")
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX")
_WEEK_MS = 7 * 24 * 3_600_000
_FOR_EVER = 1 << 62  # ms
_BY_ID = "SELECT id, doc FROM orders WHERE account = ? AND symbol = ? AND id = ?"
_BY_CLIENT_ID = "SELECT id, doc FROM orders WHERE account = ? AND symbol = ? AND client_id = ? ORDER BY id DESC LIMIT 1"
_FROM_ID = "SELECT id, doc FROM orders WHERE account = ? AND (symbol = ? OR ? = '') AND id >= ? ORDER BY id LIMIT ?"
_NEWEST = (
    "SELECT id, doc FROM orders WHERE account = ? AND (symbol = ? OR ? = '') AND time BETWEEN ? AND ? "
    "ORDER BY id DESC LIMIT ?"
)
Json = dict[str, Any]


def place_order(call: Call) -> Json:
    new = parse_order(call.params)
    order = place(call.exchange, call.account, new)
    call.venue.accepted(order)
    return render.placed(order, _answers_final(new, call.params))


def _answers_final(new: NewOrder, params: Params) -> bool:
    """RESULT tells how MARKET, IOC and FOK ended; every other answer tells that the order was taken."""
    at_once = new.type == "MARKET" or new.time_in_force in ("IOC", "FOK")
    return at_once and params.text("newOrderRespType", "ACK") == "RESULT"


def test_order(call: Call) -> Json:
    parse_order(call.params)
    return {}


def parse_order(params: Params) -> NewOrder:
    symbol = params.text("symbol")
    side = params.choice("side", ("BUY", "SELL"), -1117)
    kind = params.text("type")
    if kind in CONDITIONAL_TYPES:
        raise refusal(-4120)
    if kind not in ("LIMIT", "MARKET"):
        raise refusal(-1116)
    if params.text("priceMatch", "NONE") != "NONE":
        raise not_offered("priceMatch")
    if kind == "MARKET":
        params.refuse("price", "timeInForce", "goodTillDate")
    return NewOrder(
        symbol=symbol,
        side=side,
        type=kind,
        time_in_force=_time_in_force(params) if kind == "LIMIT" else "GTC",
        quantity=params.decimal("quantity"),
        price=params.decimal("price") if kind == "LIMIT" else None,
        client_id=params.optional("newClientOrderId"),
        reduce_only=params.flag("reduceOnly"),
        stp=params.choice("selfTradePreventionMode", STP_MODES, -1130, DEFAULT_STP),
        position_side=params.text("positionSide", "BOTH"),
    )


def _time_in_force(params: Params) -> str:
    found = params.text("timeInForce")
    if found in ("GTD", "RPI"):
        raise not_offered(f"timeInForce {found}")
    return params.choice("timeInForce", _TIMES_IN_FORCE, -1115)


def _ids(params: Params) -> tuple[int | None, str]:
    """The order id, or the client id; one must be there."""
    if not params.has("orderId") and not params.has("origClientOrderId"):
        raise VenueError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return params.maybe_integer("orderId"), params.optional("origClientOrderId")


def cancel_order(call: Call) -> Json:
    seat = call.exchange.seat(call.account, call.params.text("symbol"))
    return render.cancelled(cancel(seat, *_ids(call.params)))


def cancel_all_orders(call: Call) -> Json:
    cancel_all(call.exchange.seat(call.account, call.params.text("symbol")))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def cancel_some_orders(call: Call) -> list[Json]:
    """DELETE batchOrders: each answer is an order or an error."""
    seat = call.exchange.seat(call.account, call.params.text("symbol"))
    if call.params.has("orderIdList"):
        return [_cancelled_or_error(seat, int(one), "") for one in _listed(call.params, "orderIdList")]
    return [_cancelled_or_error(seat, None, str(one)) for one in _listed(call.params, "origClientOrderIdList")]


def _cancelled_or_error(seat: Seat, order_id: int | None, client_id: str) -> Json:
    try:
        return render.cancelled(cancel(seat, order_id, client_id))
    except VenueError as error:
        return render.error(error)


def place_some_orders(call: Call) -> list[Json]:
    """POST batchOrders: up to five; each answer is an order or an error."""
    wanted = _listed(call.params, "batchOrders")
    if not 0 < len(wanted) <= 5 or not all(isinstance(one, dict) for one in wanted):
        raise refusal(-1130, name="batchOrders")
    return [_placed_or_error(call, {name: str(value) for name, value in one.items()}) for one in wanted]


def _placed_or_error(call: Call, values: dict[str, str]) -> Json:
    try:
        return place_order(Call(call.venue, Params(values), call.account))
    except VenueError as error:
        return render.error(error)


def _listed(params: Params, name: str) -> list[Any]:
    try:
        found = orjson.loads(params.text(name))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise refusal(-1130, name=name)
    return found


def query_order(call: Call) -> Any:
    """An order of any age; the latest of that client id."""
    symbol = call.params.text("symbol")
    call.exchange.market(symbol)
    order_id, client_id = _ids(call.params)
    row = call.venue.store.rows(
        _BY_CLIENT_ID if order_id is None else _BY_ID,
        call.account.id,
        symbol,
        client_id if order_id is None else order_id,
    )
    if not row or call.venue.hides(row[0][0]):
        raise refusal(-2013)
    return orjson.Fragment(row[0][1])


def query_open_order(call: Call) -> Json:
    seat = call.exchange.seat(call.account, call.params.text("symbol"))
    order = find_open(seat.holding, *_ids(call.params))
    if order is None or call.venue.hides(order.id):
        raise refusal(-2013)
    return render.queried(order)


def open_orders(call: Call) -> list[Json]:
    wanted = _symbol_or_all(call)
    return [
        render.queried(order)
        for symbol, holding in call.account.holdings.items()
        if wanted in ("", symbol)
        for order in holding.orders.values()
        if not call.venue.hides(order.id)
    ]


def all_orders(call: Call) -> list[Any]:
    """The newest of the window, or from `orderId` on; ascending either way."""
    params, symbol = call.params, _symbol_or_all(call)
    limit = params.limit(500, 1000)
    bounds: tuple[int, ...]
    if params.has("orderId"):
        sql, bounds = _FROM_ID, (params.integer("orderId"),)
    else:
        sql, bounds = _NEWEST, window(params, call.exchange.now())
    rows = call.venue.store.rows(sql, call.account.id, symbol, symbol, *bounds, limit)
    return [orjson.Fragment(doc) for order_id, doc in sorted(rows) if not call.venue.hides(order_id)]


def user_trades(call: Call) -> list[Any]:
    """From `fromId` on, or the oldest of the window; ascending. An id asks for no time, whatever the clock says."""
    params = call.params
    symbol = params.text("symbol")
    call.exchange.market(symbol)
    first, start, end = 0, 0, _FOR_EVER
    if params.has("fromId"):
        if params.has("startTime") or params.has("endTime"):
            raise VenueError(-1128, "Combination of optional parameters invalid.")
        first = params.integer("fromId")
    elif not params.has("orderId"):
        start, end = window(params, call.exchange.now())
    return call.venue.store.docs(
        "SELECT doc FROM trades WHERE account = ? AND symbol = ? AND id >= ? AND time BETWEEN ? AND ? "
        "AND (order_id = ? OR ? IS NULL) ORDER BY id LIMIT ?",
        call.account.id,
        symbol,
        first,
        start,
        end,
        *[params.maybe_integer("orderId")] * 2,
        params.limit(500, 1000),
    )


def window(params: Params, now: int) -> tuple[int, int]:
    """startTime and endTime (ms): at most seven days, the last ones where neither is sent."""
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    if start is None:
        return (now if end is None else end) - _WEEK_MS, now if end is None else end
    if end is None:
        return start, start + _WEEK_MS
    if end - start > _WEEK_MS:
        raise refusal(-1127, limit="7 days")
    return start, end


def _symbol_or_all(call: Call) -> str:
    return call.exchange.market(call.params.text("symbol")).symbol if call.params.has("symbol") else ""
