"""The public side of the simulated exchange, through the adapter."""

from decimal import Decimal

import pytest

from core import clock
from core.errors import VenueRefused
from core.exchange import mark_stream, public_api, venue_now_ms
from core.exchange.base import PublicApi
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until


def test_the_venues_time_is_this_hosts(public: PublicApi) -> None:
    assert abs(public.server_time() - clock.now_ms()) < 1000
    assert abs(venue_now_ms("paper") - clock.now_ms()) < 200


def test_a_shifted_venue_clock_is_followed(paper_server: PaperServer) -> None:
    venue_now_ms("paper")
    paper_server.inject("clock_skew", ms=7000)
    assert abs(public_api("paper").server_time() - clock.now_ms() - 7000) < 1000


def test_bitcoin_is_tradable_by_its_filters(public: PublicApi) -> None:
    rules = public.symbol_rules()["BTCUSDT"]
    assert rules.tradable
    assert rules.tick_size > 0
    assert rules.step_size > 0
    assert rules.min_notional > 0
    assert rules.max_num_orders >= 2
    assert 0 < rules.min_price < rules.max_price
    assert rules.percent_price_down < 1 < rules.percent_price_up


def test_the_market_is_where_it_was_put(paper_server: PaperServer, public: PublicApi) -> None:
    paper_server.move("BTCUSDT", "50000", "50100", "50050")
    view = public.market("BTCUSDT")
    assert (view.last_price, view.mark_price, view.index_price) == (50050, 50050, 50050)
    assert view.low_24h <= 50000
    assert view.high_24h >= 50100
    assert public.last_price("BTCUSDT") == 50050
    assert view.next_funding_at > view.at


def test_candles_hold_the_moves(paper_server: PaperServer, public: PublicApi) -> None:
    paper_server.move("BTCUSDT", "50000", "50100", "50050")
    last = public.candles("BTCUSDT", "1m", limit=2)[-1]
    assert last.close == 50050
    assert last.low <= last.open <= last.high
    assert last.close_time - last.open_time == 59_999


def test_an_unknown_symbol_is_refused(public: PublicApi) -> None:
    with pytest.raises(VenueRefused) as refused:
        public.last_price("NOSUCHUSDT")
    assert refused.value.code == -1121


def test_mark_prices_are_pushed(paper_server: PaperServer) -> None:
    stream = mark_stream("paper")
    paper_server.move("BTCUSDT", "50123.4")
    marks: dict[str, Decimal] = {}

    def follow() -> bool:
        marks.update({mark.symbol: mark.mark_price for mark in stream.read(0.5)})
        return marks.get("BTCUSDT") == Decimal("50123.4")

    wait_until(follow, 5, "the new mark")
    stream.close()


def test_all_last_prices_in_one_answer(paper_server: PaperServer) -> None:
    paper_server.move("BTCUSDT", "81234.5")
    prices = public_api("paper").last_prices()
    assert prices["BTCUSDT"] == Decimal("81234.5")
    assert len(prices) > 1
