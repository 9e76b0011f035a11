"""What a market is said to have done before the first minute that is kept: made as far back as somebody looks, always
the same, and never stored. Whole numbers of ticks and steps in arrays: a month of minutes takes a megabyte."""

from array import array
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from math import exp
from random import Random

from core.paper.engine.candles import MINUTE_MS, MOVE_NOTIONAL, TRADES_A_MINUTE, VOLATILITY, Candle

OLDER_MINUTES = 32 * 24 * 60
_A_STRETCH = 24 * 60  # minutes made at a time
_REVERSION = 1 / 7200  # part of the distance to the first price that one minute takes back
_MOOD_LASTS = 48  # hours; what the volatility's logarithm keeps of itself
_MOOD = 0.35  # its standard deviation
_WICK = 0.5  # in standard deviations of the minute's move


class OlderPast:
    """The minutes that lead to `price` (quote) at `before` (ms, a whole minute)."""

    def __init__(self, symbol: str, before: int, price: Decimal, tick: Decimal, step: Decimal) -> None:
        self._before, self._tick, self._step = before, tick, step
        self._traded = int(MOVE_NOTIONAL / (tick * step))  # steps with every move, at a price of one tick
        self._edges = array("q", [int(price / tick)])  # from `before` backwards: where one minute ends, another begins
        self._highs, self._lows, self._steps, self._worth = (array("q") for _ in range(4))
        random = Random(f"older past of {symbol}")  # noqa: S311  a market, not a secret
        self._walk = _walk_back(random, self._edges[0])

    def candles(self, first: int, last: int, span: int) -> list[Candle]:
        """Of `span` ms each, ascending: of the minutes opened within [first, last] (ms) that it covers."""
        opened = max(-(-first // MINUTE_MS), self._before // MINUTE_MS - OLDER_MINUTES) * MINUTE_MS
        last = min(last, self._before - MINUTE_MS)
        found = []
        if opened <= last:
            self._make(self._place(opened) + 1)
        while opened <= last:
            following = min(last - last % MINUTE_MS + MINUTE_MS, opened - opened % span + span)
            found.append(self._candle(opened, self._place(following) + 1, self._place(opened) + 1))
            opened = following
        return found

    def _place(self, opened: int) -> int:
        return (self._before - opened) // MINUTE_MS - 1

    def _candle(self, opened: int, newest: int, end: int) -> Candle:
        tick, step = self._tick, self._step
        return Candle(
            opened=opened,
            open=self._edges[end] * tick,
            high=max(self._highs[newest:end]) * tick,
            low=min(self._lows[newest:end]) * tick,
            close=self._edges[newest] * tick,
            volume=sum(self._steps[newest:end]) * step,
            turnover=sum(self._worth[newest:end]) * tick * step,
            trades=(end - newest) * TRADES_A_MINUTE,
        )

    def _make(self, minutes: int) -> None:
        missing = minutes - len(self._highs)
        stretches = max(0, -(-missing // _A_STRETCH))
        for opened, high, low in islice(self._walk, stretches * _A_STRETCH):
            closed = self._edges[-1]
            steps = TRADES_A_MINUTE * max(1, self._traded // closed)
            self._edges.append(opened)
            self._highs.append(high)
            self._lows.append(low)
            self._steps.append(steps)
            self._worth.append(steps * closed)


def _walk_back(random: Random, start: int) -> Iterator[tuple[int, int, int]]:
    """(open, high, low) in ticks of one minute after the other, backwards, with calm and wild days."""
    usual, ticks, mood = max(1.0, start * VOLATILITY), start, 0.0
    change = _MOOD * (1 - (1 - 1 / _MOOD_LASTS) ** 2) ** 0.5
    while True:
        mood += random.gauss(-mood / _MOOD_LASTS, change)
        deviation = usual * exp(mood)
        for _ in range(60):
            closed = ticks
            ticks += round(random.gauss((start - ticks) * _REVERSION, deviation))
            ticks = max(start // 2, min(start * 2, ticks))
            above, below = (int(abs(random.gauss(0, _WICK * deviation))) for _ in range(2))
            yield ticks, max(ticks, closed) + above, max(1, min(ticks, closed) - below)
