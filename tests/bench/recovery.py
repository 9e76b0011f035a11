"""How long it takes until everything is as it should be after something was lost."""

import signal

import httpx

from core import clock
from stack.api import Answer
from tests.bench.speed import rest
from tests.bench.stamps import Stamps
from tests.bench.system import System
from tests.bench.traffic import Grids
from tests.support.stack import User
from tests.support.waiting import wait_until

VICTIMS = ("listener account", "listener supervisor", "worker", "web", "market", "beat", "paper", "redis")
LIVE = ("PLACED", "PARTIALLY_FILLED")


def seconds_until_found(system: System, grids: Grids) -> float:
    """The longest of three times from a fill that the stream does not tell to its counter-order."""
    stamps = Stamps(system.stamps)
    system.venue.move(grids.symbol, grids.lines[0])
    rest(stamps)
    waits = []
    for price in grids.lines[1:4]:
        system.venue.inject("drop_events", seconds=30)
        system.venue.move(grids.symbol, price)
        waits += [pair.milliseconds / 1000 for pair in rest(stamps)]
        system.venue.restore_service()
    assert len(waits) == 3
    return max(waits)


def seconds_until_whole(system: System, grids: Grids, victim: str) -> float:
    """From SIGKILL, with a fill right after it, until the grid's orders are those that rest at the venue again."""
    user, grid_id = grids.users[0]
    began = clock.monotonic()
    if victim == "redis":
        system.kill_redis()
    else:
        killed = system.kill(f"gridkeeper: {victim}", signal.SIGKILL)
        if victim == "paper":
            system.wait_for_restart("gridkeeper: paper", killed)
    _fill_one(system, grids)
    wait_until(lambda: _is_whole(system, user, grid_id, grids.symbol), 60, f"whole after the end of {victim}")
    return clock.monotonic() - began


def _fill_one(system: System, grids: Grids) -> None:
    """Two steps between neighbouring lines, of which one at least fills an order."""
    for price in grids.lines[2:4]:
        wait_until(lambda price=price: _is_moved(system, grids.symbol, price), 10, "the venue answers")


def _is_moved(system: System, symbol: str, price: object) -> bool:
    try:
        system.venue.move(symbol, str(price))
    except httpx.TransportError:
        return False
    return True


def _is_whole(system: System, user: User, grid_id: int, symbol: str) -> bool:
    """Every level live, and the same orders here and at the venue (the grid is alone on its symbol)."""
    try:
        grid = user.detail(grid_id)
        live = {order["client_order_id"] for status in LIVE for order in user.orders(grid_id, status=status)}
        resting = {order["clientOrderId"] for order in system.venue.orders(symbol, "NEW")}
    except (httpx.TransportError, Answer):
        return False
    return live == resting and len(live) == grid["live_levels"] == grid["intended_levels"] > 0
