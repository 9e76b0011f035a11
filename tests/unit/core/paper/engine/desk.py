"""Trading on an exchange without sockets, in the words of a test."""

from decimal import Decimal
from typing import Any

from core.paper.engine import moves, placing
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import Changes, Exchange
from core.paper.engine.orders import NewOrder, Order
from core.paper.engine.placing import place


class Clock:
    """Stands still unless moved; ms."""

    def __init__(self) -> None:
        self.time = 1_795_000_000_000

    def now(self) -> int:
        return self.time


class Desk:
    def __init__(self, exchange: Exchange, account: Account, symbol: str = "BTCUSDT") -> None:
        self.exchange = exchange
        self.account = account
        self.symbol = symbol

    @property
    def holding(self) -> Holding:
        return self.exchange.seat(self.account, self.symbol).holding

    def order(self, side: str, quantity: str, price: str | None = None, **more: Any) -> Order:
        return place(self.exchange, self.account, self.wanted(side, quantity, price, **more))

    def wanted(self, side: str, quantity: str, price: str | None = None, **more: Any) -> NewOrder:
        return NewOrder(
            symbol=self.symbol,
            side=side,
            type="MARKET" if price is None else "LIMIT",
            time_in_force=more.pop("time_in_force", "GTC"),
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            client_id=more.pop("client_id", ""),
            **more,
        )

    def cancel(self, order: Order) -> None:
        placing.cancel(self.exchange.seat(self.account, self.symbol), order.id, "")

    def move(self, price: str) -> None:
        moves.move(self.exchange, self.symbol, Decimal(price))

    def changes(self) -> Changes:
        return self.exchange.take_changes()

    def events(self) -> list[str]:
        """What the account was told since the last look, one word each: TRADE_LITE, NEW, ACCOUNT_UPDATE, ..."""
        return [_word(event) for _, event in self.changes().events]


def _word(event: dict[str, Any]) -> str:
    if event["e"] == "ORDER_TRADE_UPDATE":
        return str(event["o"]["x"])
    if event["e"] == "ALGO_UPDATE":
        return f"ALGO {event['o']['X']}"
    return str(event["e"])
