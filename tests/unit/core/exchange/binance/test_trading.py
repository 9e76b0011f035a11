"""Orders over the WebSocket API: every way a send can end, and nothing said that is not proved."""

import hashlib
import hmac
import os
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.domain.order import OrderStatus, OrderType, Side
from core.errors import VenueUnavailable
from core.exchange.base import NewOrder, Outcome, Reply
from core.exchange.binance.session import REPLY_TIMEOUT
from core.exchange.binance.trading import MAX_AGE, BinanceTradingConnection
from core.exchange.credentials import Credentials
from tests.support.waiting import wait_until
from tests.unit.core.exchange.conftest import API_KEY, API_SECRET, credentials_of
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer

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


@pytest.fixture
def time() -> StandingClock:
    return StandingClock()


@pytest.fixture
def replies() -> Replies:
    return Replies()


@pytest.fixture
def connection(
    venue: ScriptedVenue, credentials: Credentials, time: StandingClock
) -> Iterator[BinanceTradingConnection]:
    connection = BinanceTradingConnection(f"{venue.socket}/ws-fapi/v1", credentials, time, RECV_WINDOW)
    yield connection
    connection.close()


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


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (-2019, Outcome.RETRY),
            (-1111, Outcome.REFUSED),
            (-4116, Outcome.EXISTS),
            (-1007, Outcome.UNKNOWN),
            (-31337, Outcome.UNKNOWN),
        ],
    )
    def test_a_refusal_has_its_class_its_code_and_its_words(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        code: int,
        outcome: Outcome,
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, code))
        connection.place(an_order(), replies.of("grid-1"))
        assert replies.wait()[0] == Reply(outcome, code=code, message="because")

    def test_a_refused_timestamp_makes_the_clock_read_again(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, time: StandingClock
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, -1021))
        connection.place(an_order(), replies.of("grid-1"))
        assert replies.wait()[0].outcome is Outcome.RETRY
        assert time.refreshed == 1

    def test_an_error_under_a_good_status_is_no_acceptance(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, -31337, status=200))
        connection.place(an_order(), replies.of("grid-1"))
        assert replies.wait()[0].outcome is Outcome.UNKNOWN


class TestUnknown:
    @pytest.mark.parametrize(
        "result",
        [None, {}, {"status": "NEW"}, {"orderId": 1, "status": "BROKEN"}, {"orderId": 1, "executedQty": "NaN"}, [1]],
    )
    def test_a_success_that_describes_no_order_proves_nothing(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, result: Any
    ) -> None:
        venue.on_frame = always(lambda frame: {"id": frame["id"], "status": 200, "result": result})
        connection.place(an_order(), replies.of("grid-1"))
        reply = replies.wait()[0]
        assert (reply.outcome, reply.news) == (Outcome.UNKNOWN, None)

    def test_no_reply_in_time_is_unknown_and_a_late_one_changes_nothing(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        connection.place(an_order(), replies.of("grid-1"))
        frame = venue.wait_for_frames(1)[0]
        pass_time(REPLY_TIMEOUT + 0.1)
        assert replies.wait()[0].outcome is Outcome.UNKNOWN
        venue.on_frame = always(accepted)
        venue.run(venue.sockets[0].send_json(accepted(frame)))
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert [(name, reply.outcome) for name, reply in self._after(replies, 2)] == [
            ("grid-1", Outcome.UNKNOWN),
            ("grid-2", Outcome.ACCEPTED),
        ]
        assert len(venue.handshakes) == 1

    @staticmethod
    def _after(replies: Replies, count: int) -> list[tuple[str, Reply]]:
        replies.wait(count)
        return replies.all

    @pytest.mark.parametrize("text", ["", "not json", '{"id": 1', "[]", "null", "7", '{"id": 1, "status": "what"}'])
    def test_garbage_answers_nobody_and_the_connection_goes_on(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, text: str
    ) -> None:
        async def garbage_first(peer: web.WebSocketResponse, frame: dict[str, Any]) -> None:
            await peer.send_str(text)
            await peer.send_json(accepted(frame))

        venue.on_frame = garbage_first
        connection.place(an_order(), replies.of("grid-1"))
        assert [reply.outcome for reply in replies.wait()] == [Outcome.ACCEPTED]

    def test_an_unusable_reply_leaves_its_own_order_unknown(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        venue.on_frame = always(lambda frame: '{"id": 1, "status": 200, "result": {"orderId": 12')
        connection.place(an_order(), replies.of("grid-1"))
        venue.wait_for_frames(1)
        pass_time(REPLY_TIMEOUT + 0.1)
        assert [reply.outcome for reply in replies.wait()] == [Outcome.UNKNOWN]

    @pytest.mark.parametrize("how", ["cut", "hang_up"])
    def test_a_connection_lost_after_the_write_leaves_every_order_unknown(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, how: str
    ) -> None:
        for number in range(5):
            connection.place(an_order(f"grid-{number}"), replies.of(f"grid-{number}"))
        venue.wait_for_frames(5)
        getattr(venue, how)()
        assert [reply.outcome for reply in replies.wait(5)] == [Outcome.UNKNOWN] * 5

    def test_the_next_order_after_a_loss_connects_again(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        venue.wait_for_frames(1)
        venue.cut()
        replies.wait(1)
        venue.on_frame = always(accepted)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert replies.wait(2)[1].outcome is Outcome.ACCEPTED
        assert len(venue.handshakes) == 2

    def test_a_handler_that_fails_costs_the_others_nothing(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(accepted)

        def fail(reply: Reply) -> None:
            raise RuntimeError(str(reply.outcome))

        connection.place(an_order("grid-1"), fail)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert replies.wait()[0].outcome is Outcome.ACCEPTED


class TestNotSent:
    def test_nobody_listening_means_not_sent_before_place_returns(
        self, credentials: Credentials, time: StandingClock, replies: Replies
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
            connection = BinanceTradingConnection(url, credentials, time, RECV_WINDOW)
            connection.place(an_order(), replies.of("grid-1"))
        assert [reply.outcome for _, reply in replies.all] == [Outcome.NOT_SENT]

    def test_a_burst_does_not_queue_behind_failed_attempts(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on("WS", "/ws-fapi/v1", answer({}, status=503))
        for number in range(50):
            connection.place(an_order(f"grid-{number}"), replies.of(f"grid-{number}"))
        assert [reply.outcome for _, reply in replies.all] == [Outcome.NOT_SENT] * 50
        assert len(venue.handshakes) == 1

    def test_it_connects_as_soon_as_the_venue_is_back(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        venue.on("WS", "/ws-fapi/v1", answer({}, status=503))
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        venue.routes.clear()
        venue.on_frame = always(accepted)
        pass_time(1)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert replies.wait(2)[1].outcome is Outcome.ACCEPTED

    def test_a_venue_that_limits_us_is_left_alone_for_as_long_as_it_asks(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        venue.on("WS", "/ws-fapi/v1", answer({}, 429, **{"Retry-After": "30"}))
        for number in range(3):
            connection.place(an_order(f"grid-{number}"), replies.of(f"grid-{number}"))
            pass_time(14)
        assert len(venue.handshakes) == 1
        pass_time(14)
        connection.place(an_order("grid-3"), replies.of("grid-3"))
        assert len(venue.handshakes) == 2
        assert {reply.outcome for _, reply in replies.all} == {Outcome.NOT_SENT}

    def test_a_closed_connection_sends_nothing(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        connection.close()
        connection.place(an_order(), replies.of("grid-1"))
        assert [reply.outcome for _, reply in replies.all] == [Outcome.NOT_SENT]
        assert venue.handshakes == []

    def test_a_forked_child_sends_nothing_over_its_parents_connection(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(accepted)
        connection.place(an_order(), replies.of("grid-1"))
        replies.wait()
        child = os.fork()
        if child == 0:
            connection.place(an_order("grid-2"), replies.of("grid-2"))
            os._exit(0 if replies.all[-1][1].outcome is Outcome.NOT_SENT else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(venue.frames) == 1

    def test_a_cancel_without_venue_time_is_not_sent(
        self, connection: BinanceTradingConnection, replies: Replies, time: StandingClock
    ) -> None:
        time.is_known = False
        connection.cancel("BTCUSDT", "grid-1", replies.of("grid-1"))
        assert [reply.outcome for _, reply in replies.all] == [Outcome.NOT_SENT]


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


class TestTheDaysEnd:
    def test_a_new_session_takes_over_and_the_old_one_answers_what_it_owes(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        connection.place(an_order("grid-0"), replies.of("grid-0"))
        venue.run(venue.sockets[0].send_json(accepted(venue.wait_for_frames(1)[0])))
        replies.wait(1)
        pass_time(MAX_AGE - 5)
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        first = venue.wait_for_frames(2)[1]
        pass_time(6)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        second = venue.wait_for_frames(3)[2]
        assert len(venue.handshakes) == 2
        venue.run(venue.sockets[1].send_json(accepted(second)))
        venue.run(venue.sockets[0].send_json(accepted(first)))
        replies.wait(3)
        assert [(name, reply.outcome) for name, reply in replies.all[1:]] == [
            ("grid-2", Outcome.ACCEPTED),
            ("grid-1", Outcome.ACCEPTED),
        ]
        wait_until(lambda: venue.sockets[0].closed, 5, "the old session closes")

    def test_an_old_session_serves_on_while_the_venue_takes_no_new_one(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        pass_time: Callable[[float], None],
    ) -> None:
        venue.on_frame = always(accepted)
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        replies.wait(1)
        venue.on("WS", "/ws-fapi/v1", answer({}, status=503))
        pass_time(MAX_AGE + 1)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert replies.wait(2)[1].outcome is Outcome.ACCEPTED

    def test_closing_still_answers_what_is_on_its_way(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        connection.place(an_order(), replies.of("grid-1"))
        frame = venue.wait_for_frames(1)[0]
        connection.close()
        venue.run(venue.sockets[0].send_json(accepted(frame)))
        assert [reply.outcome for reply in replies.wait()] == [Outcome.ACCEPTED]
        wait_until(lambda: venue.sockets[0].closed, 5, "the session closes")


class TestARevokedKey:
    def test_it_ends_the_connection_with_a_reason(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(
            lambda frame: {"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key."}}
        )
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        assert replies.wait(1)[0].outcome is Outcome.UNKNOWN
        assert "-2015" in replies.all[0][1].message
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        last = replies.wait(2)[1]
        assert (last.outcome, last.code) == (Outcome.NOT_SENT, -2015)
        assert len(venue.handshakes) == 1


PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class TestAnEd25519Key:
    @pytest.fixture
    def connection(self, venue: ScriptedVenue, time: StandingClock) -> Iterator[BinanceTradingConnection]:
        url = f"{venue.socket}/ws-fapi/v1"
        connection = BinanceTradingConnection(url, credentials_of(API_KEY, PEM), time, RECV_WINDOW)
        yield connection
        connection.close()

    @staticmethod
    def _logged_on(frame: dict[str, Any]) -> dict[str, Any]:
        if frame["method"] == "session.logon":
            return {"id": frame["id"], "status": 200, "result": {"apiKey": API_KEY, "authorizedSince": NOW}}
        return accepted(frame)

    def test_it_logs_on_once_and_signs_nothing_after_that(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(self._logged_on)
        for name in ("grid-1", "grid-2"):
            connection.place(an_order(name), replies.of(name))
        assert [reply.outcome for reply in replies.wait(2)] == [Outcome.ACCEPTED] * 2
        assert [frame["method"] for frame in venue.frames] == ["session.logon", "order.place", "order.place"]
        assert set(venue.frames[0]["params"]) == {"apiKey", "timestamp", "recvWindow", "signature"}
        assert venue.frames[1]["params"]["timestamp"] == NOW
        assert not {"apiKey", "signature"} & set(venue.frames[1]["params"])

    def test_a_refused_logon_sends_no_order_and_pauses(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, -2015, status=401))
        for name in ("grid-1", "grid-2"):
            connection.place(an_order(name), replies.of(name))
        assert [(reply.outcome, reply.code) for _, reply in replies.all] == [(Outcome.NOT_SENT, -2015)] * 2
        assert [frame["method"] for frame in venue.frames] == ["session.logon"]

    def test_a_logon_refused_for_its_time_is_soon_tried_again(
        self,
        venue: ScriptedVenue,
        connection: BinanceTradingConnection,
        replies: Replies,
        time: StandingClock,
        pass_time: Callable[[float], None],
    ) -> None:
        venue.on_frame = always(lambda frame: refused(frame, -1021))
        connection.place(an_order("grid-1"), replies.of("grid-1"))
        assert time.refreshed == 1
        venue.on_frame = always(self._logged_on)
        pass_time(1)
        connection.place(an_order("grid-2"), replies.of("grid-2"))
        assert [reply.outcome for reply in replies.wait(2)] == [Outcome.NOT_SENT, Outcome.ACCEPTED]

    @pytest.mark.parametrize("text", ["garbage", "[]", '{"status": "x"}'])
    def test_an_unusable_logon_sends_no_order(
        self, venue: ScriptedVenue, connection: BinanceTradingConnection, replies: Replies, text: str
    ) -> None:
        venue.on_frame = always(lambda frame: text)
        connection.place(an_order(), replies.of("grid-1"))
        assert [reply.outcome for _, reply in replies.all] == [Outcome.NOT_SENT]


def test_neither_key_nor_secret_shows_in_logs_or_replies(
    venue: ScriptedVenue,
    connection: BinanceTradingConnection,
    replies: Replies,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    venue.on_frame = always(lambda frame: "garbage")
    connection.place(an_order("grid-1"), replies.of("grid-1"))
    venue.wait_for_frames(1)
    venue.cut()
    replies.wait(1)
    venue.on("WS", "/ws-fapi/v1", answer({}, status=403))
    connection.place(an_order("grid-2"), replies.of("grid-2"))
    said = f"{capsys.readouterr()}{caplog.text}{replies.wait(2)}{connection!r}"
    for secret in (API_KEY, API_SECRET, venue.frames[0]["params"]["signature"]):
        assert secret not in said
