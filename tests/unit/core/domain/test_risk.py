"""Maintenance margin, liquidation prices and stops."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.grid import StrategyType
from core.domain.lifecycle import FinishReason
from core.domain.order import Side
from core.domain.risk import (
    exceeds_loss,
    exposure_pnl,
    liquidation_price,
    losing_bounds,
    maintenance_margin,
    max_leverage,
    max_notional,
    stop_prices,
)
from core.domain.symbol_rules import Bracket
from tests.unit.core.domain.examples import BRACKETS, grid, rules, tier

LONG, NEUTRAL, SHORT = StrategyType.BULLISH, StrategyType.NEUTRAL, StrategyType.BEARISH


@st.composite
def bracket_tables(draw: st.DrawFn) -> tuple[Bracket, ...]:
    """Tiers of rising rates whose cum makes maintenance margin continuous, as the venue's does."""
    caps = sorted(draw(st.sets(st.integers(1, 10**7), min_size=1, max_size=6)))
    rates = sorted(draw(st.sets(st.integers(1, 500), min_size=len(caps), max_size=len(caps))))
    floor, cum, before = Decimal(0), Decimal(0), Decimal(0)
    table = []
    for cap, per_mille in zip(caps, rates, strict=True):
        rate = Decimal(per_mille) / 1000
        cum += floor * (rate - before)
        table.append(Bracket(floor, Decimal(cap), 20, rate, cum))
        floor, before = Decimal(cap), rate
    return tuple(table)


def margin_left(
    position: Decimal, entry: Decimal, wallet: Decimal, brackets: tuple[Bracket, ...], mark: Decimal
) -> Decimal:
    return wallet + position * (mark - entry) - maintenance_margin(abs(position) * mark, brackets)


@pytest.mark.parametrize(
    ("notional", "expected"),
    [
        ("0", "0"),
        ("50000", "200"),
        ("50001", "200.005"),
        ("250000", "1200"),
        ("300000", "1700"),
        ("20000000", "483700"),
    ],
)
def test_maintenance_margin_takes_the_rate_of_the_notionals_tier(notional: str, expected: str) -> None:
    assert maintenance_margin(Decimal(notional), BRACKETS) == Decimal(expected)


@pytest.mark.parametrize(
    ("notional", "leverage"),
    [("1", 125), ("50000", 125), ("50000.01", 100), ("1000000", 50), ("10000000", 20), ("10000000.01", 0)],
)
def test_the_bracket_of_a_notional_caps_the_leverage(notional: str, leverage: int) -> None:
    assert max_leverage(Decimal(notional), BRACKETS) == leverage


@pytest.mark.parametrize(("leverage", "notional"), [(125, 50000), (101, 50000), (100, 250000), (1, 10000000), (126, 0)])
def test_a_leverage_caps_the_notional(leverage: int, notional: int) -> None:
    assert max_notional(leverage, BRACKETS) == notional


# Liquidation


def test_a_long_position_of_one_tier_is_liquidated_by_the_venues_formula() -> None:
    """(WB + cum - Side*Q*EP) / (Q*mmr - Side*Q)."""
    price = liquidation_price(Decimal(10), Decimal(2000), Decimal(2000), BRACKETS)
    assert price is not None
    assert Fraction(price) == pytest.approx(Fraction(2000 - 10 * 2000) / (10 * Fraction(4, 1000) - 10))


def test_a_short_position_that_grows_into_the_next_tier_takes_that_tiers_rate() -> None:
    """Entered at 48,000 of notional, it is liquidated above 50,000, where 0.5 % applies, less 50."""
    price = liquidation_price(Decimal(-24), Decimal(2000), Decimal(4000), BRACKETS)
    assert price is not None
    assert Fraction(price) == pytest.approx(Fraction(4000 + 48000 + 50, 1) / (24 * Fraction(1005, 1000)))
    assert price * 24 > 50000


@pytest.mark.parametrize(("position", "entry", "wallet"), [("0", "100", "1"), ("1", "100", "100"), ("5", "100", "800")])
def test_a_flat_or_fully_covered_position_is_never_liquidated(position: str, entry: str, wallet: str) -> None:
    assert liquidation_price(Decimal(position), Decimal(entry), Decimal(wallet), BRACKETS) is None


def test_without_known_brackets_there_is_no_liquidation_price() -> None:
    assert liquidation_price(Decimal(1), Decimal(100), Decimal(1), ()) is None


@given(
    bracket_tables(),
    st.integers(-(10**6), 10**6).filter(bool),
    st.integers(1, 10**6),
    st.integers(1, 10**10),
)
def test_at_the_liquidation_price_margin_balance_is_maintenance_margin(
    brackets: tuple[Bracket, ...], thousandths: int, entry: int, cents: int
) -> None:
    position, wallet = Decimal(thousandths) / 1000, Decimal(cents) / 100
    price = liquidation_price(position, Decimal(entry), wallet, brackets)
    if price is None:
        assert position > 0
        assert margin_left(position, Decimal(entry), wallet, brackets, Decimal("1e-9")) >= -Decimal("1e-3")
    else:
        assert abs(margin_left(position, Decimal(entry), wallet, brackets, price.normalize())) < Decimal("1e-9")


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.integers(1, 10**8), st.booleans())
def test_where_maintenance_jumps_between_tiers_liquidation_is_on_the_jump_or_at_a_solution(
    thousandths: int, entry: int, cents: int, long: bool
) -> None:
    """A table without cum: a bit before the price the position stands, a bit after it does not."""
    brackets = (
        tier("0", "1000", 20, "0.01", "0"),
        tier("1000", "50000", 20, "0.1", "0"),
        tier("50000", "90000", 5, "0.4", "0"),
    )
    position, wallet = Decimal(thousandths) / 1000 * (1 if long else -1), Decimal(cents) / 100
    price = liquidation_price(position, Decimal(entry), wallet, brackets)
    assume(price is not None)
    assert price is not None
    away = 1 if long else -1
    nudge = price * Decimal("1e-12")
    assert margin_left(position, Decimal(entry), wallet, brackets, price + away * nudge) > -Decimal("1e-9")
    assert margin_left(position, Decimal(entry), wallet, brackets, price - away * nudge) < Decimal("1e-9")


@given(bracket_tables(), st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_money_behind_a_position_moves_its_liquidation_away(
    brackets: tuple[Bracket, ...], quantity: int, entry: int, wallet: int, more: int
) -> None:
    for sign in (1, -1):
        near = liquidation_price(Decimal(sign * quantity), Decimal(entry), Decimal(wallet), brackets)
        far = liquidation_price(Decimal(sign * quantity), Decimal(entry), Decimal(wallet + more), brackets)
        if far is not None:
            assert near is not None
            assert far < near if sign > 0 else far > near


# Stops

STOP, TAKE = FinishReason.STOP_LOSS, FinishReason.TAKE_PROFIT


@pytest.mark.parametrize(
    ("strategy_type", "loss", "profit"),
    [(LONG, "1900", "3300"), (NEUTRAL, "1900", "3300"), (SHORT, "3150", "1800")],
)
def test_percentages_count_from_the_edge_of_the_range_outwards(
    strategy_type: StrategyType, loss: str, profit: str
) -> None:
    asked = grid(strategy_type=strategy_type, stop_loss_pct="5", take_profit_pct="10")
    assert stop_prices(asked, Decimal(2000), Decimal(3000), rules()) == (Decimal(loss), Decimal(profit))


def test_stops_given_as_prices_stay_and_those_given_as_percentages_move_along() -> None:
    asked = grid(stop_loss="1900", take_profit_pct="10")
    assert stop_prices(asked, Decimal(2500), Decimal(3500), rules()) == (Decimal(1900), Decimal(3850))
    assert stop_prices(grid(), Decimal(2500), Decimal(3500), rules()) == (None, None)


@pytest.mark.parametrize(
    ("strategy_type", "expected"),
    [
        (LONG, {Side.BUY: Decimal(1)}),
        (SHORT, {Side.SELL: Decimal(1)}),
        (NEUTRAL, {Side.BUY: Decimal(1), Side.SELL: Decimal(2)}),
    ],
)
def test_a_neutral_grid_loses_at_both_its_bounds(strategy_type: StrategyType, expected: dict[Side, Decimal]) -> None:
    assert losing_bounds(strategy_type, Decimal(1), Decimal(2)) == expected
    assert losing_bounds(strategy_type, None, None) == {}


@pytest.mark.parametrize(
    ("side", "mark", "exceeded"),
    [
        (Side.BUY, "96", True),
        (Side.BUY, "96.01", False),
        (Side.BUY, "200", False),
        (Side.SELL, "104", True),
        (Side.SELL, "50", False),
    ],
)
def test_a_cells_loss_is_judged_signed(side: Side, mark: str, exceeded: bool) -> None:
    pnl = exposure_pnl(side, Decimal("0.5"), Decimal(100), Decimal(mark))
    assert exceeds_loss(pnl, Decimal(2)) is exceeded
    assert exceeds_loss(pnl, None) is False
