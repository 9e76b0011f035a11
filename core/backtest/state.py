"""What the compiled loop is given, where it stands, and what it writes: whole numbers as the kernel counts them."""

from typing import Any, NamedTuple

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Amounts = np.ndarray[Any, np.dtype[np.float64]]


class Terms(NamedTuple):
    """A grid of `size` cells, and what it costs to trade.

    `lines` are all that it may come to have. A slot is where a cell is counted: in `quantities`, `openings` (the side
    that opens, +1 or -1) and what is `Kept`. A grid that trails up takes `added[0]` of a place for the slot of the cell
    that it gains there, `added[1]` down; -1 where it may not. `stops`: the lower and upper one for each lowest cell.
    `unit` is the money of one step at one tick, `maker` and `taker` the fee on it; no price is above `ceiling`.
    """

    lines: Numbers
    added: Numbers
    quantities: Numbers
    openings: Numbers
    stops: Numbers
    tiers: Numbers
    size: int
    capital: int
    unit: int
    maker: int
    taker: int
    ceiling: int


class Kept(NamedTuple):
    """What a run writes: `slots` of the cells that the grid has, BUY and SELL `filled` of each slot, positions `held`
    when funding was paid; `fills` (candle, slot, side) and `equity` (at each close, less the capital) as far as they
    have room."""

    slots: Numbers
    filled: Numbers
    held: Numbers
    fills: Numbers
    equity: Numbers


class State(NamedTuple):
    """The market at `at`, cells `bottom` .. `bottom` + size - 1, those below `turn` with a BUY; `trades` so far."""

    at: int
    bottom: int
    turn: int
    position: int
    cash: int
    trades: int = 0


class Near(NamedTuple):
    """Where something happens next: an order fills or the grid follows the market (`buy`, `sell`), the run ends
    (`below`, `above`), and the first of each two (`lower`, `upper`)."""

    buy: int
    sell: int
    below: int
    above: int
    lower: int
    upper: int
