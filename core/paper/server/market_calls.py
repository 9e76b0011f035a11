"""Public market data."""

from collections.abc import Callable
from typing import Any

from core.paper.engine.exchange import ASSET
from core.paper.engine.market import Market
from core.paper.engine.numbers import plain
from core.paper.server.call import Call
from core.paper.server.history import span_of
from core.paper.server.limits import ORDER_LIMITS
from core.paper.server.market_data import shown_quantity

Json = dict[str, Any]
_FUNDINGS_FROM = "SELECT doc FROM fundings WHERE (symbol = ? OR ? = '') AND time BETWEEN ? AND ? ORDER BY time LIMIT ?"
_NEWEST_FUNDINGS = (
    "SELECT doc FROM fundings WHERE (symbol = ? OR ? = '') AND time BETWEEN ? AND ? ORDER BY time DESC LIMIT ?"
)


def ping(_: Call) -> Json:
    return {}


def server_time(call: Call) -> Json:
    return {"serverTime": call.exchange.now()}


def exchange_info(call: Call) -> Json:
    """Every symbol, whatever `symbol` was asked for."""
    return {
        "timezone": "UTC",
        "serverTime": call.exchange.now(),
        "futuresType": "U_MARGINED",
        "rateLimits": rate_limits(call.venue.limits.weight_limit),
        "exchangeFilters": [],
        "assets": [{"asset": ASSET, "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [market.listing for market in call.exchange.markets.values()],
    }


def rate_limits(weight_limit: int) -> list[Json]:
    weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight_limit}
    return [weight, *ORDER_LIMITS]


def klines(call: Call) -> list[Any]:
    params = call.params
    span = span_of(params.text("interval"))
    candles = call.venue.data.history.candles(
        params.text("symbol"),
        span,
        params.maybe_integer("startTime"),
        params.maybe_integer("endTime"),
        params.limit(500, 1500),
    )
    return call.venue.data.rows(candles, span)


def premium_index(call: Call) -> Any:
    return _one_or_all(call, call.venue.data.premium_index)


def ticker_price(call: Call) -> Any:
    return _one_or_all(call, call.venue.data.price)


def book_ticker(call: Call) -> Any:
    return _one_or_all(call, call.venue.data.book)


def ticker_day(call: Call) -> Any:
    return _one_or_all(call, call.venue.data.day)


def _one_or_all(call: Call, view: Callable[[Market], Json]) -> Any:
    if call.params.has("symbol"):
        return view(call.exchange.market(call.params.text("symbol")))
    return [view(market) for market in call.exchange.markets.values() if market.status == "TRADING"]


def depth(call: Call) -> Json:
    """A book of one level each: the venue has one price."""
    market = call.exchange.market(call.params.text("symbol"))
    level = [[plain(market.price), plain(shown_quantity(market))]]
    return {
        "lastUpdateId": market.update_id,
        "E": call.exchange.now(),
        "T": market.moved,
        "bids": level,
        "asks": level,
    }


def funding_rate(call: Call) -> list[Any]:
    """From startTime on, or the newest; ascending either way."""
    params, symbol = call.params, call.params.optional("symbol")
    start, end = params.integer("startTime", 0), params.integer("endTime", call.exchange.now())
    sql = _FUNDINGS_FROM if params.has("startTime") else _NEWEST_FUNDINGS
    docs = call.venue.store.docs(sql, symbol, symbol, start, end, params.limit(100, 1000))
    return docs if params.has("startTime") else docs[::-1]


def funding_info(call: Call) -> list[Json]:
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": 8,
            "disclaimer": False,
        }
        for symbol in call.exchange.markets
    ]
