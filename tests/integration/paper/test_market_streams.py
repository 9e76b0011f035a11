"""What anybody hears of the markets."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from websocket import ABNF

from tests.integration.paper.client import AT_ONCE_S, Client, Stream, closing, limit


def test_a_move_is_in_every_open_mark_stream_when_it_is_answered(client: Client) -> None:
    streams = [
        Stream(client.venue, "/market/ws/btcusdt@markPrice@1s"),
        Stream(client.venue, "/market/ws/btcusdt@markPrice"),
        Stream(client.venue, "/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s"),
        Stream(client.venue, "/ws/!markPrice@arr@1s"),
        Stream(client.venue, "/market/stream?streams=!markPrice@arr"),
    ]
    with closing(*streams):
        for price in ("80100", "80200", "80300"):
            client.venue.move("BTCUSDT", price)
            for stream in streams:
                marks = []
                while f"{price}.00000000" not in marks:
                    marks += _marks(stream.next(AT_ONCE_S))


def _marks(message: Any) -> list[str]:
    data = message.get("data", message) if isinstance(message, dict) else message
    rows = data if isinstance(data, list) else [data]
    return [row["p"] for row in rows if row["s"] == "BTCUSDT"]


def test_marks_come_by_the_second_without_a_move(client: Client) -> None:
    with closing(Stream(client.venue, "/market/ws/ethusdt@markPrice@1s")) as (stream,):
        first, second = stream.next(), stream.next()
        assert 800 <= second["E"] - first["E"] <= 1300
        assert {"e", "E", "s", "p", "ap", "i", "P", "r", "T", "st"} == set(first)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("btcusdt@bookTicker", "bookTicker"),
        ("btcusdt@aggTrade", "aggTrade"),
        ("btcusdt@kline_1m", "kline"),
        ("btcusdt@kline_1d", "kline"),
        ("btcusdt@ticker", "24hrTicker"),
        ("btcusdt@miniTicker", "24hrMiniTicker"),
        ("!bookTicker", "bookTicker"),
    ],
)
def test_every_market_stream_tells_of_a_move(client: Client, name: str, event: str) -> None:
    route = "public" if "ookTicker" in name else "market"
    with closing(Stream(client.venue, f"/{route}/ws/{name}")) as (stream,):
        client.venue.move("BTCUSDT", "80777")
        told = stream.next()
        assert (told["e"], told["s"]) == (event, "BTCUSDT")
        assert "80777" in json.dumps(told)


@pytest.mark.parametrize(("route", "name"), [("public", "btcusdt@markPrice@1s"), ("market", "btcusdt@bookTicker")])
def test_a_stream_on_the_wrong_route_is_silent(client: Client, route: str, name: str) -> None:
    with closing(Stream(client.venue, f"/{route}/ws/{name}")) as (stream,):
        client.venue.move("BTCUSDT", "80500")
        assert stream.is_silent()


def test_subscriptions_come_and_go(client: Client) -> None:
    with closing(Stream(client.venue, "/public/ws")) as (stream,):
        assert stream.ask("SUBSCRIBE", "btcusdt@bookTicker", "ethusdt@bookTicker")["result"] is None
        assert stream.ask("LIST_SUBSCRIPTIONS")["result"] == ["btcusdt@bookTicker", "ethusdt@bookTicker"]
        assert stream.ask("UNSUBSCRIBE", "btcusdt@bookTicker")["result"] is None
        client.venue.move("BTCUSDT", "80600")
        assert stream.is_silent()
        client.venue.move("ETHUSDT", "2501")
        assert stream.next()["s"] == "ETHUSDT"


def test_pings_are_answered_with_their_payload(client: Client) -> None:
    with closing(Stream(client.venue, "/market/ws"), Stream(client.venue, "/ws-fapi/v1")) as streams:
        for stream in streams:
            stream.ws.ping("payload")
            frame = stream.ws.recv_frame()
            assert (frame.opcode, frame.data) == (ABNF.OPCODE_PONG, b"payload")


def test_a_stream_of_a_symbol_outside_ascii_works(client: Client) -> None:
    listing = client.raw("GET", "/v1/exchangeInfo").json()["symbols"][0]
    client.venue.admin.post("/symbols", {**listing, "symbol": "幣安USDT", "price": "1000"})
    order = limit("BUY", "990", "cn", "1") | {"symbol": "幣安USDT"}
    assert client.ok("POST", "/v1/order", **order)["symbol"] == "幣安USDT"
    with closing(Stream(client.venue, "/market/ws/" + quote("幣安usdt@markPrice@1s"))) as (stream,):
        client.venue.move("幣安USDT", "990")
        assert stream.next()["p"] == "990.00000000"
    assert client.ok("GET", "/v1/openOrders", symbol="幣安USDT") == []
