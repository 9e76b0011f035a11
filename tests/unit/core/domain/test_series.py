"""Thinning: fewer points, the same highs and lows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from core.domain.series import Reading, extremes, thinned

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def readings(values: list[int]) -> list[Reading]:
    """One every seven minutes."""
    return [
        Reading(number, START + number * timedelta(minutes=7), Decimal(value)) for number, value in enumerate(values)
    ]


SERIES = st.lists(st.integers(-50, 50), max_size=400).map(readings)


def drawdown(series: list[Reading]) -> Decimal:
    peaks = accumulate((one.value for one in series), max)
    return max((peak - one.value for peak, one in zip(peaks, series, strict=True)), default=Decimal(0))


def values(series: list[Reading]) -> list[int]:
    return [int(one.value) for one in series]


def test_a_span_keeps_its_lowest_and_its_highest_in_their_order() -> None:
    assert values(extremes(readings([5, 9, 1, 3, 9, 1, 2, 2]), 8 * HOUR)) == [9, 1]
    assert values(extremes(readings([4, 4, 4]), HOUR)) == [4]


@given(SERIES)
def test_thinning_in_steps_comes_to_the_same_as_at_once(series: list[Reading]) -> None:
    in_steps = extremes(extremes(series, HOUR / 4), 6 * HOUR)
    assert values(in_steps) == values(extremes(series, 6 * HOUR))


@given(SERIES, st.integers(0, 400))
def test_a_span_seen_in_part_loses_none_of_its_extremes(series: list[Reading], seen: int) -> None:
    halfway = extremes(series[:seen], 6 * HOUR) + series[seen:]
    assert values(extremes(halfway, 6 * HOUR)) == values(extremes(series, 6 * HOUR))


@given(SERIES, st.integers(4, 60))
def test_a_thinned_series_has_its_ends_its_range_and_few_points(series: list[Reading], most: int) -> None:
    found = thinned(series, most)
    assert len(found) <= most
    assert found == sorted(found, key=lambda one: one.key)
    assert found[:1] == series[:1]
    assert found[-1:] == series[-1:]
    assert min(values(found), default=0) == min(values(series), default=0)
    assert max(values(found), default=0) == max(values(series), default=0)


@given(SERIES)
def test_the_drawdown_of_a_thinned_series_is_never_larger(series: list[Reading]) -> None:
    assert drawdown(thinned(series, 20)) <= drawdown(series)
