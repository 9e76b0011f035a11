from decimal import Decimal

import pytest

from core.paper.engine import funding
from core.paper.engine.settings import set_margin_type
from tests.unit.core.paper.engine.desk import Desk


@pytest.mark.parametrize(
    ("side", "rate", "amount"), [("BUY", "0.0001", "-0.08"), ("SELL", "0.0001", "0.08"), ("BUY", "-0.0003", "0.24")]
)
def test_longs_pay_shorts_where_the_rate_is_positive(desk: Desk, side: str, rate: str, amount: str) -> None:
    desk.order(side, "0.010")
    before = desk.account.wallet
    desk.changes()
    funding.pay(desk.exchange, "BTCUSDT", Decimal(rate))
    changes = desk.changes()
    (line,) = changes.incomes
    assert (line.type, line.symbol, line.amount) == ("FUNDING_FEE", "BTCUSDT", Decimal(amount))
    assert desk.account.wallet == before + Decimal(amount)
    ((_, event),) = changes.events
    told = event["a"]
    assert (told["m"], told["S"], told["P"], Decimal(told["B"][0]["bc"])) == (
        "FUNDING_FEE",
        "BTCUSDT",
        [],
        Decimal(amount),
    )


def test_an_isolated_position_pays_from_its_own_wallet_and_is_in_the_event(desk: Desk) -> None:
    set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    desk.order("BUY", "0.100")
    cross = desk.account.cross_wallet
    desk.changes()
    funding.pay(desk.exchange, "BTCUSDT", Decimal("0.0001"))
    assert desk.holding.isolated_wallet == 400 - Decimal("0.8")
    assert desk.account.cross_wallet == cross
    assert desk.changes().events[0][1]["a"]["P"][0]["iw"] == "399.20000000"


def test_who_holds_nothing_pays_nothing(desk: Desk) -> None:
    desk.order("BUY", "0.010", "79000")
    desk.changes()
    market = funding.pay(desk.exchange, "BTCUSDT", Decimal("0.0001"))
    assert desk.changes().incomes == []
    assert market.next_funding % (8 * 3_600_000) == 0
    assert market.next_funding > desk.exchange.now()
