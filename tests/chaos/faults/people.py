"""Users who change their minds, and who trade on the account by hand."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal as D
from typing import Any

import httpx

from core.clock import sleep
from stack.api import Answer
from tests.chaos.faults.processes import send
from tests.chaos.faults.registry import Scene, fault
from tests.chaos.hand import Hand
from tests.chaos.traders import PRICES, Grid, parameters

OURS = ("worker", "listener supervisor", "listener account=", "market", "beat")


@fault("a user pauses and resumes", 2.0)
def a_user_pauses_and_resumes(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    ask(grid, "pause")
    yield
    until_done(grid, "resume")


@fault("a user stops, closes and starts again", 2.0)
def a_user_stops_closes_and_starts_again(scene: Scene) -> Iterator[None]:
    """While orders fill: no replacement may appear, and the position ends flat."""
    grid = restless(scene)
    ask(grid, "stop", {"close_position": True})
    yield
    until_done(grid, "start")


@fault("a user resets", 2.0)
def a_user_resets(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    kind = scene.random.choice(("BULLISH", "NEUTRAL", "BEARISH"))
    changed = parameters(grid.symbol, grid_number=scene.random.randint(6, 14), strategy_type=kind)
    ask(grid, "reset", {"close_position": True, **changed})
    yield


@fault("a user starts twice at once", 2.0)
def a_user_starts_twice_at_once(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    ask(grid, "stop", {"close_position": True})
    yield
    with suppress(Answer, httpx.TransportError):
        grid.user.wait_for_status(grid.id, "STOPPED", timeout=60)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: ask(grid, "start"), range(2)))


@fault("a user cancels an order of ours by hand", 2.0)
def a_user_cancels_an_order_of_ours(scene: Scene) -> Iterator[None]:
    grid = scene.random.choice(scene.traders.grids)
    with suppress(Answer, httpx.HTTPError):
        Hand(scene.venue.url, grid.user).cancel_one(grid.symbol, scene.random)
    yield


@fault("a user trades by hand", 2.0, alone=True)
def a_user_trades_by_hand(scene: Scene) -> Iterator[None]:
    """A trade of his own, undone later, and an order that stays."""
    grid = scene.random.choice(scene.traders.grids)
    hand = Hand(scene.venue.url, grid.user)
    hand.trade(grid.symbol, "BUY")
    hand.rest(grid.symbol)
    yield
    hand.trade(grid.symbol, "SELL")


def restless(scene: Scene) -> Grid:
    return scene.traders.grid_of(scene.traders.restless, scene.random)


def ask(grid: Grid, what: str, body: dict[str, Any] | None = None) -> bool:
    """Whether the system took it: it may be away, or say that it can't be."""
    try:
        grid.user.api.post(f"/grid/{what}/paper/{grid.id}", body)
    except (Answer, httpx.TransportError):
        return False
    return True


def until_done(grid: Grid, what: str, tries: int = 60) -> None:
    """Asks once a second until it has been taken, or need not be."""
    for _ in range(tries):
        if ask(grid, what) or _is_running(grid):
            return
        sleep(1)


def _is_running(grid: Grid) -> bool:
    try:
        return grid.user.detail(grid.id)["status"] in ("RUNNING", "STARTING")
    except (Answer, httpx.TransportError):
        return False


@fault("a stop is reached while nobody looks", 3.0, alone=True)
def a_stop_is_reached_while_nobody_looks(scene: Scene) -> Iterator[None]:
    """Our hosts are paused when the price falls through the stop and comes back: the venue closes the position, the
    closing legs open none, and the grid has ended when we are there again."""
    symbol, price = "BNBUSDT", PRICES["BNBUSDT"]
    scene.venue.move(symbol, price)
    user = scene.stack.new_user(20_000)
    stop = format(price * D("0.93"), "f")
    grid_id = user.start_grid(**parameters(symbol, strategy_type="BULLISH", stop_loss=stop))
    sleep(4)  # until its protection rests at the venue
    pids = [process.pid for title in OURS for process in scene.stack.processes(f"gridkeeper: {title}")]
    send(pids, signal.SIGSTOP)
    scene.venue.move(symbol, price * D("0.96"), price * D("0.92"), price, price * D("1.03"), interval_ms=50)
    yield
    send(pids, signal.SIGCONT)
    user.wait_for_status(grid_id, "FINISHED", timeout=60)
    assert Hand(scene.venue.url, user).position(symbol) == 0
