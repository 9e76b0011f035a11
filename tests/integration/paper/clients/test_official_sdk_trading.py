"""The official SDK's REST side: orders, fills, refusals, keys and conditional orders."""

from decimal import Decimal
from typing import Any

import pytest
from binance_common.errors import BadRequestError, UnauthorizedError
from binance_sdk_derivatives_trading_usds_futures.rest_api.models import (
    PlaceMultipleOrdersBatchOrdersParameterInner as BatchOrder,
)

from tests.integration.paper.clients.keys import DEPOSIT, Keys, ed25519_keys
from tests.integration.paper.clients.sdk import (
    ALGO_LEGS,
    ALGO_OPTIONAL,
    ALGO_UNTRIGGERED,
    COIN_MARGINED_ONLY,
    CONDITIONAL_ONLY,
    Sdk,
    assert_whole,
    buy_at_market,
    place_limit,
    place_stop,
    sdk_of,
)
from tests.support.venue import Venue


def test_a_limit_order_lives_from_new_to_canceled(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    placed = place_limit(sdk, "BUY", "79000", new_client_order_id="gk-sdk-1", self_trade_prevention_mode="EXPIRE_TAKER")
    assert_whole(placed)
    assert (placed.status, placed.client_order_id, Decimal(placed.executed_qty)) == ("NEW", "gk-sdk-1", 0)
    assert placed.self_trade_prevention_mode == "EXPIRE_TAKER"
    assert placed.order_id > 2**31
    assert not {"avgPrice", "cumQuote"} & set(placed.additional_properties)

    queried = sdk.rest_api.query_order(symbol="BTCUSDT", orig_client_order_id="gk-sdk-1").data()
    assert_whole(queried, without=CONDITIONAL_ONLY)
    assert (queried.order_id, queried.status, Decimal(queried.price)) == (placed.order_id, "NEW", 79000)
    assert [one.order_id for one in sdk.rest_api.current_all_open_orders(symbol="BTCUSDT").data()] == [placed.order_id]

    canceled = sdk.rest_api.cancel_order(symbol="BTCUSDT", order_id=placed.order_id).data()
    assert_whole(canceled, without=CONDITIONAL_ONLY)
    assert canceled.status == "CANCELED"
    assert sdk.rest_api.current_all_open_orders().data() == []
    (listed,) = sdk.rest_api.all_orders(symbol="BTCUSDT").data()
    assert_whole(listed, without=CONDITIONAL_ONLY + COIN_MARGINED_ONLY)
    assert listed.status == "CANCELED"


def test_a_client_order_id_is_free_again_once_its_order_is_closed(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    first = place_limit(sdk, "BUY", "79000", new_client_order_id="gk-again")
    with pytest.raises(BadRequestError) as refusal:
        place_limit(sdk, "BUY", "78000", new_client_order_id="gk-again")
    assert refusal.value.status_code == -4116
    sdk.rest_api.cancel_order(symbol="BTCUSDT", orig_client_order_id="gk-again")
    assert place_limit(sdk, "BUY", "78000", new_client_order_id="gk-again").order_id > first.order_id


def test_a_round_trip_books_fees_profit_and_balance_exactly(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    bought = buy_at_market(sdk)
    assert (bought.status, Decimal(bought.executed_qty)) == ("FILLED", Decimal("0.01"))
    (position,) = sdk.rest_api.position_information_v3(symbol="BTCUSDT").data()
    assert_whole(position)
    assert (Decimal(position.position_amt), Decimal(position.entry_price)) == (Decimal("0.01"), 80000)

    sold = place_limit(sdk, "SELL", "81000")
    venue.move("BTCUSDT", "81000")
    assert sdk.rest_api.query_order(symbol="BTCUSDT", order_id=sold.order_id).data().status == "FILLED"

    trades = sdk.rest_api.account_trade_list(symbol="BTCUSDT").data()
    for trade in trades:
        assert_whole(trade, without=COIN_MARGINED_ONLY)
    assert [(t.side, t.maker, Decimal(t.price), Decimal(t.commission), Decimal(t.realized_pnl)) for t in trades] == [
        ("BUY", False, 80000, Decimal("0.4"), 0),
        ("SELL", True, 81000, Decimal("0.162"), 10),
    ]
    incomes = sdk.rest_api.get_income_history().data()
    for income in incomes:
        assert_whole(income)
    assert sorted(income.income_type for income in incomes) == ["COMMISSION", "COMMISSION", "REALIZED_PNL", "TRANSFER"]
    wallet = DEPOSIT - Decimal("0.4") - Decimal("0.162") + 10
    assert sum(Decimal(income.income) for income in incomes) == wallet
    (balance,) = [one for one in sdk.rest_api.futures_account_balance_v3().data() if one.asset == "USDT"]
    assert Decimal(balance.balance) == wallet
    assert sdk.rest_api.position_information_v3(symbol="BTCUSDT").data() == []


def test_an_open_position_shows_in_the_account(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    venue.move("BTCUSDT", "80500")
    account = sdk.rest_api.account_information_v3().data()
    assert_whole(account)
    (position,) = account.positions
    assert (position.symbol, Decimal(position.unrealized_profit)) == ("BTCUSDT", 5)
    assert Decimal(account.total_margin_balance) == Decimal(account.total_wallet_balance) + 5


def test_cancel_all_leaves_no_open_order_of_the_symbol(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    for price in ("79000", "78000"):
        place_limit(sdk, "BUY", price)
    assert sdk.rest_api.cancel_all_open_orders(symbol="BTCUSDT").data().code == 200
    assert sdk.rest_api.current_all_open_orders(symbol="BTCUSDT").data() == []


def test_a_batch_answers_each_of_its_orders_in_turn(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    bid = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
    bids = [
        BatchOrder(price=price, new_client_order_id=f"gk-batch-{price}", **bid) for price in (79000, 79000.05, 78000)
    ]
    first, refused, last = sdk.rest_api.place_multiple_orders(batch_orders=bids).data()
    assert_whole(first, without=("code", "msg"))
    assert (first.client_order_id, refused.code, last.client_order_id) == ("gk-batch-79000", -4014, "gk-batch-78000")
    canceled = sdk.rest_api.cancel_multiple_orders(
        symbol="BTCUSDT", order_id_list=[first.order_id, last.order_id]
    ).data()
    assert [one.status for one in canceled] == ["CANCELED", "CANCELED"]


def test_open_order_is_about_open_orders_only(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    order_id = place_limit(sdk, "BUY", "79000").order_id
    assert sdk.rest_api.query_current_open_order(symbol="BTCUSDT", order_id=order_id).data().status == "NEW"
    sdk.rest_api.cancel_order(symbol="BTCUSDT", order_id=order_id)
    with pytest.raises(BadRequestError) as refusal:
        sdk.rest_api.query_current_open_order(symbol="BTCUSDT", order_id=order_id)
    assert refusal.value.status_code == -2013


def test_trades_are_paged_from_an_id_and_without_one_are_the_oldest(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    for _ in range(3):
        buy_at_market(sdk)
    every = [trade.id for trade in sdk.rest_api.account_trade_list(symbol="BTCUSDT", from_id=0).data()]
    assert len(every) == 3
    assert every == sorted(every)
    assert [t.id for t in sdk.rest_api.account_trade_list(symbol="BTCUSDT", limit=2).data()] == every[:2]
    assert [t.id for t in sdk.rest_api.account_trade_list(symbol="BTCUSDT", from_id=every[1], limit=1).data()] == [
        every[1]
    ]
    one = sdk.rest_api.account_trade_list(symbol="BTCUSDT").data()[0]
    assert [t.id for t in sdk.rest_api.account_trade_list(symbol="BTCUSDT", order_id=one.order_id).data()] == [one.id]


def test_all_orders_are_the_newest(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    ids = [place_limit(sdk, "BUY", "79000").order_id for _ in range(3)]
    assert [one.order_id for one in sdk.rest_api.all_orders(symbol="BTCUSDT", limit=2).data()] == ids[1:]


BAD_ORDERS = [
    pytest.param({"symbol": "NOSUCHUSDT"}, -1121, id="unknown symbol"),
    pytest.param({"price": None}, -1102, id="limit without a price"),
    pytest.param({"price": "80000.001"}, -1111, id="price finer than its precision"),
    pytest.param({"price": "79000.05"}, -4014, id="price between two ticks"),
    pytest.param({"price": "84000.10"}, -4016, id="bid above the band"),
    pytest.param({"side": "SELL", "price": "75999.90"}, -4024, id="offer below the band"),
    pytest.param({"quantity": "0.0005"}, -1111, id="quantity finer than its precision"),
    pytest.param({"quantity": "0"}, -4003, id="no quantity"),
    pytest.param({"quantity": "1001"}, -4005, id="quantity above the lot size"),
    pytest.param(
        {"type": "MARKET", "price": None, "time_in_force": None, "quantity": "121"}, -4005, id="market lot size"
    ),
    pytest.param({"price": "40000", "quantity": "0.001"}, -4164, id="below the minimum notional"),
    pytest.param({"quantity": "100"}, -2019, id="more than the margin allows"),
    pytest.param({"side": "SELL", "price": "81000", "reduce_only": "true"}, -2022, id="nothing to reduce"),
    pytest.param({"price": "80000", "time_in_force": "GTX"}, -5022, id="post-only that would take"),
    pytest.param({"new_client_order_id": "x" * 37}, -4015, id="client order id too long"),
    pytest.param(
        {"type": "STOP_MARKET", "price": None, "time_in_force": None}, -4120, id="conditional at the order path"
    ),
]


@pytest.mark.parametrize(("change", "code"), BAD_ORDERS)
def test_a_bad_order_is_refused_with_the_venues_code(venue: Venue, sdk: Sdk, change: dict[str, Any], code: int) -> None:
    venue.move("BTCUSDT", "80000")
    good = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "quantity": "0.01",
        "price": "79000",
    }
    with pytest.raises(BadRequestError) as refusal:
        sdk.rest_api.new_order(**{**good, **change})
    assert refusal.value.status_code == code
    assert sdk.rest_api.current_all_open_orders().data() == []


@pytest.mark.parametrize(("call", "code"), [("cancel_order", -2011), ("query_order", -2013)])
def test_an_order_that_never_was_is_not_found(sdk: Sdk, call: str, code: int) -> None:
    with pytest.raises(BadRequestError) as refusal:
        getattr(sdk.rest_api, call)(symbol="BTCUSDT", orig_client_order_id="never-was")
    assert refusal.value.status_code == code


def test_a_wrong_secret_and_an_unknown_key_are_refused(venue: Venue, keys: Keys) -> None:
    with pytest.raises(BadRequestError) as refusal:
        sdk_of(venue, Keys(keys.api_key, secret="wrong")).rest_api.futures_account_balance_v3()
    assert refusal.value.status_code == -1022
    with pytest.raises(UnauthorizedError) as unknown:
        sdk_of(venue, Keys("k" * 64, secret="wrong")).rest_api.futures_account_balance_v3()
    assert unknown.value.status_code == -2015


def test_an_ed25519_key_signs_rest_requests(venue: Venue) -> None:
    venue.move("BTCUSDT", "80000")
    sdk = sdk_of(venue, ed25519_keys(venue))
    assert place_limit(sdk, "BUY", "79000").status == "NEW"


def test_answers_count_weight_and_orders_in_their_headers(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    answer = sdk.rest_api.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=Decimal("0.01"), price=Decimal(79000)
    )
    counts = {(limit.rateLimitType, limit.interval, limit.intervalNum): limit.count for limit in answer.rate_limits}
    assert counts[("ORDERS", "SECOND", 10)] == counts[("ORDERS", "MINUTE", 1)] == 1
    assert counts[("REQUEST_WEIGHT", "MINUTE", 1)] >= 0


def test_a_listen_key_is_made_kept_and_closed(sdk: Sdk) -> None:
    key = sdk.rest_api.start_user_data_stream().data().listen_key
    assert key
    assert sdk.rest_api.start_user_data_stream().data().listen_key == key
    assert sdk.rest_api.keepalive_user_data_stream().data().listen_key == key
    sdk.rest_api.close_user_data_stream()
    with pytest.raises(BadRequestError) as refusal:
        sdk.rest_api.keepalive_user_data_stream()
    assert refusal.value.status_code == -1125


def test_a_conditional_order_is_listed_apart_and_cancelled_by_its_id(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    placed = place_stop(sdk, "78000", "gk-stop-1")
    assert_whole(placed, without=ALGO_OPTIONAL)
    assert (placed.algo_status, placed.order_type, placed.close_position) == ("NEW", "STOP_MARKET", True)
    assert sdk.rest_api.current_all_open_orders(symbol="BTCUSDT").data() == []
    (listed,) = sdk.rest_api.current_all_algo_open_orders(symbol="BTCUSDT").data()
    assert_whole(listed, without=ALGO_UNTRIGGERED + ALGO_LEGS)
    assert (listed.algo_id, Decimal(listed.trigger_price)) == (placed.algo_id, 78000)
    assert sdk.rest_api.query_algo_order(client_algo_id="gk-stop-1").data().algo_id == placed.algo_id

    canceled = sdk.rest_api.cancel_algo_order(algo_id=placed.algo_id).data()
    assert_whole(canceled)
    assert (canceled.code, canceled.client_algo_id) == ("200", "gk-stop-1")
    assert sdk.rest_api.current_all_algo_open_orders().data() == []


def test_a_triggered_stop_closes_the_position_under_its_own_client_id(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    placed = place_stop(sdk, "78000", "gk-stop-2")
    venue.move("BTCUSDT", "77900")
    assert sdk.rest_api.position_information_v3(symbol="BTCUSDT").data() == []
    order = sdk.rest_api.query_order(symbol="BTCUSDT", orig_client_order_id="gk-stop-2").data()
    assert (order.status, order.side, Decimal(order.avg_price)) == ("FILLED", "SELL", 77900)
    finished = sdk.rest_api.query_algo_order(algo_id=placed.algo_id).data()
    assert (finished.algo_status, finished.actual_order_id) == ("FINISHED", str(order.order_id))


def test_a_stop_that_would_trigger_at_once_is_refused(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    with pytest.raises(BadRequestError) as refusal:
        place_stop(sdk, "80100", "gk-stop-3")
    assert refusal.value.status_code == -2021
