"""The plan: quantities, budget and market orders."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.grid import GridType, Parameters, Sizing, StrategyType
from core.domain.order import Side
from core.domain.plan import Plan, market_orders, plan
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid
from tests.unit.core.domain.examples import asked_grids, grid, rules

CENT = Decimal("0.01")


def entry_within(data: st.DataObject, parameters: Parameters, symbol_rules: SymbolRules) -> Decimal:
    """A price on the tick, in the range or somewhat beside it."""
    low, high = (
        int(parameters.lower_price / symbol_rules.tick_size),
        int(parameters.upper_price / symbol_rules.tick_size),
    )
    return data.draw(st.integers(max(1, low - (high - low)), high + (high - low))) * symbol_rules.tick_size


def planned_with_enough(parameters: Parameters, symbol_rules: SymbolRules, entry: Decimal) -> tuple[Parameters, Plan]:
    """The plan with the investment asked for, or with the smallest one that the refusal names."""
    try:
        return parameters, plan(parameters, symbol_rules, entry)
    except Invalid as error:
        assume(error.reason == "investment_too_small")
        enough = replace(parameters, total_investment=Decimal(error.message.split()[-2]))
        return enough, plan(enough, symbol_rules, entry)


def test_equal_notional_cells_open_with_the_same_amount() -> None:
    planned = plan(grid(leverage=2, total_investment="1000"), rules(), Decimal("2500"))
    assert planned.budget == Decimal("1960")
    cells_below = [cell for cell in planned.cells if cell.opening_side is Side.BUY]
    assert planned.per_grid_amount == Decimal("192.42672009")  # 1960 / (5 + 2600/2500 + 2700/2600 + ... + 3000/2900)
    assert [cell.quantity for cell in cells_below] == [
        Decimal(text) for text in ("0.096", "0.091", "0.087", "0.083", "0.080")
    ]
    assert [cell.opening_price for cell in cells_below] == [cell.lower for cell in cells_below]


def test_short_cells_open_at_their_upper_line_with_the_weight_of_the_lower_one() -> None:
    planned = plan(grid(grid_number=2, reserve="0", total_investment="1000"), rules(), Decimal("2500"))
    short = planned.cells[1]
    assert short.opening_price == Decimal("3000")
    amount = Fraction(1000) / (1 + Fraction(3000, 2500))
    assert Fraction(short.quantity) <= amount / 2500 < Fraction(short.quantity) + Fraction(1, 1000)


def test_inventory_counts_at_the_entry_price() -> None:
    asked = grid(strategy_type=StrategyType.BULLISH, grid_number=2, reserve="0", total_investment="1000")
    planned = plan(asked, rules(), Decimal("1000"))
    assert [cell.opening_price for cell in planned.cells] == [Decimal(1000), Decimal(1000)]
    assert planned.per_grid_amount == Decimal("1111.11111111")
    assert planned.inventory_quantity == Decimal("0.555") + Decimal("0.444")


def test_equal_quantity_cells_all_trade_the_same() -> None:
    planned = plan(grid(sizing=Sizing.EQUAL_QUANTITY), rules(), Decimal("2500"))
    assert len({cell.quantity for cell in planned.cells}) == 1
    assert planned.per_grid_amount is None


def test_a_quantity_that_is_a_whole_number_of_steps_is_not_floored_to_one_less() -> None:
    asked = grid(
        lower_price="3",
        upper_price="9",
        grid_number=2,
        total_investment="198",
        reserve="0",
        strategy_type=StrategyType.BULLISH,
    )
    planned = plan(asked, rules(step_size="1", min_quantity="1"), Decimal("9"))
    assert planned.cells[0].quantity == Decimal(33)


@settings(max_examples=80)
@given(asked_grids(), st.data())
def test_the_budget_is_never_overspent_and_each_cell_gets_its_share_to_the_step(
    asked: Any, data: st.DataObject
) -> None:
    parameters, symbol_rules = asked
    entry = entry_within(data, parameters, symbol_rules)
    parameters, planned = planned_with_enough(parameters, symbol_rules, entry)
    spent = sum(Fraction(cell.quantity) * Fraction(cell.opening_price) for cell in planned.cells)
    assert planned.budget == parameters.total_investment * parameters.leverage * (1 - parameters.reserve)
    assert spent <= Fraction(planned.budget)
    step = Fraction(symbol_rules.step_size)
    slack = sum(step * Fraction(cell.opening_price) for cell in planned.cells)
    assert Fraction(planned.budget) - spent < slack
    for cell in planned.cells:
        assert cell.quantity % symbol_rules.step_size == 0
        assert symbol_rules.is_orderable(cell.quantity, cell.lower)
        assert symbol_rules.is_orderable(cell.quantity, cell.upper)


@settings(max_examples=80)
@given(asked_grids(), st.data())
def test_the_smallest_investment_named_passes_and_a_cent_less_does_not(asked: Any, data: st.DataObject) -> None:
    parameters, symbol_rules = asked
    entry = entry_within(data, parameters, symbol_rules)
    tiny = replace(parameters, total_investment=CENT)
    enough, _ = planned_with_enough(tiny, symbol_rules, entry)
    assume(enough.total_investment > CENT)
    with pytest.raises(Invalid) as refused:
        plan(replace(enough, total_investment=enough.total_investment - CENT), symbol_rules, entry)
    assert refused.value.reason == "investment_too_small"
    assert f"passes is {enough.total_investment} USDT" in refused.value.fields["total_investment"][0]


def test_a_quantity_above_the_maximum_names_the_largest_investment() -> None:
    with pytest.raises(Invalid, match="largest investment that passes is") as refused:
        plan(grid(total_investment="1000"), rules(max_quantity="0.04"), Decimal("2500"))
    largest = Decimal(refused.value.message.split()[-2])
    assert largest < 1000
    plan(grid(total_investment=largest), rules(max_quantity="0.04"), Decimal("2500"))


# Inventory


@settings(max_examples=60)
@given(asked_grids(), st.data())
def test_inventory_is_the_sum_of_the_cells_that_start_with_their_closing_order(asked: Any, data: st.DataObject) -> None:
    parameters, symbol_rules = asked
    entry = entry_within(data, parameters, symbol_rules)
    _, planned = planned_with_enough(parameters, symbol_rules, entry)
    waiting = [cell for cell in planned.cells if cell.needs_inventory]
    assert planned.inventory_quantity == sum((cell.quantity for cell in waiting), Decimal(0))
    assert (planned.inventory_side is None) == (not waiting)
    assert all(cell.opening_side is planned.inventory_side for cell in waiting)
    assert [abs(planned.cells[index].lower - entry) for index in planned.inventory_cells] == sorted(
        abs(cell.lower - entry) for cell in waiting
    )
    assert sum(planned.inventory_orders, Decimal(0)) <= planned.inventory_quantity


def test_bullish_inventory_goes_to_the_lowest_cells_first_and_bearish_to_the_highest() -> None:
    rising = plan(grid(strategy_type=StrategyType.BULLISH), rules(), Decimal("2500"))
    falling = plan(grid(strategy_type=StrategyType.BEARISH), rules(), Decimal("2500"))
    assert (rising.inventory_side, rising.inventory_cells) == (Side.BUY, (5, 6, 7, 8, 9))
    assert (falling.inventory_side, falling.inventory_cells) == (Side.SELL, (4, 3, 2, 1, 0))


@given(st.integers(1, 10**6), st.integers(5000, 10**6), st.sampled_from(["0.001", "0.01", "1"]))
def test_market_orders_add_up_to_the_quantity_on_the_market_step_and_keep_the_limits(
    thousandths: int, most: int, step: str
) -> None:
    symbol_rules = rules(
        market_step_size=step, market_min_quantity=step, market_max_quantity=Decimal(step) * most, min_notional="0"
    )
    quantity = Decimal(thousandths) / 1000
    orders = market_orders(quantity, Decimal(100), symbol_rules)
    assert quantity - Decimal(step) < sum(orders, Decimal(0)) <= quantity
    assert all(0 < order <= symbol_rules.market_max_quantity and order % Decimal(step) == 0 for order in orders)
    assert not orders or max(orders) - min(orders) <= Decimal(step)


@pytest.mark.parametrize("quantity", ["0", "0.0009", "0.004"])
def test_less_than_a_market_order_can_be_is_no_order(quantity: str) -> None:
    assert market_orders(Decimal(quantity), Decimal(1000), rules(min_notional="5")) == ()


def test_a_market_order_just_at_its_minimums_is_one() -> None:
    assert market_orders(Decimal("0.005"), Decimal(1000), rules(min_notional="5")) == (Decimal("0.005"),)
    assert market_orders(Decimal("0.001"), Decimal("Infinity"), rules(min_notional="5")) == (Decimal("0.001"),)


# What the user should know


def codes(planned: Plan) -> list[str]:
    return [warning.code for warning in planned.warnings]


@pytest.mark.parametrize(
    ("asked", "entry", "expected"),
    [
        ({}, "2500", []),
        ({}, "2600", []),
        ({}, "2601", ["one_sided"]),
        ({}, "2300.01", []),
        ({}, "2300", ["one_sided"]),
        ({}, "3000.01", ["entry_outside_range", "one_sided"]),
        ({"strategy_type": StrategyType.BULLISH}, "2000", []),
        ({"strategy_type": StrategyType.BULLISH}, "1999.99", ["entry_outside_range"]),
        ({"lower_price": "2000.004"}, "2500", ["rounded_to_tick"]),
        ({"grid_number": None, "grid_spacing": "300"}, "2500", ["upper_price_moved", "one_sided"]),
        ({"grid_number": None, "grid_spacing": "100"}, "2500", []),
    ],
)
def test_a_plan_warns_of_what_the_user_may_not_expect(asked: dict[str, Any], entry: str, expected: list[str]) -> None:
    assert codes(plan(grid(**asked), rules(), Decimal(entry))) == expected


def test_a_moved_upper_price_is_said_with_its_numbers() -> None:
    moved = plan(grid(grid_number=None, grid_spacing="300"), rules(), Decimal("2500")).warnings[0]
    assert dict(moved.data) == {"upper_price": Decimal(2900), "grid_number": 3}


def test_custom_lines_make_a_plan_too() -> None:
    lines = tuple(Decimal(price) for price in (2000, 2200, 2300, 2700))
    planned = plan(grid(grid_type=GridType.CUSTOM, lines=lines, grid_number=None), rules(), Decimal("2250"))
    assert planned.lines == lines
    assert [cell.first_side for cell in planned.cells] == [Side.BUY, Side.BUY, Side.SELL]
