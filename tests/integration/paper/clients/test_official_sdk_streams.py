"""The official SDK's streams: an account's events and the market's, over its three routed connections."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from tests.integration.paper.clients.keys import DEPOSIT
from tests.integration.paper.clients.sdk import Sdk, assert_whole, buy_at_market, place_limit, place_stop
from tests.support.venue import Venue


def over_streams(sdk: Sdk, scenario: Callable[[Any], Awaitable[None]]) -> None:
    """Runs the scenario on the SDK's three stream connections (market, public, private)."""

    async def run() -> None:
        connection = await sdk.websocket_streams.create_connection()
        assert connection is not None, "the SDK could not connect"
        try:
            await scenario(connection)
        finally:
            await connection.close_connection(close_session=True)

    asyncio.run(run())


async def listen(connection: Any, subscribing: Awaitable[Any]) -> list[Any]:
    """What the subscription delivers from now on; returns once the server has confirmed it."""
    events: list[Any] = []
    stream = await subscribing
    stream.on("message", events.append)
    await until(lambda: not any(one.pending_request for one in connection.connections))
    return events


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_market_fill_arrives_on_the_user_stream_in_the_recorded_order(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    key = sdk.rest_api.start_user_data_stream().data().listen_key

    async def scenario(connection: Any) -> None:
        events = await listen(connection, connection.user_data(key))
        order = await asyncio.to_thread(buy_at_market, sdk)
        await until(lambda: len(events) >= 4)
        lite, new, account, trade = (event.actual_instance for event in events)
        names = [type(one).__name__ for one in (lite, new, account, trade)]
        assert names == ["TradeLite", "OrderTradeUpdate", "AccountUpdate", "OrderTradeUpdate"]
        assert_whole(lite)
        assert_whole(trade, without=("M", "AP", "cr"))
        assert_whole(account, without=("S",))
        assert (new.o.x, new.o.X, trade.o.x, trade.o.X) == ("NEW", "NEW", "TRADE", "FILLED")
        assert {lite.i, new.o.i, trade.o.i} == {order.order_id}
        assert lite.t == trade.o.t > 0
        fill = trade.o
        assert [Decimal(text) for text in (fill.l, fill.z, fill.L, fill.ap, fill.n, fill.rp)] == [
            *(Decimal("0.01"), Decimal("0.01"), Decimal(80000), Decimal(80000), Decimal("0.4"), Decimal(0))
        ]
        assert (fill.N, fill.m, fill.S) == ("USDT", False, "BUY")
        (balance,), (position,) = account.a.B, account.a.P
        assert account.a.m == "ORDER"
        assert Decimal(balance.wb) == DEPOSIT - Decimal("0.4")
        assert (position.s, Decimal(position.pa), Decimal(position.ep)) == ("BTCUSDT", Decimal("0.01"), 80000)

    over_streams(sdk, scenario)


def test_a_resting_fill_arrives_as_maker_with_the_profit_it_realised(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    place_limit(sdk, "SELL", "81000", new_client_order_id="gk-maker")
    key = sdk.rest_api.start_user_data_stream().data().listen_key

    async def scenario(connection: Any) -> None:
        events = await listen(connection, connection.user_data(key))
        venue.move("BTCUSDT", "81000")
        await until(lambda: any(type(event.actual_instance).__name__ == "OrderTradeUpdate" for event in events))
        fill = next(e.actual_instance.o for e in events if type(e.actual_instance).__name__ == "OrderTradeUpdate")
        assert (fill.c, fill.X, fill.m) == ("gk-maker", "FILLED", True)
        assert (Decimal(fill.rp), Decimal(fill.n), Decimal(fill.L)) == (10, Decimal("0.162"), 81000)

    over_streams(sdk, scenario)


def test_a_conditional_orders_life_arrives_on_the_user_stream(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    key = sdk.rest_api.start_user_data_stream().data().listen_key

    async def scenario(connection: Any) -> None:
        events = await listen(connection, connection.user_data(key))
        await asyncio.to_thread(place_stop, sdk, "78000", "gk-stop-stream")
        venue.move("BTCUSDT", "77900")

        def states() -> list[str]:
            updates = [event.actual_instance for event in events]
            return [update.o.X for update in updates if type(update).__name__ == "AlgoUpdate"]

        await until(lambda: "FINISHED" in states())
        assert states()[0] == "NEW"
        assert states()[-1] == "FINISHED"

    over_streams(sdk, scenario)


def test_funding_arrives_on_the_user_stream_and_in_the_income(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")
    buy_at_market(sdk)
    key = sdk.rest_api.start_user_data_stream().data().listen_key

    async def scenario(connection: Any) -> None:
        events = await listen(connection, connection.user_data(key))
        venue.pay_funding("BTCUSDT", "0.0001")
        await until(lambda: len(events) >= 1)
        account = events[0].actual_instance
        assert account.a.m == "FUNDING_FEE"
        assert Decimal(account.a.B[0].bc) == Decimal("-0.08")

    over_streams(sdk, scenario)
    (paid,) = sdk.rest_api.get_income_history(income_type="FUNDING_FEE").data()
    assert Decimal(paid.income) == Decimal("-0.08")


def test_market_streams_tell_of_a_move_at_once(venue: Venue, sdk: Sdk) -> None:
    venue.move("BTCUSDT", "80000")

    async def scenario(connection: Any) -> None:
        marks = await listen(connection, connection.mark_price_stream(symbol="btcusdt", update_speed="1s"))
        all_marks = await listen(connection, connection.mark_price_stream_for_all_market(update_speed="1s"))
        books = await listen(connection, connection.individual_symbol_book_ticker_streams(symbol="btcusdt"))
        venue.move("BTCUSDT", "80123.4")
        price = Decimal("80123.4")
        await until(lambda: any(Decimal(mark.p) == price for mark in marks))
        await until(lambda: any(Decimal(book.b) == Decimal(book.a) == price for book in books))
        await until(lambda: any(one.s == "BTCUSDT" and Decimal(one.p) == price for batch in all_marks for one in batch))
        assert_whole(marks[-1])
        assert_whole(books[-1])
        assert (marks[-1].s, marks[-1].st, books[-1].s) == ("BTCUSDT", 1, "BTCUSDT")
        assert marks[-1].T > marks[-1].E

    over_streams(sdk, scenario)


def test_candles_tickers_and_trades_stream_too(venue: Venue, sdk: Sdk) -> None:
    venue.move("ETHUSDT", "2500")

    async def scenario(connection: Any) -> None:
        candles = await listen(connection, connection.kline_candlestick_streams(symbol="ethusdt", interval="1m"))
        days = await listen(connection, connection.individual_symbol_ticker_streams(symbol="ethusdt"))
        short_days = await listen(connection, connection.individual_symbol_mini_ticker_stream(symbol="ethusdt"))
        trades = await listen(connection, connection.aggregate_trade_streams(symbol="ethusdt"))
        venue.move("ETHUSDT", "2512.34")
        for events in (candles, days, short_days, trades):
            await until(lambda events=events: len(events) > 0)
            assert_whole(events[-1], without=("ps",))
        assert {candles[-1].k.c, days[-1].c, short_days[-1].c, trades[-1].p} == {"2512.34"}

    over_streams(sdk, scenario)
