"""The life of an order at the simulated exchange, seen from every side of the adapter."""

from decimal import Decimal
from queue import SimpleQueue

import pytest

from core.domain.order import OrderStatus, Side
from core.exchange import venue_now_ms
from core.exchange.base import AccountApi, Outcome, Reply, UserStream
from tests.integration.exchange.trader import Trader, read_events
from tests.support.servers import PaperServer


def test_an_accepted_order_rests_and_everybody_says_the_same(
    trader: Trader, account: AccountApi, stream: UserStream
) -> None:
    reply = trader.place(Side.BUY, "49000")
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.news is not None
    name, order_id = reply.news.client_order_id, reply.news.order_id
    (event,) = read_events(stream, 1)
    seen = [
        reply.news,
        event.news,
        account.order("BTCUSDT", name),
        account.order_by_id("BTCUSDT", order_id),
        *account.open_orders("BTCUSDT"),
        *account.open_orders(),
        *account.recent_orders("BTCUSDT", venue_now_ms("paper") - 60_000),
    ]
    assert len(seen) == 7
    for news in seen:
        assert news is not None
        assert (news.client_order_id, news.order_id, news.side) == (name, order_id, Side.BUY)
        assert (news.price, news.quantity, news.filled_quantity) == (49000, Decimal("0.01"), 0)
        assert news.status is OrderStatus.PLACED


def test_a_fill_is_the_same_in_the_stream_and_in_the_trade_list(
    trader: Trader, account: AccountApi, stream: UserStream, paper_server: PaperServer
) -> None:
    reply = trader.place(Side.BUY, "49000")
    assert reply.news is not None
    paper_server.move("BTCUSDT", "48900")
    placed, filled = read_events(stream, 2)
    assert (placed.trade, filled.news.status) == (None, OrderStatus.FILLED)
    (listed,) = account.trades("BTCUSDT", 0)
    assert filled.trade is not None
    assert filled.trade.client_order_id == reply.news.client_order_id
    assert {name: getattr(filled.trade, name) for name in _FACTS} == {name: getattr(listed, name) for name in _FACTS}
    assert (listed.price, listed.quantity, listed.is_maker) == (49000, Decimal("0.01"), True)
    assert (listed.fee, listed.fee_asset) == (Decimal("0.098"), "USDT")
    assert account.trades("BTCUSDT", int(listed.trade_id) + 1) == []
    assert account.trades_of_order("BTCUSDT", listed.order_id) == [listed]
    (position,) = account.positions("BTCUSDT")
    assert (position.quantity, position.entry_price) == (Decimal("0.01"), 49000)


_FACTS = (
    *("symbol", "trade_id", "order_id", "side", "price", "quantity"),
    *("fee", "fee_asset", "realized_pnl", "is_maker", "traded_at"),
)


def test_the_ledger_agrees_with_the_fills_to_the_last_digit(
    trader: Trader, account: AccountApi, paper_server: PaperServer
) -> None:
    trader.place(Side.BUY, "49000.1", quantity="0.013")
    paper_server.move("BTCUSDT", "48900")
    trader.place(Side.SELL, "49321.7", quantity="0.013")
    paper_server.move("BTCUSDT", "49400")
    trades = account.trades("BTCUSDT", 0)
    assert [trade.side for trade in trades] == [Side.BUY, Side.SELL]
    gained = sum(trade.realized_pnl - trade.fee for trade in trades)
    ledger = [line for line in account.incomes(0) if line.income_type in ("COMMISSION", "REALIZED_PNL")]
    assert sum(line.amount for line in ledger) == gained
    assert {line.trade_id for line in ledger} == {trade.trade_id for trade in trades}
    balance = next(one for one in account.balances() if one.asset == "USDT")
    assert balance.wallet_balance == 10_000 + gained


def test_a_market_order_is_filled_in_its_answer(trader: Trader, account: AccountApi) -> None:
    reply = trader.place(Side.SELL, None)
    assert reply.news is not None
    assert (reply.news.status, reply.news.filled_quantity) == (OrderStatus.FILLED, Decimal("0.01"))
    (position,) = account.positions()
    assert position.quantity == Decimal("-0.01")


def test_an_order_in_pieces_tells_each_piece(
    trader: Trader, account: AccountApi, stream: UserStream, paper_server: PaperServer
) -> None:
    paper_server.inject("partial_fills", pieces=5, seconds=10)
    trader.place(Side.BUY, "49000")
    paper_server.move("BTCUSDT", "48900")
    events = read_events(stream, 6)
    trades = [event.trade for event in events if event.trade is not None]
    assert sum(trade.quantity for trade in trades) == Decimal("0.01")
    assert [trade.trade_id for trade in trades] == [trade.trade_id for trade in account.trades("BTCUSDT", 0)]
    assert [event.news.status for event in events] == [
        OrderStatus.PLACED,
        *[OrderStatus.PARTIALLY_FILLED] * 4,
        OrderStatus.FILLED,
    ]


def test_a_cancelled_order_is_final_and_a_second_cancel_finds_nothing(
    trader: Trader, account: AccountApi, stream: UserStream
) -> None:
    trader.place(Side.BUY, "49000", "grid-to-cancel")
    reply = trader.cancel("grid-to-cancel")
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.news is not None
    assert (reply.news.status, reply.news.filled_quantity) == (OrderStatus.CANCELED, 0)
    assert [event.news.status for event in read_events(stream, 2)] == [OrderStatus.PLACED, OrderStatus.CANCELED]
    assert trader.cancel("grid-to-cancel").outcome is Outcome.NOT_FOUND
    assert account.open_orders("BTCUSDT") == []


def test_an_id_that_is_open_exists(trader: Trader, account: AccountApi) -> None:
    trader.place(Side.BUY, "49000", "grid-twice")
    assert trader.place(Side.BUY, "48000", "grid-twice").outcome is Outcome.EXISTS
    assert len(account.open_orders("BTCUSDT")) == 1


def test_an_order_nobody_placed_is_none(account: AccountApi) -> None:
    assert account.order("BTCUSDT", "grid-never") is None
    assert account.order_by_id("BTCUSDT", "999999999999") is None


@pytest.mark.parametrize(
    ("price", "quantity", "outcome"),
    [
        ("49000.05", "0.010", Outcome.REFUSED),
        ("49000", "0.0105", Outcome.REFUSED),
        ("49000", "0.001", Outcome.REFUSED),
        ("60000", "0.010", Outcome.RETRY),
        ("49000", "900", Outcome.RETRY),
    ],
    ids=["tick", "step", "notional", "band", "margin"],
)
def test_what_the_venue_refuses_is_refused_for_good_or_for_now(
    trader: Trader, price: str, quantity: str, outcome: Outcome
) -> None:
    reply = trader.place(Side.BUY, price, quantity=quantity)
    assert (reply.outcome, reply.news) == (outcome, None)
    assert reply.code is not None
    assert reply.message


def test_a_stale_timestamp_is_refused_and_not_executed(trader: Trader, account: AccountApi) -> None:
    order = trader.order(Side.BUY, "49000")
    stale = type(order)(
        **{name: getattr(order, name) for name in order.__slots__} | {"timestamp": order.timestamp - 4000}
    )
    reply = trader.send(stale)
    assert (reply.outcome, reply.code) == (Outcome.RETRY, -1021)
    assert account.open_orders("BTCUSDT") == []


def test_one_hundred_and_fifty_orders_are_placed_together(trader: Trader, account: AccountApi) -> None:
    replies: SimpleQueue[Reply] = SimpleQueue()
    prices = [str(48000 + number) for number in range(150)]
    for price in prices:
        trader.connection.place(trader.order(Side.BUY, price, f"burst-{price}", "0.002"), replies.put)
    outcomes = [replies.get(timeout=15).outcome for _ in prices]
    assert outcomes == [Outcome.ACCEPTED] * 150
    resting = {order.client_order_id: order.price for order in account.open_orders("BTCUSDT")}
    assert resting == {f"burst-{price}": Decimal(price) for price in prices}


def test_an_id_of_every_allowed_character_is_accepted(trader: Trader, account: AccountApi) -> None:
    name = "aZ09.:/_-" * 4
    assert trader.place(Side.BUY, "49000", name).outcome is Outcome.ACCEPTED
    found = account.order("BTCUSDT", name)
    assert found is not None
    assert found.client_order_id == name
    assert trader.cancel(name).outcome is Outcome.ACCEPTED
