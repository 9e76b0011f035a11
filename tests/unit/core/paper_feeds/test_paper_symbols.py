from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS, NEVER_DELIVERED_MS, START_PRICES

BY_NAME = {listing["symbol"]: listing for listing in EXCHANGE_INFO_SYMBOLS}
NAMES = sorted(BY_NAME)
# as recorded from the venue in September 2026
FIELDS = [
    *("symbol", "pair", "contractType", "deliveryDate", "onboardDate", "status", "maintMarginPercent"),
    *("requiredMarginPercent", "baseAsset", "quoteAsset", "marginAsset", "pricePrecision", "quantityPrecision"),
    *("baseAssetPrecision", "quotePrecision", "underlyingType", "underlyingSubType", "triggerProtect"),
    *("liquidationFee", "marketTakeBound", "maxMoveOrderLimit", "filters", "orderTypes", "timeInForce"),
    "permissionSets",
]


def filter_of(name: str, filter_type: str) -> dict[str, Any]:
    return next(one for one in BY_NAME[name]["filters"] if one["filterType"] == filter_type)


def decimals(text: str) -> int:
    return max(0, -int(Decimal(text).normalize().as_tuple().exponent))


def maintenance(row: dict[str, Any], notional: int) -> Decimal:
    return notional * Decimal(str(row["maintMarginRatio"])) - Decimal(str(row["cum"]))


def test_every_symbol_is_listed_once_with_brackets_and_a_start_price() -> None:
    assert len(EXCHANGE_INFO_SYMBOLS) == len(BY_NAME) >= 14
    assert set(BRACKETS) == set(START_PRICES) == set(BY_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_listing_has_the_venues_fields_in_the_venues_order(name: str) -> None:
    assert list(BY_NAME[name]) == FIELDS


@pytest.mark.parametrize("name", NAMES)
def test_a_listing_has_the_venues_seven_filters_and_not_the_one_it_removed(name: str) -> None:
    assert [one["filterType"] for one in BY_NAME[name]["filters"]] == [
        "PRICE_FILTER",
        "LOT_SIZE",
        "MARKET_LOT_SIZE",
        "MAX_NUM_ORDERS",
        "MIN_NOTIONAL",
        "PERCENT_PRICE",
        "POSITION_RISK_CONTROL",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_start_price_is_a_whole_number_of_ticks_inside_the_price_filter(name: str) -> None:
    price_filter, price = filter_of(name, "PRICE_FILTER"), START_PRICES[name]
    assert price % Decimal(price_filter["tickSize"]) == 0
    assert Decimal(price_filter["minPrice"]) < price < Decimal(price_filter["maxPrice"])


@pytest.mark.parametrize("name", NAMES)
def test_one_market_order_of_the_largest_size_is_above_the_minimum_notional(name: str) -> None:
    largest = Decimal(filter_of(name, "MARKET_LOT_SIZE")["maxQty"])
    assert largest <= Decimal(filter_of(name, "LOT_SIZE")["maxQty"])
    assert largest * START_PRICES[name] > Decimal(filter_of(name, "MIN_NOTIONAL")["notional"])


@pytest.mark.parametrize("name", NAMES)
def test_no_precision_field_is_coarser_than_its_tick_or_step(name: str) -> None:
    assert BY_NAME[name]["pricePrecision"] >= decimals(filter_of(name, "PRICE_FILTER")["tickSize"])
    assert BY_NAME[name]["quantityPrecision"] >= decimals(filter_of(name, "LOT_SIZE")["stepSize"])


def test_some_precision_fields_differ_from_tick_and_step() -> None:
    price_differs = [
        n for n in NAMES if BY_NAME[n]["pricePrecision"] != decimals(filter_of(n, "PRICE_FILTER")["tickSize"])
    ]
    quantity_differs = [
        n for n in NAMES if BY_NAME[n]["quantityPrecision"] != decimals(filter_of(n, "LOT_SIZE")["stepSize"])
    ]
    assert {"BTCUSDT", "SOLUSDT", "BNBUSDT"} <= set(price_differs)
    assert quantity_differs == ["HOTUSDT"]


def test_bitcoin_has_the_rules_recorded_from_the_venue() -> None:
    assert filter_of("BTCUSDT", "PRICE_FILTER")["tickSize"] == "0.10"
    assert filter_of("BTCUSDT", "LOT_SIZE")["stepSize"] == "0.001"
    assert filter_of("BTCUSDT", "MARKET_LOT_SIZE")["maxQty"] == "120"
    assert filter_of("BTCUSDT", "MIN_NOTIONAL")["notional"] == "50"
    assert filter_of("BTCUSDT", "MAX_NUM_ORDERS")["limit"] == 200
    band = filter_of("BTCUSDT", "PERCENT_PRICE")
    assert (band["multiplierUp"], band["multiplierDown"]) == ("1.0500", "0.9500")


def test_contracts_a_grid_must_refuse_are_listed_too() -> None:
    assert BY_NAME["BTCUSDT_261225"]["contractType"] == "CURRENT_QUARTER"
    assert BY_NAME["BTCUSDT_261225"]["deliveryDate"] < NEVER_DELIVERED_MS
    assert BY_NAME["XAUUSDT"]["contractType"] == "TRADIFI_PERPETUAL"
    assert BY_NAME["MKRUSDT"]["status"] == "SETTLING"


@pytest.mark.parametrize("name", NAMES)
def test_brackets_start_at_nothing_and_follow_each_other_without_a_hole(name: str) -> None:
    rows = BRACKETS[name]
    assert [row["bracket"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["notionalFloor"] for row in rows] == [0, *(row["notionalCap"] for row in rows[:-1])]


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_bracket_allows_less_leverage_at_a_higher_maintenance_rate(name: str) -> None:
    leverages = [row["initialLeverage"] for row in BRACKETS[name]]
    rates = [row["maintMarginRatio"] for row in BRACKETS[name]]
    assert leverages == sorted(set(leverages), reverse=True)
    assert rates == sorted(set(rates))
    assert leverages[-1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_maintenance_margin_is_continuous_where_brackets_meet(name: str) -> None:
    rows = BRACKETS[name]
    for lower, upper in pairwise(rows):
        boundary = upper["notionalFloor"]
        assert maintenance(lower, boundary) == maintenance(upper, boundary)


@pytest.mark.parametrize("name", NAMES)
def test_maintenance_amounts_are_whole_as_the_official_client_demands(name: str) -> None:
    assert all(type(row["cum"]) is int for row in BRACKETS[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_bracket_leaves_room_between_initial_and_maintenance_margin(name: str) -> None:
    for row in BRACKETS[name]:
        assert Decimal(str(row["maintMarginRatio"])) < 1 / Decimal(row["initialLeverage"])


def test_the_recorded_maintenance_amounts_of_bitcoin_come_out() -> None:
    assert [row["cum"] for row in BRACKETS["BTCUSDT"][:4]] == [0, 300, 1500, 12000]
