"""A day of candles in a few kilobytes.

Prices become whole numbers of the last decimal that any of them has; a candle is told by its distance from the one
before: where it opens from that one's close, its body, and both its wicks. These are small numbers, whose high bytes
are all alike: sorted by the place of the byte, zlib leaves little of them.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.int64]]
_BYTES = 8
_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """`times`: when each candle opened, ms since 1970, rising; `prices`: rows open, high, low, close, in whole numbers
    of 10 ** -`decimals` quote."""

    times: Numbers
    prices: Numbers
    decimals: int

    def __len__(self) -> int:
        return len(self.times)

    def at(self, decimals: int) -> Numbers:
        """The prices, to so many decimals, no fewer than they have."""
        return self.prices * np.int64(10 ** (decimals - self.decimals))


EMPTY = Series(np.empty(0, np.int64), np.empty((4, 0), np.int64), 0)


def series_of(times: Sequence[int], rows: Iterable[tuple[Decimal, ...]]) -> Series:
    """`rows`: open, high, low, close of each candle."""
    prices = [[price.normalize() for price in row] for row in rows]
    if not prices:
        return EMPTY
    decimals = max(0, *(-int(price.as_tuple().exponent) for row in prices for price in row))
    whole = [[int(price.scaleb(decimals)) for price in row] for row in prices]
    return Series(np.array(times, np.int64), np.ascontiguousarray(np.array(whole, np.int64).T), decimals)


def merged(series: Sequence[Series]) -> Series:
    """All of them in order; of two candles of one time the one in the later series stays."""
    filled = [one for one in series if len(one)]
    if not filled:
        return EMPTY
    decimals = max(one.decimals for one in filled)
    times = np.concatenate([one.times for one in reversed(filled)])
    prices = np.concatenate([one.at(decimals) for one in reversed(filled)], axis=1)
    rising, kept = np.unique(times, return_index=True)
    return Series(rising, np.ascontiguousarray(prices[:, kept]), decimals)


def packed(series: Series) -> bytes:
    opened, highest, lowest, closed = series.prices
    before = np.concatenate((np.zeros(1, np.int64), closed[:-1]))
    columns = np.array(
        [
            np.diff(series.times, prepend=0),
            opened - before,
            closed - opened,
            highest - np.maximum(opened, closed),
            np.minimum(opened, closed) - lowest,
        ]
    )
    unsigned = (columns << 1) ^ (columns >> 63)
    places = unsigned.astype("<i8").view(np.uint8).reshape(-1, _BYTES).T
    return bytes([series.decimals]) + zlib.compress(places.tobytes(), 9)


def unpacked(content: bytes) -> Series:
    places = np.frombuffer(zlib.decompress(content[1:]), np.uint8).reshape(_BYTES, -1)
    unsigned = np.ascontiguousarray(places.T).view("<u8").reshape(_COLUMNS, -1)
    steps, gaps, bodies, above, below = (unsigned >> 1).astype(np.int64) ^ -(unsigned & 1).astype(np.int64)
    closed = np.cumsum(gaps + bodies)
    opened = closed - bodies
    prices = np.array([opened, np.maximum(opened, closed) + above, np.minimum(opened, closed) - below, closed])
    return Series(np.cumsum(steps), prices, content[0])
