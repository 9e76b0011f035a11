"""The same grid's orders by backtesting.py, in an interpreter of its own: reads the .npz named, prints what it saw.

For speed its bars are the candles; a counter-order then rests from the next one on, and a limit order that the price
has leapt over fills at the open. To compare fills, each point of the path is a bar. A unit is one cell's quantity.
"""

import json
import sys
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from path import path

warnings.filterwarnings("ignore")
GIVEN = dict(np.load(sys.argv[1]))
LINES, BUYING = GIVEN["lines"].tolist(), int(GIVEN["buying"])
NAMES, CASH = ["Open", "High", "Low", "Close"], 1e9


class Grid(Strategy):
    def init(self):
        self.fills = []
        self.resting = [self.rest(cell, buys=cell < BUYING) for cell in range(len(LINES) - 1)]

    def next(self):
        live = set(self.orders)
        for cell, (order, buys) in enumerate(self.resting):
            if order not in live:
                self.fills.append((len(self.data) - 1, 1 if buys else -1, order.limit))
                self.resting[cell] = self.rest(cell, buys=not buys)

    def rest(self, cell, *, buys):
        place = self.buy if buys else self.sell
        return place(size=1, limit=LINES[cell if buys else cell + 1]), buys


def run(prices):
    """(seconds, profit, fills)"""
    bars = pd.DataFrame(dict(zip(NAMES, prices, strict=True)))
    began = perf_counter()
    seen = Backtest(bars, Grid, cash=CASH, commission=float(GIVEN["fee"])).run()
    took = perf_counter() - began
    return took, (seen["Equity Final [$]"] - CASH) * float(GIVEN["quantity"]), seen["_strategy"].fills


def main():
    if "fills" in sys.argv:
        candle, price = path(GIVEN["candles"], LINES)
        took, pnl, fills = run([price] * 4)
        fills = [(int(candle[bar]), side, at) for bar, side, at in fills]
    else:
        took, pnl, fills = run(GIVEN["candles"])
    print(json.dumps({"seconds": took, "pnl": pnl, "fills": fills if "fills" in sys.argv else len(fills)}))


if __name__ == "__main__":
    main()
