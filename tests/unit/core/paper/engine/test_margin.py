"""Margin against formulas written down here a second time, in fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.paper.engine import margin, rules
from core.paper.engine.settings import set_leverage, set_margin_type
from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS
from tests.unit.core.paper.engine.desk import Desk

BTC = rules.parse(EXCHANGE_INFO_SYMBOLS[0], BRACKETS["BTCUSDT"])


def maintenance_by_slices(notional: int) -> Fraction:
    """Each slice of the position at its own tier's rate: what the tiers' `cum` stands for."""
    total = Fraction(0)
    for row in BRACKETS["BTCUSDT"]:
        inside = min(notional, row["notionalCap"]) - row["notionalFloor"]
        total += max(0, inside) * Fraction(str(row["maintMarginRatio"]))
    return total


@given(notional=st.integers(0, 1_800_000_000))
def test_maintenance_is_each_slice_at_its_own_rate(notional: int) -> None:
    assert Fraction(margin.maintenance(BTC, Decimal(notional))) == maintenance_by_slices(notional)


@given(position=st.integers(-1000, 1000), bids=st.integers(0, 2000), asks=st.integers(0, 2000))
def test_initial_margin_is_for_the_worst_side(position: int, bids: int, asks: int) -> None:
    found = margin.initial(Decimal(position), Decimal(bids), Decimal(asks), 10)
    outcomes = (position, position + bids, position - asks, position + bids - asks)
    assert found * 10 == max(abs(outcome) for outcome in outcomes)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("quantity", ["0.500", "5.000"])  # the second is beyond the first tier
@pytest.mark.parametrize("isolated", [True, False])
def test_at_the_liquidation_price_equity_equals_maintenance(
    desk: Desk, side: str, quantity: str, isolated: bool
) -> None:
    desk.exchange.book(desk.account, "", "TRANSFER", Decimal(30_000))
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 50)
    set_margin_type(desk.exchange, desk.account, "BTCUSDT", isolated) if isolated else None
    desk.order(side, quantity)
    price = margin.liquidation_price(desk.account, desk.holding, desk.exchange.markets)
    backing = desk.holding.isolated_wallet if isolated else desk.account.wallet
    equity = backing + desk.holding.unrealized(price)
    needed = Decimal(str(float(maintenance_by_slices(int(price * abs(desk.holding.quantity))))))
    assert abs(equity - needed) < Decimal("0.02")  # the slices were of a whole number of USDT


def test_a_small_long_has_no_liquidation_price(desk: Desk) -> None:
    desk.order("BUY", "0.010")
    assert margin.liquidation_price(desk.account, desk.holding, desk.exchange.markets) == 0


def test_totals_are_those_of_one_position_and_one_order(desk: Desk) -> None:
    desk.order("BUY", "0.100")
    desk.order("BUY", "0.100", "79000")
    desk.move("79500")
    totals = margin.totals(desk.account, desk.exchange.markets)
    assert totals.wallet == 10_000 - 4  # the fee
    assert totals.unrealized == -50
    assert totals.position_initial == Decimal(7950) / 20
    assert totals.order_initial == Decimal(7900) / 20
    assert totals.maintenance == Decimal("31.8")
    assert totals.available == 9996 - 50 - Decimal(15850) / 20


def test_an_isolated_position_has_its_own_wallet_and_gives_it_back(desk: Desk) -> None:
    set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    desk.order("BUY", "0.100")
    assert desk.holding.isolated_wallet == 400
    assert desk.account.cross_wallet == 10_000 - 4 - 400
    desk.order("SELL", "0.050")
    assert desk.holding.isolated_wallet == 200
    desk.order("SELL", "0.050")
    assert (desk.holding.isolated_wallet, desk.account.isolated_total) == (0, 0)
