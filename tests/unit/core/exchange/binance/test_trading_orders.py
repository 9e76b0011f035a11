"""Orders and cancels over the WebSocket API: what is sent, and what the answers describe."""

import hashlib
import hmac
import threading
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from core.domain.order import OrderStatus, OrderType, Side
from core.exchange.base import Outcome
from core.exchange.binance.trading import BinanceTradingConnection
from tests.unit.core.exchange.binance.orders import (
    NOW,
    RECV_WINDOW,
    Replies,
    accepted,
    always,
    an_order,
    refused,
)
from tests.unit.core.exchange.conftest import API_KEY, API_SECRET
from tests.unit.core.exchange.scripted_venue import ScriptedVenue


class TestPlacing:
    def test_a_limit_order_says_everything_explicitly(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(accepted)
        connection.place(an_order(), replies.of("grid-1"))
        assert replies.wait()[0].outcome is Outcome.ACCEPTED
        frame = venue.frames[0]
        assert frame["method"] == "order.place"
        assert {name: frame["params"][name] for name in frame["params"] if name not in ("apiKey", "signature")} == {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "quantity": "0.01",
            "price": "50000.1",
            "timeInForce": "GTC",
            "newClientOrderId": "grid-1",
            "newOrderRespType": "ACK",
            "selfTradePreventionMode": "EXPIRE_TAKER",
            "timestamp": NOW,
            "recvWindow": RECV_WINDOW,
        }
        assert venue.handshakes[0].path == "/ws-fapi/v1"

    def test_a_market_order_asks_for_its_result_and_must_go_through(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        def filled(frame: dict[str, Any]) -> dict[str, Any]:
            result = {"orderId": 7, "status": "FILLED", "executedQty": "0.010", "updateTime": NOW + 9}
            return {"id": frame["id"], "status": 200, "result": result}

        venue.on_frame = always(filled)
        order = an_order(type=OrderType.MARKET, price=None, reduce_only=True, side=Side.SELL)
        connection.place(order, replies.of("grid-1"))
        reply = replies.wait()[0]
        params = venue.frames[0]["params"]
        assert "price" not in params
        assert "timeInForce" not in params
        assert params["newOrderRespType"] == "RESULT"
        assert params["reduceOnly"] == "true"
        assert params["selfTradePreventionMode"] == "EXPIRE_MAKER"
        assert reply.news is not None
        assert (reply.news.status, reply.news.filled_quantity) == (OrderStatus.FILLED, Decimal("0.01"))
        assert (reply.news.side, reply.news.client_order_id) == (Side.SELL, "grid-1")

    def test_an_hmac_key_signs_each_request(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(accepted)
        connection.place(an_order(), replies.of("grid-1"))
        replies.wait()
        params = venue.frames[0]["params"]
        assert params["apiKey"] == API_KEY
        signature = params.pop("signature")
        payload = urlencode(sorted(params.items()))
        assert signature == hmac.digest(API_SECRET.encode(), payload.encode(), hashlib.sha256).hex()

    def test_the_answer_describes_the_order(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(accepted)
        connection.place(an_order(), replies.of("grid-1"))
        news = replies.wait()[0].news
        assert news is not None
        assert news.order_id == "1001"
        assert news.status is OrderStatus.PLACED
        assert (news.price, news.quantity, news.filled_quantity) == (Decimal("50000.1"), Decimal("0.01"), Decimal(0))

    def test_nothing_connects_before_the_first_order(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection
    ) -> None:
        assert venue.handshakes == []

    def test_two_hundred_orders_travel_together_and_each_gets_its_own_answer(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        waiting: list[dict[str, Any]] = []

        async def answer_all_backwards(peer: web.WebSocketResponse, frame: dict[str, Any]) -> None:
            waiting.append(frame)
            if len(waiting) == 200:
                for one in reversed(waiting):
                    await peer.send_json(accepted(one))

        venue.on_frame = answer_all_backwards
        names = [f"grid-{number}" for number in range(200)]

        def place(part: list[str]) -> None:
            for name in part:
                connection.place(an_order(name), replies.of(name))

        threads = [threading.Thread(target=place, args=(names[first::8],)) for first in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        replies.wait(200)
        assert len(venue.handshakes) == 1
        assert sorted(name for name, _ in replies.all) == sorted(names)
        assert all(reply.news is not None and reply.news.client_order_id == name for name, reply in replies.all)


class TestCancelling:
    def test_a_cancel_names_the_order_and_reports_what_was_filled(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        def cancelled(frame: dict[str, Any]) -> dict[str, Any]:
            result = {
                **{"orderId": 9, "symbol": "BTCUSDT", "status": "CANCELED", "clientOrderId": "grid-1"},
                **{"price": "50000", "origQty": "0.010", "executedQty": "0.004", "side": "BUY", "updateTime": NOW},
            }
            return {"id": frame["id"], "status": 200, "result": result}

        venue.on_frame = always(cancelled)
        connection.cancel("BTCUSDT", "grid-1", replies.of("grid-1"))
        news = replies.wait()[0].news
        frame = venue.frames[0]
        assert frame["method"] == "order.cancel"
        assert frame["params"]["origClientOrderId"] == "grid-1"
        assert frame["params"]["timestamp"] == NOW
        assert news is not None
        assert (news.status, news.filled_quantity) == (OrderStatus.CANCELED, Decimal("0.004"))

    @pytest.mark.parametrize("code", [-2011, -2013])
    def test_an_order_the_venue_does_not_find_is_not_found_and_no_more(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, code: int
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, code))
        connection.cancel("BTCUSDT", "grid-1", replies.of("grid-1"))
        reply = replies.wait()[0]
        assert (reply.outcome, reply.news, reply.code) == (Outcome.NOT_FOUND, None, code)
