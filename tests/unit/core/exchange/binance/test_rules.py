"""exchangeInfo to trading rules."""

from decimal import Decimal
from typing import Any

import pytest

from core.clock import from_ms, now
from core.exchange.binance.rules import DEFAULT_BRACKETS, symbol_rules
from tests.unit.core.exchange.binance.samples import SYMBOL


def rules_of(row: dict[str, Any]) -> Any:
    return symbol_rules({"symbols": [row]})[row["symbol"]]


def test_rules_come_from_the_filters_not_from_the_precisions() -> None:
    rules = rules_of(SYMBOL)
    assert (rules.price_precision, rules.quantity_precision) == (2, 3)
    assert (rules.tick_size, rules.min_price, rules.max_price) == (Decimal("0.1"), Decimal("556.8"), Decimal(4529764))
    assert (rules.step_size, rules.min_quantity, rules.max_quantity) == (Decimal("0.001"), Decimal("0.001"), 1000)
    assert (rules.market_step_size, rules.market_max_quantity) == (Decimal("0.001"), 120)
    assert (rules.min_notional, rules.max_num_orders) == (50, 200)
    assert (rules.percent_price_up, rules.percent_price_down) == (Decimal("1.05"), Decimal("0.95"))
    assert (rules.maker_fee, rules.taker_fee, rules.contract_value) == (Decimal("0.0002"), Decimal("0.0005"), 1)
    assert rules.brackets == DEFAULT_BRACKETS
    assert rules.tradable


@pytest.mark.parametrize(
    "change",
    [
        {"contractType": "CURRENT_QUARTER", "symbol": "BTCUSDT_260327"},
        {"contractType": "TRADIFI_PERPETUAL", "symbol": "XAUUSDT"},
        {"contractType": ""},
        {"status": "SETTLING"},
        {"status": "PENDING_TRADING"},
        {"status": "TRADING_HALT"},
        {"quoteAsset": "USDC"},
        {"marginAsset": "BTC"},
    ],
)
def test_only_trading_perpetuals_in_usdt_are_tradable(change: dict[str, str]) -> None:
    assert not rules_of({**SYMBOL, **change}).tradable


def test_a_near_delivery_date_or_a_settlement_that_has_begun_is_a_delisting() -> None:
    assert rules_of(SYMBOL).delists_at is None
    announced = rules_of({**SYMBOL, "deliveryDate": 1_765_000_000_000})
    assert (announced.tradable, announced.delists_at) == (True, from_ms(1_765_000_000_000))
    begun = rules_of({**SYMBOL, "status": "PRE_SETTLE"})
    assert (begun.tradable, begun.delists_at <= now()) == (False, True)
    assert rules_of({**SYMBOL, "status": "TRADING_HALT"}).delists_at is None


def test_a_filter_of_zero_is_switched_off() -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0"},
        {"filterType": "LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0"},
    ]
    rules = rules_of({**SYMBOL, "filters": filters})
    assert (rules.tick_size, rules.step_size, rules.market_step_size) == (
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal("0.001"),
    )
    assert min(rules.max_price, rules.max_quantity, rules.percent_price_up) > 10**9
    assert (rules.min_notional, rules.max_num_orders) == (0, 200)


@pytest.mark.parametrize("broken", [{"filters": []}, {"filters": None}, {"pricePrecision": None, "filters": [{}]}])
def test_a_symbol_that_cannot_be_read_does_not_take_the_others_along(broken: dict[str, Any]) -> None:
    rules = symbol_rules({"symbols": [{**SYMBOL, **broken, "symbol": "ODDUSDT"}, SYMBOL]})
    assert list(rules) == ["BTCUSDT"]


def test_a_symbol_need_not_be_ascii() -> None:
    assert rules_of({**SYMBOL, "symbol": "币安人生USDT"}).symbol == "币安人生USDT"
