"""Grids that become other ones while they run: by their users, by the market, by the hour."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal as D
from typing import Any

import httpx

from core.clock import sleep
from stack.api import Answer
from tests.chaos.faults.people import ask, restless, until_done
from tests.chaos.faults.registry import Scene, Striking, fault
from tests.chaos.traders import PRICES, Grid

LOOK = ("-m", "celery", "-A", "tasks.app", "call", "tasks.upkeep.look_at_grids")
Changes = Callable[[Scene, Grid], dict[str, Any]]


def _shifted(scene: Scene, grid: Grid) -> dict[str, Any]:
    """The range of its symbol, moved by some percent or narrower."""
    price, tick = PRICES[grid.symbol], PRICES[grid.symbol].scaleb(-3).normalize()
    low, high = (D(scene.random.randint(25, 60)) / 1000 for _ in range(2))
    edges = {"lower_price": price * (1 - low), "upper_price": price * (1 + high)}
    return {name: format(edge.quantize(D(1).scaleb(tick.adjusted())), "f") for name, edge in edges.items()}


def _money(scene: Scene, _: Grid) -> dict[str, Any]:
    return {"total_investment": str(scene.random.randint(600, 1200)), "leverage": scene.random.randint(2, 4)}


def _count(scene: Scene, _: Grid) -> dict[str, Any]:
    return {"grid_number": scene.random.randint(6, 14)}


def _stops(scene: Scene, _: Grid) -> dict[str, Any]:
    return {"stop_loss": None, "stop_loss_pct": str(scene.random.randint(9, 14))}


def _everything(scene: Scene, grid: Grid) -> dict[str, Any]:
    return _shifted(scene, grid) | _money(scene, grid) | _count(scene, grid) | _stops(scene, grid)


def _updating(changes: Changes) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        grid = restless(scene)
        _update(grid, changes(scene, grid))
        yield

    return strike


for _what, _changes in {
    "the range": _shifted,
    "the money": _money,
    "the count": _count,
    "the stops": _stops,
    "everything": _everything,
}.items():
    fault(f"a user updates {_what}", 3.0)(_updating(_changes))


@fault("a worker is killed in the middle of an update", 4.0)
def a_worker_is_killed_in_the_middle_of_an_update(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    _update(grid, _everything(scene, grid))
    sleep(scene.random.random() / 2)
    with suppress(TimeoutError):
        scene.stack.kill("gridkeeper: worker")
    yield


@fault("a user updates twice at once", 3.0)
def a_user_updates_twice_at_once(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    wanted = [_shifted(scene, grid) | _count(scene, grid) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda changes: _update(grid, changes), wanted))
    yield


@fault("a user updates, pauses and resumes", 3.0)
def a_user_updates_pauses_and_resumes(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    _update(grid, _everything(scene, grid))
    ask(grid, "pause")
    yield
    until_done(grid, "resume")


@fault("a user updates and resets", 3.0)
def a_user_updates_and_resets(scene: Scene) -> Iterator[None]:
    grid = restless(scene)
    _update(grid, _everything(scene, grid))
    ask(grid, "reset", {"close_position": scene.random.random() < 0.5, **_count(scene, grid)})
    yield


@fault("a user updates a grid that trails", 3.0)
def a_user_updates_a_grid_that_trails(scene: Scene) -> Iterator[None]:
    grid = scene.traders.grid_of(scene.traders.follower, scene.random)
    _update(grid, _count(scene, grid) | _money(scene, grid))
    yield


@fault("a market runs away", 4.0)
def a_market_runs_away(scene: Scene) -> Iterator[None]:
    """Grids that trail follow it step by step, one way and then the other."""
    price = PRICES["AVAXUSDT"]
    places = sorted((D("0.955"), D("1.045")), reverse=scene.random.random() < 0.5)
    for place in places:
        with suppress(Answer, httpx.TransportError):
            scene.venue.move("AVAXUSDT", price * place)
        sleep(2)
    yield


@fault("hours pass for adaptive grids", 5.0)
def hours_pass_for_adaptive_grids(scene: Scene) -> Iterator[None]:
    """They may move again, and are looked at."""
    scene.arena.age("grid_strategies SET started_at = started_at", "events SET created_at = created_at")
    scene.arena.another("look", *LOOK)
    yield
    scene.arena.end_others()


def _update(grid: Grid, changes: dict[str, Any]) -> None:
    """It may be refused, as every request may."""
    with suppress(Answer, httpx.TransportError):
        grid.user.api.put(f"/grid/update/paper/{grid.id}", changes)
