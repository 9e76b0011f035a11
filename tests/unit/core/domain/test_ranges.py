"""The allowed range of every field: both ends pass, what is beyond does not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.grid import GridType, Parameters, StrategyType, resolve
from core.domain.guards import review
from core.domain.symbol_rules import SymbolRules
from tests.unit.core.domain.examples import asked_grids, grid, rules

ENTRY = Decimal(2500)
WHOLE = ("grid_number", "leverage")


def with_field(parameters: Parameters, field: str, value: Decimal) -> Parameters:
    others: dict[str, Any] = {}
    if field.startswith("grid_spacing"):
        others = {"grid_number": None}
    return replace(parameters, **others, **{field: int(value) if field in WHOLE else value})


def complaints(parameters: Parameters, field: str, value: Decimal) -> dict[str, list[str]]:
    return review(with_field(parameters, field, value), rules(), ENTRY, available_balance=Decimal(100000)).errors


FIELDS = {
    GridType.ARITHMETIC: ["grid_number", "grid_spacing", "grid_spacing_pct", "total_investment", "leverage"],
    GridType.GEOMETRIC: ["grid_number", "grid_spacing_pct", "total_investment", "leverage"],
}
STOPS = ["stop_loss", "stop_loss_pct", "take_profit", "take_profit_pct"]


@pytest.mark.parametrize("strategy_type", StrategyType)
@pytest.mark.parametrize("field", [*FIELDS[GridType.ARITHMETIC], *STOPS, "lower_price", "upper_price"])
def test_both_ends_of_an_arithmetic_grids_ranges_are_allowed_and_a_step_beyond_is_not(
    field: str, strategy_type: StrategyType
) -> None:
    check_ends(grid(strategy_type=strategy_type), field)


@pytest.mark.parametrize("field", FIELDS[GridType.GEOMETRIC])
def test_both_ends_of_a_geometric_grids_ranges_are_allowed_and_a_step_beyond_is_not(field: str) -> None:
    check_ends(grid(grid_type=GridType.GEOMETRIC), field)


def check_ends(parameters: Parameters, field: str) -> None:
    allowed = review(parameters, rules(), ENTRY, available_balance=Decimal(100000)).ranges[field]
    assert allowed.maximum is not None
    assert field not in complaints(parameters, field, allowed.minimum)
    assert field not in complaints(parameters, field, allowed.maximum)
    for direction, end in ((-1, allowed.minimum), (1, allowed.maximum)):
        if not field.endswith("_loss_pct") and not field.endswith("_profit_pct"):  # judged to half a tick
            assert complaints(parameters, field, end + direction * allowed.step)


@pytest.mark.parametrize(
    ("strategy_type", "fields"),
    [
        (StrategyType.NEUTRAL, {"trailing_up", "trailing_down"}),
        (StrategyType.BULLISH, {"trailing_up"}),
        (StrategyType.BEARISH, {"trailing_down"}),
    ],
)
def test_a_grid_has_ranges_for_the_trailing_that_its_type_has(strategy_type: StrategyType, fields: set[str]) -> None:
    parameters = grid(strategy_type=strategy_type)
    ranges = review(parameters, rules(), ENTRY).ranges
    assert {name for name in ranges if name.startswith("trailing")} == fields
    for name in fields:
        check_ends(parameters, name)


def test_custom_grids_have_a_number_of_lines_instead_of_a_range() -> None:
    lines = tuple(Decimal(price) for price in (2000, 2400, 3000))
    found = review(grid(grid_type=GridType.CUSTOM, lines=lines), rules(), ENTRY, other_orders=100)
    assert (found.ranges["lines"].minimum, found.ranges["lines"].maximum) == (3, 101)
    assert not {"lower_price", "upper_price", "grid_number", "grid_spacing"} & set(found.ranges)


def test_stops_must_leave_room_for_the_entry_price() -> None:
    found = review(grid(strategy_type=StrategyType.BULLISH), rules(), Decimal(1800))
    assert found.ranges["stop_loss"].maximum == Decimal("1799.99")
    assert found.ranges["stop_loss_pct"].minimum == Decimal("10.0005")


def test_even_a_request_that_makes_no_grid_is_told_the_symbols_bounds() -> None:
    ranges = review(grid(lower_price="-1"), rules(), ENTRY).ranges
    assert (ranges["lower_price"].minimum, ranges["lower_price"].maximum) == (Decimal("0.01"), Decimal(306177))
    assert (ranges["grid_number"].minimum, ranges["grid_number"].maximum) == (2, 200)
    assert (ranges["lines"].minimum, ranges["lines"].maximum) == (3, 201)


@settings(max_examples=25)
@given(asked_grids(), st.integers(1, 10**6))
def test_the_largest_number_of_cells_passes_every_guard_on_the_shape(
    asked: tuple[Parameters, SymbolRules], ticks: int
) -> None:
    parameters, symbol_rules = asked
    entry = ticks * symbol_rules.tick_size
    found = review(parameters, symbol_rules, entry)
    assume("grid_spacing_pct" in found.ranges)
    most = int(found.ranges["grid_number"].maximum or 0)
    if most < 2:
        assert found.errors
        return
    best = review(replace(parameters, grid_number=most), symbol_rules, entry)
    assert not {"grid_number", "total_investment"} & set(best.errors) or best.reason == "quantity_too_large"
    spacing = found.ranges["grid_spacing_pct"].minimum
    asked_spacing = replace(parameters, grid_number=None, grid_spacing_pct=spacing)
    assume(spacing <= (found.ranges["grid_spacing_pct"].maximum or 0))
    assert (resolve(asked_spacing, symbol_rules).grid_number or 0) <= most
    assert "grid_spacing_pct" not in review(asked_spacing, symbol_rules, entry).errors
