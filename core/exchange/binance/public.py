"""The public side: rules, prices and candles. Needs no key."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.domain.symbol_rules import SymbolRules
from core.exchange.base import Candle, FundingRate, MarketView
from core.exchange.binance import parse
from core.exchange.binance.numbers import decimal_of
from core.exchange.binance.rest import RestClient
from core.exchange.binance.rules import symbol_rules, weight_limit
from core.exchange.binance.signing import query_of

_DAY_OF_QUARTERS = 96  # 24 h in 15-minute candles, one short of the next weight


class BinancePublicApi:
    """Implements `base.PublicApi`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    @property
    def usage(self) -> Mapping[str, int]:
        return self._rest.usage

    def server_time(self) -> int:
        return parse.parsed(lambda content: int(content["serverTime"]), self._get("/fapi/v1/time"))

    def symbol_rules(self) -> Mapping[str, SymbolRules]:
        content = self._get("/fapi/v1/exchangeInfo")
        limit = parse.parsed(weight_limit, content)
        if limit is not None:
            self._rest.told_limit(limit)
        return parse.parsed(symbol_rules, content)

    def market(self, symbol: str) -> MarketView:
        """Last price, mark and 24 h range; three requests, so they are of slightly different moments."""
        last = self.last_price(symbol)
        day = self.candles(symbol, "15m", limit=_DAY_OF_QUARTERS)
        mark = parse.parsed(dict, self._get("/fapi/v1/premiumIndex", symbol=symbol))
        return parse.parsed(lambda row: _view(row, last, day), mark)

    def last_price(self, symbol: str) -> Decimal:
        ticker = self._get("/fapi/v2/ticker/price", symbol=symbol)
        return parse.parsed(lambda content: decimal_of(content["price"]), ticker)

    def last_prices(self) -> Mapping[str, Decimal]:
        rows = self._get("/fapi/v2/ticker/price")
        return parse.parsed(lambda content: {row["symbol"]: decimal_of(row["price"]) for row in content}, rows)

    def candles(
        self, symbol: str, interval: str, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> list[Candle]:
        """Oldest first; the last one may still be open. `start` and `end` in ms, `limit` up to 1,500."""
        times = {"startTime": start, "endTime": end}
        window = {name: moment for name, moment in times.items() if moment is not None}
        rows = self._get("/fapi/v1/klines", symbol=symbol, interval=interval, **window, limit=limit)
        return parse.parsed(lambda content: [parse.candle(row) for row in content], rows)

    def funding_rates(self, symbol: str, limit: int = 100) -> list[FundingRate]:
        """Oldest first; the venue's special payments are left out: they come back by no interval."""
        rows = self._get("/fapi/v1/fundingRate", symbol=symbol, limit=limit)
        return parse.parsed(lambda content: [_rate(row) for row in content if _is_regular(row)], rows)

    def _get(self, path: str, **params: str | int) -> Any:
        return self._rest.request("GET", path, query_of(params))


def _rate(row: parse.Row) -> FundingRate:
    return FundingRate(at=int(row["fundingTime"]), rate=decimal_of(row["fundingRate"]))


def _is_regular(row: parse.Row) -> bool:
    return bool(row.get("rateType", "Regular") == "Regular")


def _view(row: parse.Row, last: Decimal, day: list[Candle]) -> MarketView:
    return MarketView(
        symbol=row["symbol"],
        last_price=last,
        mark_price=decimal_of(row["markPrice"]),
        index_price=decimal_of(row["indexPrice"]),
        funding_rate=decimal_of(row["lastFundingRate"] or "0"),
        next_funding_at=int(row["nextFundingTime"]),
        high_24h=max((candle.high for candle in day), default=last),
        low_24h=min((candle.low for candle in day), default=last),
        at=int(row["time"]),
    )
