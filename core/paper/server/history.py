"""Candles of any interval, and the last 24 hours: from the minutes that the store keeps."""

from itertools import groupby

import orjson

from core.paper.engine.candles import MINUTE_MS, Candle, flat, made_up_past, minute_of
from core.paper.engine.exchange import Exchange
from core.paper.engine.market import Market
from core.paper.engine.numbers import ZERO
from core.paper.engine.past import OlderPast
from core.paper.engine.refusals import refusal
from core.paper.server import kept
from core.paper.server.store import Store

DAY_MS = 24 * 60 * MINUTE_MS
_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440,
}  # fmt: skip


def span_of(interval: str) -> int:
    """Milliseconds of an interval's name; -1120 where there is none of that name."""
    if interval not in _MINUTES:
        raise refusal(-1120)
    return _MINUTES[interval] * MINUTE_MS


class History:
    def __init__(self, exchange: Exchange, store: Store) -> None:
        self._exchange = exchange
        self._store = store
        self._older: dict[str, OlderPast] = {}

    def candles(self, symbol: str, span: int, start: int | None, end: int | None, limit: int) -> list[Candle]:
        """Of `span` ms each, ascending, the last one perhaps open; the newest `limit` where no start is given."""
        market = self._exchange.market(symbol)
        last = self._newest(market) if end is None else end
        first = last - last % span - (limit - 1) * span if start is None else -(-start // span) * span
        last = min(last, first + limit * span - 1)
        found = [*self._past_of(market).candles(first, last, span), *self._minutes(market, first, last)]
        return [_merged(list(group)) for _, group in groupby(found, lambda one: one.opened // span)]

    def day(self, symbol: str) -> Candle:
        """The last 24 hours in one candle."""
        market = self._exchange.market(symbol)
        now = self._newest(market)
        return _merged(self._minutes(market, now - DAY_MS, now))

    def _newest(self, market: Market) -> int:
        """Now (ms); after a clock that ran ahead and was set back, the minute that it had opened."""
        return max(self._exchange.now(), self._exchange.candle(market).opened)

    def _minutes(self, market: Market, first: int, last: int) -> list[Candle]:
        """Minutes opened within [first, last] (ms): kept ones, those just closed, and the open one."""
        now_open = self._exchange.candle(market)
        self._past_of(market)
        rows = self._store.rows(
            "SELECT doc FROM candles WHERE symbol = ? AND opened BETWEEN ? AND ? ORDER BY opened",
            market.symbol,
            first,
            last,
        )
        kept_ones = [kept.candle_from(orjson.loads(doc)) for (doc,) in rows]
        just_closed = [one for symbol, one in self._exchange.changes.candles if symbol == market.symbol]
        return kept_ones + [one for one in (*just_closed, now_open) if first <= one.opened <= last]

    def _past_of(self, market: Market) -> OlderPast:
        """Of the time before the first candle that is kept."""
        symbol, rules = market.symbol, market.rules
        if symbol not in self._older:
            self._exchange.candle(market)
            self._make_past(market)
            begins = self._first_candle(market)
            self._older[symbol] = OlderPast(symbol, begins.opened, begins.open, rules.tick, rules.lot.step)
        return self._older[symbol]

    def _make_past(self, market: Market) -> None:
        """A market that starts today gets three made-up days, which lead to its first price."""
        if self._store.note(f"past of {market.symbol}"):
            return
        begins = self._first_candle(market)
        past = made_up_past(market.symbol, begins.opened, begins.open, market.rules.tick, market.rules.lot.step)
        self._store.write_candles((market.symbol, one) for one in past)
        self._store.write_note(f"past of {market.symbol}", "made")

    def _first_candle(self, market: Market) -> Candle:
        sql = "SELECT doc FROM candles WHERE symbol = ? ORDER BY opened LIMIT 1"
        doc = self._store.value(sql, market.symbol)
        if doc is not None:
            return kept.candle_from(orjson.loads(doc))
        return market.candle or flat(minute_of(self._exchange.now()), market.price)


def _merged(minutes: list[Candle]) -> Candle:
    first, last = minutes[0], minutes[-1]
    return Candle(
        opened=first.opened,
        open=first.open,
        high=max(one.high for one in minutes),
        low=min(one.low for one in minutes),
        close=last.close,
        volume=sum((one.volume for one in minutes), ZERO),
        turnover=sum((one.turnover for one in minutes), ZERO),
        trades=sum(one.trades for one in minutes),
    )
