"""The official SDK's WebSocket API: orders, account and sessions over one connection."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.paper.clients.keys import DEPOSIT, ed25519_keys, hmac_keys
from tests.integration.paper.clients.sdk import (
    ALGO_OPTIONAL,
    CONDITIONAL_ONLY,
    Sdk,
    assert_whole,
    buy_at_market,
    sdk_of,
)
from tests.support.venue import Venue


def over_ws_api(sdk: Sdk, scenario: Callable[[Any], Awaitable[None]]) -> None:
    """Runs the scenario on one connection of the SDK's WebSocket API."""

    async def run() -> None:
        connection = await sdk.websocket_api.create_connection()
        assert connection is not None, "the SDK could not connect"
        try:
            await scenario(connection)
        finally:
            await connection.close_connection(close_session=True)

    asyncio.run(run())


async def place_over(connection: Any, price: str, **more: Any) -> Any:
    response = await connection.new_order(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        quantity=Decimal("0.01"),
        price=Decimal(price),
        **more,
    )
    return response.data()


@pytest.mark.parametrize("key_type", ["HMAC", "Ed25519"])
def test_an_order_is_placed_queried_and_cancelled_over_websocket(venue: Venue, key_type: str) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(connection: Any) -> None:
        placed = await place_over(connection, "79000", new_client_order_id="gk-ws-1")
        assert_whole(placed)
        assert (placed.status, placed.result.status, placed.result.client_order_id) == (200, "NEW", "gk-ws-1")
        limits = {(one.rate_limit_type, one.interval, one.interval_num): one.limit for one in placed.rate_limits}
        assert limits[("ORDERS", "SECOND", 10)] == 300

        queried = (await connection.query_order(symbol="BTCUSDT", orig_client_order_id="gk-ws-1")).data()
        assert_whole(queried, without=CONDITIONAL_ONLY)
        assert queried.result.order_id == placed.result.order_id
        canceled = (await connection.cancel_order(symbol="BTCUSDT", order_id=placed.result.order_id)).data()
        assert_whole(canceled, without=CONDITIONAL_ONLY)
        assert canceled.result.status == "CANCELED"

    keys = hmac_keys(venue) if key_type == "HMAC" else ed25519_keys(venue)
    over_ws_api(sdk_of(venue, keys), scenario)


def test_many_orders_in_flight_are_each_answered_as_their_own(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(connection: Any) -> None:
        ids = [f"gk-many-{number}" for number in range(50)]
        answers = await asyncio.gather(*(place_over(connection, "79000", new_client_order_id=one) for one in ids))
        assert [answer.result.client_order_id for answer in answers] == ids
        assert len({answer.result.order_id for answer in answers}) == 50

    over_ws_api(sdk, scenario)


def test_balance_position_account_and_tickers_come_over_websocket(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)

    async def scenario(connection: Any) -> None:
        balance = (await connection.futures_account_balance_v2()).data()
        position = (await connection.position_information_v2(symbol="BTCUSDT")).data()
        account = (await connection.account_information_v2()).data()
        last = (await connection.symbol_price_ticker(symbol="BTCUSDT")).data().actual_instance
        book = (await connection.symbol_order_book_ticker(symbol="BTCUSDT")).data().actual_instance
        for answer in (balance, position, account, last, book):
            assert_whole(answer, without=("margin_available",))
        (usdt,) = [one for one in balance.result if one.asset == "USDT"]
        assert Decimal(usdt.balance) == Decimal(account.result.total_wallet_balance) == DEPOSIT - Decimal("0.4")
        assert [Decimal(one.position_amt) for one in position.result] == [Decimal("0.01")]
        assert Decimal(last.result.price) == Decimal(book.result.bid_price) == 80000

    over_ws_api(sdk, scenario)


def test_conditional_orders_and_the_listen_key_work_over_websocket(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(connection: Any) -> None:
        placed = await connection.new_algo_order(
            algo_type="CONDITIONAL",
            symbol="BTCUSDT",
            side="BUY",
            type="STOP_MARKET",
            quantity=Decimal("0.01"),
            trigger_price=Decimal(82000),
            client_algo_id="gk-ws-stop",
        )
        assert_whole(placed.data(), without=ALGO_OPTIONAL)
        canceled = (await connection.cancel_algo_order(client_algo_id="gk-ws-stop")).data()
        assert canceled.result.code == "200"
        key = (await connection.start_user_data_stream()).data().result.listen_key
        assert key
        assert (await connection.keepalive_user_data_stream()).data().result.listen_key == key
        assert (await connection.close_user_data_stream()).data().status == 200

    over_ws_api(sdk, scenario)


def test_a_refusal_over_websocket_carries_the_venues_code(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(connection: Any) -> None:
        assert (await place_over(connection, "79000.05"))["error"]["code"] == -4014

    over_ws_api(sdk, scenario)


def test_a_session_is_logged_on_with_ed25519_and_needs_no_more_signatures(venue: Venue) -> None:
    venue.move("BTCUSDT", "80000")
    keys = ed25519_keys(venue)

    async def scenario(connection: Any) -> None:
        logon = {"method": "session.logon", "params": {}}
        answer = await connection.send_signed_message(logon, connection.signer, session_logon=True)
        session = answer.data()["result"]
        assert session["apiKey"] == keys.api_key
        assert {"authorizedSince", "connectedSince", "returnRateLimits", "serverTime"} <= set(session)
        # the SDK sends neither key nor signature from here on
        assert (await place_over(connection, "79000")).result.status == "NEW"

    over_ws_api(sdk_of(venue, keys), scenario)


def test_an_hmac_key_cannot_log_a_session_on(sdk: Sdk) -> None:
    async def scenario(connection: Any) -> None:
        logon = {"method": "session.logon", "params": {}}
        assert "error" in (await connection.send_signed_message(logon)).data()

    over_ws_api(sdk, scenario)
