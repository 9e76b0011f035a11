"""What a cell earns after both fees."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.profit import is_comfortable, net_profit, pays, profit_range

FEE = Decimal("0.0002")
prices = st.integers(1, 10**12).map(lambda ticks: Decimal(ticks) / 10**7)


@given(prices, prices, st.integers(-2, 100), st.integers(1, 1000))
def test_the_profit_of_a_round_trip_is_what_is_left_of_the_sale(
    one: Decimal, other: Decimal, fee_steps: int, quantity: int
) -> None:
    lower, upper, fee = min(one, other), max(one, other), Decimal(fee_steps) / 10**4
    paid = quantity * lower + quantity * lower * fee
    got = quantity * upper - quantity * upper * fee
    assert quantity * net_profit(lower, upper, fee) == got - paid


@pytest.mark.parametrize(
    ("lines", "paying", "comfortable"),
    [
        (("9998", "10002"), False, False),  # 4 earned, 4 paid
        (("9998", "10002.01"), True, False),
        (("9997.5", "10002.5"), True, True),  # 5 is 1.25 times 4
        (("9997.51", "10002.5"), True, False),
        (("9000", "9500", "9500.01", "10000"), False, False),  # the thinnest cell decides
    ],
)
def test_the_thinnest_cell_decides(lines: tuple[str, ...], paying: bool, comfortable: bool) -> None:
    as_prices = [Decimal(line) for line in lines]
    assert (pays(as_prices, FEE), is_comfortable(as_prices, FEE)) == (paying, comfortable)


@given(st.lists(prices, min_size=3, max_size=20, unique=True).map(sorted))
def test_a_grid_pays_exactly_when_its_smallest_profit_is_above_zero(lines: list[Decimal]) -> None:
    least, most = profit_range(lines, FEE)
    assert least <= most
    if pays(lines, FEE):
        assert least >= 0
    else:
        assert least <= 0
