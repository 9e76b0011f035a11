"""Which points of a price path a grid can notice. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from stack.candles import Candle

FUNDING_EVERY_MS = 8 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Step:
    """Move the market to `price`, then pay funding if asked. `crosses`: orders may fill on the way there."""

    candle: int
    price: Decimal
    crosses: bool
    pays_funding: bool = False


def steps(candles: Sequence[Candle], lines: Sequence[Decimal]) -> Iterator[Step]:
    """From the first candle's open, where the market stands already: the points that meet a line with an order on it,
    and one payment of funding at every full eight hours. `lines` rise.

    The line met last, or started on, is the empty one: whatever happens between it and its neighbours changes nothing
    and is left out.
    """
    price = candles[0].open
    empty = price if price in lines else None
    due = _next_funding(candles[0].open_time)
    for index, candle in enumerate(candles):
        pays = candle.open_time >= due
        if pays:
            due = _next_funding(candle.open_time)
        for place, point in enumerate(candle.path()):
            found = met(lines, price, point)
            crosses, now = bool(found) and found != [empty], pays and place == 0
            if crosses or now:
                yield Step(index, point, crosses, now)
            price, empty = point, found[-1] if found else empty


def met(lines: Sequence[Decimal], start: Decimal, end: Decimal) -> list[Decimal]:
    """The lines on the way, in its order, `end` included: at `start` everything has happened already."""
    if end >= start:
        return list(lines[bisect_right(lines, start) : bisect_right(lines, end)])
    return list(lines[bisect_left(lines, end) : bisect_left(lines, start)])[::-1]


def _next_funding(moment: int) -> int:
    return (moment // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS
