"""Which orders wait too long, and which range is suggested."""

from decimal import Decimal

import pytest

from core.domain.liquidity import slow_cells, suggestion

D = Decimal
LINES = tuple(D(price) for price in range(100, 111))  # ten cells
HOUR = 3600.0


def test_an_order_far_older_than_its_neighbours_fills_is_slow() -> None:
    times = {3: [600.0] * 3, 5: [600.0] * 2, 9: [60.0] * 9}
    assert slow_cells({4: 6001.0, 5: 6001.0, 8: 3601.0}, times) == {4: 600.0, 8: 60.0}


@pytest.mark.parametrize(("age", "times"), [(6000.0, [600.0] * 5), (HOUR, [1.0] * 5), (1e9, [600.0] * 4)])
def test_one_within_ten_times_or_an_hour_or_without_enough_to_compare_is_not(age: float, times: list[float]) -> None:
    assert slow_cells({4: age}, {3: times}) == {}


def test_its_own_past_is_not_its_neighbours() -> None:
    assert slow_cells({4: 1e9}, {4: [600.0] * 9}) == {}


@pytest.mark.parametrize(
    ("fills", "mark", "expected"),
    [
        ({}, "105", None),
        (dict.fromkeys(range(10), 3), "105", None),
        ({4: 9, 5: 9}, "105", ("narrower", D(104), D(106))),
        ({0: 9, 5: 1, 9: 9}, "105", ("wider", D("97.5"), D("112.5"))),
    ],
)
def test_the_range_suggested_follows_where_fills_were(
    fills: dict[int, int], mark: str, expected: tuple[str, Decimal, Decimal] | None
) -> None:
    found = suggestion(LINES, fills, D(mark))
    assert (None if found is None else (found.kind, found.lower_price, found.upper_price)) == expected


def test_a_price_that_has_left_the_range_suggests_the_same_range_around_it() -> None:
    found = suggestion(LINES, {}, D(120))
    assert found is not None
    assert found.kind == "shifted"
    assert found.lower_price < 120 < found.upper_price
    assert abs(found.upper_price / found.lower_price - D("1.1")) < D("1e-12")


def test_the_effect_of_a_narrower_range_is_told() -> None:
    found = suggestion(LINES, {4: 9, 5: 9}, D(105))
    assert found is not None
    assert "5.0 times" in found.effect
