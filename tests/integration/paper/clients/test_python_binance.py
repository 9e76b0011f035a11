"""python-binance, a client that thousands of bots use, unchanged but for its base URLs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient, BinanceSocketManager, Client
from binance.exceptions import BinanceAPIException
from binance.ws.reconnecting_websocket import ReconnectingWebsocket

from core import clock
from core.paper.symbols import EXCHANGE_INFO_SYMBOLS
from tests.integration.paper.clients.keys import DEPOSIT, Keys, ed25519_keys
from tests.support.venue import Venue

BID = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "79000"}
MARKET_BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


def pointed_at(venue: Venue, client: type[Any]) -> type[Any]:
    """The client's own class with the exchange's addresses replaced."""
    sockets = venue.url.replace("http", "ws", 1)
    addresses = {
        "FUTURES_URL": f"{venue.url}/fapi",
        "WS_FUTURES_URL": f"{sockets}/ws-fapi/v1",
        "FSTREAM_URL": f"{sockets}/",
    }
    return type(client.__name__, (client,), addresses)


@pytest.fixture
def client(venue: Venue, keys: Keys) -> Any:
    return pointed_at(venue, Client)(keys.api_key, keys.secret, ping=False)


@pytest.fixture(autouse=True)
def _a_silent_socket_closes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client notices that it is to close only after the next message or this many seconds; 10 by default."""
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 1)


def position_of(client: Any) -> Decimal:
    return sum(
        (Decimal(one["positionAmt"]) for one in client.futures_position_information(symbol="BTCUSDT")), Decimal(0)
    )


# --- the synchronous client ----------------------------------------------------------------------------------------


def test_market_data_is_read(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    assert abs(client.futures_time()["serverTime"] - clock.now_ms()) < 1000
    assert len(client.futures_exchange_info()["symbols"]) == len(EXCHANGE_INFO_SYMBOLS)
    assert Decimal(client.futures_mark_price(symbol="BTCUSDT")["markPrice"]) == 80000
    assert Decimal(client.futures_symbol_ticker(symbol="BTCUSDT")["price"]) == 80000
    assert Decimal(client.futures_orderbook_ticker(symbol="BTCUSDT")["askPrice"]) == 80000
    assert Decimal(client.futures_ticker(symbol="BTCUSDT")["lastPrice"]) == 80000
    assert len(client.futures_klines(symbol="BTCUSDT", interval="1h", limit=24)) == 24
    assert isinstance(client.futures_funding_rate(symbol="BTCUSDT", limit=1), list)


def test_the_account_is_read(client: Any) -> None:
    (usdt,) = [one for one in client.futures_account_balance() if one["asset"] == "USDT"]
    account = client.futures_account()
    assert Decimal(usdt["balance"]) == Decimal(account["totalWalletBalance"]) == DEPOSIT
    assert Decimal(client.futures_commission_rate(symbol="BTCUSDT")["takerCommissionRate"]) == Decimal("0.0005")
    assert client.futures_get_position_mode() == {"dualSidePosition": False}
    assert client.futures_get_multi_assets_mode() == {"multiAssetsMargin": False}
    assert client.futures_account_config()["canTrade"]
    (brackets,) = client.futures_leverage_bracket(symbol="BTCUSDT")
    assert brackets["brackets"][0]["initialLeverage"] == 150


def test_leverage_and_margin_type_are_set(client: Any) -> None:
    assert client.futures_change_leverage(symbol="BTCUSDT", leverage=12)["leverage"] == 12
    assert client.futures_change_margin_type(symbol="BTCUSDT", marginType="ISOLATED")["code"] == 200
    with pytest.raises(BinanceAPIException) as refusal:
        client.futures_change_margin_type(symbol="BTCUSDT", marginType="ISOLATED")
    assert refusal.value.code == -4046
    (configured,) = client.futures_symbol_config(symbol="BTCUSDT")
    assert (configured["leverage"], configured["marginType"]) == (12, "ISOLATED")


def test_an_order_lives_from_new_to_canceled(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    placed = client.futures_create_order(**BID)
    assert placed["status"] == "NEW"
    assert placed["clientOrderId"].startswith(Client.CONTRACT_ORDER_PREFIX)
    (open_order,) = client.futures_get_open_orders(symbol="BTCUSDT")
    assert open_order["orderId"] == placed["orderId"]
    assert client.futures_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])["status"] == "CANCELED"
    assert client.futures_get_order(symbol="BTCUSDT", orderId=placed["orderId"])["status"] == "CANCELED"
    assert [one["status"] for one in client.futures_get_all_orders(symbol="BTCUSDT")] == ["CANCELED"]
    assert client.futures_get_open_orders() == []


def test_all_open_orders_of_a_symbol_are_cancelled_at_once(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    client.futures_create_order(**BID)
    client.futures_create_order(**BID)
    assert client.futures_cancel_all_open_orders(symbol="BTCUSDT")["code"] == 200
    assert client.futures_get_open_orders(symbol="BTCUSDT") == []


def test_a_round_trip_is_in_trades_income_and_balance(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    client.futures_create_order(**MARKET_BUY)
    assert position_of(client) == Decimal("0.01")
    client.futures_create_order(**{**BID, "side": "SELL", "price": "81000", "reduceOnly": "true"})
    venue.move("BTCUSDT", "81000")
    assert position_of(client) == 0
    bought, sold = client.futures_account_trades(symbol="BTCUSDT")
    assert (bought["maker"], Decimal(bought["commission"])) == (False, Decimal("0.4"))
    assert (sold["maker"], Decimal(sold["realizedPnl"])) == (True, 10)
    income = sum(Decimal(one["income"]) for one in client.futures_income_history())
    (usdt,) = [one for one in client.futures_account_balance() if one["asset"] == "USDT"]
    assert income == Decimal(usdt["balance"]) == DEPOSIT + 10 - Decimal("0.4") - Decimal("0.162")


def test_a_stop_is_sent_to_the_conditional_path_and_fires(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    client.futures_create_order(**MARKET_BUY)
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "78000", "closePosition": "true"}
    placed = client.futures_create_order(**stop)
    (listed,) = client.futures_get_open_algo_orders(symbol="BTCUSDT")
    assert listed["algoId"] == placed["algoId"]
    venue.move("BTCUSDT", "77900")
    assert position_of(client) == 0
    assert client.futures_get_algo_order(algoId=placed["algoId"])["algoStatus"] == "FINISHED"


def test_a_conditional_order_is_cancelled_by_its_id(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    stop = {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET", "stopPrice": "82000", "quantity": "0.010"}
    placed = client.futures_create_order(**stop)
    assert client.futures_cancel_algo_order(algoId=placed["algoId"])["code"] == "200"
    assert client.futures_get_open_algo_orders(symbol="BTCUSDT") == []


def test_a_refusal_carries_the_venues_code(venue: Venue, client: Any) -> None:
    venue.move("BTCUSDT", "80000")
    with pytest.raises(BinanceAPIException) as refusal:
        client.futures_create_order(**{**BID, "price": "79000.05"})
    assert refusal.value.code == -4014


def test_a_listen_key_is_made_kept_and_closed(client: Any) -> None:
    key = client.futures_stream_get_listen_key()
    assert client.futures_stream_get_listen_key() == key
    client.futures_stream_keepalive(key)
    client.futures_stream_close(key)
    with pytest.raises(BinanceAPIException) as refusal:
        client.futures_stream_keepalive(key)
    assert refusal.value.code == -1125


def test_an_ed25519_key_signs_queries_and_orders(venue: Venue) -> None:
    venue.move("BTCUSDT", "80000")
    keys = ed25519_keys(venue)
    client = pointed_at(venue, Client)(keys.api_key, private_key=keys.private_key, ping=False)
    assert client.futures_create_order(**BID)["status"] == "NEW"
    assert len(client.futures_get_open_orders(symbol="BTCUSDT")) == 1


# --- the asynchronous client, its WebSocket API and its sockets ----------------------------------------------------


def asynchronously(venue: Venue, keys: Keys, scenario: Callable[[Any, Any], Awaitable[None]]) -> None:
    """Runs the scenario with an asynchronous client and its socket manager."""

    async def run() -> None:
        client = pointed_at(venue, AsyncClient)(keys.api_key, keys.secret)
        try:
            await scenario(client, pointed_at(venue, BinanceSocketManager)(client))
        finally:
            await client.ws_future.close()
            await client.close_connection()

    asyncio.run(run())


async def received(socket: Any, wanted: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(5):
        while not wanted(message := await socket.recv()):
            pass
    return message


def test_an_order_is_placed_queried_and_cancelled_over_the_websocket_api(venue: Venue, keys: Keys) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(client: Any, _: Any) -> None:
        placed = await client.ws_futures_create_order(**BID)
        assert placed["status"] == "NEW"
        queried = await client.ws_futures_get_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert queried["orderId"] == placed["orderId"]
        canceled = await client.ws_futures_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert canceled["status"] == "CANCELED"
        (usdt,) = [one for one in await client.ws_futures_v2_account_balance() if one["asset"] == "USDT"]
        assert Decimal(usdt["balance"]) == DEPOSIT
        with pytest.raises(BinanceAPIException) as refusal:
            await client.ws_futures_create_order(**{**BID, "price": "79000.05"})
        assert refusal.value.code == -4014

    asynchronously(venue, keys, scenario)


def test_the_user_socket_tells_of_a_fill(venue: Venue, keys: Keys) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(client: Any, sockets: Any) -> None:
        async with sockets.futures_user_socket() as user:
            placed = await client.futures_create_order(**MARKET_BUY)
            event = await received(user, lambda one: one["e"] == "ORDER_TRADE_UPDATE" and one["o"]["x"] == "TRADE")
            assert (event["o"]["i"], event["o"]["X"], Decimal(event["o"]["n"])) == (
                placed["orderId"],
                "FILLED",
                Decimal("0.4"),
            )

    asynchronously(venue, keys, scenario)


def test_market_sockets_tell_of_a_move(venue: Venue, keys: Keys) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(_: Any, sockets: Any) -> None:
        async with AsyncExitStack() as stack:
            mark = await stack.enter_async_context(sockets.symbol_mark_price_socket("BTCUSDT"))
            every_mark = await stack.enter_async_context(sockets.all_mark_price_socket())
            book = await stack.enter_async_context(sockets.symbol_ticker_futures_socket("BTCUSDT"))
            await asyncio.to_thread(venue.move, "BTCUSDT", "80123.4")
            price = Decimal("80123.4")
            await received(mark, lambda one: Decimal(one["data"]["p"]) == price)
            await received(book, lambda one: Decimal(one["data"]["b"]) == Decimal(one["data"]["a"]) == price)
            await received(every_mark, lambda one: any(Decimal(row["p"]) == price for row in one["data"]))

    asynchronously(venue, keys, scenario)
