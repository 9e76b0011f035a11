"""The life of a grid through the real processes: API, worker, listener, simulated exchange."""

from decimal import Decimal
from typing import Any

import pytest

from core.clock import monotonic
from stack.api import Answer
from tests.e2e.books import VenueAccount, assert_account_closes, assert_books_close, assert_nothing_is_left, settle
from tests.support.stack import Stack, User, on_postgresql, on_sqlite
from tests.support.waiting import wait_until

D = Decimal
SYMBOL = "ETHUSDT"
GRID = {
    "symbol": SYMBOL,
    "grid_type": "ARITHMETIC",
    "strategy_type": "NEUTRAL",
    "lower_price": "2400",
    "upper_price": "2600",
    "grid_number": 10,
    "total_investment": "2000",
    "leverage": 5,
}


def grid(**changes: Any) -> dict[str, Any]:
    return {**GRID, **changes}


def walk(stack: Stack, user: User, grid_id: int, *prices: int) -> None:
    """Moves the market and lets the grid become whole again after each step."""
    for price in prices:
        stack.venue.move(SYMBOL, str(price))
        settle(stack, user, grid_id, SYMBOL)


@pytest.mark.parametrize("strategy_type", ["NEUTRAL", "BULLISH", "BEARISH"])
@pytest.mark.parametrize("spacing", ["ARITHMETIC", "GEOMETRIC", "CUSTOM"])
def test_a_grid_trades_and_its_books_close(stack: Stack, user: User, strategy_type: str, spacing: str) -> None:
    parameters = grid(strategy_type=strategy_type, grid_type=spacing)
    if spacing == "CUSTOM":
        parameters["lines"] = ["2400", "2425", "2450", "2480", "2520", "2560", "2600"]
        for name in ("lower_price", "upper_price", "grid_number"):
            del parameters[name]
    grid_id = user.start_grid(**parameters)
    walk(stack, user, grid_id, 2465, 2535, 2440, 2575, 2500)
    assert user.api.get(f"/grid/performance/paper/{grid_id}")["round_trips"] > 0
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_stop_cancels_every_order_and_leaves_the_position_flat(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(strategy_type="BULLISH"))
    walk(stack, user, grid_id, 2465)
    user.api.post(f"/grid/stop/paper/{grid_id}", {"close_position": True})
    user.wait_for_status(grid_id, "STOPPED")
    assert_nothing_is_left(stack, user, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_stop_without_close_keeps_the_position(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid())
    walk(stack, user, grid_id, 2465)
    held = VenueAccount(stack, user).position(SYMBOL)
    user.api.post(f"/grid/stop/paper/{grid_id}")
    user.wait_for_status(grid_id, "STOPPED")
    assert VenueAccount(stack, user).position(SYMBOL) == held != 0
    assert_books_close(stack, user, grid_id, SYMBOL)
    assert_account_closes(user)


def test_a_reset_begins_again_with_the_new_parameters(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid())
    walk(stack, user, grid_id, 2465)
    user.api.post(f"/grid/reset/paper/{grid_id}", {"close_position": True, "grid_number": 20})
    wait_until(lambda: user.detail(grid_id)["intended_levels"] == 20, 20, "the new grid is planned")
    user.wait_until_whole(grid_id)
    assert user.detail(grid_id)["grid_number"] == 20
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_stop_loss_ends_the_grid_and_closes(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(strategy_type="BULLISH", stop_loss="2350"))
    stack.venue.move(SYMBOL, "2340")
    ended = user.wait_for_status(grid_id, "FINISHED")
    assert ended["finish_reason"] == "STOP_LOSS"
    assert_nothing_is_left(stack, user, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)
    assert_account_closes(user)


def test_a_trigger_price_is_waited_for(stack: Stack, user: User) -> None:
    grid_id = user.create_grid(**grid(trigger_price="2450"))["id"]
    user.api.post(f"/grid/start/paper/{grid_id}")
    user.wait_for_status(grid_id, "WAITING")
    stack.venue.move(SYMBOL, "2460")
    assert VenueAccount(stack, user).open_orders(SYMBOL) == []
    stack.venue.move(SYMBOL, "2449")
    user.wait_until_whole(grid_id)
    assert D(user.detail(grid_id)["entry_price"]) == 2449


@on_sqlite
def test_a_start_while_the_exchange_is_away_waits_and_says_so(stack: Stack, user: User) -> None:
    grid_id = user.create_grid(**grid())["id"]
    stack.venue.inject("error", status=503, code=-1001, msg="Service Unavailable.", seconds=60)
    user.api.post(f"/grid/start/paper/{grid_id}")
    waiting = wait_until(lambda: user.detail(grid_id)["waiting_for"], 10, "the start says what it waits for")
    assert "exchange" in waiting
    assert user.detail(grid_id)["status"] == "STARTING"
    stack.venue.restore_service()
    user.wait_until_whole(grid_id, timeout=30)
    assert user.detail(grid_id)["waiting_for"] == ""


def test_a_pause_takes_back_what_would_add_exposure_and_a_resume_places_it_again(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid())
    walk(stack, user, grid_id, 2465)  # one cell holds inventory now
    user.api.post(f"/grid/pause/paper/{grid_id}")
    venue = VenueAccount(stack, user)
    wait_until(lambda: [order.side for order in venue.open_orders(SYMBOL)] == ["SELL"], 10, "only the close is left")
    settle(stack, user, grid_id, SYMBOL)
    assert user.detail(grid_id)["live_levels"] == 1
    user.api.post(f"/grid/resume/paper/{grid_id}")
    settle(stack, user, grid_id, SYMBOL)
    assert len(venue.open_orders(SYMBOL)) == 10
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_stop_all_stops_every_grid_of_the_account(stack: Stack, user: User) -> None:
    grids = [user.start_grid(**grid()), user.start_grid(**grid(strategy_type="BULLISH"))]
    answer = user.api.post("/grid/stop-all/paper", {"close_position": True})
    for grid_id in grids:
        user.wait_for_status(grid_id, "STOPPED")
    assert_nothing_is_left(stack, user, SYMBOL)
    assert user.api.get(f"/tasks/{answer['task_id']}")["state"] == "SUCCESS"


@on_postgresql
def test_partial_fills_book_every_piece(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid())
    stack.venue.inject("partial_fills", pieces=7, seconds=30)
    try:
        walk(stack, user, grid_id, 2465, 2535)
    finally:
        stack.venue.restore_service()
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_funding_reaches_the_strategy(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(strategy_type="BULLISH"))
    stack.venue.pay_funding(SYMBOL, "0.0001")
    user.api.post(f"/grid/stop/paper/{grid_id}")
    user.wait_for_status(grid_id, "STOPPED")
    assert D(wait_for_funding(user, grid_id)) < 0
    assert_books_close(stack, user, grid_id, SYMBOL)


def wait_for_funding(user: User, grid_id: int) -> str:
    def funding() -> str | None:
        paid = user.api.get(f"/grid/performance/paper/{grid_id}")["funding"]
        return paid if D(paid) else None

    return wait_until(funding, 30, "the funding is booked")


def test_two_hundred_levels_are_live_within_three_seconds(stack: Stack, user: User) -> None:
    wide = grid(lower_price="1600", upper_price="3600", grid_number=200, total_investment="9000", leverage=10)
    grid_id = user.create_grid(**wide)["id"]
    begun = monotonic()
    user.api.post(f"/grid/start/paper/{grid_id}")
    wait_until(lambda: len(VenueAccount(stack, user).open_orders(SYMBOL)) == 200, 10, "200 orders rest at the venue")
    assert monotonic() - begun < 3.0
    user.wait_until_whole(grid_id)


def test_start_twice_is_refused_and_makes_one_grid(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid())
    with pytest.raises(Answer, match="bad_state"):
        user.api.post(f"/grid/start/paper/{grid_id}")
    assert len(VenueAccount(stack, user).open_orders(SYMBOL)) == 10
