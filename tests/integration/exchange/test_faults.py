"""What the adapter says when the simulated exchange misbehaves: never more than is proved."""

from collections.abc import Callable

import pytest

from core.domain.order import OrderStatus, Side
from core.errors import VenueUnavailable
from core.exchange import Credentials, user_stream, venue_now_ms
from core.exchange.base import AccountApi, Outcome, UserStream
from tests.integration.exchange.trader import Trader, read_events
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until

Fault = Callable[..., None]


@pytest.mark.parametrize("executed", [True, False])
def test_a_reply_that_never_comes_is_unknown(
    trader: Trader, account: AccountApi, fault: Fault, executed: bool, pass_time: Callable[[float], None]
) -> None:
    trader.place(Side.BUY, "48000", "grid-before")
    fault("no_reply", count=1, accepted=executed)
    order = trader.order(Side.BUY, "49000", "grid-silent")
    replies: list[Outcome] = []
    trader.connection.place(order, lambda reply: replies.append(reply.outcome))
    pass_time(11)
    wait_until(lambda: replies, 5)
    assert replies == [Outcome.UNKNOWN]
    assert (account.order("BTCUSDT", "grid-silent") is not None) is executed


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        {"status": 503, "code": -1000, "msg": "Unknown error, please check your request or try again later."},
        {"status": 408, "code": -1007, "msg": "Timeout waiting for response from backend server."},
        {"status": 400, "code": -1006, "msg": "An unexpected response was received from the message bus."},
        {"status": 400, "code": -31337, "msg": "no such code"},
    ],
)
def test_an_error_that_proves_nothing_is_unknown(
    trader: Trader, account: AccountApi, fault: Fault, error: dict[str, int | str], executed: bool
) -> None:
    trader.place(Side.BUY, "48000", "grid-before")
    order = trader.order(Side.BUY, "49000", "grid-error")
    fault("error", count=1, accepted=executed, **error)
    assert trader.send(order).outcome is Outcome.UNKNOWN
    assert (account.order("BTCUSDT", "grid-error") is not None) is executed


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [(503, -1008, "Request throttled by system-level protection."), (429, -1003, "Too many requests.")],
)
def test_an_error_before_the_order_system_may_be_tried_again(
    trader: Trader, fault: Fault, status: int, code: int, message: str
) -> None:
    trader.place(Side.BUY, "48000", "grid-before")
    order = trader.order(Side.BUY, "49000", "grid-throttled")
    fault("error", count=1, status=status, code=code, msg=message)
    assert trader.send(order).outcome is Outcome.RETRY
    assert trader.send(order).outcome is Outcome.ACCEPTED


def test_a_cut_trading_connection_comes_back_by_itself(trader: Trader, fault: Fault, account: AccountApi) -> None:
    trader.place(Side.BUY, "48000")
    fault("drop_connections", match="trade")
    outcomes = {trader.place(Side.BUY, f"4900{number}", f"grid-cut-{number}").outcome for number in range(3)}
    assert outcomes <= {Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.NOT_SENT}
    assert trader.place(Side.BUY, "49100", "grid-after").outcome is Outcome.ACCEPTED


def test_refused_connections_send_nothing(trader: Trader, fault: Fault, account: AccountApi) -> None:
    order = trader.order(Side.BUY, "49000", "grid-refused")
    fault("refuse_connections", seconds=1, match="trade")
    assert trader.send(order).outcome is Outcome.NOT_SENT
    assert account.order("BTCUSDT", "grid-refused") is None
    wait_until(lambda: trader.place(Side.BUY, "49000", "grid-later").outcome is Outcome.ACCEPTED, 5)


def test_a_shifted_venue_clock_costs_one_refusal(trader: Trader, fault: Fault) -> None:
    trader.place(Side.BUY, "48000")
    before = venue_now_ms("paper")
    fault("clock_skew", seconds=10, ms=20_000)
    refused = trader.place(Side.BUY, "49000")
    assert (refused.outcome, refused.code) == (Outcome.RETRY, -1021)
    wait_until(lambda: venue_now_ms("paper") - before > 10_000, 3, "the clock has followed")
    assert trader.place(Side.BUY, "49000").outcome is Outcome.ACCEPTED


def test_a_reader_follows_a_shifted_clock_by_itself(account: AccountApi, fault: Fault) -> None:
    account.balances()
    fault("clock_skew", seconds=10, ms=20_000)
    assert account.balances()


def test_a_limited_reader_leaves_the_venue_alone(account: AccountApi, fault: Fault, paper_server: PaperServer) -> None:
    account.balances()
    fault("rate_limit", count=1, status=429)
    for _ in range(3):
        with pytest.raises(VenueUnavailable) as limited:
            account.balances()
        assert limited.value.reason == "rate_limited"
    wait_until(lambda: _answers(account), 5, "the pause is over")


def _answers(account: AccountApi) -> bool:
    try:
        return bool(account.balances())
    except VenueUnavailable:
        return False


def test_a_hidden_order_is_not_found_though_it_is_there(trader: Trader, account: AccountApi, fault: Fault) -> None:
    fault("late_query", seconds=5, lag_ms=1000)
    assert trader.place(Side.BUY, "49000", "grid-late").outcome is Outcome.ACCEPTED
    assert account.order("BTCUSDT", "grid-late") is None
    wait_until(lambda: account.order("BTCUSDT", "grid-late"), 5)


class TestTheUserStream:
    @pytest.mark.parametrize("kind", ["drop_connections", "expire_listen_key"])
    def test_its_end_is_told_and_a_new_one_opens(
        self, stream: UserStream, credentials: Credentials, trader: Trader, fault: Fault, kind: str
    ) -> None:
        fault(kind, **({"match": "user"} if kind == "drop_connections" else {}))
        with pytest.raises(VenueUnavailable):
            stream.read(5)
        again = user_stream("paper", credentials.api_key.reveal())
        trader.place(Side.BUY, "49000", "grid-again")
        assert [event.news.client_order_id for event in read_events(again, 1)] == ["grid-again"]
        again.close()

    def test_doubled_events_are_the_same_event(self, stream: UserStream, trader: Trader, fault: Fault) -> None:
        fault("duplicate_events", seconds=10)
        trader.place(Side.SELL, None)
        events = read_events(stream, 4)
        fills = [event.trade for event in events if event.trade is not None]
        assert len(fills) >= 2
        assert len(set(fills)) == 1

    def test_a_deaf_stream_looks_alive(self, stream: UserStream, trader: Trader, fault: Fault) -> None:
        fault("mute_stream", seconds=10, match="user")
        assert trader.place(Side.SELL, None).outcome is Outcome.ACCEPTED
        assert stream.read(0.5) == []

    def test_nothing_is_read_twice(self, stream: UserStream, trader: Trader) -> None:
        for number in range(20):
            trader.place(Side.BUY, f"4900{number % 10}", f"grid-once-{number}", "0.002")
        names = [event.news.client_order_id for event in read_events(stream, 20)]
        assert names == [f"grid-once-{number}" for number in range(20)]
        assert stream.read(0.1) == []

    def test_a_fill_reaches_the_stream_with_its_order_final(
        self, stream: UserStream, trader: Trader, paper_server: PaperServer
    ) -> None:
        trader.place(Side.SELL, "51000")
        paper_server.move("BTCUSDT", "51000")
        assert read_events(stream, 2)[-1].news.status is OrderStatus.FILLED
