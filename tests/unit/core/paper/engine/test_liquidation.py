from decimal import Decimal

import pytest

from core.paper.engine import margin
from core.paper.engine.settings import set_leverage, set_margin_type
from tests.unit.core.paper.engine.desk import Desk


def leveraged(desk: Desk, side: str) -> Decimal:
    """A position of 5 BTC, 400,000 USDT, on 10,000; its liquidation price."""
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 75)
    desk.order(side, "5.000")
    desk.changes()
    return margin.liquidation_price(desk.account, desk.holding, desk.exchange.markets)


@pytest.mark.parametrize(("side", "towards"), [("BUY", -1), ("SELL", 1)])
def test_a_position_is_closed_at_its_liquidation_price_and_not_before(desk: Desk, side: str, towards: int) -> None:
    price = leveraged(desk, side)
    desk.move(str(price - towards))
    assert desk.holding.quantity != 0
    desk.move(str(price + towards * Decimal("0.01")))
    assert desk.holding.quantity == 0


def test_the_closing_order_is_the_venues_own(desk: Desk) -> None:
    price = leveraged(desk, "BUY")
    resting = desk.order("BUY", "0.010", "70000")
    desk.changes()
    desk.move(str(price - 1))
    changes = desk.changes()
    orders = [event["o"] for _, event in changes.events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert [(one["x"], one["X"]) for one in orders] == [
        ("EXPIRED", "EXPIRED"),
        ("NEW", "NEW"),
        ("CALCULATED", "FILLED"),
    ]
    assert orders[0]["er"] == "5"
    assert orders[-1]["c"].startswith("autoclose-")
    assert resting.status == "EXPIRED"
    assert [trade.quantity for trade in changes.trades] == [5]


def test_what_the_account_cannot_pay_the_insurance_does(desk: Desk) -> None:
    leveraged(desk, "BUY")
    desk.move("70000")  # a gap far beyond bankruptcy
    assert desk.account.wallet == 0
    assert desk.changes().incomes[-1].type == "INSURANCE_CLEAR"


def test_an_isolated_position_falls_alone_and_costs_no_more_than_its_wallet(desk: Desk) -> None:
    other = Desk(desk.exchange, desk.account, "ETHUSDT")
    other.order("BUY", "1")
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 100)
    set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    desk.order("BUY", "0.100")
    before = desk.account.cross_wallet
    desk.move("70000")
    assert desk.holding.quantity == 0
    assert other.holding.quantity == 1
    assert desk.account.cross_wallet == before


def test_cross_positions_fall_together_whichever_market_moved_last(desk: Desk) -> None:
    other = Desk(desk.exchange, desk.account, "ETHUSDT")
    for one, quantity in ((desk, "1.200"), (other, "38")):
        one.order("BUY", quantity)
    desk.move("76000")  # takes 4,800
    assert (desk.holding.quantity, other.holding.quantity) == (Decimal("1.200"), 38)
    other.move("2400")  # takes 3,800 more
    assert (desk.holding.quantity, other.holding.quantity) == (Decimal("1.200"), 38)
    desk.move("75000")  # and 1,200 more
    assert (desk.holding.quantity, other.holding.quantity) == (0, 0)


def test_many_small_moves_are_caught_like_one_large_one(desk: Desk) -> None:
    limit = leveraged(desk, "BUY")
    price = Decimal(80_000)
    while desk.holding.quantity:
        price -= 7
        desk.move(str(price))
    assert limit - 7 < price <= limit
