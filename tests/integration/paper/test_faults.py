"""Every fault of the switchboard, seen from outside."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from websocket import WebSocketException, WebSocketTimeoutException

from core import clock
from tests.integration.paper.client import AT_ONCE_S, Client, Stream, closing, limit
from tests.support.waiting import wait_until


@pytest.mark.parametrize("accepted", [True, False])
def test_a_trading_request_may_get_no_reply_on_the_socket(client: Client, accepted: bool) -> None:
    trading = client.trading()
    client.venue.inject("no_reply", accepted=accepted, count=1)
    trading.post("lost", "order.place", **limit("BUY", "79000", "lost"))
    answer = trading.call("order.status", symbol="BTCUSDT", origClientOrderId="lost")
    assert answer["id"] == "one"  # the first answer is not the lost one's
    assert (answer["status"] == 200) is accepted


@pytest.mark.parametrize("accepted", [True, False])
def test_a_trading_request_may_get_no_reply_over_rest(client: Client, accepted: bool) -> None:
    client.http.timeout = httpx.Timeout(0.3)
    client.venue.inject("no_reply", accepted=accepted, count=1)
    with pytest.raises(httpx.ReadTimeout):
        client.buy("79000", "lost")
    assert (client.query("lost").status_code == 200) is accepted


@pytest.mark.parametrize("accepted", [True, False])
def test_an_error_may_hide_an_accepted_order(client: Client, accepted: bool) -> None:
    error = {"status": 503, "code": -1000, "msg": "Unknown error, please check your request or try again later."}
    client.venue.inject("error", **error, accepted=accepted, count=1)
    answer = client.send("POST", "/v1/order", **limit("BUY", "79000", "e1"))
    assert (answer.status_code, answer.json()) == (503, {"code": -1000, "msg": error["msg"]})
    assert (client.query("e1").status_code == 200) is accepted


def test_an_error_reaches_the_socket_too(client: Client) -> None:
    trading = client.trading()
    client.venue.inject("error", status=503, code=-1008, msg="busy", count=1)
    answer = trading.call("order.place", **limit("BUY", "79000", "e2"))
    assert (answer["status"], answer["error"]) == (503, {"code": -1008, "msg": "busy"})
    assert trading.call("order.place", **limit("BUY", "79000", "e2"))["status"] == 200


@pytest.mark.parametrize("status", [429, 418])
def test_rate_limits_can_be_made_to_bite(client: Client, status: int) -> None:
    client.venue.inject("rate_limit", status=status, count=1)
    answer = client.send("GET", "/v3/balance")
    assert (answer.status_code, answer.json()["code"]) == (status, -1003)
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.send("GET", "/v3/balance").status_code == 200


def test_latency_delays_answers_but_not_the_admins(client: Client) -> None:
    client.venue.inject("latency", ms=200)
    assert _seconds(lambda: client.send("GET", "/v1/openOrders", symbol="BTCUSDT")) >= 0.2
    trading = client.trading()
    assert _seconds(lambda: trading.call("order.place", **limit("BUY", "79000", "slow"))) >= 0.2
    assert _seconds(lambda: client.venue.move("BTCUSDT", "80000")) < 0.2


def _seconds(action: Callable[[], Any]) -> float:
    start = clock.monotonic()
    action()
    return clock.monotonic() - start


def test_the_venues_clock_can_be_wrong(client: Client) -> None:
    client.venue.inject("clock_skew", ms=-30_000, seconds=20)
    assert client.raw("GET", "/v1/time").json()["serverTime"] < clock.now_ms() - 29_000
    assert client.code("GET", "/v3/balance") == -1021
    client.venue.restore_service()
    assert client.send("GET", "/v3/balance").status_code == 200


def test_trades_are_found_by_id_after_the_clock_was_put_back(client: Client) -> None:
    client.market("BUY")
    client.venue.inject("clock_skew", ms=-5_000, seconds=20)
    now = client.raw("GET", "/v1/time").json()["serverTime"]
    assert len(client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0, timestamp=now)) == 1


@pytest.mark.parametrize(("match", "survivor"), [("user", "market"), ("market", "trade"), ("trade", "user")])
def test_connections_are_cut_by_kind(client: Client, match: str, survivor: str) -> None:
    streams = {
        "user": client.user_stream(),
        "market": Stream(client.venue, "/market/ws/btcusdt@markPrice"),
        "trade": client.trading(),
    }
    with closing(*streams.values()):
        client.venue.inject("drop_connections", match=match)
        with pytest.raises((WebSocketException, OSError)):
            streams[match].ws.recv()
        streams[survivor].ws.ping("still there")
        assert streams[survivor].ws.recv_frame().data == b"still there"


def test_connections_can_be_refused(client: Client) -> None:
    client.venue.inject("refuse_connections", match="user", count=1)
    with pytest.raises((WebSocketException, OSError)):
        client.user_stream()
    with closing(client.trading(), client.user_stream()):
        pass


def test_a_mute_stream_answers_pings_and_never_says_what_it_kept(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("mute_stream", match="user")
        client.buy("79000", "unheard")
        assert stream.is_silent()
        stream.ws.ping("alive")
        assert stream.ws.recv_frame().data == b"alive"
        client.venue.restore_service()
        client.buy("79000", "heard")
        assert stream.next()["o"]["c"] == "heard"


def test_dropped_events_never_come(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("drop_events", count=2)
        for name in ("a", "b", "c"):
            client.buy("79000", name)
        assert stream.next()["o"]["c"] == "c"


def test_events_may_come_twice(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("duplicate_events", count=1)
        client.buy("79000", "twice")
        assert stream.next() == stream.next()
        assert stream.is_silent()


def test_events_may_come_in_the_wrong_order(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("reorder_events")
        client.market("BUY")
        assert stream.events(4) == ["TRADE", "ACCOUNT_UPDATE", "NEW", "TRADE_LITE"]


def test_events_may_come_late(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("delay_events", ms=300, count=1)
        start = clock.monotonic()
        client.buy("79000", "late")
        assert stream.is_silent()
        assert stream.next()["o"]["c"] == "late"
        assert clock.monotonic() - start >= 0.3


def test_fills_may_come_in_pieces(client: Client) -> None:
    client.venue.inject("partial_fills", pieces=37)
    client.buy("79000", "pieces", quantity="0.100")
    client.venue.move("BTCUSDT", "79000")
    trades = client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0)
    assert len(trades) == 37
    assert sum(Decimal(one["qty"]) for one in trades) == Decimal("0.100")
    assert client.query("pieces").json()["status"] == "FILLED"


def test_a_new_order_may_be_hidden_from_queries_but_not_from_the_truth(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.venue.inject("late_query", seconds=2)
        placed = client.market("BUY", newClientOrderId="hidden")
        assert client.query("hidden").json()["code"] == -2013
        assert client.ok("GET", "/v1/allOrders", symbol="BTCUSDT") == []
        assert client.buy("79000", "resting")["status"] == "NEW"
        assert client.ok("GET", "/v1/openOrders", symbol="BTCUSDT") == []
        assert len(client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0)) == 1
        assert stream.events(4)[-1] == "TRADE"
        ours = [one for one in client.venue.orders("BTCUSDT") if one["account"] == client.api_key]
        assert [one["orderId"] for one in ours][:1] == [placed["orderId"]]
        wait_until(lambda: client.query("hidden").status_code == 200, 5, "the order can be found")
        wait_until(lambda: client.ok("GET", "/v1/openOrders", symbol="BTCUSDT"), 5, "the younger one is listed too")


def test_a_listen_key_expires_with_a_word_and_then_silence(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        key = client.listen_key()
        client.venue.inject("expire_listen_key")
        told = stream.next()
        assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
        client.buy("79000", "unheard")
        assert stream.is_silent()
        assert client.raw("PUT", "/v1/listenKey").json()["code"] == -1125
        with closing(client.user_stream()) as (again,):
            client.buy("79000", "heard")
            assert again.next()["o"]["c"] == "heard"


def test_faults_are_listed_and_end_at_once(client: Client) -> None:
    client.venue.inject("latency", ms=5000, seconds=60)
    (listed,) = client.venue.admin.get("/faults")
    assert (listed["kind"], listed["ms"], listed["count"]) == ("latency", 5000, None)
    client.venue.restore_service()
    assert client.venue.admin.get("/faults") == []
    assert _seconds(lambda: client.raw("GET", "/v1/time")) < 1


def test_faults_of_answers_never_strike_the_admin(client: Client) -> None:
    client.venue.inject("error", status=503, code=-1000, msg="down")
    client.venue.inject("rate_limit", status=418)
    client.venue.move("BTCUSDT", "80001")
    assert client.venue.orders("NOPE") == []


def test_a_muted_trading_socket_answers_nothing(client: Client) -> None:
    trading = client.trading()
    client.venue.inject("mute_stream", match="trade", seconds=30)
    trading.post("x", "order.place", **limit("BUY", "79000", "muted"))
    time.sleep(AT_ONCE_S)
    with pytest.raises(WebSocketTimeoutException):
        trading.next(AT_ONCE_S)
    assert client.query("muted").status_code == 200
