"""Conditional orders: placing, cancelling and asking for them."""

from typing import Any

import orjson

from core.paper.engine.conditional import cancel_conditional, find_open, place_conditional
from core.paper.engine.numbers import ZERO
from core.paper.engine.orders import DEFAULT_STP, Algo
from core.paper.engine.refusals import VenueError, not_offered, refusal
from core.paper.server import render
from core.paper.server.call import Call
from core.paper.server.order_calls import STP_MODES
from core.paper.server.params import Params

_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET")
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
_BY_ID = "SELECT doc FROM algos WHERE account = ? AND id = ?"
_BY_CLIENT_ID = "SELECT doc FROM algos WHERE account = ? AND client_id = ? ORDER BY id DESC LIMIT 1"
Json = dict[str, Any]


def place_algo(call: Call) -> Json:
    params = call.params
    params.choice("algoType", ("CONDITIONAL",), -1130)
    algo = parse_algo(params, call.account.id, call.exchange.now())
    place_conditional(call.exchange, call.account, algo, params.text("positionSide", "BOTH"))
    return render.algo(algo)


def parse_algo(params: Params, account_id: int, now: int) -> Algo:
    """A conditional order that has no id yet."""
    kind = params.text("type")
    if kind == "TRAILING_STOP_MARKET":
        raise not_offered("trailing stops")
    if kind not in _TYPES:
        raise refusal(-1116)
    close_position = params.flag("closePosition")
    if close_position and params.has("quantity"):
        raise refusal(-4137)
    if close_position and params.has("reduceOnly"):
        raise refusal(-4138)
    has_price = not kind.endswith("_MARKET")
    if not has_price:
        params.refuse("price")
    return Algo(
        id=0,
        account_id=account_id,
        symbol=params.text("symbol"),
        client_id=params.optional("clientAlgoId"),
        side=params.choice("side", ("BUY", "SELL"), -1117),
        type=kind,
        time_in_force=params.choice("timeInForce", _TIMES_IN_FORCE, -1115, "GTC"),
        quantity=ZERO if close_position else params.decimal("quantity"),
        price=params.decimal("price") if has_price else ZERO,
        trigger_price=params.decimal("triggerPrice"),
        reduce_only=params.flag("reduceOnly"),
        close_position=close_position,
        working_type=params.choice("workingType", ("MARK_PRICE", "CONTRACT_PRICE"), -1130, "CONTRACT_PRICE"),
        price_protect=params.flag("priceProtect"),
        stp=params.choice("selfTradePreventionMode", STP_MODES, -1130, DEFAULT_STP),
        time=now,
        updated=now,
    )


def cancel_algo(call: Call) -> Json:
    algo = find_open(call.account, *_ids(call.params))
    if algo is None:
        raise refusal(-2011)
    cancel_conditional(call.exchange, call.account, algo)
    return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def cancel_all_algos(call: Call) -> Json:
    symbol = call.exchange.market(call.params.text("symbol")).symbol
    for algo in [one for one in call.account.algos.values() if one.symbol == symbol]:
        cancel_conditional(call.exchange, call.account, algo)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def query_algo(call: Call) -> Any:
    algo_id, client_id = _ids(call.params)
    doc = call.venue.store.value(
        _BY_CLIENT_ID if algo_id is None else _BY_ID,
        call.account.id,
        client_id if algo_id is None else algo_id,
    )
    if doc is None:
        raise refusal(-2013)
    return orjson.Fragment(doc)


def open_algos(call: Call) -> list[Json]:
    symbol = call.params.optional("symbol")
    return [render.algo(one) for one in call.account.algos.values() if symbol in ("", one.symbol)]


def all_algos(call: Call) -> list[Any]:
    """The newest, ascending."""
    symbol = call.exchange.market(call.params.text("symbol")).symbol
    docs = call.venue.store.docs(
        "SELECT doc FROM algos WHERE account = ? AND symbol = ? AND id >= ? ORDER BY id DESC LIMIT ?",
        call.account.id,
        symbol,
        call.params.integer("algoId", 0),
        call.params.limit(500, 1000),
    )
    return docs[::-1]


def _ids(params: Params) -> tuple[int | None, str]:
    if not params.has("algoId") and not params.has("clientAlgoId"):
        raise VenueError(-1102, "Param 'algoid' or 'clientalgoid' must be sent, but both were empty/null!")
    return params.maybe_integer("algoId"), params.optional("clientAlgoId")
