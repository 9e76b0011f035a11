"""The same candles through the real processes and through the simulator: the same fills, profit and fees."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
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
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "BTCUSDT_klines_1m_2025-05-04_2025-06-03.csv.gz"


def swings(count: int) -> list[Candle]:
    """A walk around 95,000 that crosses some lines in most candles."""
    random = Random(7)
    candles, at = [], 95_000
    for number in range(count):
        closed = at + random.randint(-350, 350) + (95_000 - at) // 10
        high, low = max(at, closed) + random.randint(0, 150), min(at, closed) - random.randint(0, 150)
        candles.append(Candle(number * MINUTE, D(at), D(high), D(low), D(closed)))
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
    compare(stack, user, swings(16), strategy_type=strategy_type, lower=D(94_000), upper=D(96_000), number=10)


@pytest.mark.parametrize("stack", ["postgresql"], indirect=True)
def test_recorded_hours_give_the_same_fills_profit_and_fees(stack: Stack, user: User, recorded: list[Candle]) -> None:
    prices = [price for candle in recorded for price in (candle.low, candle.high)]
    lower, upper = (rules().round_price(price) for price in (min(prices), max(prices)))
    compare(stack, user, recorded, strategy_type=StrategyType.NEUTRAL, lower=lower, upper=upper, number=10)


def compare(
    stack: Stack,
    user: User,
    candles: Sequence[Candle],
    *,
    strategy_type: StrategyType,
    lower: Decimal,
    upper: Decimal,
    number: int,
) -> None:
    stack.venue.move(SYMBOL, candles[0].open)
    amounts = {"lower_price": lower, "upper_price": upper, "total_investment": D(5000)}
    simulated = simulate(
        Parameters(
            symbol=SYMBOL,
            grid_type=GridType.ARITHMETIC,
            strategy_type=strategy_type,
            grid_number=number,
            leverage=2,
            **amounts,
        ),
        rules(tick_size="0.1", step_size="0.001", brackets=()),
        Market(in_ticks(candles, D("0.1"))),
        record=True,
    )
    grid_id = user.start_grid(
        symbol=SYMBOL,
        grid_type="ARITHMETIC",
        strategy_type=strategy_type,
        grid_number=number,
        leverage=2,
        **{name: str(value) for name, value in amounts.items()},
    )
    lines = [lower + (upper - lower) * index / number for index in range(number + 1)]
    for price in _turns(candles, lines):
        stack.venue.move(SYMBOL, price)
        settle(stack, user, grid_id, SYMBOL)
    _assert_same(user, grid_id, simulated)
    assert_books_close(stack, user, grid_id, SYMBOL)


def _turns(candles: Iterable[Candle], lines: Sequence[Decimal]) -> Iterator[Decimal]:
    """The points of the path, but for those between which no line lies."""
    at = None
    for point in (price for candle in candles for price in candle.path()):
        if at is not None and any(min(at, point) <= line <= max(at, point) for line in lines):
            yield at
            yield point
        at = point
    assert at is not None
    yield at


def _assert_same(user: User, grid_id: int, simulated: Result) -> None:
    def booked() -> list[dict[str, Any]]:
        fills = user.fills(grid_id)
        return fills if len(fills) >= simulated.fills else []

    fills = wait_until(booked, 10, f"{simulated.fills} fills are booked")
    assert Counter((f["side"], D(f["price"]), D(f["quantity"]), f["cell_index"]) for f in fills) == Counter(
        (t.side, t.price, t.quantity, t.cell_index) for t in simulated.trades
    )
    performance = user.api.get(f"/grid/performance/paper/{grid_id}")
    assert D(performance["fees"]) == simulated.fees
    assert D(performance["grid_profit"]) == simulated.grid_profit
    assert performance["round_trips"] == simulated.round_trips
    assert D(performance["position"]) == simulated.position
    assert D(performance["total_pnl"]) == simulated.total_pnl
    assert D(performance["unrealized_pnl"]) == simulated.unrealized_pnl
