"""SIGKILL in the middle of trading: whole again within 15 s, nothing lost, doubled or orphaned, books close."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

import pytest

from core.clock import sleep
from tests.e2e.books import assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.support.stack import Stack, User, on_postgresql, on_sqlite
from tests.support.waiting import wait_until

PATH = ("2495", "2470", "2445", "2470", "2495", "2520", "2545", "2520")


@contextmanager
def market_in_motion(stack: Stack, path: Sequence[str] = PATH) -> Iterator[None]:
    """The price walks along `path` again and again, several fills a second, until the block ends."""
    ended = threading.Event()

    def move() -> None:
        for price in cycle(path):
            if ended.is_set():
                return
            stack.venue.move(SYMBOL, price)
            ended.wait(0.15)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        ended.set()
        mover.join()


VICTIMS = ("listener account=", "worker", "web", "listener supervisor", "listener claims", "market", "beat")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_costs_nothing(stack: Stack, user: User, victim: str) -> None:
    grid_id = user.start_grid(**GRID)
    with market_in_motion(stack):
        sleep(1.0)
        killed = stack.kill(f"gridkeeper: {victim}")
        stack.wait_for_restart(f"gridkeeper: {victim}", killed)
        sleep(1.0)
    settle(stack, user, grid_id, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_sqlite
def test_the_simulated_exchange_keeps_its_word_over_a_kill(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    killed = stack.kill("gridkeeper: paper")
    stack.wait_for_restart("gridkeeper: paper", killed)
    settle(stack, user, grid_id, SYMBOL)
    stack.venue.move(SYMBOL, "2465")
    settle(stack, user, grid_id, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_lost_replies_are_resolved_without_a_second_order(stack: Stack, user: User) -> None:
    grid_id = user.create_grid(**GRID)["id"]
    stack.venue.inject("no_reply", accepted=True, count=3)
    stack.venue.inject("no_reply", accepted=False, count=3)
    user.api.post(f"/grid/start/paper/{grid_id}")
    settle(stack, user, grid_id, SYMBOL, timeout=40)
    assert_books_close(stack, user, grid_id, SYMBOL)


def test_a_stop_whose_cancels_are_not_answered_ends_all_the_same(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    stack.venue.inject("no_reply", accepted=True, count=4)
    stack.venue.inject("no_reply", accepted=False, count=3)
    user.api.post(f"/grid/stop/paper/{grid_id}", {"close_position": True})
    user.wait_for_status(grid_id, "STOPPED", timeout=40)
    stack.venue.restore_service()
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_postgresql
def test_fills_that_the_stream_dropped_are_found(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    stack.venue.inject("drop_events", seconds=30)
    stack.venue.move(SYMBOL, "2465")
    stack.venue.restore_service()
    settle(stack, user, grid_id, SYMBOL, timeout=10)
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_postgresql
def test_dropped_fills_are_found_though_the_price_was_back_before_anybody_looked(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    stack.venue.inject("drop_events", seconds=30)
    stack.venue.move(SYMBOL, "2465", "2500", interval_ms=1)
    stack.venue.restore_service()
    settle(stack, user, grid_id, SYMBOL, timeout=15)
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_sqlite
def test_an_unknown_error_is_not_taken_for_a_refusal(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    stack.venue.inject("error", status=503, code=-1000, msg="Unknown error, please check your request", count=2)
    stack.venue.move(SYMBOL, "2465")
    wait_until(lambda: not stack.venue.admin.get("/faults"), 10, "two requests were answered so")
    settle(stack, user, grid_id, SYMBOL, timeout=40)
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_sqlite
def test_a_start_while_the_broker_is_away_is_done_when_it_is_back(stack: Stack, user: User) -> None:
    grid_id = user.create_grid(**GRID)["id"]
    stack.kill_redis()
    answer = user.api.post(f"/grid/start/paper/{grid_id}")
    assert answer["status"] == "STARTING"
    settle(stack, user, grid_id, SYMBOL, timeout=20)
    user.wait_for_status(grid_id, "RUNNING")
    task = user.api.get(f"/tasks/{answer['task_id']}")
    assert (task["kind"], task["state"]) == ("start", "SUCCESS")
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_postgresql
def test_a_broker_killed_in_the_middle_of_trading_costs_nothing(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    with market_in_motion(stack):
        sleep(1.0)
        stack.kill_redis()
        sleep(3.0)
    settle(stack, user, grid_id, SYMBOL, timeout=20)
    assert_books_close(stack, user, grid_id, SYMBOL)
