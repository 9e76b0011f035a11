"""Events on their way through a message queue."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import OrderNews, OrderStatus, Side, Trade
from core.exchange import wire
from core.exchange.base import StreamEvent

AMOUNT = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=10)
NEWS = st.builds(OrderNews, price=AMOUNT, quantity=AMOUNT, filled_quantity=AMOUNT)
TRADE = st.builds(Trade, price=AMOUNT, quantity=AMOUNT, fee=AMOUNT, realized_pnl=AMOUNT)


@given(st.builds(StreamEvent, news=NEWS, trade=st.none() | TRADE))
def test_an_event_arrives_as_it_left(event: StreamEvent) -> None:
    assert wire.decode(json.loads(json.dumps(wire.encode(event)))) == event


def test_what_arrives_has_our_types() -> None:
    news = OrderNews("X", "grid-1", "1", Side.BUY, Decimal("0.1"), Decimal(1), Decimal(0), OrderStatus.PLACED, 5)
    arrived = wire.decode(json.loads(json.dumps(wire.encode(StreamEvent(news, None, 6))))).news
    assert (type(arrived.side), type(arrived.status), type(arrived.price)) == (Side, OrderStatus, Decimal)


@pytest.mark.parametrize("message", [{}, {"news": {}, "trade": None}, {"news": {"price": "what"}, "trade": None}])
def test_what_is_not_one_of_ours_is_no_event(message: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ArithmeticError)):
        wire.decode(message)
