"""Rounding to the tick and the step, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.domain.examples import rules

units = st.sampled_from(["1e-8", "0.001", "0.05", "0.25", "1", "1000"])
amounts = st.integers(0, 10**30).map(lambda whole: Decimal(whole) / 10**10)


@given(amounts, units)
def test_a_price_goes_to_the_nearest_tick_half_up(price: Decimal, tick: str) -> None:
    rounded = rules(tick_size=tick).round_price(price)
    half = Fraction(tick) / 2
    assert Fraction(rounded) - half <= Fraction(price) < Fraction(rounded) + half
    assert Fraction(rounded) % Fraction(tick) == 0


@given(st.integers(1, 10**9), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["0.001", "0.1", "1"]))
def test_the_smallest_quantity_is_orderable_and_a_step_less_is_not(
    price: int, least: int, notional: int, step: str
) -> None:
    symbol_rules = rules(step_size=step, min_quantity=Decimal(least) / 100, min_notional=Decimal(notional) / 100)
    at = Decimal(price) / 10**4
    smallest = symbol_rules.smallest_quantity(at)
    assert symbol_rules.is_orderable(smallest, at)
    assert smallest == 0 or not symbol_rules.is_orderable(smallest - Decimal(step), at)


@pytest.mark.parametrize(
    ("quantity", "price", "orderable"),
    [("0.002", "2500", True), ("0.001", "5000", True), ("0.001", "4999.99", False), ("0.0009", "9000", False)],
)
def test_an_order_must_reach_both_minimums(quantity: str, price: str, orderable: bool) -> None:
    assert rules().is_orderable(Decimal(quantity), Decimal(price)) is orderable


def test_the_highest_leverage_is_that_of_the_best_bracket() -> None:
    assert rules().max_leverage == 125
