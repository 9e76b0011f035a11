"""The steps of a grid that follows the market."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.grid import GridType, Parameters, Sizing, StrategyType, ladder
from core.domain.order import Side
from core.domain.plan import PlannedCell, plan
from core.domain.trailing import trailing_step, trails_down, trails_up
from tests.unit.core.domain.examples import grid, rules

LONG, NEUTRAL, SHORT = StrategyType.BULLISH, StrategyType.NEUTRAL, StrategyType.BEARISH


def step(mark: str, shift: int = 0, amount: str = "98", dropped: str = "0.049", **asked: Any) -> PlannedCell | None:
    parameters = grid(**{"trailing_up": "5000", "trailing_down": "500", **asked})
    return trailing_step(
        parameters, rules(), shift, Decimal(mark), per_grid_amount=Decimal(amount), dropped_quantity=Decimal(dropped)
    )


def test_a_spacing_above_the_range_a_cell_with_a_buy_at_the_old_upper_line_is_added() -> None:
    added = step("3100")
    assert added == PlannedCell(
        10, Decimal(3000), Decimal(3100), Side.BUY, Side.BUY, False, Decimal(3000), Decimal("0.032")
    )
    assert step("3099.99") is None


def test_a_spacing_below_the_range_a_cell_with_a_sell_at_the_old_lower_line_is_added() -> None:
    added = step("1900")
    assert added == PlannedCell(
        -1, Decimal(1900), Decimal(2000), Side.SELL, Side.SELL, False, Decimal(2000), Decimal("0.051")
    )
    assert step("1900.01") is None


def test_each_step_is_counted_from_the_range_as_it_is() -> None:
    assert step("3199", shift=1) is None
    moved = step("3200", shift=1)
    assert moved is not None
    assert (moved.cell_index, moved.lower, moved.upper) == (11, Decimal(3100), Decimal(3200))
    back = step("2000", shift=1)
    assert back is not None
    assert (back.cell_index, back.lower, back.upper) == (0, Decimal(2000), Decimal(2100))


@pytest.mark.parametrize(
    ("mark", "asked"),
    [
        ("3100", {"trailing_up": None}),
        ("3100", {"trailing_up": "3099.99"}),
        ("3100", {"take_profit": "3100"}),
        ("3100", {"take_profit": "3050"}),
        ("1900", {"trailing_down": None}),
        ("1900", {"trailing_down": "1900.01"}),
        ("1900", {"stop_loss": "1900"}),
        ("1900", {"strategy_type": SHORT, "take_profit": "1950"}),
    ],
)
def test_a_step_past_a_limit_or_a_stop_price_is_not_taken(mark: str, asked: dict[str, Any]) -> None:
    assert step(mark, **asked) is None


@pytest.mark.parametrize(
    ("mark", "asked"),
    [
        ("3100", {"trailing_up": "3100"}),
        ("1900", {"trailing_down": "1900"}),
        ("3100", {"take_profit": "3100.01"}),
        ("3100", {"take_profit_pct": "1"}),  # moves along
        ("3100", {"strategy_type": LONG, "stop_loss": "1900"}),
        ("1900", {"stop_loss": "1899.99"}),
        ("1900", {"stop_loss_pct": "1"}),
        ("1900", {"strategy_type": SHORT, "stop_loss": "3100", "take_profit": "1899"}),
    ],
)
def test_a_step_short_of_them_is(mark: str, asked: dict[str, Any]) -> None:
    assert step(mark, **asked) is not None


def test_a_cell_that_could_not_be_ordered_or_would_not_pay_is_not_added() -> None:
    assert step("3100", amount="4.9") is None
    assert step("2001.8", lower_price="2000", upper_price="2001", grid_number=2, amount="900") is None


@pytest.mark.parametrize(("lowest", "highest", "added"), [("1900.01", "3099.99", False), ("1900", "3100", True)])
def test_a_line_outside_the_symbols_prices_is_not_added(lowest: str, highest: str, added: bool) -> None:
    parameters = grid(trailing_up="1e9", trailing_down="0.01")
    narrow = rules(min_price=lowest, max_price=highest)
    for mark in ("1900", "3100"):
        amounts = {"per_grid_amount": Decimal(98), "dropped_quantity": Decimal(1)}
        assert (trailing_step(parameters, narrow, 0, Decimal(mark), **amounts) is not None) is added


def test_with_equal_quantities_the_new_cell_trades_what_the_others_do() -> None:
    added = step("3100", sizing=Sizing.EQUAL_QUANTITY, dropped="0.077")
    assert added is not None
    assert added.quantity == Decimal("0.077")


@pytest.mark.parametrize(
    ("grid_type", "strategy_type", "up", "down"),
    [
        (GridType.ARITHMETIC, LONG, True, False),
        (GridType.GEOMETRIC, NEUTRAL, True, True),
        (GridType.ARITHMETIC, SHORT, False, True),
        (GridType.CUSTOM, NEUTRAL, False, False),
    ],
)
def test_which_grids_trail(grid_type: GridType, strategy_type: StrategyType, up: bool, down: bool) -> None:
    assert (trails_up(grid_type, strategy_type), trails_down(grid_type, strategy_type)) == (up, down)


def follow(parameters: Parameters, marks: list[int]) -> list[PlannedCell]:
    """The cells after following the market; the one at the far end is taken for flat."""
    live = {cell.cell_index: cell for cell in plan(parameters, rules(), Decimal(2500)).cells}
    for mark in marks:
        first = min(live)
        far = live[first] if Decimal(mark) > live[first].lower else live[max(live)]
        added = trailing_step(
            parameters, rules(), first, Decimal(mark), per_grid_amount=Decimal(98), dropped_quantity=far.quantity
        )
        if added is not None:
            number = parameters.grid_number or 0
            del live[added.cell_index - number if added.cell_index > first else added.cell_index + number]
            live[added.cell_index] = added
    return [live[index] for index in sorted(live)]


@given(
    st.sampled_from([GridType.ARITHMETIC, GridType.GEOMETRIC]),
    st.integers(2, 40),
    st.lists(st.integers(900, 6000), max_size=40),
)
def test_wherever_it_went_a_grid_is_n_neighbouring_cells_of_the_one_ladder(
    grid_type: GridType, number: int, marks: list[int]
) -> None:
    parameters = grid(
        grid_type=grid_type, grid_number=number, trailing_up="5000", trailing_down="1000", total_investment="5000"
    )
    after = follow(parameters, marks)
    line = ladder(parameters, rules())
    first = after[0].cell_index
    assert [cell.cell_index for cell in after] == list(range(first, first + number))
    assert [(cell.lower, cell.upper) for cell in after] == [
        (line(index), line(index + 1)) for index in range(first, first + number)
    ]
    assert after[-1].upper <= 5000
    assert after[0].lower >= 1000
