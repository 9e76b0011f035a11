"""Candles as whole ticks, and funding payments: what a simulation runs over."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import lcm

import numpy as np

from core.backtest.kernel import BLOCK
from core.backtest.state import Amounts, Numbers
from core.candle_files import Candle, Payment
from core.domain.exact import EXACT, multiple
from core.errors import Invalid

_MOST_TICKS = 1 << 40


@dataclass(frozen=True, slots=True)
class Candles:
    """`times` in ms since 1970; `prices`: rows open, high, low, close, in ticks of `tick` (quote)."""

    tick: Decimal
    times: Numbers
    prices: Numbers

    def __len__(self) -> int:
        return len(self.times)

    def price(self, row: int, candle: int) -> Decimal:
        """In quote; rows as above."""
        return multiple(int(self.prices[row, candle]), self.tick)

    def path(self, candle: int) -> tuple[int, int, int, int]:
        """In ticks, in the order in which the candle visits them."""
        opened, high, low, closed = (int(tick) for tick in self.prices[:, candle])
        return (opened, low, high, closed) if closed >= opened else (opened, high, low, closed)


class Market:
    """Candles with the funding payments that fall within their time, worked out once for any number of grids.

    `due`: the candle before which each payment is applied; `numerators` over one `denominator`: what each brings to one
    base held long (quote); `amounts` are the same as floats.
    `blocks`: the lowest low and the highest high of each whole block of candles, as the kernel skips them.
    """

    def __init__(self, candles: Candles, payments: Iterable[Payment] = ()) -> None:
        self.candles = candles
        first, last = candles.times[0], candles.times[-1]
        within = sorted((one for one in payments if first <= one.at <= last), key=lambda one: one.at)
        self.due: Numbers = np.searchsorted(candles.times, [one.at for one in within]).astype(np.int64)
        marks = (candles.price(0, int(candle)) for candle in self.due)
        receipts = [
            EXACT.multiply(-(opened if one.mark is None else one.mark), one.rate)
            for one, opened in zip(within, marks, strict=True)
        ]
        self.denominator = lcm(*(receipt.as_integer_ratio()[1] for receipt in receipts))
        self.numerators = [int(receipt * self.denominator) for receipt in map(Fraction, receipts)]
        self.amounts: Amounts = np.array(receipts, np.float64)
        self.highest = candles.price(1, int(candles.prices[1].argmax()))
        self.lowest = candles.price(2, int(candles.prices[2].argmin()))
        whole = len(candles) // BLOCK * BLOCK
        high, low = (candles.prices[row, :whole].reshape(-1, BLOCK) for row in (1, 2))
        self.blocks = np.stack((low.min(axis=1), high.max(axis=1)))

    def paying(self, rate: Decimal, every: int) -> "Market":
        """The same candles with a payment before each `every`th of them but the first, always at this rate."""
        other = copy(self)
        other.due = np.arange(every, len(self.candles), every, dtype=np.int64)
        opened, (numerator, other.denominator) = self.candles.prices[0, other.due], _receipt(self.candles.tick, rate)
        other.numerators = [tick * numerator for tick in opened.tolist()]
        other.amounts = opened * (numerator / other.denominator)
        return other


@lru_cache
def _receipt(tick: Decimal, rate: Decimal) -> tuple[int, int]:
    """What a payment brings to one base held long for each tick of its price, in quote, as a fraction."""
    return (-Fraction(tick) * Fraction(rate)).as_integer_ratio()


def in_ticks(candles: Iterable[Candle], tick: Decimal, *, allow_gaps: bool = False) -> Candles:
    """Raises Invalid for no candles, for a price between two ticks, and for missing candles unless they are allowed."""
    rows = list(candles)
    if not rows:
        raise Invalid("no_candles", "There are no candles: at least one is needed.")
    if not allow_gaps:
        _require_no_gaps(rows)
    times = np.array([row.opened_ms for row in rows], np.int64)
    return Candles(tick, times, np.array([_ticks(rows, name, tick) for name in ("open", "high", "low", "close")]))


def _ticks(rows: Sequence[Candle], name: str, tick: Decimal) -> Numbers:
    numerator, denominator = tick.as_integer_ratio()
    ticks = []
    for row in rows:
        above, below = getattr(row, name).as_integer_ratio()
        count, rest = divmod(above * denominator, below * numerator)
        if rest or count > _MOST_TICKS:
            message = f"row {row.row}: {name} {getattr(row, name)} is no multiple of the tick {tick}: another symbol's?"
            raise Invalid("not_on_tick", message)
        ticks.append(count)
    return np.array(ticks, np.int64)


def _require_no_gaps(rows: Sequence[Candle]) -> None:
    distances = [later.opened_ms - earlier.opened_ms for earlier, later in pairwise(rows)]
    span = min(distances, default=0)
    for row, distance in zip(rows[1:], distances, strict=True):
        if distance != span:
            message = f"row {row.row}: {distance // span - 1} candles are missing before it"
            raise Invalid("candles_missing", message)
