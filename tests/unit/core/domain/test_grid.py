"""Which order each cell keeps live first."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.grid import StrategyType, cells, grid_index
from core.domain.order import Side

LINES = tuple(Decimal(price) for price in (100, 110, 120, 130, 140))
BUY, SELL = Side.BUY, Side.SELL
rising = st.lists(st.integers(1, 10**9), min_size=3, max_size=60, unique=True).map(
    lambda prices: tuple(Decimal(price) for price in sorted(prices))
)
entries = st.integers(1, 10**9).map(Decimal)


@pytest.mark.parametrize(
    ("strategy_type", "entry", "openings", "firsts", "inventory"),
    [
        (StrategyType.NEUTRAL, "120", "BBSS", "BBSS", "...."),
        (StrategyType.NEUTRAL, "119", "BBSS", "BBSS", "...."),
        (StrategyType.NEUTRAL, "120.01", "BBBS", "BBBS", "...."),
        (StrategyType.NEUTRAL, "90", "SSSS", "SSSS", "...."),
        (StrategyType.NEUTRAL, "141", "BBBB", "BBBB", "...."),
        (StrategyType.BULLISH, "120", "BBBB", "BBSS", "..II"),
        (StrategyType.BULLISH, "125", "BBBB", "BBBS", "...I"),
        (StrategyType.BULLISH, "99", "BBBB", "SSSS", "IIII"),
        (StrategyType.BULLISH, "140", "BBBB", "BBBB", "...."),
        (StrategyType.BEARISH, "120", "SSSS", "BBSS", "II.."),
        (StrategyType.BEARISH, "125", "SSSS", "BBSS", "II.."),
        (StrategyType.BEARISH, "100", "SSSS", "SSSS", "...."),
        (StrategyType.BEARISH, "150", "SSSS", "BBBB", "IIII"),
    ],
)
def test_cells_start_as_their_strategy_type_says(
    strategy_type: StrategyType, entry: str, openings: str, firsts: str, inventory: str
) -> None:
    shapes = cells(LINES, strategy_type, Decimal(entry))
    assert "".join(shape.opening_side[0] for shape in shapes) == openings
    assert "".join(shape.first_side[0] for shape in shapes) == firsts
    assert "".join("I" if shape.needs_inventory else "." for shape in shapes) == inventory


@given(rising, st.sampled_from(StrategyType), entries)
def test_one_order_per_cell_and_no_two_on_one_side_of_one_line(
    lines: tuple[Decimal, ...], strategy_type: StrategyType, entry: Decimal
) -> None:
    shapes = cells(lines, strategy_type, entry)
    assert [shape.cell_index for shape in shapes] == list(range(len(lines) - 1))
    resting = [(shape.first_side, shape.price(shape.first_side)) for shape in shapes]
    assert len(set(resting)) == len(shapes)
    assert {price for _, price in resting} < set(lines)


@given(rising, st.sampled_from(StrategyType), entries)
def test_buys_start_below_and_sells_above_each_other(
    lines: tuple[Decimal, ...], strategy_type: StrategyType, entry: Decimal
) -> None:
    """So the one line that no order rests on is where the price is, and no two of our own orders can meet."""
    shapes = cells(lines, strategy_type, entry)
    buys = [shape.upper for shape in shapes if shape.first_side is BUY]
    sells = [shape.lower for shape in shapes if shape.first_side is SELL]
    assert not buys or not sells or max(buys) <= min(sells)


@given(rising, entries)
def test_bearish_mirrors_bullish(lines: tuple[Decimal, ...], entry: Decimal) -> None:
    bullish = cells(lines, StrategyType.BULLISH, entry)
    mirrored = cells(tuple(-price for price in reversed(lines)), StrategyType.BEARISH, -entry)
    assert [shape.needs_inventory for shape in bullish] == [shape.needs_inventory for shape in reversed(mirrored)]
    assert [shape.first_side for shape in bullish] == [shape.first_side.opposite for shape in reversed(mirrored)]


def test_a_buy_rests_on_the_cells_own_line_and_a_sell_on_the_next() -> None:
    shape = cells(LINES, StrategyType.NEUTRAL, Decimal(120))[3]
    assert (shape.price(BUY), shape.price(SELL)) == (LINES[3], LINES[4])
    assert (grid_index(3, BUY), grid_index(3, SELL)) == (3, 4)
