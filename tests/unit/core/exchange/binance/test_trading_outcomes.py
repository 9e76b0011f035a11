"""Every way a send can end at the venue, and nothing said that is not proved."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from core.exchange.base import Outcome, Reply
from core.exchange.binance.session import REPLY_TIMEOUT
from core.exchange.binance.trading import BinanceTradingConnection
from tests.unit.core.exchange.binance.orders import Replies, StandingClock, accepted, always, an_order, refused
from tests.unit.core.exchange.scripted_venue import ScriptedVenue


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
