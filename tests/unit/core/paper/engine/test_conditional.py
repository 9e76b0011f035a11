from decimal import Decimal
from typing import Any

import pytest

from core.paper.engine.conditional import cancel_conditional, find_open, place_conditional
from core.paper.engine.orders import DEFAULT_STP, Algo
from core.paper.engine.refusals import VenueError
from tests.unit.core.paper.engine.desk import Desk


def algo(desk: Desk, kind: str, side: str, trigger: str, **more: Any) -> Algo:
    fields: dict[str, Any] = {
        "client_id": "",
        "time_in_force": "GTC",
        "quantity": Decimal("0.010"),
        "price": Decimal(0),
        "reduce_only": False,
        "close_position": False,
        "working_type": "MARK_PRICE",
        "price_protect": False,
        "stp": DEFAULT_STP,
    } | more
    now = desk.exchange.now()
    wanted = Algo(
        id=0,
        account_id=desk.account.id,
        symbol=desk.symbol,
        side=side,
        type=kind,
        trigger_price=Decimal(trigger),
        time=now,
        updated=now,
        **fields,
    )
    return place_conditional(desk.exchange, desk.account, wanted)


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "before"),
    [
        ("STOP_MARKET", "SELL", "79000", "79000.1"),
        ("STOP_MARKET", "BUY", "81000", "80999.9"),
        ("TAKE_PROFIT_MARKET", "SELL", "81000", "80999.9"),
        ("TAKE_PROFIT_MARKET", "BUY", "79000", "79000.1"),
    ],
)
def test_it_triggers_on_its_side_of_the_market_and_not_before(
    desk: Desk, kind: str, side: str, trigger: str, before: str
) -> None:
    waiting = algo(desk, kind, side, trigger)
    desk.move(before)
    assert waiting.status == "NEW"
    desk.move(trigger)
    assert waiting.status == "FINISHED"
    assert desk.holding.quantity == Decimal("0.010" if side == "BUY" else "-0.010")


def test_the_order_it_becomes_bears_its_client_id(desk: Desk) -> None:
    waiting = algo(desk, "STOP_MARKET", "SELL", "79000", client_id="stop-1")
    desk.move("79000")
    (order,) = desk.changes().orders.values()
    assert (order.client_id, order.type, order.original_type) == ("stop-1", "MARKET", "STOP_MARKET")
    assert (waiting.order_id, waiting.actual_price) == (order.id, 79000)


def test_its_events_say_what_happened(desk: Desk) -> None:
    algo(desk, "STOP_MARKET", "SELL", "79000")
    desk.move("79000")
    assert [word for word in desk.events() if word.startswith("ALGO")] == [
        "ALGO NEW",
        "ALGO TRIGGERING",
        "ALGO TRIGGERED",
        "ALGO FINISHED",
    ]


def test_a_stop_with_a_price_becomes_a_resting_order(desk: Desk) -> None:
    algo(desk, "STOP", "SELL", "79000", price=Decimal(79500), client_id="stop-2")
    desk.move("79000")
    assert desk.holding.client_ids["stop-2"].price == 79500


def test_close_position_closes_whatever_is_there(desk: Desk) -> None:
    algo(desk, "STOP_MARKET", "SELL", "79000", quantity=Decimal(0), close_position=True)
    desk.order("BUY", "0.030")
    desk.move("78000")
    assert desk.holding.quantity == 0


def test_one_that_finds_nothing_to_close_is_rejected_with_a_reason(desk: Desk) -> None:
    waiting = algo(desk, "STOP_MARKET", "SELL", "79000", quantity=Decimal(0), close_position=True)
    desk.move("79000")
    assert (waiting.status, waiting.reason) == ("REJECTED", "ReduceOnly Order is rejected.")


def test_no_margin_is_asked_for_before_the_trigger(desk: Desk) -> None:
    waiting = algo(desk, "STOP_MARKET", "SELL", "79000", quantity=Decimal(100))
    desk.move("79000")
    assert (waiting.status, waiting.reason) == ("REJECTED", "Margin is insufficient.")


@pytest.mark.parametrize(
    ("side", "trigger"), [("SELL", "80000"), ("SELL", "81000"), ("BUY", "80000"), ("BUY", "79000")]
)
def test_a_stop_that_would_trigger_at_once_is_refused(desk: Desk, side: str, trigger: str) -> None:
    with pytest.raises(VenueError, match="-2021"):
        algo(desk, "STOP_MARKET", side, trigger)


def test_client_ids_are_unique_among_waiting_ones(desk: Desk) -> None:
    first = algo(desk, "STOP_MARKET", "SELL", "79000", client_id="s")
    with pytest.raises(VenueError, match="-4116"):
        algo(desk, "STOP_MARKET", "SELL", "78000", client_id="s")
    cancel_conditional(desk.exchange, desk.account, first)
    assert algo(desk, "STOP_MARKET", "SELL", "78000", client_id="s").status == "NEW"


def test_an_account_has_at_most_200(desk: Desk) -> None:
    for _ in range(200):
        algo(desk, "STOP_MARKET", "SELL", "79000")
    with pytest.raises(VenueError, match="-4045"):
        algo(desk, "STOP_MARKET", "SELL", "79000")


def test_a_cancelled_one_never_triggers(desk: Desk) -> None:
    waiting = algo(desk, "STOP_MARKET", "SELL", "79000")
    cancel_conditional(desk.exchange, desk.account, waiting)
    desk.move("70000")
    assert (waiting.status, desk.holding.quantity) == ("CANCELED", 0)
    assert find_open(desk.account, waiting.id, "") is None
