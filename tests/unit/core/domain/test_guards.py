"""The verdict on what a user asks for."""

from decimal import Decimal
from typing import Any

import pytest

from core.domain.grid import GridType, MarginType, StrategyType
from core.domain.guards import Review, SymbolUse, raise_for_errors, review
from core.domain.symbol_rules import SymbolRules
from core.errors import Conflict, Invalid
from tests.unit.core.domain.examples import grid, rules

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
