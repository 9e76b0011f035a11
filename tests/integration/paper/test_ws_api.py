"""ws-fapi over a real socket."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import clock
from tests.integration.paper.client import Client, Stream, closing, limit


def test_orders_are_placed_asked_for_and_cancelled_on_the_socket(client: Client) -> None:
    trading = client.trading()
    placed = trading.call("order.place", **limit("BUY", "79000", "w1"))
    assert (placed["id"], placed["status"], placed["result"]["status"]) == ("one", 200, "NEW")
    assert {one["rateLimitType"] for one in placed["rateLimits"]} == {"ORDERS", "REQUEST_WEIGHT"}
    assert trading.call("order.status", symbol="BTCUSDT", origClientOrderId="w1")["result"]["status"] == "NEW"
    cancelled = trading.call("order.cancel", symbol="BTCUSDT", origClientOrderId="w1")["result"]
    assert cancelled["status"] == "CANCELED"
    assert not {"avgPrice", "cumQuote"} & set(cancelled)
    again = trading.call("order.cancel", symbol="BTCUSDT", origClientOrderId="w1")
    assert (again["status"], again["error"]["code"]) == (400, -2011)


def test_numbers_may_be_json_numbers_and_keep_their_spelling(client: Client) -> None:
    trading = client.trading()
    order = limit("BUY", "79000", "w2") | {"price": 78123.1, "quantity": 0.01}
    assert trading.call("order.place", **order)["result"]["price"] == "78123.1"
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "apiKey": client.api_key}
    text = "&".join(
        f"{k}={v}"
        for k, v in sorted({**params, "price": "78000.10", "quantity": "1e-2", "timestamp": clock.now_ms()}.items())
    )
    numbers = dict(pair.split("=") for pair in text.split("&"))
    raw = json.dumps({**params, "signature": client.sign(text)})[:-1] + (
        f', "price": {numbers["price"]}, "quantity": {numbers["quantity"]}, "timestamp": {numbers["timestamp"]}}}'
    )
    trading.ws.send(f'{{"id": null, "method": "order.place", "params": {raw}}}')
    assert trading.next()["status"] == 200


def test_many_requests_in_flight_are_each_answered_by_id(client: Client) -> None:
    trading = client.trading()
    for number in range(50):
        trading.post(number, "order.place", **limit("BUY", "79000", f"p{number}", "0.001"))
    answers = [trading.next() for _ in range(50)]
    assert [one["id"] for one in answers] == list(range(50))
    assert {one["status"] for one in answers} == {200}


def test_rate_limits_can_be_left_out(client: Client) -> None:
    trading = client.trading()
    assert "rateLimits" not in trading.call("order.status", symbol="BTCUSDT", orderId=1, returnRateLimits="false")
    with closing(Stream(client.venue, "/ws-fapi/v1?returnRateLimits=false")) as (quiet,):
        quiet.ws.send('{"id": 1, "method": "ticker.price", "params": {"symbol": "BTCUSDT"}}')
        assert set(quiet.next()) == {"id", "status", "result"}


@pytest.mark.parametrize(
    ("text", "code"),
    [("{", -1135), ("[]", -1135), ('{"id": 1}', -1102), ('{"id": 1, "method": "order.dance"}', -1020)],
)
def test_what_is_no_request_is_answered_all_the_same(client: Client, text: str, code: int) -> None:
    trading = client.trading()
    trading.ws.send(text)
    answer = trading.next()
    assert (answer["status"], answer["error"]["code"]) == (400, code)


def test_a_session_is_for_ed25519_keys(client: Client) -> None:
    assert client.trading().call("session.logon")["error"]["code"] == -4056
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = client.venue.admin.post("/accounts", {"balance": "10000", "publicKey": pem})
    with closing(Stream(client.venue, "/ws-fapi/v1")) as (trading,):

        def call(method: str, **params: Any) -> Any:
            trading.ws.send(json.dumps({"id": method, "method": method, "params": params}))
            return trading.next()

        logon = {"apiKey": account["apiKey"], "timestamp": clock.now_ms()}
        text = "&".join(f"{name}={logon[name]}" for name in sorted(logon))
        signature = base64.b64encode(key.sign(text.encode())).decode()
        assert call("session.logon", **logon, signature=signature)["result"]["apiKey"] == account["apiKey"]
        order = limit("BUY", "79000", "s1")
        assert call("order.place", **order, timestamp=clock.now_ms())["status"] == 200
        assert call("order.place", **order)["error"]["code"] == -1102
        late = clock.now_ms() - 6000
        assert call("order.place", **order, timestamp=late)["error"]["code"] == -1021
        assert call("session.logout")["result"]["apiKey"] is None
        assert call("order.place", **order, timestamp=clock.now_ms())["error"]["code"] == -2014


def test_a_late_request_is_refused_by_the_socket_too(client: Client) -> None:
    order = limit("BUY", "79000", "late")
    answer = client.trading().call("order.place", **order, recvWindow=100, timestamp=clock.now_ms() - 150)
    assert answer["error"]["code"] == -1021
    assert client.query("late").json()["code"] == -2013
