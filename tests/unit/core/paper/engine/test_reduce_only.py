import pytest

from core.paper.engine.refusals import VenueError
from tests.unit.core.paper.engine.desk import Desk


def test_there_must_be_something_to_reduce(desk: Desk) -> None:
    with pytest.raises(VenueError, match="-2022"):
        desk.order("SELL", "0.010", "81000", reduce_only=True)
    desk.order("BUY", "0.010")
    with pytest.raises(VenueError, match="-2022"):
        desk.order("BUY", "0.010", "79000", reduce_only=True)


def test_orders_that_use_the_position_up_leave_no_room_behind_them(desk: Desk) -> None:
    desk.order("BUY", "0.020")
    desk.order("SELL", "0.020", "81000", reduce_only=True)
    with pytest.raises(VenueError, match="-2022"):
        desk.order("SELL", "0.010", "82000", reduce_only=True)


def test_a_nearer_order_knocks_out_a_farther_one(desk: Desk) -> None:
    desk.order("BUY", "0.020")
    far = desk.order("SELL", "0.020", "82000", reduce_only=True)
    desk.changes()
    near = desk.order("SELL", "0.020", "81000", reduce_only=True)
    (expired,) = [e["o"] for _, e in desk.changes().events if e["o"]["x"] == "EXPIRED"]
    assert (near.status, far.status) == ("NEW", "EXPIRED")
    assert (expired["i"], expired["er"]) == (far.id, "4")


def test_a_grid_of_closing_orders_stays_while_the_position_carries_it(desk: Desk) -> None:
    desk.order("BUY", "0.030")
    orders = [desk.order("SELL", "0.010", price, reduce_only=True) for price in ("81000", "82000", "83000")]
    desk.move("81000")
    desk.move("82000")
    assert [order.status for order in orders] == ["FILLED", "FILLED", "NEW"]


def test_a_shrinking_position_expires_the_farthest_first(desk: Desk) -> None:
    desk.order("BUY", "0.030")
    near, far = (desk.order("SELL", "0.010", price, reduce_only=True) for price in ("81000", "83000"))
    desk.order("SELL", "0.020")
    assert (near.status, far.status) == ("NEW", "EXPIRED")
    desk.order("SELL", "0.010")
    assert near.status == "EXPIRED"


def test_an_order_larger_than_the_position_fills_as_far_as_it_goes_and_expires(desk: Desk) -> None:
    desk.order("BUY", "0.010")
    order = desk.order("SELL", "0.030", "81000", reduce_only=True)
    desk.move("81000")
    assert (str(order.filled), order.status) == ("0.010", "EXPIRED")
    assert desk.holding.quantity == 0


def test_a_market_close_larger_than_the_position_never_turns_it(desk: Desk) -> None:
    desk.order("SELL", "0.010")
    order = desk.order("BUY", "0.030", reduce_only=True)
    assert (str(order.filled), order.status, desk.holding.quantity) == ("0.010", "EXPIRED", 0)


def test_reduce_only_orders_ask_for_no_margin(desk: Desk) -> None:
    desk.order("BUY", "2.400")  # 192,000 at 20x leaves almost nothing
    assert desk.order("SELL", "2.400", "81000", reduce_only=True).status == "NEW"
    assert desk.holding.asks == 0
