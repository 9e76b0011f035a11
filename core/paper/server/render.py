"""The venue's answers about orders, trades and ledger lines; and orders read back from such answers."""

from decimal import Decimal
from typing import Any

from core.paper.engine.exchange import ASSET
from core.paper.engine.numbers import average, money, plain
from core.paper.engine.orders import Algo, Income, Order, Trade
from core.paper.engine.refusals import VenueError

Json = dict[str, Any]


def placed(order: Order, final: bool) -> Json:
    """The answer to placing: no average price and no quote, even when filled. Without `final`, as it was accepted."""
    filled = plain(order.filled) if final else "0"
    return _common(order) | {
        "cumQty": filled,
        "executedQty": filled,
        "status": order.status if final else "NEW",
    }


def cancelled(order: Order) -> Json:
    return _common(order) | {
        "cumQty": plain(order.filled),
        "executedQty": plain(order.filled),
        "status": order.status,
    }


def queried(order: Order) -> Json:
    return _common(order) | {
        "avgPrice": plain(average(order.quote, order.filled)),
        "cumQuote": plain(order.quote),
        "executedQty": plain(order.filled),
        "status": order.status,
        "time": order.time,
    }


def error(one: VenueError) -> Json:
    return {"code": one.code, "msg": one.message}


def _common(order: Order) -> Json:
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "clientOrderId": order.client_id,
        "price": plain(order.price),
        "origQty": plain(order.quantity),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": "BOTH",
        "stopPrice": plain(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.original_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.stp,
        "goodTillDate": 0,
        "updateTime": order.updated,
    }


def order_from(answer: Json, account_id: int) -> Order:
    """The order that `queried` described."""
    return Order(
        id=answer["orderId"],
        account_id=account_id,
        symbol=answer["symbol"],
        client_id=answer["clientOrderId"],
        side=answer["side"],
        type=answer["type"],
        time_in_force=answer["timeInForce"],
        quantity=Decimal(answer["origQty"]),
        price=Decimal(answer["price"]),
        reduce_only=answer["reduceOnly"],
        time=answer["time"],
        updated=answer["updateTime"],
        stp=answer["selfTradePreventionMode"],
        status=answer["status"],
        filled=Decimal(answer["executedQty"]),
        quote=Decimal(answer["cumQuote"]),
        original_type=answer["origType"],
        stop_price=Decimal(answer["stopPrice"]),
        close_position=answer["closePosition"],
        working_type=answer["workingType"],
        price_protect=answer["priceProtect"],
    )


def trade(one: Trade) -> Json:
    return {
        "symbol": one.symbol,
        "id": one.id,
        "orderId": one.order_id,
        "side": one.side,
        "price": plain(one.price),
        "qty": plain(one.quantity),
        "realizedPnl": money(one.realized),
        "quoteQty": plain(one.price * one.quantity),
        "commission": money(one.fee),
        "commissionAsset": ASSET,
        "marginAsset": ASSET,
        "time": one.time,
        "positionSide": "BOTH",
        "buyer": one.side == "BUY",
        "maker": one.maker,
    }


def income(one: Income) -> Json:
    return {
        "symbol": one.symbol,
        "incomeType": one.type,
        "income": money(one.amount),
        "asset": ASSET,
        "info": one.info,
        "time": one.time,
        "tranId": one.id,
        "tradeId": one.trade_id,
    }


def algo(one: Algo) -> Json:
    """A conditional order, as placing, querying and listing answer it."""
    answer: Json = {
        "algoId": one.id,
        "clientAlgoId": one.client_id,
        "algoType": "CONDITIONAL",
        "orderType": one.type,
        "symbol": one.symbol,
        "side": one.side,
        "positionSide": "BOTH",
        "timeInForce": one.time_in_force,
        "quantity": plain(one.quantity),
        "algoStatus": one.status,
        "triggerPrice": plain(one.trigger_price),
        "price": plain(one.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": one.stp,
        "workingType": one.working_type,
        "priceMatch": "NONE",
        "closePosition": one.close_position,
        "priceProtect": one.price_protect,
        "reduceOnly": one.reduce_only,
        "createTime": one.time,
        "updateTime": one.updated,
        "triggerTime": one.triggered,
        "goodTillDate": 0,
    }
    if one.triggered:
        answer |= {
            "actualOrderId": str(one.order_id) if one.order_id else "",
            "actualPrice": plain(one.actual_price),
            "actualQty": plain(one.actual_quantity),
            "actualType": "LIMIT" if one.price else "MARKET",
        }
    return answer


def algo_from(answer: Json, account_id: int) -> Algo:
    """The conditional order, still waiting, that `algo` described."""
    return Algo(
        id=answer["algoId"],
        account_id=account_id,
        symbol=answer["symbol"],
        client_id=answer["clientAlgoId"],
        side=answer["side"],
        type=answer["orderType"],
        time_in_force=answer["timeInForce"],
        quantity=Decimal(answer["quantity"]),
        price=Decimal(answer["price"]),
        trigger_price=Decimal(answer["triggerPrice"]),
        reduce_only=answer["reduceOnly"],
        close_position=answer["closePosition"],
        working_type=answer["workingType"],
        price_protect=answer["priceProtect"],
        stp=answer["selfTradePreventionMode"],
        time=answer["createTime"],
        updated=answer["updateTime"],
        status=answer["algoStatus"],
    )
