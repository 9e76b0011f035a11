"""A user's own hand on his account at the venue, past the system."""

import hashlib
import hmac
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlencode

import httpx

from core.clock import now_ms
from tests.chaos.traders import PRICES
from tests.support.stack import User


class Hand:
    """Signs with the user's own key. Raises httpx.HTTPStatusError where the venue refuses."""

    def __init__(self, url: str, user: User) -> None:
        transport = httpx.HTTPTransport(local_address="127.0.0.254")  # not counted with the system's requests
        self._http = httpx.Client(base_url=url, transport=transport, timeout=5, trust_env=False)
        self._http.headers["X-MBX-APIKEY"] = user.api_key
        self._secret = user.api_secret.encode()

    def trade(self, symbol: str, side: str) -> None:
        quantity = int(60 / PRICES[symbol]) + 1
        self._ask("POST", "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity=quantity)

    def rest(self, symbol: str, client_order_id: str = "") -> None:
        """An order far below the market, that stays where it is."""
        price = (PRICES[symbol] * Decimal("0.9")).quantize(Decimal("0.001"))
        order = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": str(price)}
        named = {"newClientOrderId": client_order_id} if client_order_id else {}
        self._ask("POST", "/fapi/v1/order", **order, quantity=str(int(20 / price) + 1), **named)

    def cancel_one(self, symbol: str, random: Random) -> None:
        """An open order of the system's, chosen at random."""
        orders = self._ask("GET", "/fapi/v1/openOrders", symbol=symbol)
        ours = [order["orderId"] for order in orders if order["clientOrderId"].startswith("gk")]
        if ours:
            self._ask("DELETE", "/fapi/v1/order", symbol=symbol, orderId=random.choice(ours))

    def position(self, symbol: str) -> Decimal:
        rows = self._ask("GET", "/fapi/v3/positionRisk", symbol=symbol)
        return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))

    def _ask(self, method: str, path: str, **parameters: str | int) -> Any:
        query = urlencode({**parameters, "timestamp": now_ms(), "recvWindow": 60_000})
        signature = hmac.digest(self._secret, query.encode(), hashlib.sha256).hex()
        answer = self._http.request(method, f"{path}?{query}&signature={signature}")
        answer.raise_for_status()
        return answer.json()
