"""Stream events as plain values, to pass through a message queue. Decimals travel as strings."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

from core.domain.order import OrderNews, OrderStatus, Side, Trade
from core.exchange.base import StreamEvent

_DECIMALS = {"price", "quantity", "filled_quantity", "fee", "realized_pnl"}
_TRADE_FIELDS = tuple(field.name for field in fields(Trade))
_NEWS_FIELDS = tuple(field.name for field in fields(OrderNews))


def encode(event: StreamEvent) -> dict[str, Any]:
    return {
        "news": _plain(event.news, _NEWS_FIELDS),
        "trade": None if event.trade is None else _plain(event.trade, _TRADE_FIELDS),
        "event_time": event.event_time,
        "expiry_reason": event.expiry_reason,
    }


def decode(message: dict[str, Any]) -> StreamEvent:
    """Raises KeyError or ArithmeticError where the message is not one of ours."""
    news, trade = message["news"], message["trade"]
    return StreamEvent(
        news=OrderNews(**_typed(news, _NEWS_FIELDS)),
        trade=None if trade is None else Trade(**_typed(trade, _TRADE_FIELDS)),
        event_time=message["event_time"],
        expiry_reason=message["expiry_reason"],
    )


def _plain(said: OrderNews | Trade, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: format(getattr(said, name), "f") if name in _DECIMALS else getattr(said, name) for name in names}


def _typed(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    typed: dict[str, Any] = {name: Decimal(values[name]) if name in _DECIMALS else values[name] for name in names}
    typed["side"] = Side(typed["side"])
    if "status" in typed:
        typed["status"] = OrderStatus(typed["status"])
    return typed
