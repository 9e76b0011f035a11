"""The verdict on what a user asks for."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.grid import GridType, MarginType, Parameters, StrategyType, grid_lines
from core.domain.guards import Review, SymbolUse, raise_for_errors, review
from core.domain.profit import pays
from core.domain.symbol_rules import SymbolRules
from core.errors import Conflict, Invalid
from tests.unit.core.domain.examples import asked_grids, grid, rules

LONG, NEUTRAL, SHORT = StrategyType.BULLISH, StrategyType.NEUTRAL, StrategyType.BEARISH
GEOMETRIC, CUSTOM = GridType.GEOMETRIC, GridType.CUSTOM
ENTRY = Decimal("2500")


def verdict(entry: str = "2500", symbol_rules: SymbolRules | None = None, **asked: Any) -> Review:
    return review(grid(**asked), symbol_rules or rules(), Decimal(entry))


def test_a_sound_request_has_a_plan_and_nothing_to_object() -> None:
    sound = review(grid(), rules(), ENTRY, available_balance=Decimal(1000))
    assert (sound.errors, sound.reason, sound.warnings) == ({}, None, ())
    assert sound.plan is not None
    assert sound.margin_required == 1000
    raise_for_errors(sound)


@pytest.mark.parametrize(
    ("asked", "field", "reason", "told"),
    [
        ({"lower_price": "0"}, "lower_price", "price_out_of_range", "between 0.01 and 306177"),
        ({"lower_price": "-1"}, "lower_price", "price_out_of_range", "between 0.01 and 306177"),
        ({"upper_price": "1e14"}, "upper_price", "price_out_of_range", "between 0.01 and 306177"),
        ({"upper_price": "2000"}, "upper_price", "range_invalid", "above the lower one"),
        ({"upper_price": "1000"}, "upper_price", "range_invalid", "above the lower one"),
        ({"grid_number": None}, "grid_number", "grid_number_missing", "between 2 and 200"),
        ({"grid_number": 1}, "grid_number", "grid_number_out_of_range", "between 2 and 200"),
        ({"grid_number": 201}, "grid_number", "grid_number_out_of_range", "between 2 and 200"),
        ({"grid_number": None, "grid_spacing": "0"}, "grid_spacing", "grid_number_out_of_range", "between 5 and 500"),
        ({"grid_number": None, "grid_spacing": "-5"}, "grid_spacing", "grid_number_out_of_range", "between 5 and 500"),
        (
            {"grid_number": None, "grid_spacing_pct": "60"},
            "grid_spacing_pct",
            "grid_number_out_of_range",
            "between 0.25 and 25",
        ),
        ({"grid_type": GEOMETRIC, "grid_spacing": "50"}, "grid_spacing", "spacing_not_allowed", "ARITHMETIC only"),
        ({"grid_spacing": "50", "grid_spacing_pct": "1"}, "grid_spacing_pct", "spacing_given_twice", "not both"),
        ({"lines": (Decimal(1), Decimal(2))}, "lines", "lines_not_custom", "CUSTOM only"),
        ({"grid_type": CUSTOM}, "lines", "lines_invalid", "3 to 201 prices"),
        ({"grid_type": CUSTOM, "lines": (Decimal(1), Decimal(-2))}, "lines", "price_out_of_range", "between 0.01"),
        ({"total_investment": "0"}, "total_investment", "investment_out_of_range", "above 0"),
        ({"total_investment": "-5"}, "total_investment", "investment_out_of_range", "above 0"),
        ({"leverage": 0}, "leverage", "leverage_out_of_range", "between 1 and 125"),
        ({"leverage": 126}, "leverage", "leverage_out_of_range", "between 1 and 125"),
        ({"reserve": "1"}, "reserve", "reserve_out_of_range", "below 1"),
        ({"trigger_price": "0"}, "trigger_price", "price_out_of_range", "between 0.01 and 306177"),
        ({"cell_loss_limit": "0"}, "cell_loss_limit", "cell_loss_limit_out_of_range", "above 0"),
        ({"stop_loss": "2000"}, "stop_loss", "stop_out_of_range", "between 0.01 and 1999.99"),
        ({"stop_loss": "0"}, "stop_loss", "stop_out_of_range", "between 0.01 and 1999.99"),
        ({"stop_loss": "3100"}, "stop_loss", "stop_out_of_range", "between 0.01 and 1999.99"),
        ({"take_profit": "3000"}, "take_profit", "stop_out_of_range", "between 3000.01 and 306177"),
        ({"strategy_type": SHORT, "stop_loss": "1900"}, "stop_loss", "stop_out_of_range", "between 3000.01 and"),
        ({"strategy_type": SHORT, "take_profit": "3100"}, "take_profit", "stop_out_of_range", "and 1999.99"),
        ({"stop_loss_pct": "0"}, "stop_loss_pct", "stop_out_of_range", "between 0.0005 and 99.9995 %"),
        ({"stop_loss_pct": "-3"}, "stop_loss_pct", "stop_out_of_range", "between 0.0005 and 99.9995 %"),
        ({"stop_loss_pct": "100"}, "stop_loss_pct", "stop_out_of_range", "between 0.0005 and 99.9995 %"),
        ({"stop_loss": "1900", "stop_loss_pct": "3"}, "stop_loss_pct", "stop_given_twice", "not both"),
        ({"strategy_type": SHORT, "trailing_up": "4000"}, "trailing_up", "trailing_not_allowed", "BEARISH"),
        ({"strategy_type": LONG, "trailing_down": "1000"}, "trailing_down", "trailing_not_allowed", "BULLISH"),
        ({"trailing_up": "3099.99"}, "trailing_up", "trailing_out_of_range", "between 3100.00 and 306177"),
        ({"trailing_down": "1900.01"}, "trailing_down", "trailing_out_of_range", "between 0.01 and 1900.00"),
        ({"trailing_down": "0"}, "trailing_down", "trailing_out_of_range", "between 0.01 and 1900.00"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(asked: dict[str, Any], field: str, reason: str, told: str) -> None:
    refused = verdict(**asked)
    assert refused.reason == reason
    assert list(refused.errors) == [field]
    assert told in refused.errors[field][0]
    with pytest.raises(Invalid) as raised:
        raise_for_errors(refused)
    assert (raised.value.reason, raised.value.fields) == (reason, refused.errors)


@pytest.mark.parametrize("number", ["1e15", "1e999999", "-1e999999", "1e-999999", "NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "field",
    [
        "lower_price",
        "upper_price",
        "grid_spacing",
        "grid_spacing_pct",
        "total_investment",
        "reserve",
        "take_profit_pct",
        "trigger_price",
        "trailing_up",
        "lines",
    ],
)
def test_a_number_that_nobody_means_is_refused_before_anything_is_computed_with_it(field: str, number: str) -> None:
    value = (Decimal(1), Decimal(number)) if field == "lines" else number
    refused = verdict(**{field: value})
    assert (refused.reason, list(refused.errors)) == ("number_out_of_range", [field])


def test_the_largest_and_longest_numbers_that_are_allowed_are_judged_exactly() -> None:
    long = "123456789012345." + "123456789" * 4 + "1234"
    for field in (
        "total_investment",
        "grid_spacing",
        "grid_spacing_pct",
        "stop_loss_pct",
        "take_profit_pct",
        "reserve",
    ):
        assert field in verdict(**{field: long}).errors
    assert verdict(lower_price="2000." + "1" * 40, upper_price="3000." + "3" * 40, stop_loss_pct="1." + "7" * 40).plan


def test_custom_grids_do_not_trail() -> None:
    lines = tuple(Decimal(price) for price in (2000, 2400, 3000))
    refused = verdict(grid_type=CUSTOM, lines=lines, trailing_up="4000", trailing_down="1000")
    assert set(refused.errors) == {"trailing_up", "trailing_down"}


def test_every_wrong_field_is_named_at_once() -> None:
    refused = verdict(lower_price="-1", leverage=500, total_investment="0", grid_number=None)
    assert set(refused.errors) == {"lower_price", "leverage", "total_investment", "grid_number"}
    refused = verdict(stop_loss="2500", take_profit="2500", cell_loss_limit="-1", total_investment="10")
    assert set(refused.errors) == {"stop_loss", "take_profit", "cell_loss_limit", "total_investment"}


def test_a_symbol_that_is_not_traded_is_refused() -> None:
    assert verdict(symbol_rules=rules(tradable=False)).reason == "symbol_not_tradable"


@pytest.mark.parametrize(
    ("strategy_type", "stops", "entry", "field"),
    [
        (LONG, {"stop_loss": "1900"}, "1900", "stop_loss"),
        (LONG, {"take_profit": "3100"}, "3100", "take_profit"),
        (SHORT, {"stop_loss": "3100"}, "3200", "stop_loss"),
        (SHORT, {"take_profit": "1900"}, "1900", "take_profit"),
        (NEUTRAL, {"stop_loss": "1900"}, "1000", "stop_loss"),
        (NEUTRAL, {"take_profit_pct": "10"}, "3300", "take_profit_pct"),
    ],
)
def test_an_entry_beyond_a_stop_is_refused(
    strategy_type: StrategyType, stops: dict[str, str], entry: str, field: str
) -> None:
    refused = verdict(entry, strategy_type=strategy_type, **stops)
    assert (refused.reason, list(refused.errors)) == ("entry_beyond_stop", [field])


def test_an_entry_outside_the_range_but_before_the_stop_is_only_warned_of() -> None:
    allowed = verdict("1950", strategy_type=LONG, stop_loss="1900")
    assert allowed.errors == {}
    assert [warning.code for warning in allowed.warnings] == ["entry_outside_range"]


# Too dense, too thin, too small, too large


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
    paying, step = number_told(refused, field), Decimal("0.0001")
    assert field not in review(replace(asked, **{field: paying}), symbol_rules, lower).errors
    assert field in review(replace(asked, **{field: paying - step}), symbol_rules, lower).errors


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


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (SymbolUse(2, MarginType.CROSSED), "symbol_leverage_differs"),
        (SymbolUse(1, MarginType.ISOLATED), "symbol_margin_type_differs"),
    ],
)
def test_another_strategy_on_the_symbol_with_other_settings_is_a_conflict(use: SymbolUse, reason: str) -> None:
    refused = review(grid(), rules(), ENTRY, symbol_use=use)
    assert refused.reason == reason
    with pytest.raises(Conflict) as raised:
        raise_for_errors(refused)
    assert raised.value.reason == reason


def test_another_strategy_with_the_same_settings_is_welcome() -> None:
    assert review(grid(), rules(), ENTRY, symbol_use=SymbolUse(1, MarginType.CROSSED)).errors == {}


def test_a_wrong_field_comes_before_a_conflict() -> None:
    refused = review(grid(total_investment="10"), rules(), ENTRY, symbol_use=SymbolUse(2, MarginType.CROSSED))
    assert refused.reason == "investment_too_small"
    with pytest.raises(Invalid):
        raise_for_errors(refused)
