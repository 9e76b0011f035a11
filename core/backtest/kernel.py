"""The compiled loop: a grid over candles, in whole ticks, steps and units of money.

BUY orders always rest in the cells below the market and SELL orders in those above, so the state of the whole grid is
one number, `buying`: cells 0 .. buying-1 have a BUY at their lower line, the others a SELL at their upper one. A candle
that reaches neither of the two lines beside the market costs two comparisons.

Everything is an integer: prices in ticks, quantities in steps, money in a unit so small that no amount is rounded.
"""

from typing import Any

import numpy as np
from numba import njit

RAN, STOPPED_BELOW, STOPPED_ABOVE, LIQUIDATED, TOO_LARGE = range(5)  # how a run ended
NEVER = 1 << 60  # a price that the market does not reach
SAFE = 1 << 61  # money beyond this may leave int64 before the next look

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Amounts = np.ndarray[Any, np.dtype[np.float64]]


@njit(cache=True, nogil=True)
def liquidation_ticks(position: int, balance: int, unit: int, tiers: Numbers) -> tuple[int, int]:
    """(highest tick at which a long position is liquidated, lowest for a short one): where equity is no more than the
    maintenance margin, `notional * rate - cum` of the tier of the notional at that very price.

    `balance` is the equity at a price of 0. A row of `tiers`: cap of the notional, rate * unit, cum; rising.
    """
    below, above = -1, NEVER
    size = abs(position)
    if size == 0:
        return below, above
    count = tiers.shape[0]
    for step in range(count):
        index = count - 1 - step if position > 0 else step
        rate, cum = tiers[index, 1], tiers[index, 2]
        first = 0 if index == 0 else tiers[index - 1, 0] // (size * unit) + 1
        last = NEVER if index == count - 1 else tiers[index, 0] // (size * unit)
        if position > 0:
            tick = min(last, (-balance - cum) // (size * (unit - rate)))
            if tick >= first:
                return tick, above
        else:
            tick = max(first, -((-balance - cum) // (size * (unit + rate))))
            if tick <= last:
                return below, tick
    return below, above


@njit(cache=True, nogil=True)
def replay(  # noqa: PLR0912, PLR0915, PLR0917 - one loop: every call in it costs time
    candles: Numbers,
    lines: Numbers,
    quantities: Numbers,
    buying: int,
    position: int,
    cash: int,
    capital: int,
    unit: int,
    maker: int,
    taker: int,
    stop_below: int,
    stop_above: int,
    tiers: Numbers,
    due: Numbers,
    payments: Amounts,
    filled: Numbers,
    fills: Numbers,
    equity: Numbers,
    held: Numbers,
) -> tuple[int, int, int, int, int, int, int, int]:
    """(how it ended, candle, tick, buying, position before a closing order, cash, drawdown, number of grid fills).

    `candles`: rows open, high, low, close. `position` and `cash` as the market orders of the start have left them;
    `unit` is the money of one step at one tick, `maker` and `taker` the fee on it. Before candle `due[i]` each step
    held long receives `payments[i]`, a fraction whose product is rounded to whole money.

    Filled on the way: `filled[0]` and `filled[1]` count the BUY and SELL fills of each cell; `held` is the position at
    each funding time; `fills` (candle, cell, side as +1 or -1) and `equity` (at each close, less the capital) are kept
    as far as they have room.
    """
    opened, highest, lowest, closed = candles[0], candles[1], candles[2], candles[3]
    cells = quantities.shape[0]
    paid = 0
    next_payment = due[0] if due.shape[0] else NEVER
    count, peak, drawdown = 0, 0, 0
    at = opened[0]
    liquidated_below, liquidated_above = liquidation_ticks(position, capital + cash, unit, tiers)
    buy = lines[buying - 1] if buying > 0 else -1
    sell = lines[buying + 1] if buying < cells else NEVER
    below, above = max(stop_below, liquidated_below), min(stop_above, liquidated_above)
    lower, upper = max(buy, below), min(sell, above)
    worth = position * unit
    if below >= at or above <= at:
        lower = NEVER
    for candle in range(opened.shape[0]):
        while next_payment == candle:
            held[paid] = position
            cash += round(position * payments[paid])
            paid += 1
            next_payment = due[paid] if paid < due.shape[0] else NEVER
            liquidated_below, liquidated_above = liquidation_ticks(position, capital + cash, unit, tiers)
            below, above = max(stop_below, liquidated_below), min(stop_above, liquidated_above)
            lower, upper = max(buy, below), min(sell, above)
            if below >= at or above <= at:
                lower = NEVER  # insolvent where the market stands: this candle ends it
        if lowest[candle] <= lower or highest[candle] >= upper:
            insolvent = below >= at or above <= at
            rising = closed[candle] >= opened[candle]
            for point in range(4):
                if insolvent:
                    target = at
                elif point == 0:
                    target = opened[candle]
                elif point == 3:
                    target = closed[candle]
                elif (point == 1) == rising:
                    target = lowest[candle]
                else:
                    target = highest[candle]
                side = 0 if not insolvent else 1 if position > 0 else -1
                while True:
                    if target < at or side == 1:
                        end = below >= target and below >= buy
                        line, side = buy, 1
                        reached = buy >= target
                    elif target > at or side == -1:
                        end = above <= target and above <= sell
                        line, side = sell, -1
                        reached = sell <= target
                    else:
                        break
                    if end:
                        price = min(below, at) if side > 0 else max(above, at)
                        bound = stop_below if side > 0 else stop_above
                        liquidated = below > bound if side > 0 else above < bound
                        cash += position * price * unit - abs(position) * price * taker
                        drawdown = max(drawdown, peak - cash)
                        ending = LIQUIDATED if liquidated else STOPPED_BELOW if side > 0 else STOPPED_ABOVE
                        return ending, candle, price, buying, position, cash, drawdown, count
                    if not reached:
                        break
                    cell = buying - 1 if side > 0 else buying
                    quantity = quantities[cell]
                    cash -= side * quantity * line * unit + quantity * line * maker
                    if abs(cash) > SAFE:
                        return TOO_LARGE, candle, line, buying, position, cash, drawdown, count
                    position += side * quantity
                    filled[0 if side > 0 else 1, cell] += 1
                    if count < fills.shape[0]:
                        fills[count, 0], fills[count, 1], fills[count, 2] = candle, cell, side
                    count += 1
                    buying -= side
                    at = line
                    buy = lines[buying - 1] if buying > 0 else -1
                    sell = lines[buying + 1] if buying < cells else NEVER
                    liquidated_below, liquidated_above = liquidation_ticks(position, capital + cash, unit, tiers)
                    below, above = max(stop_below, liquidated_below), min(stop_above, liquidated_above)
                at = target
            lower, upper = max(buy, below), min(sell, above)
            worth = position * unit
        at = closed[candle]
        gain = cash + worth * at
        if gain > peak:
            peak = gain
        elif peak - gain > drawdown:
            drawdown = peak - gain
        if candle < equity.shape[0]:
            equity[candle] = gain
    return RAN, opened.shape[0] - 1, at, buying, position, cash, drawdown, count
