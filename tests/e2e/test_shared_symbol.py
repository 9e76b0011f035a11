"""Three grids of one account on one symbol, of different types: each ends by itself, and leaves the others alone."""

from decimal import Decimal
from typing import Any

from tests.e2e import books
from tests.e2e.books import LIVE, VenueAccount, assert_no_intent_was_doubled
from tests.e2e.test_flows import SYMBOL, grid
from tests.support.stack import Stack, User
from tests.support.waiting import wait_until

D = Decimal


def live(user: User, *grids: int) -> set[str]:
    return {order["client_order_id"] for one in grids for order in user.orders(one) if order["status"] in LIVE}


def move(stack: Stack, user: User, grids: list[int], price: int) -> None:
    """Until all are whole, and what they have live is what rests at the venue."""
    stack.venue.move(SYMBOL, str(price))
    venue = VenueAccount(stack, user)

    def agree() -> bool:
        resting = {order.client_order_id for order in venue.open_orders(SYMBOL)}
        if live(user, *grids) != resting or _total(user, grids, "position") != venue.position(SYMBOL):
            return False
        # Last, so that no grid is called whole which has not heard of the move yet.
        return all(one["live_levels"] == one["intended_levels"] for one in map(user.detail, grids))

    wait_until(agree, 20, f"the grids are whole at {price}")


def performance(user: User, grid_id: int) -> dict[str, Any]:
    return dict(user.api.get(f"/grid/performance/paper/{grid_id}"))


def _total(user: User, grids: list[int], name: str) -> Decimal:
    return sum((D(performance(user, one)[name]) for one in grids), D(0))


def state(user: User, grid_id: int) -> tuple[Any, ...]:
    """All that another grid's end must not touch."""
    orders = [(one["client_order_id"], one["status"], one["filled_quantity"]) for one in user.orders(grid_id)]
    figures = performance(user, grid_id)
    return orders, user.fills(grid_id), [figures[name] for name in ("position", "realized_pnl", "fees", "round_trips")]


def at_venue(stack: Stack, user: User, *grids: int) -> set[tuple[str, str, str]]:
    """These grids' resting orders of both kinds at the venue: its id, ours, and when it changed last."""
    venue = VenueAccount(stack, user)
    conditional = {order["client_order_id"] for one in grids for order in user.detail(one)["protection"]}
    found = {
        (str(order.order_id), order.client_order_id, str(order.update_time))
        for order in venue.open_orders(SYMBOL)
        if order.client_order_id in live(user, *grids)
    }
    return found | {
        (str(order.algo_id), order.client_algo_id, str(order.update_time))
        for order in venue.conditional_orders(SYMBOL)
        if order.client_algo_id in conditional
    }


def assert_account_closes(stack: Stack, user: User, grids: list[int]) -> None:
    venue = VenueAccount(stack, user)
    fills = [(fill["order_id"], fill["trade_id"]) for one in grids for fill in user.fills(one)]
    assert sorted(fills) == sorted((str(trade.order_id), str(trade.id)) for trade in venue.trades(SYMBOL))
    assert live(user, *grids) == {order.client_order_id for order in venue.open_orders(SYMBOL)}
    assert _total(user, grids, "position") == venue.position(SYMBOL)
    earned = _total(user, grids, "realized_pnl") - _total(user, grids, "fees") + _total(user, grids, "funding")
    assert earned == venue.income()
    assert_no_intent_was_doubled(stack, user, SYMBOL)


def test_one_is_stopped_with_close_and_one_stopped_out(stack: Stack, user: User) -> None:
    wide = grid(lower_price="2300", upper_price="2700", grid_number=4)
    neutral = user.start_grid(**wide)
    bullish = user.start_grid(**grid(strategy_type="BULLISH", stop_loss="2380"))
    bearish = user.start_grid(**grid(strategy_type="BEARISH"))
    grids = [neutral, bullish, bearish]
    for price in (2465, 2535, 2445):
        move(stack, user, grids, price)
    assert_account_closes(stack, user, grids)

    before = [state(user, one) for one in (neutral, bullish)]
    untouched = at_venue(stack, user, neutral, bullish)
    assert D(performance(user, bearish)["position"]) < 0
    user.api.post(f"/grid/stop/paper/{bearish}", {"close_position": True})
    user.wait_for_status(bearish, "STOPPED")
    assert D(performance(user, bearish)["position"]) == 0
    assert [state(user, one) for one in (neutral, bullish)] == before
    assert at_venue(stack, user, neutral, bullish) == untouched
    assert len(untouched) == 4 + 10 + 1, "every level of both, and the stop of one"
    assert_account_closes(stack, user, grids)

    move(stack, user, [neutral, bullish], 2395)
    held, untouched = state(user, neutral), at_venue(stack, user, neutral)
    stack.venue.move(SYMBOL, "2379")
    ended = user.wait_for_status(bullish, "FINISHED")
    assert ended["finish_reason"] == "STOP_LOSS"
    assert D(performance(user, bullish)["position"]) == 0
    assert state(user, neutral) == held
    assert at_venue(stack, user, neutral) == untouched
    assert user.detail(neutral)["status"] == "RUNNING"
    move(stack, user, [neutral], 2410)
    assert_account_closes(stack, user, grids)
    books.assert_account_closes(user)
