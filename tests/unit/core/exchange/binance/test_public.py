"""The public side."""

from decimal import Decimal

import pytest

from core.errors import VenueUnavailable
from core.exchange.base import Candle, FundingRate, MarketView
from core.exchange.binance.public import BinancePublicApi
from core.exchange.binance.rest import RestClient
from tests.unit.core.exchange.binance.samples import SYMBOL
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer

KLINE = [1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.1", 1499644799999]
REST_OF_KLINE = ["2434.19055334", 308, "1756.87402397", "28.46694368", "0"]
PREMIUM = {
    "symbol": "BTCUSDT",
    "markPrice": "11793.63104562",
    "indexPrice": "11781.80495970",
    "estimatedSettlePrice": "11781.16138815",
    "lastFundingRate": "0.00038246",
    "interestRate": "0.00010000",
    "nextFundingTime": 1597392000000,
    "time": 1597370495002,
}


@pytest.fixture
def api(venue: ScriptedVenue) -> BinancePublicApi:
    return BinancePublicApi(RestClient(venue.rest))


def test_the_venues_time(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v1/time", answer({"serverTime": 1499827319559}))
    assert api.server_time() == 1499827319559


def test_the_rules_of_every_symbol(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v1/exchangeInfo", answer({"symbols": [SYMBOL]}))
    assert list(api.symbol_rules()) == ["BTCUSDT"]


def test_funding_rates_without_the_special_payments(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    row = {"symbol": "BTCUSDT", "fundingRate": "-0.03750000", "fundingTime": 1570608000000, "markPrice": "34287.5"}
    kinds: list[dict[str, str]] = [{}, {"rateType": "Special"}, {"rateType": "Regular"}]
    venue.on("GET", "/fapi/v1/fundingRate", answer([row | kind for kind in kinds]))
    assert api.funding_rates("BTCUSDT") == [FundingRate(1570608000000, Decimal("-0.0375"))] * 2
    assert venue.seen[0].query == "symbol=BTCUSDT&limit=100"


def test_candles_of_a_window(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v1/klines", answer([KLINE + REST_OF_KLINE]))
    assert api.candles("BTCUSDT", "1m", 1, 2, 10) == [
        Candle(
            open_time=1499040000000,
            open=Decimal("0.0163479"),
            high=Decimal("0.8"),
            low=Decimal("0.015758"),
            close=Decimal("0.015771"),
            volume=Decimal("148976.1"),
            close_time=1499644799999,
        )
    ]
    assert venue.seen[0].query == "symbol=BTCUSDT&interval=1m&startTime=1&endTime=2&limit=10"
    api.candles("BTCUSDT", "1m")
    assert venue.seen[1].query == "symbol=BTCUSDT&interval=1m&limit=500"


def test_a_market_is_seen_whole(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v1/premiumIndex", answer(PREMIUM))
    venue.on("GET", "/fapi/v2/ticker/price", answer({"symbol": "BTCUSDT", "price": "11800.10", "time": 1}))
    low = [*KLINE[:3], "0.00000001", *KLINE[4:], *REST_OF_KLINE]
    venue.on("GET", "/fapi/v1/klines", answer([KLINE + REST_OF_KLINE, low]))
    assert api.market("BTCUSDT") == MarketView(
        symbol="BTCUSDT",
        last_price=Decimal("11800.1"),
        mark_price=Decimal("11793.63104562"),
        index_price=Decimal("11781.8049597"),
        funding_rate=Decimal("0.00038246"),
        next_funding_at=1597392000000,
        high_24h=Decimal("0.8"),
        low_24h=Decimal("0.00000001"),
        at=1597370495002,
    )


def test_a_market_without_candles_has_its_last_price_for_a_range(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v1/premiumIndex", answer(PREMIUM))
    venue.on("GET", "/fapi/v2/ticker/price", answer({"symbol": "BTCUSDT", "price": "11800.10"}))
    venue.on("GET", "/fapi/v1/klines", answer([]))
    view = api.market("BTCUSDT")
    assert view.high_24h == view.low_24h == view.last_price


@pytest.mark.parametrize("body", [{}, [], {"symbol": "BTCUSDT", "price": "abc"}, {"price": None}])
def test_a_price_that_is_none_is_unavailable(venue: ScriptedVenue, api: BinancePublicApi, body: object) -> None:
    venue.on("GET", "/fapi/v2/ticker/price", answer(body))
    with pytest.raises(VenueUnavailable):
        api.last_price("BTCUSDT")


def test_a_symbol_that_is_not_ascii_is_percent_encoded(venue: ScriptedVenue, api: BinancePublicApi) -> None:
    venue.on("GET", "/fapi/v2/ticker/price", answer({"price": "1"}))
    api.last_price("币安人生USDT")
    assert venue.seen[0].query == "symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT"
