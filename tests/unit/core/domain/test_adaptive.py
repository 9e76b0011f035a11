"""How a range follows volatility, when that pays, and what counts as a trend."""

from decimal import Decimal
from fractions import Fraction

import pytest

from core.domain.adaptive import PERIOD, Bar, adapted_range, average_true_range, expected_profit, trend
from tests.unit.core.domain.examples import rules

D = Decimal


def waves(height: str, number: int = PERIOD + 1, around: str = "2500") -> list[Bar]:
    """Bars that go up and down by `height` around a price."""
    middle, half = D(around), D(height) / 2
    return [Bar(middle, middle + half, middle - half, middle) for _ in range(number)]


def climb(step: str) -> list[Bar]:
    return [Bar(p, p + D(step), p, p + D(step)) for p in (2500 + D(step) * n for n in range(PERIOD + 1))]


def test_the_average_true_range_counts_gaps_too() -> None:
    assert average_true_range(waves("40")) == 40
    bars = [*waves("40", PERIOD), Bar(D(2600), D(2610), D(2590), D(2600))]
    assert average_true_range(bars) == Fraction(40 * (PERIOD - 1) + 110, PERIOD)
    assert average_true_range(waves("40", PERIOD)) is None


def test_a_cell_becomes_half_the_average_range_high_around_the_price() -> None:
    assert adapted_range(D(2400), D(2600), 10, D(2500), waves("100"), rules()) == (2250, 2750)
    assert adapted_range(D(2000), D(3000), 10, D(2510), waves("40"), rules()) == (2410, 2610)


@pytest.mark.parametrize(("height", "price"), [("40", "2500"), ("45", "2500"), ("40", "2549")])
def test_a_small_difference_changes_nothing(height: str, price: str) -> None:
    assert adapted_range(D(2400), D(2600), 10, D(price), waves(height), rules()) is None


def test_a_price_that_has_gone_off_the_middle_moves_the_range() -> None:
    assert adapted_range(D(2400), D(2600), 10, D(2560), waves("40"), rules()) == (2460, 2660)


def test_a_quiet_market_leaves_cells_that_pay() -> None:
    lower, upper = adapted_range(D(2000), D(3000), 10, D(2500), waves("0.1"), rules()) or (D(0), D(0))
    assert (upper - lower) / 10 > 2 * D("0.0002") * 2500


def test_what_a_grid_would_have_earned_is_its_crossings() -> None:
    lines = [D(2490), D(2500), D(2510)]
    one = expected_profit(lines, D(1), waves("30", 1), D("0.0002"))
    assert one == D(6) / 2 * (10 - 2 * D("0.0002") * 2500)  # each line is crossed twice
    assert expected_profit(lines, D(1), waves("30", 1, "3000"), D("0.0002")) == 0


def test_a_straight_climb_to_the_edge_is_a_trend() -> None:
    reason = trend(climb("10"), D(2400), D(2760))
    assert reason is not None
    assert "up by 9.6 %" in reason
    assert trend(climb("10"), D(2400), D(3600)) is None, "far from the edge"
    assert trend(waves("100"), D(2400), D(2500)) is None, "no direction"
    assert trend(climb("10")[:5], D(2400), D(2760)) is None
