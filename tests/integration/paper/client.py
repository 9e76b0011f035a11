"""A plain client of the simulated exchange: signed requests over real sockets, answers as they come."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from websocket import WebSocket, WebSocketTimeoutException, create_connection

from core import clock
from tests.support.venue import Venue

SOON_S = 2.0
AT_ONCE_S = 0.05  # for what must be in the socket already, and for what must never come


class Client:
    """One account and its key."""

    def __init__(self, venue: Venue, balance: int = 10_000) -> None:
        self.venue = venue
        self.api_key, self.secret = venue.open_account(balance)
        self.http = httpx.Client(base_url=venue.url, trust_env=False, timeout=5)

    # --- REST

    def send(self, method: str, path: str, **params: Any) -> httpx.Response:
        query = urlencode({**params, "timestamp": params.get("timestamp", clock.now_ms())})
        return self.raw(method, f"{path}?{query}&signature={self.sign(query)}")

    def raw(self, method: str, url: str, **more: Any) -> httpx.Response:
        return self.http.request(method, f"/fapi{url}", headers={"X-MBX-APIKEY": self.api_key}, **more)

    def ok(self, method: str, path: str, **params: Any) -> Any:
        response = self.send(method, path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def code(self, method: str, path: str, **params: Any) -> int:
        """Of a refusal."""
        response = self.send(method, path, **params)
        assert response.status_code != 200, response.text
        return int(response.json()["code"])

    def buy(self, price: str, client_id: str, quantity: str = "0.010", **more: Any) -> Any:
        return self.ok("POST", "/v1/order", **limit("BUY", price, client_id, quantity), **more)

    def market(self, side: str, quantity: str = "0.010", **more: Any) -> Any:
        return self.ok("POST", "/v1/order", symbol="BTCUSDT", side=side, type="MARKET", quantity=quantity, **more)

    def query(self, client_id: str) -> httpx.Response:
        return self.send("GET", "/v1/order", symbol="BTCUSDT", origClientOrderId=client_id)

    def wallet(self) -> str:
        return str(self.ok("GET", "/v3/balance")[0]["balance"])

    def sign(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    # --- sockets

    def listen_key(self) -> str:
        return str(self.raw("POST", "/v1/listenKey").json()["listenKey"])

    def user_stream(self, path: str = "/private/ws/{key}") -> "Stream":
        return Stream(self.venue, path.format(key=self.listen_key()))

    def trading(self) -> "Trading":
        return Trading(self)


def limit(side: str, price: str, client_id: str, quantity: str = "0.010") -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": side,
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": price,
        "newClientOrderId": client_id,
    }


class Stream:
    """One WebSocket."""

    def __init__(self, venue: Venue, path: str) -> None:
        self.ws: WebSocket = create_connection(venue.url.replace("http", "ws", 1) + path, timeout=SOON_S)

    def next(self, timeout: float = SOON_S) -> Any:
        self.ws.settimeout(timeout)
        return json.loads(self.ws.recv())

    def events(self, count: int) -> list[str]:
        """The next ones, one word each: an order event's is its execution type."""
        return [word(self.next()) for _ in range(count)]

    def is_silent(self) -> bool:
        try:
            self.next(AT_ONCE_S)
        except WebSocketTimeoutException:
            return True
        return False

    def ask(self, method: str, *params: str) -> Any:
        self.ws.send(json.dumps({"method": method, "params": params, "id": 7}))
        return self.next()


def word(event: dict[str, Any]) -> str:
    return str(event["o"]["x"]) if event["e"] == "ORDER_TRADE_UPDATE" else str(event["e"])


class Trading(Stream):
    """ws-fapi, each request signed."""

    def __init__(self, client: Client) -> None:
        super().__init__(client.venue, "/ws-fapi/v1")
        self._client = client

    def post(self, request_id: Any, method: str, **params: Any) -> None:
        params = {"timestamp": clock.now_ms(), **params, "apiKey": self._client.api_key}
        params["signature"] = self._client.sign("&".join(f"{name}={params[name]}" for name in sorted(params)))
        self.ws.send(json.dumps({"id": request_id, "method": method, "params": params}))

    def call(self, method: str, **params: Any) -> Any:
        self.post("one", method, **params)
        return self.next()


@contextmanager
def closing(*streams: Stream) -> Iterator[tuple[Stream, ...]]:
    try:
        yield streams
    finally:
        for stream in streams:
            stream.ws.close()
