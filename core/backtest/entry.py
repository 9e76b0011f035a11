"""Where a run begins: at the first candle's open, or where the path crosses the trigger price."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from core.backtest.candles import Market
from core.domain.exact import ceil_to, floor_to


@dataclass(frozen=True, slots=True)
class Entry:
    """`point` is that of the candle's path after which the entry lies: 0 its open, -1 the close before it.

    `first_payment` is the number of the first funding payment that finds a position.
    """

    candle: int
    point: int
    price: Decimal
    first_payment: int = 0


def entry_of(market: Market, trigger: Decimal | None) -> Entry | None:
    """None where the trigger is not reached. One between two ticks is reached at the tick behind it."""
    candles = market.candles
    opened = candles.price(0, 0)
    if trigger is None or trigger == opened:
        return Entry(0, 0, opened)
    rises = opened < trigger
    price = (ceil_to if rises else floor_to)(Fraction(trigger), candles.tick)
    tick = int(price / candles.tick)
    reached = candles.prices[1] >= tick if rises else candles.prices[2] <= tick
    candle = int(np.argmax(reached))
    if not reached[candle]:
        return None
    path = candles.path(candle)
    point = next(number for number, at in enumerate(path) if (at >= tick if rises else at <= tick))
    return Entry(candle, point - 1, price, int(np.searchsorted(market.due, candle, side="right")))
