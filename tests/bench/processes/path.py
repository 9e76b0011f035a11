"""The way of the price through candles, for simulators that know no candles."""

from bisect import bisect_left, bisect_right

import numpy as np


def path(candles, lines):
    """(number of the candle, price) of each point of its path, and of each line on the way there.

    open, low, high, close, or where a candle falls open, high, low, close.
    """
    opened, high, low, closed = candles
    rising = closed >= opened
    points = np.stack([opened, np.where(rising, low, high), np.where(rising, high, low), closed], axis=1).ravel()
    numbers, prices, at = [], [], points[0]
    for index, point in enumerate(points.tolist()):
        crossed = lines[bisect_right(lines, min(at, point)) : bisect_left(lines, max(at, point))]
        way = [*(crossed if point > at else reversed(crossed)), point]
        numbers += [index // 4] * len(way)
        prices += way
        at = point
    return np.array(numbers), np.array(prices)
