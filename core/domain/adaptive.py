"""A range that follows the market's volatility: what it should be, whether moving there pays, and when a trend is
stronger than any grid.

Volatility is the average true range of the last 24 hourly candles. A cell is to be half of it high, so that an ordinary
hour makes about one round trip; the number of cells stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from core.domain.exact import ZERO, floor_to, nearest_to, to_decimal
from core.domain.symbol_rules import SymbolRules

PERIOD = 24  # candles of an hour
CELL_PER_RANGE = Fraction(1, 2)  # height of a cell per average true range
WORTH_CHANGING = Fraction(1, 4)  # of the width, or of the width from the range's middle
FEES_PER_CELL = 3  # a cell is at least so many times as high as both its fees, however quiet the market
TREND = Fraction(6, 10)  # how much of its way a market has gone in one direction


@dataclass(frozen=True, slots=True)
class Bar:
    """A candle's prices, in quote."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


def average_true_range(bars: Sequence[Bar]) -> Fraction | None:
    """Of the last PERIOD bars, quote; None where there are fewer, and one before them."""
    last = bars[-PERIOD - 1 :]
    if len(last) <= PERIOD:
        return None
    ranges = (max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairwise(last))
    return sum(map(Fraction, ranges), Fraction(0)) / PERIOD


def adapted_range(  # noqa: PLR0917 - a range, its number of cells, and the market
    lower: Decimal, upper: Decimal, number: int, price: Decimal, bars: Sequence[Bar], rules: SymbolRules
) -> tuple[Decimal, Decimal] | None:
    """The range for `number` cells around `price`; None where it is near enough to what it is, or can't be told."""
    volatility = average_true_range(bars)
    if volatility is None:
        return None
    least = Fraction(price) * 2 * Fraction(rules.maker_fee) * FEES_PER_CELL
    width = number * max(volatility * CELL_PER_RANGE, least, Fraction(rules.tick_size))
    now, middle = Fraction(upper - lower), Fraction(upper + lower) / 2
    if abs(width - now) < now * WORTH_CHANGING and abs(Fraction(price) - middle) < now * WORTH_CHANGING:
        return None
    bottom, top = (nearest_to(Fraction(price) + side * width / 2, rules.tick_size) for side in (-1, 1))
    return (bottom, top) if bottom >= max(rules.min_price, rules.tick_size) and top <= rules.max_price else None


def expected_profit(lines: Sequence[Decimal], quantity: Decimal, bars: Sequence[Bar], fee: Decimal) -> Decimal:
    """What a grid with these lines would have earned over the bars, quote, net of fees: two crossings of lines make a
    round trip of `quantity` (base). Each bar's path is open, low, high, close, or open, high, low, close if it falls.
    """
    crossings = sum(_crossed(lines, start, end) for bar in bars for start, end in pairwise(_path(bar)))
    height = (lines[-1] - lines[0]) / (len(lines) - 1)
    middle = (lines[-1] + lines[0]) / 2
    return Decimal(crossings) / 2 * quantity * (height - 2 * fee * middle)


def trend(bars: Sequence[Bar], lower: Decimal, upper: Decimal) -> str | None:
    """Why a reset should be considered, for people: the market has left the range, or is about to, in one direction."""
    closes = [bar.close for bar in bars[-PERIOD - 1 :]]
    if len(closes) <= PERIOD:
        return None
    way = sum((abs(after - before) for before, after in pairwise(closes)), ZERO)
    net = closes[-1] - closes[0]
    if not way or Fraction(abs(net)) / Fraction(way) < TREND:
        return None
    edge = (upper - lower) / 4
    if not (closes[-1] > upper - edge if net > 0 else closes[-1] < lower + edge):
        return None
    share = floor_to(Fraction(abs(net)) / Fraction(way) * 100, Decimal(1))
    percent = to_decimal(Fraction(abs(net)) / Fraction(closes[0]) * 100).quantize(Decimal("0.1"))
    return (
        f"the price went {'up' if net > 0 else 'down'} by {percent} % in {PERIOD} hours, {share} % of all its way in "
        f"one direction, and is at {closes[-1]}, at or beyond the edge of the range {lower} - {upper}"
    )


def _path(bar: Bar) -> tuple[Decimal, ...]:
    return (
        (bar.open, bar.low, bar.high, bar.close) if bar.close >= bar.open else (bar.open, bar.high, bar.low, bar.close)
    )


def _crossed(lines: Sequence[Decimal], start: Decimal, end: Decimal) -> int:
    low, high = min(start, end), max(start, end)
    return sum(low < line <= high for line in lines)
