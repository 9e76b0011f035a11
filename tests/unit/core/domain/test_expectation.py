from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.domain.expectation import Checkpoint, expected_after

D = Decimal
BAND = [Checkpoint(D(1), D(-10), D(2), D(4)), Checkpoint(D(4), D(-40), D(5), D(10))]


def test_between_two_checkpoints_the_band_is_on_the_straight_way() -> None:
    assert expected_after(D(1), BAND) == BAND[0]
    assert expected_after(D("0.5"), BAND) == Checkpoint(D("0.5"), D(-5), D(1), D(2))
    assert expected_after(D("2.5"), BAND) == Checkpoint(D("2.5"), D(-25), D("3.5"), D(7))
    assert expected_after(D(9), BAND) == BAND[1]


@given(st.decimals(0, 10, places=3))
def test_a_band_stays_in_order(days: Decimal) -> None:
    band = expected_after(days, BAND)
    assert band.low <= band.median <= band.high
    assert band.holds(band.median)
    assert not band.holds(band.high + 1)
