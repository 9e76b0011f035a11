"""What never left: no order is at the venue, and the caller knows it at once."""

import os
import socket
from collections.abc import Callable

from core.exchange.base import Outcome
from core.exchange.binance.trading import BinanceTradingConnection
from core.exchange.credentials import Credentials
from tests.unit.core.exchange.binance.orders import RECV_WINDOW, Replies, StandingClock, accepted, always, an_order
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer


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
