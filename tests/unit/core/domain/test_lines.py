"""The lines of a grid."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.exact import EXACT
from core.domain.grid import GridType, Parameters, grid_lines, ladder, resolve
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid
from tests.unit.core.domain.examples import asked_grids, grid, ranges, rules, ticks


def decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


def possible_lines(parameters: Parameters, symbol_rules: SymbolRules) -> tuple[Decimal, ...]:
    try:
        return grid_lines(parameters, symbol_rules)
    except Invalid as error:
        assume(error.reason not in {"lines_equal", "range_invalid"})
        raise


def test_arithmetic_lines_are_the_same_amount_apart() -> None:
    lines = grid_lines(grid(lower_price="2000", upper_price="3000", grid_number=4), rules())
    assert lines == decimals("2000", "2250", "2500", "2750", "3000")


def test_geometric_lines_have_the_same_ratio() -> None:
    parameters = grid(grid_type=GridType.GEOMETRIC, lower_price="100", upper_price="1600", grid_number=4)
    assert grid_lines(parameters, rules()) == decimals("100", "200", "400", "800", "1600")


def test_a_line_half_way_between_two_ticks_goes_up() -> None:
    assert grid_lines(grid(lower_price="100", upper_price="100.05", grid_number=2), rules())[1] == Decimal("100.03")


def test_a_geometric_line_exactly_half_way_between_two_ticks_goes_up() -> None:
    parameters = grid(grid_type=GridType.GEOMETRIC, lower_price="1", upper_price="6.25", grid_number=2)
    assert grid_lines(parameters, rules(tick_size="1"))[1] == Decimal(3)


@given(st.integers(10, 10**9), st.integers(2, 40), st.sampled_from([2, 4, 5]), ticks)
def test_a_geometric_tie_goes_up_whatever_the_size(whole: int, number: int, ratio: int, tick: Decimal) -> None:
    """Line 1 lies on half a tick exactly, which no number of digits could tell from a little below."""
    middle = (whole + Decimal("0.5")) * tick
    parameters = grid(
        grid_type=GridType.GEOMETRIC,
        lower_price=middle / ratio,
        upper_price=EXACT.multiply(middle, Decimal(ratio ** (number - 1))),
        grid_number=number,
    )
    assert grid_lines(parameters, rules(tick_size=tick))[1] == (whole + 1) * tick


@given(st.integers(1, 10**6), st.integers(21, 30))
def test_a_geometric_line_a_hair_below_half_a_tick_goes_down(whole: int, digits: int) -> None:
    root = EXACT.subtract(whole + Decimal("0.5"), Decimal(1).scaleb(-digits))
    parameters = grid(grid_type=GridType.GEOMETRIC, lower_price="1", upper_price=EXACT.power(root, 2), grid_number=2)
    assert ladder(parameters, rules(tick_size="1"))(1) == whole


@given(asked_grids((GridType.ARITHMETIC,)))
def test_arithmetic_lines_are_the_nearest_ticks_to_the_formula(asked: Any) -> None:
    parameters, symbol_rules = asked
    lines = possible_lines(parameters, symbol_rules)
    low, high = Fraction(parameters.lower_price), Fraction(parameters.upper_price)
    half = Fraction(symbol_rules.tick_size) / 2
    for index, line in enumerate(lines):
        exact = low + (high - low) * index / parameters.grid_number
        assert Fraction(line) - half <= exact < Fraction(line) + half
        assert line % symbol_rules.tick_size == 0


@settings(max_examples=60)
@given(asked_grids((GridType.GEOMETRIC,)))
def test_geometric_lines_are_the_nearest_ticks_to_the_formula_in_whole_numbers(asked: Any) -> None:
    parameters, symbol_rules = asked
    lines = possible_lines(parameters, symbol_rules)
    low, high, number = Fraction(parameters.lower_price), Fraction(parameters.upper_price), parameters.grid_number
    half = Fraction(symbol_rules.tick_size) / 2
    for index, line in enumerate(lines):
        power = low ** (number - index) * high**index
        assert (Fraction(line) - half) ** number <= power < (Fraction(line) + half) ** number
        assert line % symbol_rules.tick_size == 0


@given(asked_grids())
def test_there_are_n_plus_one_rising_lines(asked: Any) -> None:
    parameters, symbol_rules = asked
    lines = possible_lines(parameters, symbol_rules)
    assert len(lines) == parameters.grid_number + 1
    assert all(lower < upper for lower, upper in pairwise(lines))


@settings(max_examples=40)
@given(ticks, st.sampled_from([GridType.ARITHMETIC, GridType.GEOMETRIC]), st.integers(1, 500), st.data())
def test_equal_lines_name_the_largest_number_of_cells_that_has_none(
    tick: Decimal, grid_type: GridType, low: int, data: st.DataObject
) -> None:
    width = data.draw(st.integers(2, 150))
    number = data.draw(st.integers(width + 1, 200))
    parameters = grid(grid_type=grid_type, lower_price=low * tick, upper_price=(low + width) * tick, grid_number=number)
    symbol_rules = rules(tick_size=tick)
    with pytest.raises(Invalid, match="too dense") as refused:
        grid_lines(parameters, symbol_rules)
    largest = int(refused.value.message.rsplit(" ", 1)[1])
    grid_lines(replace(parameters, grid_number=largest), symbol_rules)
    for more in range(largest + 1, number):
        line = ladder(replace(parameters, grid_number=more), symbol_rules)
        assert len({line(index) for index in range(more + 1)}) <= more


def test_a_range_of_one_tick_holds_no_grid() -> None:
    with pytest.raises(Invalid, match="holds no grid"):
        grid_lines(grid(lower_price="100", upper_price="100.01", grid_number=2), rules())


@pytest.mark.parametrize(("lower", "upper"), [("0", "100"), ("-5", "100"), ("100", "100"), ("200", "100")])
def test_a_range_that_is_none_is_refused(lower: str, upper: str) -> None:
    with pytest.raises(Invalid) as refused:
        grid_lines(grid(lower_price=lower, upper_price=upper), rules())
    assert refused.value.reason == "range_invalid"


@pytest.mark.parametrize("number", [-1, 0, 1, 201])
def test_the_number_of_cells_is_2_to_200(number: int) -> None:
    with pytest.raises(Invalid) as refused:
        grid_lines(grid(grid_number=number), rules())
    assert refused.value.reason == "grid_number_out_of_range"
    assert "between 2 and 200" in refused.value.message


def test_huge_prices_and_tiny_ticks_keep_every_digit() -> None:
    parameters = grid(
        grid_type=GridType.GEOMETRIC, lower_price="999999.9999999", upper_price="2000000", grid_number=200
    )
    lines = grid_lines(parameters, rules(tick_size="1e-7", max_price="1e9"))
    assert (lines[0], lines[-1]) == decimals("999999.9999999", "2000000")


# Spacing instead of a number


@pytest.mark.parametrize(
    ("asked", "number", "upper"),
    [
        ({"grid_spacing": "100"}, 10, "3000"),
        ({"grid_spacing": "300"}, 3, "2900"),
        ({"grid_spacing": "33.333"}, 30, "2999.99"),
        ({"grid_spacing_pct": "5"}, 10, "3000"),
        ({"grid_spacing_pct": "12"}, 4, "2960"),
        ({"grid_spacing_pct": "10", "grid_type": GridType.GEOMETRIC}, 4, "2928.2"),
    ],
)
def test_a_spacing_gives_the_whole_cells_that_fit_and_moves_the_upper_line(
    asked: dict[str, Any], number: int, upper: str
) -> None:
    settled = resolve(grid(grid_number=None, **asked), rules())
    assert (settled.grid_number, settled.upper_price) == (number, Decimal(upper))
    assert grid_lines(settled, rules())[-1] == Decimal(upper)


@given(st.data())
def test_settling_twice_changes_nothing(data: st.DataObject) -> None:
    tick = data.draw(ticks)
    lower, upper = data.draw(ranges(tick))
    cells = data.draw(st.integers(2, 199))
    spread = Decimal(data.draw(st.integers(800, 1300))) / 1000
    kind = data.draw(st.sampled_from(["grid_spacing", "grid_spacing_pct", "ratio"]))
    amount = (upper - lower) / cells * spread
    spacing = amount if kind == "grid_spacing" else amount / lower * 100
    parameters = grid(
        grid_type=GridType.GEOMETRIC if kind == "ratio" else GridType.ARITHMETIC,
        lower_price=lower,
        upper_price=upper,
        grid_number=None,
        **{"grid_spacing" if kind == "grid_spacing" else "grid_spacing_pct": spacing},
    )
    symbol_rules = rules(tick_size=tick, max_price="1e12")
    try:
        settled = resolve(parameters, symbol_rules)
    except Invalid as error:
        assume(error.reason != "grid_number_out_of_range")
        raise
    assume(settled.upper_price > settled.lower_price)
    assert resolve(settled, symbol_rules) == settled


def test_a_changed_range_counts_the_cells_of_a_spacing_anew() -> None:
    settled = resolve(grid(grid_number=None, grid_spacing="300"), rules())
    assert resolve(replace(settled, upper_price=Decimal(3500)), rules()).grid_number == 5


@pytest.mark.parametrize("spacing", ["-1", "0", "0.01", "501", "1e-30", "1e30"])
@pytest.mark.parametrize("field", ["grid_spacing", "grid_spacing_pct"])
def test_a_spacing_that_gives_too_few_or_too_many_cells_names_its_bounds(field: str, spacing: str) -> None:
    with pytest.raises(Invalid) as refused:
        resolve(grid(grid_number=None, **{field: spacing}), rules())
    assert refused.value.reason == "grid_number_out_of_range"
    bounds = "between 5 and 500" if field == "grid_spacing" else "between 0.25 and 25"
    assert bounds in refused.value.fields[field][0]


# The user's own lines


def test_custom_lines_stand_for_the_range_and_are_rounded_to_the_tick() -> None:
    parameters = grid(grid_type=GridType.CUSTOM, lines=decimals("2000.004", "2100.005", "2500"), grid_number=None)
    assert grid_lines(parameters, rules()) == decimals("2000", "2100.01", "2500")
    settled = resolve(parameters, rules())
    assert (settled.lower_price, settled.upper_price, settled.grid_number) == (*decimals("2000.004", "2500"), 2)


@pytest.mark.parametrize(
    "lines", [None, (), ("2000", "2100"), ("2000", "2000", "2100"), ("2100", "2000", "2200"), ("0", "1", "2")]
)
def test_custom_lines_that_are_no_rising_prices_are_refused(lines: tuple[str, ...] | None) -> None:
    parameters = grid(grid_type=GridType.CUSTOM, lines=None if lines is None else decimals(*lines))
    with pytest.raises(Invalid) as refused:
        grid_lines(parameters, rules())
    assert list(refused.value.fields) == ["lines"]
    assert refused.value.reason == "lines_invalid"


def test_custom_lines_that_are_equal_once_rounded_are_refused() -> None:
    parameters = grid(grid_type=GridType.CUSTOM, lines=decimals("2000", "2000.001", "2100", "2200"))
    with pytest.raises(Invalid, match="the largest possible number of cells is 2"):
        grid_lines(parameters, rules())


# Beyond the grid


@pytest.mark.parametrize("grid_type", [GridType.ARITHMETIC, GridType.GEOMETRIC])
def test_the_ladder_goes_on_beyond_the_range_by_the_same_formula(grid_type: GridType) -> None:
    parameters = grid(grid_type=grid_type, lower_price="1000", upper_price="2000", grid_number=1)
    line = ladder(parameters, rules())
    beyond = ("0", "3000") if grid_type is GridType.ARITHMETIC else ("500", "4000")
    assert (line(-1), line(2)) == decimals(*beyond)
