"""Sends orders and waits for their replies."""

from decimal import Decimal
from itertools import count
from queue import SimpleQueue
from typing import Any

from core.domain.order import OrderType, Side
from core.exchange import venue_now_ms
from core.exchange.base import NewOrder, Reply, TradingConnection, UserStream
from tests.support.waiting import wait_until

_numbers = count(1)


class Trader:
    """Each order gets an id of its own unless it is given one."""

    def __init__(self, connection: TradingConnection) -> None:
        self.connection = connection

    def order(self, side: Side, price: str | None, client_order_id: str = "", quantity: str = "0.010") -> NewOrder:
        return NewOrder(
            symbol="BTCUSDT",
            side=side,
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            client_order_id=client_order_id or f"grid-{next(_numbers)}",
            timestamp=venue_now_ms("paper"),
        )

    def send(self, order: NewOrder, timeout: float = 15) -> Reply:
        replies: SimpleQueue[Reply] = SimpleQueue()
        self.connection.place(order, replies.put)
        return replies.get(timeout=timeout)

    def place(self, side: Side, price: str | None, client_order_id: str = "", quantity: str = "0.010") -> Reply:
        return self.send(self.order(side, price, client_order_id, quantity))

    def cancel(self, client_order_id: str) -> Reply:
        replies: SimpleQueue[Reply] = SimpleQueue()
        self.connection.cancel("BTCUSDT", client_order_id, replies.put)
        return replies.get(timeout=15)


def read_events(stream: UserStream, expected: int) -> list[Any]:
    found: list[Any] = []
    wait_until(lambda: found.extend(stream.read(0.2)) or len(found) >= expected, 5, f"{expected} events")
    return found
