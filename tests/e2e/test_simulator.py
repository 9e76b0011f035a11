"""The same candles through the real processes and through the simulator: the same fills, profit and fees."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.backtest.candles import Market, in_ticks
from core.backtest.simulator import Result, simulate
from core.candle_files import Candle, candles_of
from core.domain.parameters import GridType, Parameters, StrategyType
from tests.e2e.books import assert_books_close, settle
from tests.support.stack import Stack, User
from tests.support.waiting import wait_until
from tests.unit.core.domain.examples import rules

D = Decimal
SYMBOL = "BTCUSDT"
MINUTE = 60_000
TICK = D("0.1")
RULES = rules(tick_size=TICK, step_size="0.001", brackets=())
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "BTCUSDT_klines_1m_2025-05-04_2025-06-03.csv.gz"


def candle(minute: int, opened: int, high: int, low: int, closed: int) -> Candle:
    return Candle(minute * MINUTE, D(opened), D(high), D(low), D(closed))


def swings(count: int) -> list[Candle]:
    """A walk around 95,000 that crosses some lines in most candles."""
    random = Random(7)
    candles, at = [], 95_000
    for number in range(count):
        closed = at + random.randint(-350, 350) + (95_000 - at) // 10
        high, low = max(at, closed) + random.randint(0, 150), min(at, closed) - random.randint(0, 150)
        candles.append(candle(number, at, high, low, closed))
        at = closed
    return candles


@pytest.fixture
def recorded() -> list[Candle]:
    """Its liveliest hours: the 8th of May."""
    if not RECORDED.exists():
        pytest.skip("the recorded market data is not on this machine")
    return list(islice(candles_of(RECORDED), 5_220, 5_280))


# What the simulator says does not depend on the database.
@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
@pytest.mark.parametrize("strategy_type", StrategyType)
def test_a_walk_gives_the_same_fills_profit_and_fees(stack: Stack, user: User, strategy_type: StrategyType) -> None:
    compare(stack, user, swings(16), grid(94_000, 96_000, strategy_type=strategy_type))


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("way", "strategy_type"), [(1, StrategyType.NEUTRAL), (-1, StrategyType.BEARISH)])
def test_a_grid_that_waits_and_trails_gives_the_same(
    stack: Stack, user: User, way: int, strategy_type: StrategyType
) -> None:
    """It begins in the second candle, follows the market up (or, upside down, down) by the three cells of its limit, of
    five that the market would bear, and trades in them."""
    limit = {"trailing_up": D(96_600)} if way > 0 else {"trailing_down": D(93_800)}
    trigger = D(95_200 - way * 100)
    parameters = grid(94_400, 96_000, 8, strategy_type=strategy_type, trigger_price=trigger, **limit)
    assert compare(stack, user, upwards(way), parameters).trailed == 3 * way


@pytest.mark.parametrize("stack", ["postgresql"], indirect=True)
def test_recorded_hours_give_the_same_fills_profit_and_fees(stack: Stack, user: User, recorded: list[Candle]) -> None:
    prices = [price for one in recorded for price in (one.low, one.high)]
    compare(stack, user, recorded, grid(*(RULES.round_price(price) for price in (min(prices), max(prices)))))


def upwards(way: int) -> list[Candle]:
    """Around 95,200; upside down where `way` is -1."""
    moves = [
        (100, 150, 20, 40),
        (40, 60, -250, -50),
        (-50, 450, -500, 400),
        (400, 1250, 350, 1100),
        (1100, 1850, 1050, 1700),
        (1700, 1750, 300, 400),
        (400, 1450, 350, 1300),
    ]
    corners = [[95_200 + way * move for move in one] for one in moves]
    return [candle(minute, one[0], max(one), min(one), one[3]) for minute, one in enumerate(corners)]


def grid(lower: Decimal | int, upper: Decimal | int, number: int = 10, **more: Any) -> Parameters:
    values: dict[str, Any] = {"strategy_type": StrategyType.NEUTRAL, "total_investment": D(5000), "leverage": 2} | more
    return Parameters(
        symbol=SYMBOL,
        grid_type=GridType.ARITHMETIC,
        lower_price=D(lower),
        upper_price=D(upper),
        grid_number=number,
        **values,
    )


def compare(stack: Stack, user: User, candles: Sequence[Candle], parameters: Parameters) -> Result:
    """The market stands still at each point of the path until the grid has done what is due there: what the simulator
    does at once takes the processes a moment."""
    points = list(_path(candles, parameters.trigger_price))
    stack.venue.move(SYMBOL, points[0])
    grid_id = user.create_grid(**_asked(parameters))["id"]
    user.api.post(f"/grid/start/paper/{grid_id}")
    for number in _turns(points, _lines(parameters)):
        stack.venue.move(SYMBOL, points[number])
        if parameters.trigger_price in {None, *points[: number + 1]}:
            _wait_for_range(user, grid_id, parameters, points[: number + 1])
            settle(stack, user, grid_id, SYMBOL)
    simulated = _simulated(parameters, candles)
    _assert_same(user, grid_id, simulated, parameters.grid_number)
    assert_books_close(stack, user, grid_id, SYMBOL)
    return simulated


def _simulated(parameters: Parameters, candles: Sequence[Candle]) -> Result:
    return simulate(parameters, RULES, Market(in_ticks(candles, TICK)), record=True)


def _asked(parameters: Parameters) -> dict[str, Any]:
    """As the API takes it."""
    given = {name: value for name, value in asdict(parameters).items() if value is not None and name != "reserve"}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in given.items()}


def _path(candles: Sequence[Candle], trigger: Decimal | None) -> Iterator[Decimal]:
    """Its points, and the trigger price where it crosses it first: there the grid is awaited."""
    points = [price for one in candles for price in one.path()]
    yield points[0]
    for before, point in pairwise(points):
        if trigger is not None and min(before, point) <= trigger <= max(before, point):
            yield trigger
            trigger = None
        yield point


def _lines(parameters: Parameters) -> list[Decimal]:
    """Those that trailing may add included."""
    lower, upper, number = parameters.lower_price, parameters.upper_price, parameters.grid_number
    assert number is not None
    return [lower + (upper - lower) * index / number for index in range(-number, 2 * number + 1)]


def _turns(points: Sequence[Decimal], lines: Sequence[Decimal]) -> list[int]:
    """The numbers of the points, but for those between which no line lies."""
    ends = {len(points) - 1}
    for number, (before, point) in enumerate(pairwise(points)):
        if any(min(before, point) <= line <= max(before, point) for line in lines):
            ends |= {number, number + 1}
    return sorted(ends)


def _wait_for_range(user: User, grid_id: int, parameters: Parameters, points: Sequence[Decimal]) -> None:
    """Until it has trailed as far as the simulator says that it has by now."""
    user.wait_until_whole(grid_id)
    gaps = [Candle(number * MINUTE, point, point, point, point) for number, point in enumerate(points)]
    assert parameters.grid_number is not None
    spacing = (parameters.upper_price - parameters.lower_price) / parameters.grid_number
    lower = parameters.lower_price + spacing * _simulated(parameters, gaps).trailed
    wait_until(lambda: D(user.detail(grid_id)["lower_price"]) == lower, 20, f"the range begins at {lower}")


def _assert_same(user: User, grid_id: int, simulated: Result, cells: int | None) -> None:
    def booked() -> list[dict[str, Any]]:
        fills = user.fills(grid_id)
        return fills if len(fills) >= simulated.fills else []

    fills = wait_until(booked, 10, f"{simulated.fills} fills are booked")
    assert Counter((f["side"], D(f["price"]), D(f["quantity"]), f["cell_index"]) for f in fills) == Counter(
        (t.side, t.price, t.quantity, _booked_index(t.cell_index, cells)) for t in simulated.trades
    )
    performance = user.api.get(f"/grid/performance/paper/{grid_id}")
    assert D(performance["fees"]) == simulated.fees
    assert D(performance["grid_profit"]) == simulated.grid_profit
    assert performance["round_trips"] == simulated.round_trips
    assert D(performance["position"]) == simulated.position
    assert D(performance["total_pnl"]) == simulated.total_pnl
    assert D(performance["unrealized_pnl"]) == simulated.unrealized_pnl


def _booked_index(index: int | None, cells: int | None) -> int | None:
    """The books number every cell that trailing adds after all there have been, those below the range too."""
    return index if index is None or cells is None or index >= 0 else cells - 1 - index
