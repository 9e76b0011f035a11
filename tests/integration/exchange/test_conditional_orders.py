"""A conditional order at the simulated exchange, from placing to what its trigger makes of it."""

from dataclasses import replace
from decimal import Decimal
from queue import SimpleQueue

from core.domain.order import OrderStatus, OrderType, Side
from core.exchange.base import AccountApi, NewOrder, Outcome, Reply, UserStream
from tests.integration.exchange.trader import Trader, read_events
from tests.support.servers import PaperServer

D = Decimal


def stop(trader: Trader, trigger: str, close_position: bool = False) -> NewOrder:
    plain = trader.order(Side.SELL, None)
    return replace(plain, type=OrderType.STOP_MARKET, trigger_price=D(trigger), close_position=close_position)


def test_it_rests_is_found_by_its_id_and_is_cancelled(trader: Trader, account: AccountApi, stream: UserStream) -> None:
    order = stop(trader, "45000", close_position=True)
    reply = trader.send(order)
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.news is not None
    assert (reply.news.status, reply.news.order_id) == (OrderStatus.PLACED, "")
    (listed,) = account.open_conditional_orders("BTCUSDT")
    assert listed == account.conditional_order("BTCUSDT", order.client_order_id)
    assert listed.algo_id == reply.news.algo_id
    assert account.open_orders("BTCUSDT") == []
    assert account.order("BTCUSDT", order.client_order_id) is None
    assert trader.send(order).outcome is Outcome.EXISTS
    replies: SimpleQueue[Reply] = SimpleQueue()
    trader.connection.cancel_conditional(order.client_order_id, replies.put)
    assert replies.get(timeout=15) == Reply(Outcome.ACCEPTED)
    assert [event.news.status for event in read_events(stream, 2)] == [OrderStatus.PLACED, OrderStatus.CANCELED]
    assert account.open_conditional_orders("BTCUSDT") == []


def test_its_trigger_makes_an_order_of_the_same_id(
    trader: Trader, account: AccountApi, paper_server: PaperServer
) -> None:
    trader.place(Side.BUY, None)
    order = stop(trader, "49500")
    trader.send(order)
    paper_server.move("BTCUSDT", "49400")
    news = account.conditional_order("BTCUSDT", order.client_order_id)
    assert news is not None
    assert (news.status, news.filled_quantity) == (OrderStatus.FILLED, D("0.01"))
    assert news == replace(account.order("BTCUSDT", order.client_order_id) or news, algo_id=news.algo_id)
    assert news.order_id != ""
    assert account.positions("BTCUSDT") == []


def test_one_that_finds_nothing_to_close_ends_without_an_order(
    trader: Trader, account: AccountApi, paper_server: PaperServer
) -> None:
    order = stop(trader, "49500", close_position=True)
    trader.send(order)
    paper_server.move("BTCUSDT", "49400")
    news = account.conditional_order("BTCUSDT", order.client_order_id)
    assert news is not None
    assert (news.status, news.order_id) == (OrderStatus.EXPIRED, "")


def test_one_whose_trigger_has_passed_is_refused(trader: Trader) -> None:
    reply = trader.send(stop(trader, "50500"))
    assert (reply.outcome, reply.code) == (Outcome.REFUSED, -2021)


def test_nobody_knows_one_that_was_never_placed(account: AccountApi) -> None:
    assert account.conditional_order("BTCUSDT", "grid-never") is None
