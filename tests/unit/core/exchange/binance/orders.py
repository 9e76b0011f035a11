"""What the tests of the trading connection share: a clock, a notebook of replies, orders and the venue's answers."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from core.domain.order import OrderType, Side
from core.errors import VenueUnavailable
from core.exchange.base import NewOrder, Reply
from tests.support.waiting import wait_until

NOW = 1_700_000_000_000
RECV_WINDOW = 3000


class StandingClock:
    """A venue clock that stands still, and counts how often it was told to read again."""

    def __init__(self) -> None:
        self.refreshed = 0
        self.is_known = True

    def now_ms(self) -> int:
        if not self.is_known:
            raise VenueUnavailable("no time")
        return NOW

    def refresh_soon(self) -> None:
        self.refreshed += 1


class Replies:
    """What came back, by client order id, and how often."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Reply]] = []

    def of(self, name: str) -> Callable[[Reply], None]:
        return lambda reply: self.all.append((name, reply))

    def wait(self, count: int = 1) -> list[Reply]:
        wait_until(lambda: len(self.all) >= count, 5, f"{count} replies")
        return [reply for _, reply in self.all]


def an_order(client_order_id: str = "grid-1", **changes: Any) -> NewOrder:
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.010"),
        "price": Decimal("50000.10"),
        "client_order_id": client_order_id,
        "timestamp": NOW,
    }
    return NewOrder(**{**values, **changes})


def accepted(frame: dict[str, Any]) -> dict[str, Any]:
    """An acknowledgement, as the venue writes it."""
    params = frame["params"]
    return {
        "id": frame["id"],
        "status": 200,
        "result": {
            "orderId": 1000 + frame["id"],
            "symbol": params["symbol"],
            "status": "NEW",
            "clientOrderId": params["newClientOrderId"],
            "price": params["price"],
            "origQty": params["quantity"],
            "executedQty": "0.000",
            "side": params["side"],
            "updateTime": NOW + 5,
        },
        "rateLimits": [],
    }


def refused(frame: dict[str, Any], code: int, status: int = 400) -> dict[str, Any]:
    return {"id": frame["id"], "status": status, "error": {"code": code, "msg": "because"}}


def always(reply: Callable[[dict[str, Any]], Any]) -> Any:
    """A venue that answers each request with `reply(frame)`; a str goes out as it is, None is silence."""

    async def on_frame(peer: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        content = reply(frame)
        if isinstance(content, str):
            await peer.send_str(content)
        elif content is not None:
            await peer.send_json(content)

    return on_frame
