"""Stops that rest at the exchange: they hold while every process of ours stands still."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from tests.e2e.books import VenueAccount, assert_books_close, assert_nothing_is_left, settle
from tests.e2e.test_flows import SYMBOL, grid
from tests.support.stack import Stack, User
from tests.support.waiting import wait_until

D = Decimal
OURS = ("web", "worker", "listener", "market", "beat")


@contextmanager
def all_of_ours_frozen(stack: Stack) -> Iterator[None]:
    """Everything but the exchange, the broker and the database stands still until the block ends."""
    frozen = [process.pid for part in OURS for process in stack.processes(f"gridkeeper: {part}")]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)


def wait_for_protection(user: User, grid_id: int, count: int) -> list[dict[str, str]]:
    def rests() -> list[dict[str, str]] | None:
        protection: list[dict[str, str]] = user.detail(grid_id)["protection"]
        return protection if [one["status"] for one in protection] == ["PLACED"] * count else None

    return wait_until(rests, 10, f"{count} conditional orders rest at the exchange")


@pytest.mark.parametrize(
    ("strategy_type", "stop", "path"),
    [("BULLISH", "2350", ("2340", "2500", "2660", "2500")), ("BEARISH", "2650", ("2660", "2500", "2340", "2500"))],
)
def test_a_stop_closes_and_stays_closed_while_we_are_away(
    stack: Stack, user: User, strategy_type: str, stop: str, path: tuple[str, ...]
) -> None:
    grid_id = user.start_grid(**grid(strategy_type=strategy_type, stop_loss=stop))
    (bound,) = wait_for_protection(user, grid_id, 1)
    assert (D(bound["trigger_price"]), bound["close_position"]) == (D(stop), True)
    venue = VenueAccount(stack, user)
    with all_of_ours_frozen(stack):
        for price in path:
            stack.venue.move(SYMBOL, price)
            assert venue.position(SYMBOL) == 0
    ended = user.wait_for_status(grid_id, "FINISHED", timeout=60)
    assert ended["finish_reason"] == "STOP_LOSS"
    assert ended["protection"] == []
    assert_nothing_is_left(stack, user, SYMBOL)
    closes = [order for order in user.orders(grid_id) if order["purpose"] == "STOP_LOSS"]
    assert [order["status"] for order in closes] == ["FILLED"]
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_neutral_grid_has_both_bounds_at_the_exchange_and_warns(stack: Stack, user: User) -> None:
    wanted = grid(stop_loss="2350", take_profit="2650")
    warnings = user.api.post("/grid/preview/paper", wanted)["warnings"]
    assert "reopens_after_stop" in [warning["code"] for warning in warnings]
    grid_id = user.start_grid(**wanted)
    bounds = wait_for_protection(user, grid_id, 2)
    assert {(one["side"], D(one["trigger_price"])) for one in bounds} == {("SELL", D(2350)), ("BUY", D(2650))}
    stack.venue.move(SYMBOL, "2655")
    ended = user.wait_for_status(grid_id, "FINISHED")
    assert ended["finish_reason"] == "TAKE_PROFIT"
    assert_nothing_is_left(stack, user, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_stop_cancelled_by_hand_is_placed_again(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(strategy_type="BULLISH", stop_loss="2350"))
    (bound,) = wait_for_protection(user, grid_id, 1)
    VenueAccount(stack, user).cancel_conditional(bound["client_order_id"])

    def again() -> bool:
        protection = user.detail(grid_id)["protection"]
        return [one["status"] for one in protection] == ["PLACED"] and protection != [bound]

    wait_until(again, 10, "another conditional order rests at the exchange")


def test_grids_that_share_a_symbol_are_protected_for_their_own_quantity_only(stack: Stack, user: User) -> None:
    first = user.start_grid(**grid(strategy_type="BULLISH", stop_loss="2350"))
    wait_for_protection(user, first, 1)
    second = user.start_grid(**grid(strategy_type="NEUTRAL"))

    def shared() -> bool:
        protection = user.detail(first)["protection"]
        return [(one["status"], one["close_position"]) for one in protection] == [("PLACED", False)]

    wait_until(shared, 15, "the first grid's stop closes its own quantity")
    stack.venue.move(SYMBOL, "2345")
    user.wait_for_status(first, "FINISHED")
    settle(stack, user, second, SYMBOL)
    positions = [user.api.get(f"/grid/performance/paper/{number}")["position"] for number in (first, second)]
    assert D(positions[0]) == 0
    assert D(positions[1]) == VenueAccount(stack, user).position(SYMBOL) > 0


def test_a_stop_asked_for_takes_the_conditional_orders_back(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(strategy_type="BULLISH", stop_loss="2350"))
    wait_for_protection(user, grid_id, 1)
    user.api.post(f"/grid/stop/paper/{grid_id}", {"close_position": True})
    user.wait_for_status(grid_id, "STOPPED")
    assert_nothing_is_left(stack, user, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)
