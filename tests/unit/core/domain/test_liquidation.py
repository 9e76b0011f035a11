"""Trades by which the venue closes positions, split over those who held them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.lifecycle import FinishReason
from core.domain.liquidation import closed_by_venue, split_trade
from core.domain.order import Side, Trade

D = Decimal
STEP = D("0.001")


def trade(side: Side, quantity: str, fee: str = "1.23456789", realized: str = "-77.00000001") -> Trade:
    return Trade("BTCUSDT", "1", "2", side, D(100), D(quantity), D(fee), "USDT", D(realized), False, 0)


@pytest.mark.parametrize(
    ("client_order_id", "reason"),
    [
        ("autoclose-17", FinishReason.LIQUIDATION),
        ("adl_autoclose", FinishReason.LIQUIDATION),
        ("settlement_autoclose-9", FinishReason.DELISTED),
        ("my-autoclose-17", None),
        ("", None),
    ],
)
def test_whose_order_it_was(client_order_id: str, reason: FinishReason | None) -> None:
    assert closed_by_venue(client_order_id) is reason


def test_only_those_on_the_closed_side_have_a_share() -> None:
    shares = split_trade(trade(Side.SELL, "6"), {"a": D(6), "b": D(3), "short": D(-3), "flat": D(0)}, STEP)
    assert {key: share.quantity for key, share in shares.items()} == {"a": D(4), "b": D(2)}


def test_where_nobody_is_known_to_have_held_it_the_first_has_it_all() -> None:
    sold = trade(Side.SELL, "6")
    assert split_trade(sold, {None: D(0), "short": D(-1)}, STEP) == {None: sold}


amounts = st.decimals(-1000, 1000, places=8)
steps = st.integers(1, 10**6).map(lambda count: count * STEP)


@given(st.dictionaries(st.integers(0, 5), steps, min_size=1), steps, amounts, amounts)
def test_the_shares_sum_to_the_trade_to_the_last_digit(
    held: dict[int, Decimal], quantity: Decimal, fee: Decimal, realized: Decimal
) -> None:
    whole = Trade("BTCUSDT", "1", "2", Side.SELL, D(100), quantity, fee, "USDT", realized, False, 0)
    shares = split_trade(whole, held, STEP)
    assert sum(share.quantity for share in shares.values()) == quantity
    assert sum(share.fee for share in shares.values()) == fee
    assert sum(share.realized_pnl for share in shares.values()) == realized
    assert all(share.quantity > 0 and share.quantity % STEP == 0 for share in shares.values())
