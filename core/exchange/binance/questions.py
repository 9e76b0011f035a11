"""What is asked over the venue's WebSocket API, without what authorises it, and what its answer proves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.domain.order import OrderNews, OrderType
from core.exchange.base import NewOrder, Outcome, Reply
from core.exchange.binance import outcomes, parse
from core.exchange.binance.numbers import text_of
from core.exchange.binance.session import Answer, NoAnswer
from core.exchange.binance.signing import Params

# Two grids of one account may meet. A resting order is never lost to a new one (the venue's default would expire it),
# but what goes to market must go through. "NONE" is refused since 2024-12.
_SELF_TRADE = {OrderType.LIMIT: "EXPIRE_TAKER", OrderType.MARKET: "EXPIRE_MAKER"}


@dataclass(frozen=True, slots=True)
class Question:
    """`news`: how its answer describes an order, if it does."""

    method: str
    params: Params
    news: Callable[[Any], OrderNews | None]


def placement(order: NewOrder) -> Question:
    if order.type is OrderType.STOP_MARKET:
        return Question("algoOrder.place", _conditional_params(order), parse.conditional_news)
    return Question("order.place", _order_params(order), partial(parse.placed_news, order=order))


def cancellation(symbol: str, client_order_id: str) -> Question:
    return Question("order.cancel", {"symbol": symbol, "origClientOrderId": client_order_id}, parse.order_news)


def conditional_cancellation(client_order_id: str) -> Question:
    return Question("algoOrder.cancel", {"clientAlgoId": client_order_id}, parse.no_news)


def reply_of(question: Question, answer: Answer | NoAnswer) -> Reply:
    """What an answer proves. A success that does not describe an order proves nothing."""
    if isinstance(answer, NoAnswer):
        return Reply(Outcome.UNKNOWN, message=str(answer))
    if answer.status != 200:
        outcome = outcomes.outcome_of(answer.status, answer.code, answer.message)
        return Reply(outcome, code=answer.code, message=answer.message)
    try:
        return Reply(Outcome.ACCEPTED, news=question.news(answer.result))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        return Reply(Outcome.UNKNOWN, message=f"unusable answer: {type(error).__name__}")


def _order_params(order: NewOrder) -> dict[str, str | int]:
    """Decimals are strings, as the venue wants them."""
    params: dict[str, str | int] = {
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "quantity": text_of(order.quantity),
        "newClientOrderId": order.client_order_id,
        "selfTradePreventionMode": _SELF_TRADE[order.type],
        "newOrderRespType": "ACK" if order.type is OrderType.LIMIT else "RESULT",
    }
    if order.price is not None:
        params |= {"price": text_of(order.price), "timeInForce": "GTC"}
    if order.reduce_only:
        params |= {"reduceOnly": "true"}
    return params


def _conditional_params(order: NewOrder) -> dict[str, str | int]:
    """Plain stop orders are refused since 2025-12-09 (-4120)."""
    assert order.trigger_price is not None
    params: dict[str, str | int] = {
        "algoType": "CONDITIONAL",
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "triggerPrice": text_of(order.trigger_price),
        "workingType": "MARK_PRICE",
        "clientAlgoId": order.client_order_id,
        "selfTradePreventionMode": _SELF_TRADE[OrderType.MARKET],
    }
    if order.close_position:
        return {**params, "closePosition": "true"}
    return {**params, "quantity": text_of(order.quantity), "reduceOnly": "true"}
