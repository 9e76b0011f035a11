"""A symbol's past as moves from candle to candle, and paths made of them.

A path is a stationary block bootstrap (Politis and Romano, 1994): blocks of consecutive candles, begun anywhere in the
past, of geometrically distributed length, one after the other. A candle is told by where its four prices lie from the
close before it, so that only their order and their size are kept, not their level. What a scenario bends, it bends for
all four prices of a candle alike, and rounding to ticks keeps their order: every candle of a path is a valid one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from core.backtest.state import Numbers
from core.candles.packing import Series
from core.candles.store import MINUTE_MS

Amounts = np.ndarray[Any, np.dtype[np.float64]]
BLOCK_MINUTES = 1440  # on average: volatility lasts for about so long (docs/adr/0015)
_MOST = 1e12  # ticks


@dataclass(frozen=True, slots=True)
class Moves:
    """`logs`: rows open, high, low, close, each as the logarithm of its ratio to the close before."""

    logs: Amounts

    def __len__(self) -> int:
        return int(self.logs.shape[1])

    @property
    def volatility(self) -> float:
        """Standard deviation of a minute's move."""
        return float(self.logs[3].std())

    def part(self, first: int, last: int) -> "Moves":
        return Moves(self.logs[:, first:last])

    def ratios(self, volatility: float, *, with_drift: bool = False) -> Amounts:
        """Each move as a factor, `volatility` times as large; its mean taken out of it unless it is to stay."""
        return np.exp(volatility * (self.logs if with_drift else self.logs - self.logs[3].mean()))


def moves_of(series: Series) -> Moves:
    """Where candles are missing, the next one begins where it opens: nothing is known of the way there."""
    prices = np.log(series.prices.astype(np.float64))
    before = np.concatenate((prices[0, :1], prices[3, :-1]))
    follows = np.diff(series.times, prepend=series.times[0] - MINUTE_MS) == MINUTE_MS
    return Moves(prices - np.where(follows, before, prices[0]))


@dataclass(frozen=True, slots=True)
class Bend:
    """What a scenario does to a path. `volatility`: of each move, times. Each minute from `begins` to `ends` (parts of
    the horizon) the price is moved by the same share of `drift` (logarithm). `pull`: the part of the distance from the
    start that each minute takes back."""

    volatility: float = 1.0
    drift: float = 0.0
    begins: float = 0.0
    ends: float = 1.0
    pull: float = 0.0


class Paths:
    """Of one scenario, any number: the same seed makes the same path, in every scenario of the same moves."""

    def __init__(self, moves: Moves, start: int, minutes: int, bend: Bend) -> None:
        self._ratios = moves.ratios(bend.volatility)
        self._start, self._minutes, self._pull = start, minutes, bend.pull
        self._begins, self._ends = round(bend.begins * minutes), max(1, round(bend.ends * minutes))
        self._factor = float(np.exp(bend.drift / max(1, self._ends - self._begins)))

    def path(self, seed: int) -> Numbers:
        return _wander(
            self._ratios, self._start, self._minutes, seed, self._begins, self._ends, self._factor, self._pull
        )


def retraced(moves: Moves, start: int) -> Numbers:
    """The past itself, as it went on, from the price `start`."""
    ratios = moves.ratios(1.0, with_drift=True)
    before = np.concatenate((np.ones(1), np.cumprod(ratios[3])[:-1])) * (start / ratios[0, 0])
    found: Numbers = np.floor(np.clip(before * ratios, 1, _MOST) + 0.5).astype(np.int64)
    return found


@njit(cache=True, nogil=True)
def _wander(  # noqa: PLR0917 - compiled: no objects
    ratios: Amounts, start: int, minutes: int, seed: int, begins: int, ends: int, factor: float, pull: float
) -> Numbers:
    np.random.seed(seed)
    ticks = np.empty((4, minutes), np.int64)
    source, left, price = 0, 0, float(start)
    for minute in range(minutes):
        if left == 0:
            source = np.random.randint(0, ratios.shape[1])
            left = np.random.geometric(1.0 / BLOCK_MINUTES)
        if minute == 0:
            price /= ratios[0, source]  # it opens at the start
        else:
            if pull != 0.0:
                price *= max(0.5, 1.0 - pull * (price / start - 1.0))
            if begins <= minute < ends:
                price *= factor
        for row in range(4):
            ticks[row, minute] = int(min(max(price * ratios[row, source], 1.0), _MOST) + 0.5)
        price *= ratios[3, source]
        source, left = source + 1, left - 1
        if source == ratios.shape[1]:
            source = 0
    return ticks
