"""The compiled loop: a grid over candles, in whole ticks, steps and units of money.

BUY orders always rest in the cells below the market and SELL orders in those above, so the state of the whole grid is
one number, `turn`: cells up to it have a BUY at their lower line, from it on a SELL at their upper one. A candle that
reaches neither of the two lines beside the market costs two comparisons, and so does a block of such candles. Between
two fills the equity follows the price in a line: closes are looked at only where they might change the drawdown.

Everything is an integer: prices in ticks, quantities in steps, money in a unit so small that no amount is rounded.
"""

from typing import Any

import numpy as np
from numba import njit

RAN, STOPPED_BELOW, STOPPED_ABOVE, LIQUIDATED, TOO_LARGE = range(5)  # how a run ended
NEVER = 1 << 60  # a price that the market does not reach
SAFE = 1 << 61  # money beyond this may leave int64 before the next look
BLOCK = 32  # candles

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
def beside(  # noqa: PLR0917
    lines: Numbers, slots: Numbers, added: Numbers, openings: Numbers, bottom: int, top: int, turn: int
) -> tuple[int, int]:
    """The prices at which something happens next, down and up: an order fills or the grid follows the market.

    It follows where a cell may be added and the one that it would lose is flat."""
    if turn > bottom:
        buy = lines[turn - 1]
    elif bottom > 0 and added[1, bottom - 1] >= 0 and openings[slots[top - 1]] < 0:
        buy = lines[bottom - 1]
    else:
        buy = -1
    if turn < top:
        sell = lines[turn + 1]
    elif top + 1 < lines.shape[0] and added[0, top] >= 0 and openings[slots[bottom]] > 0:
        sell = lines[top + 1]
    else:
        sell = NEVER
    return buy, sell


@njit(cache=True, nogil=True)
def bounds(  # noqa: PLR0917
    position: int,
    balance: int,
    unit: int,
    tiers: Numbers,
    buy: int,
    sell: int,
    stop_below: int,
    stop_above: int,
    ceiling: int,
) -> tuple[int, int]:
    """The prices that end the run, down and up. A liquidation behind what happens before it is not worked out: there
    the equity is above the highest rate of all."""
    count = tiers.shape[0]
    if position == 0 or count == 0:
        return stop_below, stop_above
    rate, size = tiers[count - 1, 1], abs(position)
    if position > 0:
        if balance + size * max(buy, stop_below, 0) * (unit - rate) > 0:
            return stop_below, stop_above
    elif balance - size * min(sell, stop_above, ceiling) * (unit + rate) > 0:
        return stop_below, stop_above
    liquidated_below, liquidated_above = liquidation_ticks(position, balance, unit, tiers)
    return max(stop_below, liquidated_below), min(stop_above, liquidated_above)


@njit(cache=True, nogil=True)
def watched(  # noqa: PLR0917
    closed: Numbers,
    blocks: Numbers,
    begun: int,
    ended: int,
    cash: int,
    worth: int,
    lower: int,
    upper: int,
    peak: int,
    drawdown: int,
) -> tuple[int, int]:
    """(highest gain, largest fall from it) after candles in which nothing happens and which lie between two prices."""
    if not changes(cash, worth, lower, upper, peak, drawdown):
        return peak, drawdown
    candle = begun
    while candle < ended:
        block = candle // BLOCK
        whole = candle % BLOCK == 0 and candle + BLOCK <= ended
        if whole and not changes(cash, worth, blocks[0, block], blocks[1, block], peak, drawdown):
            candle += BLOCK
            continue
        until = min((block + 1) * BLOCK, ended)
        while candle < until:
            gain = cash + worth * closed[candle]
            peak = max(peak, gain)
            drawdown = max(drawdown, peak - gain)
            candle += 1
    return peak, drawdown


@njit(cache=True, nogil=True)
def changes(cash: int, worth: int, lower: int, upper: int, peak: int, drawdown: int) -> bool:  # noqa: PLR0917
    """Whether a price between two may be a new peak or a deeper fall."""
    low, high = cash + worth * lower, cash + worth * upper
    return max(low, high) > peak or peak - min(low, high) > drawdown


@njit(cache=True, nogil=True)
def replay(  # noqa: PLR0912, PLR0915, PLR0917 - one loop: every call in it costs time
    candles: Numbers,
    blocks: Numbers,
    first: int,
    start: int,
    at: int,
    lines: Numbers,
    added: Numbers,
    quantities: Numbers,
    openings: Numbers,
    bottom: int,
    top: int,
    turn: int,
    position: int,
    cash: int,
    capital: int,
    unit: int,
    maker: int,
    taker: int,
    stops: Numbers,
    ceiling: int,
    tiers: Numbers,
    due: Numbers,
    payments: Amounts,
    slots: Numbers,
    filled: Numbers,
    fills: Numbers,
    equity: Numbers,
    held: Numbers,
) -> tuple[int, int, int, int, int, int, int]:
    """(how it ended, candle, tick, bottom, position before a closing order, drawdown, number of grid fills).

    `candles`: rows open, high, low, close; `blocks`: the lowest low and highest high of each BLOCK; no price is above
    `ceiling`. It begins in candle `first`, at the price `at`, from where the path goes on to the points after `start`.

    `lines` are all that the grid may come to have; its cells are `bottom` .. `top`-1 of them. `slots[cell]` is where
    the cell is counted: in `quantities`, `openings` (the side that opens, +1 or -1) and `filled` (BUY and SELL fills).
    A grid that trails up takes `added[0]` for the slot of the cell that it gains, `added[1]` down; -1 where it may not.
    `stops`: the lower and upper one for each `bottom`.

    `position` and `cash` as the market orders of the start have left them; `unit` is the money of one step at one tick,
    `maker` and `taker` the fee on it. Before candle `due[i]` each step held long receives `payments[i]`, a fraction
    whose product is rounded to whole money; `held` is the position then. `fills` (candle, slot, side) and `equity` (at
    each close, less the capital) are kept as far as they have room.
    """
    opened, highest, lowest, closed = candles[0], candles[1], candles[2], candles[3]
    last, paid, count, peak, drawdown = opened.shape[0], 0, 0, 0, 0
    next_payment = due[0] if due.shape[0] else NEVER
    candle, stale = first, True
    stop_below, stop_above, below, above, buy, sell, lower, upper = 0, 0, 0, 0, 0, 0, 0, 0
    while candle < last:
        while next_payment == candle:
            held[paid] = position
            cash += round(position * payments[paid])
            paid += 1
            next_payment = due[paid] if paid < due.shape[0] else NEVER
            stale = True
        if stale:
            buy, sell = beside(lines, slots, added, openings, bottom, top, turn)
            stop_below, stop_above = stops[0, bottom], stops[1, bottom]
            below, above = bounds(position, capital + cash, unit, tiers, buy, sell, stop_below, stop_above, ceiling)
            lower, upper = max(buy, below), min(sell, above)
            if below >= at or above <= at:
                lower = NEVER  # insolvent where the market stands: this candle ends it
            stale = False
        begun, until = candle, min(last, next_payment)
        while candle < until:
            if candle % BLOCK == 0:
                block = candle // BLOCK
                while candle + BLOCK <= until and blocks[0, block] > lower and blocks[1, block] < upper:
                    candle += BLOCK
                    block += 1
                if candle == until:
                    break
            if lowest[candle] <= lower or highest[candle] >= upper:
                break
            candle += 1
        if candle > begun:
            worth = position * unit
            low, high = max(lower, 0), min(upper, ceiling)
            peak, drawdown = watched(closed, blocks, begun, candle, cash, worth, low, high, peak, drawdown)
            for one in range(begun, min(candle, equity.shape[0])):
                equity[one] = cash + worth * closed[one]
            at = closed[candle - 1]
        if candle == until:
            continue
        insolvent = below >= at or above <= at
        rising = closed[candle] >= opened[candle]
        for point in range(start if candle == first else 0, 4):
            if insolvent or (candle == first and point == start):
                target = at
            elif point == 0:
                target = opened[candle]
            elif point == 3:
                target = closed[candle]
            elif (point == 1) == rising:
                target = lowest[candle]
            else:
                target = highest[candle]
            side = 0
            if insolvent:
                side = 1 if position > 0 else -1
            elif target == at:
                side = 1 if buy >= at else -1 if sell <= at else 0
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
                    return ending, candle, price, bottom, position, drawdown, count
                if not reached:
                    break
                if side > 0 and turn == bottom:
                    bottom, top = bottom - 1, top - 1
                    turn, slots[bottom] = bottom, added[1, bottom]
                    at = min(at, line)
                elif side < 0 and turn == top:
                    bottom, top = bottom + 1, top + 1
                    turn, slots[top - 1] = top, added[0, top - 1]
                    at = max(at, line)
                else:
                    cell = turn - 1 if side > 0 else turn
                    slot = slots[cell]
                    quantity = quantities[slot]
                    cash -= side * quantity * line * unit + quantity * line * maker
                    if abs(cash) > SAFE:
                        return TOO_LARGE, candle, line, bottom, position, drawdown, count
                    position += side * quantity
                    filled[0 if side > 0 else 1, slot] += 1
                    if count < fills.shape[0]:
                        fills[count, 0], fills[count, 1], fills[count, 2] = candle, slot, side
                    count += 1
                    turn -= side
                    at = line
                buy, sell = beside(lines, slots, added, openings, bottom, top, turn)
                stop_below, stop_above = stops[0, bottom], stops[1, bottom]
                below, above = bounds(position, capital + cash, unit, tiers, buy, sell, stop_below, stop_above, ceiling)
            at = target
        lower, upper = max(buy, below), min(sell, above)
        gain = cash + position * unit * at
        peak = max(peak, gain)
        drawdown = max(drawdown, peak - gain)
        if candle < equity.shape[0]:
            equity[candle] = gain
        candle += 1
    return RAN, last - 1, at, bottom, position, drawdown, count
