"""A made past of a symbol, as it is stored."""

from decimal import Decimal

import numpy as np

from core.candles import store
from core.candles.packing import series_of
from core.candles.store import DAY_MS, MINUTE_MS, MINUTES
from core.clock import now_ms
from core.db import Session

D = Decimal


def walk(days: int, price: int = 80_000) -> None:
    """Stores candles that lead up to now: a seeded walk, in ticks of 0.1."""
    random = np.random.default_rng(7)
    last = now_ms() // MINUTE_MS
    times = [int(minute) * MINUTE_MS for minute in range(last - days * MINUTES, last)]
    closes = price + np.cumsum(random.normal(0, 40, len(times)))
    rows = []
    before = float(price)
    for close in closes:
        opened, closed = D(f"{before:.1f}"), D(f"{close:.1f}")
        rows.append((opened, max(opened, closed) + D("3.5"), min(opened, closed) - D("3.5"), closed))
        before = close
    with Session.begin() as session:
        store.add(session, "paper", "BTCUSDT", series_of(times, rows))
        for day in range(now_ms() // DAY_MS - days, now_ms() // DAY_MS):
            store.put(session, "paper", "BTCUSDT", day, series_of([], []), whole=True)
