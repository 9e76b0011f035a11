from decimal import Decimal

import pytest

from core.paper.engine.numbers import money
from core.paper.engine.placing import cancel, cancel_all
from core.paper.engine.refusals import VenueError
from tests.unit.core.paper.engine.desk import Desk


def test_a_resting_order_fills_whole_at_its_own_price_as_maker_when_the_price_touches_it(desk: Desk) -> None:
    order = desk.order("BUY", "0.010", "79000")
    desk.move("79000.1")
    assert order.status == "NEW"
    desk.move("78500")
    (trade,) = desk.changes().trades
    assert (order.status, trade.price, trade.quantity, trade.maker) == ("FILLED", 79000, Decimal("0.010"), True)
    assert trade.fee == Decimal("0.158")


def test_a_touch_is_enough(desk: Desk) -> None:
    order = desk.order("SELL", "0.010", "81000")
    desk.move("81000")
    assert order.status == "FILLED"


def test_a_crossing_order_fills_at_once_at_the_market_as_taker(desk: Desk) -> None:
    order = desk.order("BUY", "0.010", "81000")
    (trade,) = desk.changes().trades
    assert (order.status, trade.price, trade.maker, trade.fee) == ("FILLED", 80000, False, Decimal("0.4"))


def test_the_nearest_orders_fill_first_and_equals_by_age(desk: Desk) -> None:
    far, near, near_too = (desk.order("BUY", "0.010", price) for price in ("79000", "79500", "79500"))
    desk.move("79000")
    assert [trade.order_id for trade in desk.changes().trades] == [near.id, near_too.id, far.id]


def test_events_of_a_maker_fill_come_in_the_venues_order(desk: Desk) -> None:
    desk.order("BUY", "0.010", "79000")
    assert desk.events() == ["NEW"]
    desk.move("79000")
    assert desk.events() == ["TRADE_LITE", "ACCOUNT_UPDATE", "TRADE"]


def test_events_of_a_taker_fill_come_in_the_venues_order(desk: Desk) -> None:
    desk.order("BUY", "0.010")
    assert desk.events() == ["TRADE_LITE", "NEW", "ACCOUNT_UPDATE", "TRADE"]


def test_the_last_event_of_a_fill_says_everything(desk: Desk) -> None:
    desk.order("BUY", "0.010", "79000", client_id="c1")
    desk.move("79000")
    order = desk.order("SELL", "0.010", "79500", client_id="c2")
    desk.changes()
    desk.move("79500")
    (*_, (account_id, event)) = desk.changes().events
    told = event["o"]
    assert account_id == desk.account.id
    assert (told["x"], told["X"], told["c"], told["i"]) == ("TRADE", "FILLED", "c2", order.id)
    assert (told["l"], told["z"], told["L"], told["ap"]) == ("0.010", "0.010", "79500", "79500")
    assert (told["n"], told["N"], told["rp"], told["m"]) == ("0.15900000", "USDT", "5.00000000", True)
    assert told["t"] > 0
    assert event["T"] == told["T"] == desk.exchange.now()


def test_immediate_or_cancel_that_finds_nothing_expires(desk: Desk) -> None:
    order = desk.order("BUY", "0.010", "79000", time_in_force="IOC")
    changes = desk.changes()
    assert order.status == "EXPIRED"
    assert [event["o"]["x"] for _, event in changes.events] == ["NEW", "EXPIRED"]
    assert changes.events[-1][1]["o"]["er"] == "2"


def test_an_order_fills_in_as_many_pieces_as_asked_for(desk: Desk) -> None:
    desk.exchange.pieces = lambda: 3
    order = desk.order("BUY", "0.010", "79000")
    desk.changes()
    desk.move("79000")
    changes = desk.changes()
    assert [trade.quantity for trade in changes.trades] == [Decimal("0.003"), Decimal("0.003"), Decimal("0.004")]
    assert len({trade.id for trade in changes.trades}) == 3
    told = [event["o"]["X"] for _, event in changes.events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert told == ["PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]
    assert (order.filled, order.quote) == (Decimal("0.010"), Decimal(790))


def test_a_quantity_of_fewer_steps_than_pieces_fills_whole(desk: Desk) -> None:
    desk.exchange.pieces = lambda: 37
    desk.order("BUY", "0.002")
    assert [trade.quantity for trade in desk.changes().trades] == [Decimal("0.002")]


def test_a_cancelled_order_never_fills(desk: Desk) -> None:
    order = desk.order("BUY", "0.010", "79000")
    desk.cancel(order)
    desk.move("70000")
    assert (order.status, order.filled) == ("CANCELED", 0)
    assert desk.holding.bids == 0


def test_an_order_is_cancelled_by_id_or_by_client_id_and_only_once(desk: Desk) -> None:
    seat = desk.exchange.seat(desk.account, "BTCUSDT")
    by_id, by_client_id = desk.order("BUY", "0.010", "79000"), desk.order("BUY", "0.010", "79000", client_id="c")
    assert cancel(seat, by_id.id, "") is by_id
    assert cancel(seat, None, "c") is by_client_id
    with pytest.raises(VenueError, match="-2011"):
        cancel(seat, None, "c")


def test_cancelling_all_leaves_other_symbols_alone(desk: Desk) -> None:
    desk.order("BUY", "0.010", "79000")
    desk.order("SELL", "0.010", "81000")
    other = Desk(desk.exchange, desk.account, "ETHUSDT")
    kept = other.order("BUY", "0.010", "2400")
    cancel_all(desk.exchange.seat(desk.account, "BTCUSDT"))
    assert desk.holding.orders == {}
    assert other.holding.orders == {kept.id: kept}


def test_ids_are_large_and_trade_ids_rise_with_gaps(desk: Desk) -> None:
    orders = [desk.order("BUY", "0.010") for _ in range(5)]
    ids = [trade.id for trade in desk.changes().trades]
    assert min(order.id for order in orders) > 2**31
    assert ids == sorted(set(ids))
    assert ids[-1] - ids[0] > len(ids) - 1


def test_profit_is_realised_against_the_average_entry(desk: Desk) -> None:
    desk.order("BUY", "0.010")
    desk.move("82000")
    desk.order("BUY", "0.010")
    desk.move("84000")
    desk.order("SELL", "0.005")
    *_, sold = desk.changes().trades
    assert sold.realized == Decimal(15)  # 0.005 * (84000 - 81000)
    assert desk.holding.entry_price == 81000
    assert money(desk.holding.unrealized(Decimal(84000))) == "45.00000000"


def test_a_position_that_turns_starts_at_the_turning_price(desk: Desk) -> None:
    desk.order("BUY", "0.010")
    desk.move("81000")
    desk.order("SELL", "0.030")
    *_, sold = desk.changes().trades
    assert sold.realized == 10
    assert (desk.holding.quantity, desk.holding.entry_price) == (Decimal("-0.020"), 81000)
