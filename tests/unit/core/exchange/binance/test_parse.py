"""The venue's dicts to our types, exactly."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import OrderStatus, Side
from core.domain.symbol_rules import Bracket
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import Balance, Income, Position, SymbolSetting
from core.exchange.binance import parse
from tests.unit.core.exchange.binance.samples import (
    BRACKETS,
    MARK,
    ORDER,
    ORDER_TRADE_UPDATE,
    POSITION,
    TRADE,
    order_update,
)

AMOUNT = st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=8)


def test_an_order_of_the_rest_side() -> None:
    news = parse.order_news(ORDER)
    assert (news.symbol, news.client_order_id, news.order_id) == ("BTCUSDT", "abc", "33878894217")
    assert (news.side, news.status) == (Side.BUY, OrderStatus.PLACED)
    assert (news.price, news.quantity, news.filled_quantity) == (Decimal("50000.1"), Decimal("0.4"), Decimal(0))
    assert news.updated_at == 1579276756080


@given(AMOUNT, AMOUNT)
def test_no_digit_of_an_order_is_lost(price: Decimal, quantity: Decimal) -> None:
    news = parse.order_news({**ORDER, "price": format(price, "f"), "origQty": format(quantity, "f")})
    assert (news.price, news.quantity) == (price, quantity)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NEW", OrderStatus.PLACED),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("REJECTED", OrderStatus.EXPIRED),
        ("NEW_INSURANCE", OrderStatus.PLACED),
        ("NEW_ADL", OrderStatus.PLACED),
    ],
)
def test_each_status_of_the_venue_is_one_of_ours(theirs: str, ours: OrderStatus) -> None:
    assert parse.order_news({**ORDER, "status": theirs}).status is ours
    assert parse.stream_event(order_update(X=theirs)).news.status is ours


def test_a_trade_of_the_trade_list() -> None:
    trade = parse.trade(TRADE)
    assert (trade.trade_id, trade.order_id, trade.side) == ("698759", "25851813", Side.SELL)
    assert (trade.price, trade.quantity) == (Decimal("7819.01"), Decimal("0.002"))
    assert (trade.fee, trade.fee_asset, trade.realized_pnl) == (Decimal("-0.0781901"), "USDT", Decimal("-0.91539999"))
    assert (trade.is_maker, trade.traded_at, trade.client_order_id) == (False, 1569514978020, None)


def test_a_fill_of_the_stream_has_its_news_and_its_trade() -> None:
    event = parse.stream_event(ORDER_TRADE_UPDATE)
    assert (event.event_time, event.expiry_reason) == (1568879465651, "")
    assert (event.news.client_order_id, event.news.order_id) == ("grid-7", "8886774")
    assert (event.news.quantity, event.news.filled_quantity) == (Decimal("0.01"), Decimal("0.006"))
    assert event.trade is not None
    assert (event.trade.trade_id, event.trade.order_id) == ("31415", "8886774")
    assert (event.trade.price, event.trade.quantity) == (Decimal(9910), Decimal("0.004"))
    assert (event.trade.fee, event.trade.fee_asset) == (Decimal("0.007928"), "USDT")
    assert (event.trade.realized_pnl, event.trade.is_maker) == (Decimal("0.1234"), True)
    assert event.trade.client_order_id == "grid-7"


@pytest.mark.parametrize("execution", ["NEW", "CANCELED", "EXPIRED", "AMENDMENT"])
def test_only_a_trade_has_a_trade(execution: str) -> None:
    assert parse.stream_event(order_update(x=execution)).trade is None


def test_a_liquidation_is_a_trade_where_it_has_an_id() -> None:
    liquidation = order_update(x="CALCULATED", c="autoclose-1568879465651")
    trade = parse.stream_event(liquidation).trade
    assert trade is not None
    assert trade.client_order_id == "autoclose-1568879465651"
    assert parse.stream_event(order_update(x="CALCULATED", t=0)).trade is None


def test_a_missing_commission_is_told_by_its_missing_asset() -> None:
    order = {name: value for name, value in ORDER_TRADE_UPDATE["o"].items() if name not in ("n", "N")}
    trade = parse.stream_event({**ORDER_TRADE_UPDATE, "o": order}).trade
    assert trade is not None
    assert (trade.fee, trade.fee_asset) == (Decimal(0), "")


def test_an_expiry_tells_its_reason() -> None:
    assert parse.stream_event(order_update(x="EXPIRED", X="EXPIRED_IN_MATCH", er="1")).expiry_reason == "1"


def test_brackets_rise_whatever_order_they_came_in() -> None:
    first, second = parse.brackets(BRACKETS)
    assert first == Bracket(Decimal(0), Decimal(50000), 75, Decimal("0.0065"), Decimal(0))
    assert second.cum == Decimal(175)
    assert parse.brackets(BRACKETS[0]) == (first, second)


def test_a_short_position_is_negative() -> None:
    assert parse.position(POSITION) == Position(
        symbol="ADAUSDT",
        quantity=Decimal(-30),
        entry_price=Decimal("0.385"),
        mark_price=Decimal("0.4104759"),
        liquidation_price=Decimal(0),
        unrealized_pnl=Decimal("-0.764277"),
        maintenance_margin=Decimal("0.0800428"),
        initial_margin=Decimal("0.61571385"),
        isolated_wallet=Decimal(0),
    )


@pytest.mark.parametrize("side", ["LONG", "SHORT"])
def test_a_leg_of_hedge_mode_is_no_position_of_ours(side: str) -> None:
    with pytest.raises(VenueRefused, match="hedge"):
        parse.position({**POSITION, "positionSide": side})


def test_the_smaller_rows() -> None:
    balance = {
        "asset": "USDT",
        "balance": "122607.35137903",
        "availableBalance": "23.72469206",
        "marginAvailable": True,
    }
    assert parse.balance(balance) == Balance("USDT", Decimal("122607.35137903"), Decimal("23.72469206"))
    income = {
        **{"symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.37500000", "asset": "USDT"},
        **{"info": "COMMISSION", "time": 1570636800000, "tranId": 9689322392, "tradeId": "2059192"},
    }
    assert parse.income(income) == Income(
        "BTCUSDT", "COMMISSION", Decimal("-0.375"), "USDT", 1570636800000, "9689322392", "2059192"
    )
    assert parse.income({**income, "tradeId": None}).trade_id == ""
    setting = [{"symbol": "BTCUSDT", "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": 21}]
    assert parse.symbol_setting(setting) == SymbolSetting("BTCUSDT", 21, "CROSSED")


def test_a_mark_without_a_funding_rate_has_none() -> None:
    mark = parse.streamed_mark({**MARK, "r": "", "T": 0})
    assert (mark.mark_price, mark.funding_rate, mark.next_funding_at) == (Decimal("11794.15"), Decimal(0), 0)


@pytest.mark.parametrize(
    "content",
    [
        *(None, 7, "text", [], {}),
        {**ORDER, "status": "BROKEN"},
        {**ORDER, "price": "NaN"},
        {**ORDER, "side": "LEFT"},
        {**ORDER, "executedQty": None},
        {name: value for name, value in ORDER.items() if name != "orderId"},
    ],
)
def test_an_answer_of_another_shape_is_unavailable_not_wrong(content: Any) -> None:
    with pytest.raises(VenueUnavailable) as unusable:
        parse.parsed(parse.order_news, content)
    assert unusable.value.reason == "unusable_answer"
