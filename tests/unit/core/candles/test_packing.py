from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.candle_files import candles_of
from core.candles.packing import EMPTY, Series, merged, packed, series_of, unpacked
from core.candles.store import DAY_MS, MINUTE_MS, gap

RECORDED = Path(__file__).parents[5] / "shared" / "data" / "BTCUSDT_klines_1m_2025-05-04_2025-06-03.csv.gz"

PRICES = st.decimals(min_value="0.00001", max_value="999999", places=5)


@st.composite
def some_series(draw: st.DrawFn) -> Series:
    minutes = sorted(draw(st.sets(st.integers(0, 1439), min_size=1, max_size=40)))
    rows = []
    for _ in minutes:
        low, one, other, high = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
        opened, closed = (one, other) if draw(st.booleans()) else (other, one)
        rows.append((opened, high, low, closed))
    return series_of([19_000 * DAY_MS + minute * MINUTE_MS for minute in minutes], rows)


@given(some_series())
def test_what_was_packed_comes_back_to_the_last_digit(series: Series) -> None:
    back = unpacked(packed(series))
    assert back.decimals == series.decimals
    assert np.array_equal(back.times, series.times)
    assert np.array_equal(back.prices, series.prices)


@given(some_series(), some_series())
def test_of_two_candles_of_one_minute_the_later_told_one_stays(first: Series, second: Series) -> None:
    both = merged([first, second])
    assert set(both.times.tolist()) == {*first.times.tolist(), *second.times.tolist()}
    kept = np.isin(both.times, second.times)
    assert np.array_equal(both.prices[:, kept], second.at(both.decimals))


def test_prices_become_whole_numbers_of_their_last_decimal() -> None:
    series = series_of([0], [(Decimal("80000"), Decimal("80000.50"), Decimal("7.9E+4"), Decimal("80000.25"))])
    assert (series.decimals, series.prices[:, 0].tolist()) == (2, [8_000_000, 8_000_050, 7_900_000, 8_000_025])


def test_what_is_missing_is_told_from_the_first_to_the_last() -> None:
    have = series_of([0, MINUTE_MS, 3 * MINUTE_MS], [(Decimal(1),) * 4] * 3)
    assert gap(have, 0, 3 * MINUTE_MS) == (2 * MINUTE_MS, 2 * MINUTE_MS)
    assert gap(have, 0, 5 * MINUTE_MS) == (2 * MINUTE_MS, 5 * MINUTE_MS)
    assert gap(have, 0, MINUTE_MS) is None
    assert gap(EMPTY, 0, MINUTE_MS) == (0, MINUTE_MS)


def test_a_month_takes_less_than_a_megabyte() -> None:
    if not RECORDED.exists():
        pytest.skip(f"the recorded month is not here: {RECORDED.name}")
    month = list(candles_of(RECORDED))
    series = series_of([one.opened_ms for one in month], [(one.open, one.high, one.low, one.close) for one in month])
    days = [
        Series(series.times[here], series.prices[:, here], series.decimals)
        for day in np.unique(series.times // DAY_MS)
        for here in [series.times // DAY_MS == day]
    ]
    assert sum(len(packed(day)) for day in days) < 250_000
