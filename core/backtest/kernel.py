"""The compiled loop: a grid over candles, in whole ticks, steps and units of money.

BUY orders always rest in the cells below the market and SELL orders in those above, so the state of the whole grid is
one number, `turn`: cells up to it have a BUY at their lower line, from it on a SELL at their upper one. A candle that
reaches neither of the two lines beside the market costs two comparisons, and so does a block of such candles. Between
two fills the equity follows the price in a line: closes are looked at only where they might change the drawdown.

Everything is an integer: prices in ticks, quantities in steps, money in a unit so small that no amount is rounded.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

from core.backtest.state import Amounts, Kept, Near, Numbers, State, Terms

RAN, STOPPED_BELOW, STOPPED_ABOVE, LIQUIDATED, TOO_LARGE = range(5)  # how a run ended
NEVER = 1 << 60  # a price that the market does not reach
SAFE = 1 << 61  # money beyond this may leave int64 before the next look
BLOCK = 32  # candles

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """References are not counted, as nothing in here makes an array: it would take a third of the time, and make a call
    of each function that takes arrays dear."""
    return njit(cache=True, nogil=True, _nrt=False)(function)  # type: ignore[call-overload, no-any-return]


@compiled
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


@compiled
def near(terms: Terms, slots: Numbers, state: State) -> Near:
    buy, sell = beside(terms, slots, state.bottom, state.turn)
    below, above = bounds(terms, state, buy, sell)
    return Near(buy, sell, below, above, max(buy, below), min(sell, above))


@compiled
def beside(terms: Terms, slots: Numbers, bottom: int, turn: int) -> tuple[int, int]:
    """The grid follows the market where a cell may be added and the one that it would lose is flat."""
    top = bottom + terms.size
    if turn > bottom:
        buy = terms.lines[turn - 1]
    elif bottom > 0 and terms.added[1, bottom - 1] >= 0 and terms.openings[slots[top - 1]] < 0:
        buy = terms.lines[bottom - 1]
    else:
        buy = -1
    if turn < top:
        sell = terms.lines[turn + 1]
    elif top + 1 < terms.lines.shape[0] and terms.added[0, top] >= 0 and terms.openings[slots[bottom]] > 0:
        sell = terms.lines[top + 1]
    else:
        sell = NEVER
    return buy, sell


@compiled
def bounds(terms: Terms, state: State, buy: int, sell: int) -> tuple[int, int]:
    """The prices that end the run, down and up. A liquidation behind what happens before it is not worked out: there
    the equity is above the highest rate of all."""
    below, above = terms.stops[0, state.bottom], terms.stops[1, state.bottom]
    count, position, balance = terms.tiers.shape[0], state.position, terms.capital + state.cash
    if position == 0 or count == 0:
        return below, above
    rate, size = terms.tiers[count - 1, 1], abs(position)
    if position > 0:
        if balance + size * max(buy, below, 0) * (terms.unit - rate) > 0:
            return below, above
    elif balance - size * min(sell, above, terms.ceiling) * (terms.unit + rate) > 0:
        return below, above
    liquidated_below, liquidated_above = liquidation_ticks(position, balance, terms.unit, terms.tiers)
    return max(below, liquidated_below), min(above, liquidated_above)


@compiled
def paid(state: State, amount: int) -> State:
    return State(state.at, state.bottom, state.turn, state.position, state.cash + amount, state.trades)


@compiled
def standing_at(state: State, at: int) -> State:
    return State(at, state.bottom, state.turn, state.position, state.cash, state.trades)


@compiled
def after_buy(terms: Terms, kept: Kept, state: State, line: int, candle: int) -> State:
    """The next thing on the way down: the highest BUY fills, or the range moves down by a cell."""
    if state.turn > state.bottom:
        return filled(terms, kept, state, 1, state.turn - 1, line, candle)
    bottom = state.bottom - 1
    kept.slots[bottom] = terms.added[1, bottom]
    return State(min(state.at, line), bottom, bottom, state.position, state.cash, state.trades)


@compiled
def after_sell(terms: Terms, kept: Kept, state: State, line: int, candle: int) -> State:
    """The next thing on the way up: the lowest SELL fills, or the range moves up by a cell."""
    top = state.bottom + terms.size
    if state.turn < top:
        return filled(terms, kept, state, -1, state.turn, line, candle)
    kept.slots[top] = terms.added[0, top]
    return State(max(state.at, line), state.bottom + 1, top + 1, state.position, state.cash, state.trades)


@compiled
def filled(  # noqa: PLR0917
    terms: Terms, kept: Kept, state: State, side: int, cell: int, line: int, candle: int
) -> State:
    slot = kept.slots[cell]
    quantity = terms.quantities[slot]
    kept.filled[0 if side > 0 else 1, slot] += 1
    if state.trades < kept.fills.shape[0]:
        fill = kept.fills[state.trades]
        fill[0], fill[1], fill[2] = candle, slot, side
    cash = state.cash - quantity * line * (side * terms.unit + terms.maker)
    return State(line, state.bottom, state.turn - side, state.position + side * quantity, cash, state.trades + 1)


@compiled
def untouched(  # noqa: PLR0917
    candles: Numbers, blocks: Numbers, begun: int, until: int, lower: int, upper: int
) -> int:
    """The first candle before `until` that reaches one of two prices, else `until`."""
    highest, lowest, candle = candles[1], candles[2], begun
    while candle < until:
        block = candle // BLOCK
        if candle % BLOCK == 0 and candle + BLOCK <= until and blocks[0, block] > lower and blocks[1, block] < upper:
            candle += BLOCK
        elif lowest[candle] > lower and highest[candle] < upper:
            candle += 1
        else:
            break
    return candle


@compiled
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


@compiled
def changes(cash: int, worth: int, lower: int, upper: int, peak: int, drawdown: int) -> bool:  # noqa: PLR0917
    """Whether a price between two may be a new peak or a deeper fall."""
    low, high = cash + worth * lower, cash + worth * upper
    return max(low, high) > peak or peak - min(low, high) > drawdown


@compiled
def path(candles: Numbers, candle: int, at: int, passed: int) -> tuple[int, int, int, int, int]:
    """Where a candle goes from `at`; points that have been passed already stand for staying there."""
    opened, high, low, closed = candles[0, candle], candles[1, candle], candles[2, candle], candles[3, candle]
    first, second = (low, high) if closed >= opened else (high, low)
    return (
        at,
        at if passed > 0 else opened,
        at if passed > 1 else first,
        at if passed > 2 else second,
        at if passed > 3 else closed,
    )


@compiled
def ended(  # noqa: PLR0917
    terms: Terms, state: State, ending: int, candle: int, price: int, peak: int, drawdown: int
) -> tuple[int, int, int, int, int, int, int]:
    """What `replay` tells of a run that closes its position at a price."""
    fee = abs(state.position) * price * terms.taker
    fall = peak - (state.cash + state.position * price * terms.unit - fee)
    return ending, candle, price, state.bottom, state.position, max(drawdown, fall), state.trades


@compiled
def replay(  # noqa: PLR0912, PLR0917 - down and up
    candles: Numbers,
    blocks: Numbers,
    first: int,
    start: int,
    terms: Terms,
    kept: Kept,
    state: State,
    due: Numbers,
    payments: Amounts,
) -> tuple[int, int, int, int, int, int, int]:
    """(how it ended, candle, tick, bottom, position before a closing order, drawdown, number of grid fills).

    `candles`: rows open, high, low, close; `blocks`: the lowest low and highest high of each BLOCK. It begins in candle
    `first`, as the market orders of the start have left `state`, from where the path goes on to the points after
    `start`. Before candle `due[i]` each step held long receives `payments[i]`, a fraction whose product is rounded to
    whole money.
    """
    last, peak, drawdown, closed, unit = candles.shape[1], 0, 0, candles[3], terms.unit
    candle, received, next_payment = first, 0, due[0] if due.shape[0] else NEVER
    ahead = near(terms, kept.slots, state)
    while candle < last:
        while next_payment == candle:
            kept.held[received] = state.position
            state = paid(state, round(state.position * payments[received]))
            received += 1
            next_payment = due[received] if received < due.shape[0] else NEVER
            ahead = near(terms, kept.slots, state)
        if ahead.lower < state.at < ahead.upper:
            begun, until = candle, min(last, next_payment)
            candle = untouched(candles, blocks, begun, until, ahead.lower, ahead.upper)
            if candle > begun:
                worth, low, high = state.position * unit, max(ahead.lower, 0), min(ahead.upper, terms.ceiling)
                peak, drawdown = watched(closed, blocks, begun, candle, state.cash, worth, low, high, peak, drawdown)
                for one in range(begun, min(candle, kept.equity.shape[0])):
                    kept.equity[one] = state.cash + worth * closed[one]
                state = standing_at(state, closed[candle - 1])
            if candle == until:
                continue
        for target in path(candles, candle, state.at, start + 1 if candle == first else 0):
            while ahead.lower >= target:
                if ahead.below >= max(target, ahead.buy):
                    ending = LIQUIDATED if ahead.below > terms.stops[0, state.bottom] else STOPPED_BELOW
                    return ended(terms, state, ending, candle, min(ahead.below, state.at), peak, drawdown)
                state = after_buy(terms, kept, state, ahead.buy, candle)
                ahead = near(terms, kept.slots, state)
            while ahead.upper <= target:
                if ahead.above <= min(target, ahead.sell):
                    ending = LIQUIDATED if ahead.above < terms.stops[1, state.bottom] else STOPPED_ABOVE
                    return ended(terms, state, ending, candle, max(ahead.above, state.at), peak, drawdown)
                state = after_sell(terms, kept, state, ahead.sell, candle)
                ahead = near(terms, kept.slots, state)
            state = standing_at(state, target)
        if abs(state.cash) > SAFE:
            return ended(terms, state, TOO_LARGE, candle, state.at, peak, drawdown)
        gain = state.cash + state.position * unit * state.at
        peak = max(peak, gain)
        drawdown = max(drawdown, peak - gain)
        if candle < kept.equity.shape[0]:
            kept.equity[candle] = gain
        candle += 1
    return RAN, last - 1, state.at, state.bottom, state.position, drawdown, state.trades
