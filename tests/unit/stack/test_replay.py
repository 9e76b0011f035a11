"""Leaving out points inside a cell must not leave out a fill."""

from decimal import Decimal
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from stack.candles import Candle
from stack.replay import FUNDING_EVERY_MS, met, steps

LINES = [Decimal(price) for price in range(100, 200, 10)]
prices = st.integers(90, 205).map(Decimal)


def flat(open_time: int, price: int) -> Candle:
    return Candle(open_time, *(Decimal(price),) * 4)


def touched_lines(path: list[Decimal]) -> list[Decimal]:
    """Line by line as a price walking `path` meets them. The line met last is empty until another has been met."""
    met = [path[0]] if path[0] in LINES else []
    for start, end in pairwise(path):
        between = [line for line in LINES if min(start, end) <= line <= max(start, end) and line != start]
        met += between if end >= start else between[::-1]
    return [line for line, _ in groupby(met)]


@st.composite
def candle_lists(draw: st.DrawFn) -> list[Candle]:
    candles = []
    for minute in range(draw(st.integers(1, 12))):
        opened, closed, *rest = draw(st.lists(prices, min_size=4, max_size=4))
        points = [opened, closed, *rest]
        candles.append(Candle(minute * 60_000, opened, max(points), min(points), closed))
    return candles


@given(candle_lists())
def test_the_kept_points_meet_the_same_lines_in_the_same_order(candles: list[Candle]) -> None:
    whole = [point for candle in candles for point in candle.path()]
    kept = [candles[0].open, *(step.price for step in steps(candles, LINES))]
    assert touched_lines(kept) == touched_lines(whole)


def test_points_inside_a_cell_are_left_out() -> None:
    inside = Candle(0, Decimal(104), Decimal(109), Decimal(101), Decimal(105))
    assert list(steps([inside] * 5, LINES)) == []


def test_going_back_and_forth_over_the_empty_line_is_left_out() -> None:
    candles = [flat(0, 105), flat(1, 112), flat(2, 108), flat(3, 113), flat(4, 121), flat(5, 109)]
    assert [step.candle for step in steps(candles, LINES)] == [1, 4, 5]


def test_a_line_is_met_when_arriving_not_when_leaving() -> None:
    assert met(LINES, Decimal(105), Decimal(120)) == [110, 120]
    assert met(LINES, Decimal(125), Decimal(110)) == [120, 110]
    assert met(LINES, Decimal(110), Decimal(115)) == []
    assert met(LINES, Decimal(110), Decimal(105)) == []
    assert met(LINES, Decimal(110), Decimal(110)) == []


def test_funding_is_paid_once_at_every_full_eight_hours() -> None:
    hour = FUNDING_EVERY_MS // 8
    candles = [flat(hour * number, 105) for number in range(1, 25)]
    paid = [step for step in steps(candles, LINES) if step.pays_funding]
    assert [candles[step.candle].open_time // hour for step in paid] == [8, 16, 24]
    assert not any(step.crosses for step in paid)


def test_after_a_gap_in_the_file_funding_is_paid_once_and_the_jump_waits() -> None:
    candles = [flat(0, 105), flat(5 * FUNDING_EVERY_MS, 135)]
    assert [(step.price, step.crosses, step.pays_funding) for step in steps(candles, LINES)] == [
        (Decimal(135), True, True)
    ]
