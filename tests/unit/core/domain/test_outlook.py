"""What a whole grid risks: liquidation with all orders of a side filled, maximum loss, and its warnings."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.exposure import exposures, is_before, worst_notional
from core.domain.grid import MarginType, Parameters, StrategyType
from core.domain.order import Side
from core.domain.outlook import Outlook, outlook
from core.domain.plan import plan
from core.domain.risk import maintenance_margin
from tests.unit.core.domain.examples import BRACKETS, grid, rules

LONG, NEUTRAL, SHORT = StrategyType.BULLISH, StrategyType.NEUTRAL, StrategyType.BEARISH


def seen(parameters: Parameters, entry: str = "2500") -> Outlook:
    return outlook(parameters, plan(parameters, rules(), Decimal(entry)), rules())


def codes(**asked: Any) -> list[str]:
    return [warning.code for warning in seen(grid(**asked)).warnings]


def test_each_side_is_the_sum_of_the_cells_that_open_with_it() -> None:
    planned = plan(grid(leverage=5), rules(), Decimal("2500"))
    held = exposures(planned, rules())
    below = [cell for cell in planned.cells if cell.opening_side is Side.BUY]
    assert held[Side.BUY].quantity == sum(cell.quantity for cell in below)
    assert held[Side.BUY].notional == sum(cell.quantity * cell.lower for cell in below)
    assert held[Side.BUY].fees == held[Side.BUY].notional * Decimal("0.0002")
    assert held[Side.SELL].position == -held[Side.SELL].quantity
    assert worst_notional(planned) == max(held[Side.BUY].notional, held[Side.SELL].notional)


def test_inventory_pays_the_taker_fee_and_counts_at_the_entry_price() -> None:
    planned = plan(grid(strategy_type=LONG), rules(), Decimal("1500"))
    held = exposures(planned, rules())
    assert set(held) == {Side.BUY}
    assert held[Side.BUY].notional == held[Side.BUY].quantity * 1500
    assert held[Side.BUY].fees == held[Side.BUY].notional * Decimal("0.0005")


@settings(max_examples=60)
@given(
    st.builds(
        grid,
        strategy_type=st.sampled_from(StrategyType),
        margin_type=st.sampled_from(MarginType),
        grid_number=st.integers(2, 50),
        leverage=st.integers(1, 50),
        total_investment=st.integers(500, 50000).map(Decimal),
    ),
    st.integers(1800, 3200),
)
def test_at_the_grids_liquidation_price_the_margin_is_gone(parameters: Parameters, entry: int) -> None:
    symbol_rules = rules(min_notional="0")
    planned = plan(parameters, symbol_rules, Decimal(entry))
    view = outlook(parameters, planned, symbol_rules)
    prices = {Side.BUY: view.liquidation_lower, Side.SELL: view.liquidation_upper}
    for side, exposure in exposures(planned, symbol_rules).items():
        price = prices.pop(side)
        if price is None or not exposure.quantity:
            assert side is Side.BUY
            continue
        opened = [cell for cell in planned.cells if cell.opening_side is side]
        wallet = parameters.total_investment - exposure.fees
        if parameters.margin_type is MarginType.ISOLATED:
            wallet = exposure.notional / parameters.leverage
        unrealized = sum(side.sign * cell.quantity * (price - cell.opening_price) for cell in opened)
        left = wallet + unrealized - maintenance_margin(exposure.quantity * price, BRACKETS)
        assert abs(left) <= exposure.quantity * symbol_rules.tick_size
    assert all(price is None for price in prices.values())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, []),
        ({"leverage": 40}, ["liquidation_inside_range", "liquidation_inside_range"]),
        ({"leverage": 4, "strategy_type": LONG, "stop_loss": "1500"}, ["liquidation_before_stop"]),
        ({"leverage": 4, "strategy_type": LONG, "stop_loss": "1950"}, []),
        ({"leverage": 4, "strategy_type": SHORT, "stop_loss": "3900"}, ["liquidation_before_stop"]),
        ({"leverage": 4, "strategy_type": SHORT, "stop_loss": "3100"}, []),
        (
            {"leverage": 6, "stop_loss": "500", "take_profit": "9000"},
            [*["liquidation_before_stop"] * 2, "reopens_after_stop"],
        ),
        ({"lower_price": "2495", "upper_price": "2505", "total_investment": "9000"}, ["thin_profit"]),
    ],
)
def test_a_grid_warns_of_thin_profit_and_of_liquidation_before_its_end(
    asked: dict[str, Any], expected: list[str]
) -> None:
    assert codes(**asked) == expected


def test_the_fees_are_comfortable_from_one_and_a_quarter_times_on() -> None:
    """0.0002 * (2000 + 2001.0005...) * 1.25 = 1.0003 of height on a cell near 2000."""
    lines = {"lower_price": "2000", "total_investment": "9000", "grid_number": 2}
    assert "thin_profit" in codes(**lines, upper_price="2002")
    assert "thin_profit" not in codes(**lines, upper_price="2002.02")


@pytest.mark.parametrize(
    ("first", "second", "side", "before"),
    [(2, 1, Side.BUY, True), (1, 2, Side.BUY, False), (1, 2, Side.SELL, True), (2, 1, Side.SELL, False)],
)
def test_a_long_side_meets_the_higher_price_first_and_a_short_side_the_lower(
    first: int, second: int, side: Side, before: bool
) -> None:
    assert is_before(Decimal(first), Decimal(second), side) is before
    assert is_before(Decimal(first), Decimal(first), side)  # at once: the worse outcome counts


def test_with_a_stop_before_liquidation_the_maximum_loss_is_what_the_stop_closes_with() -> None:
    parameters = grid(strategy_type=LONG, stop_loss="1900", leverage=2)
    planned = plan(parameters, rules(), Decimal("3000"))
    cost = sum(cell.quantity * cell.lower for cell in planned.cells)
    left = sum(cell.quantity for cell in planned.cells) * 1900
    expected = cost - left + cost * Decimal("0.0002") + left * Decimal("0.0005")
    assert outlook(parameters, planned, rules()).maximum_loss == expected


def test_a_liquidated_grid_loses_its_investment() -> None:
    assert seen(grid(leverage=10)).maximum_loss == 1000
    assert seen(grid(leverage=10, strategy_type=LONG, stop_loss="100")).maximum_loss == 1000


def test_a_long_grid_without_leverage_can_lose_what_it_bought_with() -> None:
    parameters = grid(strategy_type=LONG)
    planned = plan(parameters, rules(), Decimal("3000"))
    loss = outlook(parameters, planned, rules()).maximum_loss
    assert Decimal("960") < loss < planned.budget + 1
    assert outlook(parameters, planned, rules()).liquidation_lower is None


def test_a_neutral_grid_counts_its_worse_side() -> None:
    near = seen(grid(stop_loss="1990", take_profit="3500"))
    far = seen(grid(stop_loss="1990", take_profit="3010"))
    assert near.maximum_loss > far.maximum_loss


def test_profits_are_those_of_the_thinnest_and_the_thickest_cell() -> None:
    """Cell 2900-3000: (3000 * 0.9998 - 2900 * 1.0002) / 2900; cell 2000-2100 likewise."""
    view = seen(grid())
    assert view.net_profit_min_pct == Decimal("3.407586")
    assert view.net_profit_max_pct == Decimal("4.959000")
