"""Connections that grow old, keys that are refused, sessions that are logged on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.exchange.base import Outcome
from core.exchange.binance.trading import MAX_AGE, BinanceTradingConnection
from tests.support.waiting import wait_until
from tests.unit.core.exchange.binance.orders import (
    NOW,
    RECV_WINDOW,
    Replies,
    StandingClock,
    accepted,
    always,
    an_order,
    refused,
)
from tests.unit.core.exchange.conftest import API_KEY, API_SECRET, credentials_of
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer


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
        replies.wait(2)
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
