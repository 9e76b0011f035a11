"""The official SDK's REST side: market data and the account."""

from decimal import Decimal
from itertools import pairwise

import pytest
from binance_common.errors import BadRequestError

from core import clock
from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS
from tests.integration.paper.clients.keys import DEPOSIT
from tests.integration.paper.clients.sdk import Sdk, assert_whole
from tests.support.venue import Venue


def test_exchange_information_lists_every_symbol_with_its_filters(sdk: Sdk) -> None:
    information = sdk.rest_api.exchange_information().data()
    by_name = {listing.symbol: listing for listing in information.symbols}
    assert set(by_name) == {listing["symbol"] for listing in EXCHANGE_INFO_SYMBOLS}
    for listing in information.symbols:
        assert_whole(listing, without=("settle_plan", "filters"))
    filters = {one.filter_type: one for one in by_name["BTCUSDT"].filters}
    assert filters["PRICE_FILTER"].tick_size == "0.10"
    assert filters["LOT_SIZE"].step_size == "0.001"
    assert filters["MARKET_LOT_SIZE"].max_qty == "120"
    assert filters["MIN_NOTIONAL"].notional == "50"
    assert filters["MAX_NUM_ORDERS"].limit == 200
    assert filters["PERCENT_PRICE"].multiplier_up == "1.0500"


def test_exchange_information_states_the_rate_limits_and_the_assets(sdk: Sdk) -> None:
    information = sdk.rest_api.exchange_information().data()
    limits = {(one.rate_limit_type, one.interval, one.interval_num): one.limit for one in information.rate_limits}
    assert limits == {
        ("REQUEST_WEIGHT", "MINUTE", 1): 2400,
        ("ORDERS", "MINUTE", 1): 1200,
        ("ORDERS", "SECOND", 10): 300,
    }
    assert "USDT" in {asset.asset for asset in information.assets}
    assert information.timezone == "UTC"


def test_the_server_time_is_ours_within_a_second(sdk: Sdk) -> None:
    assert abs(sdk.rest_api.check_server_time().data().server_time - clock.now_ms()) < 1000


def test_prices_are_those_of_the_market(venue: Venue, sdk: Sdk) -> None:
    venue.move("ETHUSDT", "2512.34")
    rest = sdk.rest_api
    mark = rest.mark_price(symbol="ETHUSDT").data().actual_instance
    book = rest.symbol_order_book_ticker(symbol="ETHUSDT").data().actual_instance
    last = rest.symbol_price_ticker_v2(symbol="ETHUSDT").data().actual_instance
    day = rest.ticker24hr_price_change_statistics(symbol="ETHUSDT").data().actual_instance
    for answer in (mark, book, last, day):
        assert_whole(answer)
        assert answer.symbol == "ETHUSDT"
    prices = (mark.mark_price, mark.index_price, book.bid_price, book.ask_price, last.price, day.last_price)
    assert {Decimal(price) for price in prices} == {Decimal("2512.34")}
    assert mark.next_funding_time > clock.now_ms()


def test_all_symbols_prices_come_in_one_answer(sdk: Sdk) -> None:
    marks = sdk.rest_api.mark_price().data().actual_instance
    lasts = sdk.rest_api.symbol_price_ticker_v2().data().actual_instance
    books = sdk.rest_api.symbol_order_book_ticker().data().actual_instance
    for answers in (marks, lasts, books):
        assert {"BTCUSDT", "1000PEPEUSDT"} <= {answer.symbol for answer in answers}


def test_candles_are_whole_and_end_at_the_price_now(venue: Venue, sdk: Sdk) -> None:
    venue.move("SOLUSDT", "101.23")
    rows = sdk.rest_api.kline_candlestick_data(symbol="SOLUSDT", interval="1m", limit=500).data()
    assert len(rows) == 500
    assert {len(row) for row in rows} == {12}
    assert {later[0] - earlier[0] for earlier, later in pairwise(rows)} == {60_000}
    assert Decimal(rows[-1][4]) == Decimal("101.23")
    for row in rows:
        opened, high, low, closed = (Decimal(text) for text in row[1:5])
        assert low <= min(opened, closed) <= max(opened, closed) <= high


def test_funding_history_has_what_was_paid(venue: Venue, sdk: Sdk) -> None:
    venue.pay_funding("LTCUSDT", "0.00025")
    newest = sdk.rest_api.get_funding_rate_history(symbol="LTCUSDT").data()[-1]
    assert_whole(newest)
    assert Decimal(newest.funding_rate) == Decimal("0.00025")
    intervals = {one.symbol: one.funding_interval_hours for one in sdk.rest_api.get_funding_rate_info().data()}
    assert intervals["LTCUSDT"] == 8


def test_leverage_brackets_are_the_symbols_own(sdk: Sdk) -> None:
    answer = sdk.rest_api.notional_and_leverage_brackets(symbol="BTCUSDT").data().actual_instance
    (one,) = answer if isinstance(answer, list) else [answer]
    assert_whole(one, without=("notional_coef",))
    assert one.symbol == "BTCUSDT"
    assert [row.cum for row in one.brackets] == [row["cum"] for row in BRACKETS["BTCUSDT"]]
    assert one.brackets[0].initial_leverage == 150


def test_leverage_changes_and_shows_in_the_symbols_configuration(sdk: Sdk) -> None:
    changed = sdk.rest_api.change_initial_leverage(symbol="BTCUSDT", leverage=17).data()
    assert_whole(changed)
    assert changed.leverage == 17
    (configured,) = sdk.rest_api.symbol_configuration(symbol="BTCUSDT").data()
    assert_whole(configured)
    assert configured.leverage == 17


def test_leverage_above_the_first_bracket_is_refused(sdk: Sdk) -> None:
    with pytest.raises(BadRequestError) as refusal:
        sdk.rest_api.change_initial_leverage(symbol="BTCUSDT", leverage=151)
    assert refusal.value.status_code == -4028


def test_margin_type_changes_once(sdk: Sdk) -> None:
    assert sdk.rest_api.change_margin_type(symbol="BTCUSDT", margin_type="ISOLATED").data().code == 200
    (configured,) = sdk.rest_api.symbol_configuration(symbol="BTCUSDT").data()
    assert configured.margin_type == "ISOLATED"
    with pytest.raises(BadRequestError) as refusal:
        sdk.rest_api.change_margin_type(symbol="BTCUSDT", margin_type="ISOLATED")
    assert refusal.value.status_code == -4046


def test_a_new_account_is_one_way_single_asset_and_may_trade(sdk: Sdk) -> None:
    account = sdk.rest_api.futures_account_configuration().data()
    assert_whole(account)
    assert account.can_trade
    assert not account.dual_side_position
    assert not account.multi_assets_margin
    assert not sdk.rest_api.get_current_position_mode().data().dual_side_position
    assert not sdk.rest_api.get_current_multi_assets_mode().data().multi_assets_margin


def test_commission_rates_are_the_stated_ones(sdk: Sdk) -> None:
    rates = sdk.rest_api.user_commission_rate(symbol="BTCUSDT").data()
    assert_whole(rates)
    assert Decimal(rates.maker_commission_rate) == Decimal("0.0002")
    assert Decimal(rates.taker_commission_rate) == Decimal("0.0005")


def test_a_new_account_holds_its_deposit_and_no_position(sdk: Sdk) -> None:
    (balance,) = [one for one in sdk.rest_api.futures_account_balance_v3().data() if one.asset == "USDT"]
    assert_whole(balance)
    account = sdk.rest_api.account_information_v3().data()
    assert_whole(account)
    assert {Decimal(balance.balance), Decimal(account.total_wallet_balance), Decimal(account.available_balance)} == {
        DEPOSIT
    }
    assert account.positions == []
    assert sdk.rest_api.position_information_v3().data() == []


def test_the_older_account_answers_list_every_symbol_with_its_settings(venue: Venue, sdk: Sdk) -> None:
    account = sdk.rest_api.account_information_v2().data()
    positions = sdk.rest_api.position_information_v2(symbol="BTCUSDT").data()
    assert len(account.positions) == len(EXCHANGE_INFO_SYMBOLS)
    assert [(one.symbol, one.leverage, one.margin_type) for one in positions] == [("BTCUSDT", "20", "cross")]


def test_order_counts_are_told(sdk: Sdk) -> None:
    limits = sdk.rest_api.query_user_rate_limit().data()
    for limit in limits:
        assert_whole(limit)
    assert {(one.interval, one.interval_num, one.limit) for one in limits} == {("SECOND", 10, 300), ("MINUTE", 1, 1200)}


def test_the_book_has_a_best_bid_and_a_best_ask(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    book = sdk.rest_api.order_book(symbol="BTCUSDT", limit=5).data()
    assert Decimal(book.bids[0][0]) == Decimal(book.asks[0][0]) == 80000
