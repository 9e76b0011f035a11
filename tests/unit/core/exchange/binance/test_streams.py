"""The streams that push."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from core.domain.order import OrderStatus
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import FundingPaid, StreamEvent, UserEvent
from core.exchange.binance.link import PING_EVERY, PONG_WITHIN
from core.exchange.binance.rest import RestClient
from core.exchange.binance.streams import EXTEND_AGAIN, EXTEND_EVERY, MAX_AGE, BinanceMarkStream, BinanceUserStream
from tests.support.waiting import wait_until
from tests.unit.core.exchange.binance.samples import ALGO_UPDATE, MARK, order_update
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer

LISTEN_KEY = "listen/key+1"
PassTime = Callable[[float], None]


def update(**changes: Any) -> str:
    return json.dumps(order_update(**changes))


def account_update(reason: str) -> str:
    return json.dumps({"e": "ACCOUNT_UPDATE", "E": 7, "T": 7, "a": {"m": reason, "B": [], "P": []}})


def algo_update(status: str) -> str:
    return json.dumps({**ALGO_UPDATE, "o": {**ALGO_UPDATE["o"], "X": status}})


def ids(events: list[UserEvent]) -> list[str]:
    return [event.news.client_order_id for event in events if isinstance(event, StreamEvent)]


def read_ids(stream: BinanceUserStream, count: int) -> list[str]:
    found: list[str] = []
    wait_until(lambda: found.extend(ids(stream.read(0.2))) or len(found) >= count, 5, f"{count} events")
    return found


@pytest.fixture
def listening(venue: ScriptedVenue) -> ScriptedVenue:
    """A venue that has a listen key for everybody."""
    venue.on("POST", "/fapi/v1/listenKey", answer({"listenKey": LISTEN_KEY}))
    venue.on("PUT", "/fapi/v1/listenKey", answer({}))
    return venue


@pytest.fixture
def stream(listening: ScriptedVenue) -> Iterator[BinanceUserStream]:
    stream = BinanceUserStream(RestClient(listening.rest), listening.socket, "the-api-key")
    wait_until(lambda: listening.sockets, 2)
    yield stream
    stream.close()


class TestOrderEvents:
    def test_the_stream_is_opened_with_the_key_alone(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        assert [(seen.method, seen.query) for seen in venue.seen] == [("POST", "")]
        assert venue.seen[0].headers["X-MBX-APIKEY"] == "the-api-key"
        handshake = venue.handshakes[0]
        assert (handshake.path, handshake.query) == ("/private/ws", "listenKey=listen%2Fkey%2B1")

    def test_one_read_returns_all_events_that_are_there(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        for number in range(50):
            venue.push(update(c=f"grid-{number}", t=number + 1))
        assert read_ids(stream, 50) == [f"grid-{number}" for number in range(50)]

    def test_nothing_within_the_timeout_is_an_empty_list(self, stream: BinanceUserStream) -> None:
        assert stream.read(0.05) == []

    def test_other_events_are_passed_over(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        for kind in ("TRADE_LITE", "MARGIN_CALL", "GRID_UPDATE", "NEWS"):
            venue.push(json.dumps({"e": kind, "E": 1}))
        venue.push('{"result": null, "id": 3}')
        venue.push(account_update("ORDER"))
        venue.push(update(c="grid-1"))
        assert read_ids(stream, 1) == ["grid-1"]

    def test_a_conditional_order_is_told_until_its_trigger(
        self, venue: ScriptedVenue, stream: BinanceUserStream
    ) -> None:
        for status in ("NEW", "TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "REJECTED"):
            venue.push(algo_update(status))
        events: list[Any] = []
        wait_until(lambda: events.extend(stream.read(0.2)) or len(events) >= 3, 5, "3 events")
        assert [(event.news.status, event.news.algo_id, event.news.order_id) for event in events] == [
            (OrderStatus.PLACED, "4000000000000001", ""),
            (OrderStatus.CANCELED, "4000000000000001", ""),
            (OrderStatus.EXPIRED, "4000000000000001", ""),
        ]
        assert events[2].expiry_reason == "ReduceOnly Order is rejected."

    def test_funding_is_told_as_soon_as_it_is_paid(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        venue.push(account_update("FUNDING_FEE"))
        assert stream.read(2) == [FundingPaid(event_time=7)]

    def test_an_envelope_is_opened(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        venue.push(json.dumps({"stream": LISTEN_KEY, "data": order_update(c="grid-1")}))
        assert read_ids(stream, 1) == ["grid-1"]

    @pytest.mark.parametrize("name", ["autoclose-123", "adl_autoclose", "settlement_autoclose-9"])
    def test_the_venues_own_orders_keep_their_names(
        self, venue: ScriptedVenue, stream: BinanceUserStream, name: str
    ) -> None:
        venue.push(update(c=name, x="CALCULATED"))
        assert read_ids(stream, 1) == [name]

    @pytest.mark.parametrize(
        "text", ["not json", "[]", update(q="NaN"), update(X="BROKEN"), '{"data": 7}', '{"e": "ACCOUNT_UPDATE"}']
    )
    def test_a_message_that_cannot_be_read_ends_the_stream_rather_than_be_missed(
        self, venue: ScriptedVenue, stream: BinanceUserStream, text: str
    ) -> None:
        venue.push(text)
        with pytest.raises(VenueUnavailable):
            stream.read(2)


class TestItsEnds:
    @pytest.mark.parametrize("how", ["cut", "hang_up"])
    def test_a_lost_stream_says_so(self, venue: ScriptedVenue, stream: BinanceUserStream, how: str) -> None:
        getattr(venue, how)()
        with pytest.raises(VenueUnavailable) as ended:
            stream.read(2)
        assert ended.value.reason == "stream_ended"

    def test_events_before_the_end_are_not_lost(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        venue.push(update(c="grid-1"))
        venue.cut()
        assert read_ids(stream, 1) == ["grid-1"]
        with pytest.raises(VenueUnavailable):
            stream.read(2)

    def test_an_expired_listen_key_ends_it(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        venue.push(json.dumps({"e": "listenKeyExpired", "E": 1, "listenKey": "of somebody else"}))
        venue.push(json.dumps({"e": "listenKeyExpired", "E": 1, "listenKey": LISTEN_KEY}))
        with pytest.raises(VenueUnavailable) as ended:
            stream.read(2)
        assert ended.value.reason == "listen_key_expired"

    def test_missed_pongs_end_it(self, listening: ScriptedVenue, pass_time: PassTime) -> None:
        listening.answers_pings = False
        stream = BinanceUserStream(RestClient(listening.rest), listening.socket, "the-api-key")
        pass_time(PING_EVERY + 1)
        assert stream.read(0.05) == []
        pass_time(PONG_WITHIN + 1)
        with pytest.raises(VenueUnavailable, match="no pong"):
            stream.read(1)

    def test_a_key_the_venue_does_not_know_is_refused(self, venue: ScriptedVenue) -> None:
        venue.on("POST", "/fapi/v1/listenKey", answer({"code": -2015, "msg": "Invalid API-key."}, 401))
        with pytest.raises(VenueRefused):
            BinanceUserStream(RestClient(venue.rest), venue.socket, "the-api-key")

    def test_a_stream_that_cannot_be_opened_is_unavailable(self, listening: ScriptedVenue) -> None:
        listening.on("WS", "/private/ws", answer({}, 503))
        with pytest.raises(VenueUnavailable) as unavailable:
            BinanceUserStream(RestClient(listening.rest), listening.socket, "the-api-key")
        assert LISTEN_KEY not in str(unavailable.value)

    def test_closing_never_deletes_the_listen_key(self, venue: ScriptedVenue, stream: BinanceUserStream) -> None:
        stream.close()
        wait_until(lambda: venue.sockets[0].closed, 2)
        assert "DELETE" not in {seen.method for seen in venue.seen}


class TestTheListenKeysLife:
    def test_it_is_extended_on_schedule(
        self, venue: ScriptedVenue, stream: BinanceUserStream, pass_time: PassTime
    ) -> None:
        for count in (1, 2):
            stream.read(0)
            pass_time(EXTEND_EVERY + 1)
            stream.read(0)
            assert [seen.method for seen in venue.seen] == ["POST"] + ["PUT"] * count

    def test_one_failed_extension_is_tried_again_soon(
        self, venue: ScriptedVenue, stream: BinanceUserStream, pass_time: PassTime
    ) -> None:
        venue.on("PUT", "/fapi/v1/listenKey", answer({"code": -1000, "msg": "?"}, 503), answer({}))
        pass_time(EXTEND_EVERY + 1)
        stream.read(0)
        stream.read(0)
        assert [seen.method for seen in venue.seen] == ["POST", "PUT"]
        pass_time(EXTEND_AGAIN + 1)
        stream.read(0)
        assert [seen.method for seen in venue.seen] == ["POST", "PUT", "PUT"]
        venue.push(update(c="grid-1"))
        assert read_ids(stream, 1) == ["grid-1"]

    def test_a_key_that_is_gone_ends_the_stream(
        self, venue: ScriptedVenue, stream: BinanceUserStream, pass_time: PassTime
    ) -> None:
        venue.on("PUT", "/fapi/v1/listenKey", answer({"code": -1125, "msg": "This listenKey does not exist."}, 400))
        pass_time(EXTEND_EVERY + 1)
        with pytest.raises(VenueUnavailable) as ended:
            stream.read(0)
        assert ended.value.reason == "listen_key_expired"


class TestTheDaysEnd:
    def test_a_second_connection_takes_over_before_the_first_is_cut_and_nothing_is_missed(
        self, venue: ScriptedVenue, stream: BinanceUserStream, pass_time: PassTime
    ) -> None:
        for _ in range(int(MAX_AGE // EXTEND_EVERY)):
            pass_time(EXTEND_EVERY)
            stream.read(0)
        venue.push(update(c="grid-1"), socket=0)
        pass_time(EXTEND_EVERY)
        assert read_ids(stream, 1) == ["grid-1"]
        assert len(venue.handshakes) == 2
        wait_until(lambda: venue.sockets[0].closed, 2)
        venue.push(update(c="grid-2"), socket=1)
        assert read_ids(stream, 1) == ["grid-2"]

    def test_the_first_serves_on_while_the_venue_takes_no_second(
        self, venue: ScriptedVenue, stream: BinanceUserStream, pass_time: PassTime
    ) -> None:
        venue.on("WS", "/private/ws", answer({}, 503))
        pass_time(MAX_AGE + 1)
        stream.read(0)
        venue.push(update(c="grid-1"))
        assert read_ids(stream, 1) == ["grid-1"]
        assert len(venue.handshakes) == 2


class TestMarkPrices:
    @pytest.fixture
    def marks(self, venue: ScriptedVenue) -> Iterator[BinanceMarkStream]:
        stream = BinanceMarkStream(venue.socket)
        wait_until(lambda: venue.sockets, 2)
        yield stream
        stream.close()

    def test_all_symbols_come_on_one_stream(self, venue: ScriptedVenue, marks: BinanceMarkStream) -> None:
        assert (venue.handshakes[0].path, venue.handshakes[0].query) == (
            "/market/stream",
            "streams=!markPrice@arr@1s",
        )

    def test_coin_margined_contracts_are_left_out(self, venue: ScriptedVenue, marks: BinanceMarkStream) -> None:
        without = {name: value for name, value in MARK.items() if name != "st"}
        rows = [{**MARK, "s": "A"}, {**MARK, "s": "B", "st": 2}, {**without, "s": "C"}]
        venue.push(json.dumps({"stream": "!markPrice@arr@1s", "data": rows}))
        assert [mark.symbol for mark in marks.read(2)] == ["A", "C"]

    def test_a_mark_price_is_exact(self, venue: ScriptedVenue, marks: BinanceMarkStream) -> None:
        venue.push(json.dumps({"stream": "btcusdt@markPrice@1s", "data": MARK}))
        (mark,) = marks.read(2)
        assert (mark.mark_price, mark.index_price) == (Decimal("11794.15"), Decimal("11784.62659091"))
        assert (mark.funding_rate, mark.next_funding_at, mark.at) == (
            Decimal("0.00038167"),
            1562306400000,
            1562305380000,
        )

    def test_other_messages_are_passed_over(self, venue: ScriptedVenue, marks: BinanceMarkStream) -> None:
        venue.push('{"result": null, "id": 1}')
        assert list(marks.read(2)) == []

    def test_nothing_within_the_timeout_is_nothing(self, marks: BinanceMarkStream) -> None:
        assert list(marks.read(0.05)) == []

    def test_a_lost_stream_says_so_at_once(self, venue: ScriptedVenue, marks: BinanceMarkStream) -> None:
        venue.cut()
        with pytest.raises(VenueUnavailable):
            marks.read(2)
