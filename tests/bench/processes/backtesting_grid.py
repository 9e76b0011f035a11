"""The same grid's orders by backtesting.py, in an interpreter of its own: reads the .npz named, prints what it saw.

It is beside ours for speed only: a counter-order rests from the next candle on, a unit is one cell's quantity.
"""

import json
import sys
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore")
GIVEN = dict(np.load(sys.argv[1]))
LINES, BUYING = GIVEN["lines"].tolist(), int(GIVEN["buying"])


class Grid(Strategy):
    def init(self):
        self.fills = 0
        self.resting = [self.rest(cell, buys=cell < BUYING) for cell in range(len(LINES) - 1)]

    def next(self):
        live = set(self.orders)
        for cell, (order, buys) in enumerate(self.resting):
            if order not in live:
                self.fills += 1
                self.resting[cell] = self.rest(cell, buys=not buys)

    def rest(self, cell, *, buys):
        place = self.buy if buys else self.sell
        return place(size=1, limit=LINES[cell if buys else cell + 1]), buys


def main():
    names = ["Open", "High", "Low", "Close"]
    candles = pd.DataFrame(dict(zip(names, GIVEN["candles"], strict=True)))
    began = perf_counter()
    seen = Backtest(candles, Grid, cash=1e9, commission=float(GIVEN["fee"])).run()
    took = perf_counter() - began
    print(json.dumps({"seconds": took, "fills": seen["_strategy"].fills}))


if __name__ == "__main__":
    main()
