"""Marks, books, tickers and candles of a market, as REST and the market streams write them."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.paper.engine.candles import Candle
from core.paper.engine.exchange import Exchange
from core.paper.engine.market import Market
from core.paper.engine.numbers import average, money, plain
from core.paper.server.history import DAY_MS, History, span_of

Json = dict[str, Any]
_BOOK_NOTIONAL = Decimal(100_000)  # quote, shown at the best bid and ask
_INTEREST_RATE = "0.00010000"
_USDT_MARGINED = 1  # st: the other kind is margined in coins


class MarketData:
    def __init__(self, exchange: Exchange, history: History) -> None:
        self._exchange = exchange
        self.history = history

    # --- REST

    def premium_index(self, market: Market) -> Json:
        price = money(market.price)
        return {
            "symbol": market.symbol,
            "markPrice": price,
            "indexPrice": price,
            "estimatedSettlePrice": price,
            "lastFundingRate": money(market.funding_rate),
            "interestRate": _INTEREST_RATE,
            "nextFundingTime": market.next_funding,
            "time": self._exchange.now(),
        }

    def price(self, market: Market) -> Json:
        return {"symbol": market.symbol, "price": plain(market.price), "time": market.moved}

    def book(self, market: Market) -> Json:
        price, quantity = plain(market.price), plain(shown_quantity(market))
        return {
            "symbol": market.symbol,
            "bidPrice": price,
            "bidQty": quantity,
            "askPrice": price,
            "askQty": quantity,
            "time": market.moved,
            "lastUpdateId": market.update_id,
        }

    def day(self, market: Market) -> Json:
        day, now = self.history.day(market.symbol), self._exchange.now()
        return {
            "symbol": market.symbol,
            "priceChange": plain(day.close - day.open),
            "priceChangePercent": _percent(day),
            "weightedAvgPrice": plain(average(day.turnover, day.volume)),
            "lastPrice": plain(market.price),
            "lastQty": plain(market.rules.lot.step),
            "openPrice": plain(day.open),
            "highPrice": plain(day.high),
            "lowPrice": plain(day.low),
            "volume": plain(day.volume),
            "quoteVolume": plain(day.turnover),
            "openTime": now - DAY_MS,
            "closeTime": now,
            "firstId": 1,
            "lastId": market.update_id,
            "count": day.trades,
        }

    def rows(self, candles: list[Candle], span: int) -> list[list[Any]]:
        """Klines as REST answers them; half of what was traded is said to have been bought by takers."""
        return [
            [
                one.opened,
                plain(one.open),
                plain(one.high),
                plain(one.low),
                plain(one.close),
                plain(one.volume),
                one.opened + span - 1,
                plain(one.turnover),
                one.trades,
                plain(one.volume / 2),
                plain(one.turnover / 2),
                "0",
            ]
            for one in candles
        ]

    # --- streams

    def event(self, kind: str, market: Market) -> Json:
        """The payload of `<symbol>@<kind>`, any but klines; KeyError where there is no such kind."""
        return {
            "markPrice": self.mark_event,
            "markPrice@1s": self.mark_event,
            "bookTicker": self.book_event,
            "aggTrade": self._trade_event,
            "ticker": self.day_event,
            "miniTicker": self._mini_day_event,
        }[kind](market)

    def mark_event(self, market: Market) -> Json:
        price = money(market.price)
        return {
            "e": "markPriceUpdate",
            "E": self._exchange.now(),
            "s": market.symbol,
            "p": price,
            "ap": price,
            "P": price,
            "i": price,
            "r": money(market.funding_rate),
            "T": market.next_funding,
            "st": _USDT_MARGINED,
        }

    def book_event(self, market: Market) -> Json:
        price, quantity = plain(market.price), plain(shown_quantity(market))
        return {
            "e": "bookTicker",
            "u": market.update_id,
            "s": market.symbol,
            "ps": market.rules.listing.get("pair", market.symbol),
            "b": price,
            "B": quantity,
            "a": price,
            "A": quantity,
            "T": market.moved,
            "E": self._exchange.now(),
            "st": _USDT_MARGINED,
        }

    def _trade_event(self, market: Market) -> Json:
        quantity = plain(market.rules.lot.step)
        return {
            "e": "aggTrade",
            "E": self._exchange.now(),
            "s": market.symbol,
            "a": market.update_id,
            "p": plain(market.price),
            "q": quantity,
            "nq": quantity,
            "f": market.last_trade_id,
            "l": market.last_trade_id,
            "T": market.moved,
            "m": False,
            "st": _USDT_MARGINED,
        }

    def day_event(self, market: Market) -> Json:
        day = self.day(market)
        return self._mini_day_event(market) | {
            "e": "24hrTicker",
            "p": day["priceChange"],
            "P": day["priceChangePercent"],
            "w": day["weightedAvgPrice"],
            "Q": day["lastQty"],
            "O": day["openTime"],
            "C": day["closeTime"],
            "F": day["firstId"],
            "L": day["lastId"],
            "n": day["count"],
        }

    def _mini_day_event(self, market: Market) -> Json:
        day = self.history.day(market.symbol)
        return {
            "e": "24hrMiniTicker",
            "E": self._exchange.now(),
            "s": market.symbol,
            "c": plain(market.price),
            "o": plain(day.open),
            "h": plain(day.high),
            "l": plain(day.low),
            "v": plain(day.volume),
            "q": plain(day.turnover),
            "ps": market.rules.listing.get("pair", market.symbol),
            "st": _USDT_MARGINED,
        }

    def kline_events(self, market: Market, interval: str, since: int) -> list[Json]:
        """The open candle of an interval's name, after the one that has closed since then (ms)."""
        span = span_of(interval)
        rows = self.rows(self.history.candles(market.symbol, span, None, None, 2), span)
        return [_kline_event(market, interval, row, self._exchange.now()) for row in rows if row[6] > since]


def _kline_event(market: Market, interval: str, row: list[Any], now: int) -> Json:
    return {
        "e": "kline",
        "E": now,
        "s": market.symbol,
        "k": {
            "t": row[0],
            "T": row[6],
            "s": market.symbol,
            "i": interval,
            "f": 1,
            "L": market.update_id,
            "o": row[1],
            "c": row[4],
            "h": row[2],
            "l": row[3],
            "v": row[5],
            "n": row[8],
            "x": now > row[6],
            "q": row[7],
            "V": row[9],
            "Q": row[10],
            "B": "0",
        },
    }


def shown_quantity(market: Market) -> Decimal:
    """What the book shows at its one price (base)."""
    step = market.rules.lot.step
    return max(step, _BOOK_NOTIONAL / market.price // step * step)


def _percent(day: Candle) -> str:
    change = (day.close - day.open) / day.open * 100
    return format(change.quantize(Decimal("0.001"), ROUND_HALF_UP), "f")
