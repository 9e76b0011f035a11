"""What a refusal says would pass, does; a step beyond it does not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.grid import GridType, Parameters, StrategyType, grid_lines
from core.domain.guards import Review, review
from core.domain.profit import pays
from core.domain.symbol_rules import SymbolRules
from tests.unit.core.domain.examples import asked_grids, grid, rules

LONG = StrategyType.BULLISH
GEOMETRIC, CUSTOM = GridType.GEOMETRIC, GridType.CUSTOM
ENTRY = Decimal("2500")


def verdict(entry: str = "2500", symbol_rules: SymbolRules | None = None, **asked: Any) -> Review:
    return review(grid(**asked), symbol_rules or rules(), Decimal(entry))


def test_a_grid_too_dense_for_the_tick_names_the_largest_number_of_cells() -> None:
    refused = verdict("100.20", lower_price="100", upper_price="100.50", grid_number=51)
    assert (refused.reason, list(refused.errors)) == ("lines_equal", ["grid_number"])
    assert refused.errors["grid_number"][0].endswith("the largest possible number of cells is 50")


def test_even_without_lines_the_possible_number_of_cells_is_told() -> None:
    refused = verdict("1.05", lower_price="1", upper_price="1.10", grid_number=11, total_investment="9000")
    assert refused.reason == "lines_equal"
    assert refused.ranges["grid_number"].maximum == 10
    narrowest = verdict("1.05", lower_price="1", upper_price="1.02", grid_number=11, total_investment="9000")
    assert narrowest.ranges["grid_number"].maximum == 2


def test_too_many_orders_on_the_symbol_name_how_many_cells_are_left() -> None:
    refused = review(grid(), rules(), ENTRY, other_orders=191)
    assert (refused.reason, list(refused.errors)) == ("too_many_orders", ["grid_number"])
    assert refused.errors["grid_number"][0].endswith("the largest possible number of cells is 9")
    assert review(grid(), rules(), ENTRY, other_orders=190).errors == {}


def number_told(refused: Review, field: str) -> Decimal:
    return Decimal(refused.errors[field][0].rsplit(" ", 1)[1])


@settings(max_examples=25)
@given(st.sampled_from([GridType.ARITHMETIC, GEOMETRIC]), st.integers(1, 60), st.integers(50, 200))
def test_a_grid_too_thin_for_its_fees_names_the_most_cells_that_pay(
    grid_type: GridType, width: int, number: int
) -> None:
    asked = grid(grid_type=grid_type, upper_price=Decimal(2000 + width), grid_number=number, total_investment="900000")
    refused = review(asked, rules(), Decimal(2000))
    assume(refused.reason == "spacing_below_fees" and "largest" in refused.errors["grid_number"][0])
    spacing = "grid_spacing" if grid_type is GridType.ARITHMETIC else "grid_spacing_pct"
    assert f"the smallest {spacing} that pays" in refused.errors["grid_number"][0]
    most = int(number_told(refused, "grid_number"))
    assert "grid_number" not in review(replace(asked, grid_number=most), rules(), Decimal(2000)).errors
    with_one_more = grid_lines(replace(asked, grid_number=most + 1), rules())
    assert not pays(with_one_more, rules().maker_fee)


@settings(max_examples=25)
@given(st.sampled_from(["amount", "pct", "ratio"]), st.integers(5, 39), st.integers(50, 99), st.integers(20, 300))
def test_a_spacing_too_thin_for_the_fees_names_one_that_pays(kind: str, width: int, part: int, low: int) -> None:
    """`part` hundredths of the 0.04 % that the two fees of 0.02 % take."""
    lower = Decimal(low) / 4
    upper = lower * (1000 + width) / 1000
    pct = Decimal(4 * part) / 10000
    field = "grid_spacing" if kind == "amount" else "grid_spacing_pct"
    asked = grid(
        grid_type=GEOMETRIC if kind == "ratio" else GridType.ARITHMETIC,
        lower_price=lower,
        upper_price=upper,
        grid_number=None,
        total_investment="900000",
        **{field: upper * pct / 100 if kind == "amount" else pct},
    )
    symbol_rules = rules(tick_size="0.0001", min_notional="0")
    refused = review(asked, symbol_rules, lower)
    assume(refused.reason == "spacing_below_fees")
    paying = number_told(refused, field)
    assert field not in review(replace(asked, **{field: paying}), symbol_rules, lower).errors
    a_step_less = replace(asked, **{field: paying - Decimal("0.0001")})
    assert field in review(a_step_less, symbol_rules, lower).errors


def test_the_spacing_named_is_the_least_that_pays_where_the_upper_line_moves_for_it() -> None:
    """68 cells between 9.0 and 9.252 don't pay, and between 9.0 and 9.2516 they do."""
    asked = grid(
        lower_price="9", upper_price="9.252", grid_number=None, grid_spacing="0.0036", total_investment="900000"
    )
    refused = review(asked, rules(tick_size="0.0001", min_notional="0"), Decimal(9))
    assert number_told(refused, "grid_spacing") == Decimal("0.0037")


def test_two_lines_of_the_users_own_that_are_too_close_are_named() -> None:
    lines = tuple(Decimal(price) for price in ("2000", "2400", "2400.5", "3000"))
    refused = verdict(grid_type=CUSTOM, lines=lines)
    assert (refused.reason, list(refused.errors)) == ("spacing_below_fees", ["lines"])
    assert "2400.00 and 2400.50" in refused.errors["lines"][0]


def test_a_range_too_narrow_for_two_cells_that_pay_says_so() -> None:
    refused = verdict("2000", upper_price="2001", grid_number=2)
    assert "0.0401 % fit into this range, widen it" in refused.errors["grid_number"][0]


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("stop_loss", "1900", "a price between 0.01 and 1799.99"),
        ("stop_loss_pct", "5", "between 10.0005 and 99.9995 %"),
    ],
)
def test_a_stop_that_the_price_has_passed_already_is_told_what_is_left(field: str, value: str, allowed: str) -> None:
    refused = verdict("1800", **{field: Decimal(value)})
    assert f"must be {allowed}" in refused.errors[field][0]


@settings(max_examples=25)
@given(asked_grids(), st.integers(1, 10**6))
def test_the_smallest_investment_told_passes_and_a_cent_less_does_not(
    asked: tuple[Parameters, SymbolRules], ticks: int
) -> None:
    parameters, symbol_rules = asked
    entry = ticks * symbol_rules.tick_size
    tiny = replace(parameters, total_investment=Decimal("0.01"))
    refused = review(tiny, symbol_rules, entry)
    assume(refused.reason == "investment_too_small")
    least, most = refused.ranges["total_investment"].minimum, refused.ranges["total_investment"].maximum
    assume(most is None or least <= most)  # else the brackets allow none at all
    assert f"passes is {least} USDT" in refused.errors["total_investment"][0]
    enough = review(replace(tiny, total_investment=least), symbol_rules, entry)
    assert enough.plan is not None
    assert "total_investment" not in enough.errors
    assume(least > Decimal("0.01"))
    assert review(replace(tiny, total_investment=least - Decimal("0.01")), symbol_rules, entry).plan is None


def test_the_margin_must_be_available() -> None:
    refused = review(grid(), rules(), ENTRY, available_balance=Decimal("999.99"))
    assert (refused.reason, list(refused.errors)) == ("insufficient_balance", ["total_investment"])
    assert "needs 1000 USDT" in refused.errors["total_investment"][0]
    assert refused.plan is not None


@pytest.mark.parametrize(
    ("asked", "entry", "fits"),
    [
        ({"strategy_type": LONG, "total_investment": "400", "leverage": 125, "reserve": "0"}, "3000", True),
        ({"strategy_type": LONG, "total_investment": "405", "leverage": 125, "reserve": "0"}, "3000", False),
        ({"strategy_type": LONG, "total_investment": "2500", "leverage": 100, "reserve": "0"}, "3000", True),
        ({"strategy_type": LONG, "total_investment": "2530", "leverage": 100, "reserve": "0"}, "3000", False),
        ({"total_investment": "700", "leverage": 125, "reserve": "0"}, "2500", True),  # each side has about half
        ({"total_investment": "700", "leverage": 125, "reserve": "0"}, "3000", False),
    ],
)
def test_the_leverage_must_fit_the_bracket_of_the_worst_case(asked: dict[str, Any], entry: str, fits: bool) -> None:
    found = verdict(entry, **asked)
    assert found.reason == (None if fits else "leverage_above_bracket")
    if not fits:
        assert f"between 1 and {found.ranges['leverage'].maximum}" in found.errors["leverage"][0]
        assert found.ranges["leverage"].maximum < asked["leverage"]


def test_a_notional_beyond_the_last_bracket_names_the_largest_investment() -> None:
    refused = verdict(total_investment="20000000", strategy_type=LONG)
    assert (refused.reason, list(refused.errors)) == ("investment_above_bracket", ["total_investment"])
    assert refused.ranges["leverage"].maximum == 0
    most = refused.ranges["total_investment"].maximum
    assert f"at most {most} USDT" in refused.errors["total_investment"][0]
    assert verdict(total_investment=most, strategy_type=LONG).errors == {}


# Other strategies on the symbol
