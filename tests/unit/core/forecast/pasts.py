"""Made-up pasts to forecast from."""

import numpy as np

from core.candles.packing import Series, packed
from core.candles.store import DAY_MS, MINUTE_MS, MINUTES, StoredDay


def past(days: int, seed: int = 1, deviation: float = 8.0, drift: float = 0.0) -> Series:
    """Candles of a seeded walk around 2500.00, in hundredths."""
    random = np.random.default_rng(seed)
    count = days * MINUTES
    closed = 250_000 + np.cumsum(random.normal(drift, deviation * 10, count)).astype(np.int64)
    opened = np.concatenate((closed[:1], closed[:-1])) + random.integers(-3, 4, count)
    highest = np.maximum(opened, closed) + random.integers(0, 60, count)
    lowest = np.minimum(opened, closed) - random.integers(0, 60, count)
    times = np.arange(count, dtype=np.int64) * MINUTE_MS + 20_000 * DAY_MS
    return Series(times, np.array([opened, highest, lowest, closed]), 2)


def days_of(series: Series) -> tuple[StoredDay, ...]:
    numbers = series.times // DAY_MS
    return tuple(
        StoredDay(
            int(day), int(here.sum()), packed(Series(series.times[here], series.prices[:, here], series.decimals))
        )
        for day in np.unique(numbers)
        for here in [numbers == day]
    )
