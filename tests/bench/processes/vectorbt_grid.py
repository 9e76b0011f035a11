"""A neutral grid by vectorbt, in an interpreter of its own: reads the .npz named, prints what it saw as JSON.

Its order function is called once more for each order of a candle, as often as there are any.
"""

import json
import sys
from time import perf_counter

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.nb import order_nb, order_nothing_nb

CASH = 1e9


@njit
def order(context, candles, lines, buying, quantity, fee, state):  # noqa: PLR0917 - as vectorbt calls it
    """`state`: cells that buy, the point of the path that it moves to. The next order on the way there, or none."""
    if context.i == 0 and context.call_idx == 0:
        state[0] = buying
    if context.call_idx == 0:
        state[1] = 0
    opened, high, low, closed = candles[:, context.i]
    cells = len(lines) - 1
    while state[1] < 4:
        rising = closed >= opened
        point = state[1]
        target = opened if point == 0 else closed if point == 3 else low if (point == 1) == rising else high
        if state[0] > 0 and lines[state[0] - 1] >= target:
            state[0] -= 1
            return 0, order_nb(size=quantity, price=lines[state[0]], fees=fee)
        if state[0] < cells and lines[state[0] + 1] <= target:
            state[0] += 1
            return 0, order_nb(size=-quantity, price=lines[state[0]], fees=fee)
        state[1] += 1
    return -1, order_nothing_nb()


def run(given):
    arguments = given["candles"], given["lines"], int(given["buying"]), float(given["quantity"]), float(given["fee"])
    return vbt.Portfolio.from_order_func(
        given["candles"][3], order, *arguments, np.zeros(2, np.int64), flexible=True, init_cash=CASH,
        max_orders=len(given["candles"][3]),
    )  # fmt: skip


def main():
    given = dict(np.load(sys.argv[1]))
    run(given)
    began = perf_counter()
    portfolio = run(given)
    took = perf_counter() - began
    records = portfolio.orders.values
    signed = np.where(records["side"] == 0, -1, 1) * records["size"]
    held = -signed.sum()
    pnl = (signed * records["price"]).sum() + held * given["candles"][3, -1] - records["fees"].sum()
    sides = np.where(records["side"] == 0, 1, -1).tolist()
    fills = list(zip(records["idx"].tolist(), sides, records["price"].tolist(), strict=True))
    print(json.dumps({"seconds": took, "pnl": pnl, "fills": fills if "fills" in sys.argv else len(fills)}))


if __name__ == "__main__":
    main()
