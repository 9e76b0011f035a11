"""The compiled simulator over a year of minutes, beside a loop that only counts the same grid's fills."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from statistics import median

import numpy as np
import psutil
from numba import njit

from core import clock
from core.backtest.candles import Candles, Market
from core.backtest.entry import Entry
from core.backtest.simulation import Simulation
from core.backtest.simulator import simulate
from core.backtest.state import Numbers
from core.candle_files import Payment
from core.config import ROOT
from core.domain.order import Side
from core.domain.parameters import GridType, Parameters, StrategyType
from core.domain.plan import plan
from core.domain.symbol_rules import SymbolRules
from tests.bench.measurement import Measurement
from tests.bench.rivals import INSTALL, installed, neutral, rival
from tests.unit.core.domain.examples import rules

MINUTES, CELLS, SETS, THREADS, TURNS = 525_600, 50, 1000, 2, 40
EIGHT_HOURS_MS = 8 * 3600 * 1000
FIRST_CALL = "from tests.bench.backtest import market_of, first_call; first_call(market_of(1000))"
RULES: SymbolRules = rules(tick_size="0.1")
GRID = Parameters(
    symbol="BTCUSDT",
    grid_type=GridType.ARITHMETIC,
    strategy_type=StrategyType.NEUTRAL,
    lower_price=Decimal(92_000),
    upper_price=Decimal(108_000),
    grid_number=CELLS,
    total_investment=Decimal(10_000),
    leverage=3,
    stop_loss=Decimal(60_000),
    take_profit=Decimal(140_000),
)


def measure() -> list[Measurement]:
    resident = psutil.Process().memory_info().rss
    market = market_of(MINUTES)
    entry = Entry(0, 0, market.candles.price(0, 0))
    run = Simulation(GRID, RULES, market, plan(GRID, RULES, entry.price), entry)
    lines = np.array([run.ticks(line) for line in run.grid.lines], np.int64)
    buying = sum(1 for cell in run.grid.cells if cell.first_side is Side.BUY)
    assert _count_fills(market.candles.prices, lines, buying) == run.replay().grid_fills
    bare = _ms(lambda: _count_fills(market.candles.prices, lines, buying))
    kernel, whole = _ms(run.replay), _ms(lambda: simulate(GRID, RULES, market))
    began = clock.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda one: simulate(one, RULES, market), _sets()))
    took = clock.monotonic() - began
    return [
        Measurement("backtest.year", kernel, "ms", bare),
        Measurement("backtest.year_with_plan_and_books", whole, "ms", bare),
        Measurement("backtest.thousand_sets", took, "s", SETS / THREADS * bare / 1000),
        Measurement("backtest.first_call", _first_call_s(), "s"),
        Measurement("backtest.memory", (psutil.Process().memory_info().rss - resident) / 2**20, "MB"),
        *_beside(),
    ]


def _beside() -> list[Measurement]:
    """Other simulators on the same grid, where they are installed, over as many candles as they bear."""
    grid, measured = neutral("92000", "108000", CELLS), []
    for name, minutes in (("vectorbt", MINUTES), ("hftbacktest", 100_000), ("backtesting", 10_000)):
        if not installed(name):
            sys.stderr.write(f"{name} is not measured, it is not installed: {INSTALL}\n")
            continue
        market = market_of(minutes)
        entry = market.candles.price(0, 0)
        lines = [int(line / RULES.tick_size) for line in plan(grid, RULES, entry).lines]
        buying = sum(1 for line in lines[:-1] if line < market.candles.prices[0, 0])
        floor = _floor(market, lines, buying)
        took = 1000 * rival(name, grid, RULES, market)["seconds"]
        measured.append(Measurement(f"backtest.{name}_{minutes}_candles", took, "ms", floor))
    return measured


def _floor(market: Market, lines: list[int], buying: int) -> float:
    ticks = np.array(lines, np.int64)
    return _ms(lambda: _count_fills(market.candles.prices, ticks, buying))


def market_of(minutes: int) -> Market:
    """A seeded walk that is thrown back between 80,000 and 120,000, with a funding payment each eight hours."""
    random = np.random.default_rng(1)
    walk = 1_000_000 + np.abs(np.cumsum(random.normal(0, 400, minutes)) % 400_000 - 200_000) - 100_000
    closed = walk.astype(np.int64)
    opened = np.concatenate((closed[:1], closed[:-1]))
    highest = np.maximum(opened, closed) + random.integers(0, 300, minutes)
    lowest = np.minimum(opened, closed) - random.integers(0, 300, minutes)
    times = np.arange(minutes, dtype=np.int64) * 60_000
    candles = Candles(RULES.tick_size, times, np.array([opened, highest, lowest, closed]))
    due = range(EIGHT_HOURS_MS, int(times[-1]), EIGHT_HOURS_MS)
    return Market(candles, [Payment(at, Decimal("0.0001")) for at in due])


def first_call(market: Market) -> None:
    """In a fresh process: from the call to its answer, with the compiled code read from its cache."""
    began = clock.monotonic()
    simulate(GRID, RULES, market)
    sys.stdout.write(str(clock.monotonic() - began))


def _first_call_s() -> float:
    done = subprocess.run([sys.executable, "-c", FIRST_CALL], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _sets() -> list[Parameters]:
    return [
        replace(GRID, lower_price=Decimal(80_000 + 500 * (number % 40)), grid_number=20 + number // 40)
        for number in range(SETS)
    ]


def _ms(action: Callable[[], object]) -> float:
    """The median of TURNS, after one that compiles."""
    action()
    took = []
    for _ in range(TURNS):
        began = clock.monotonic()
        action()
        took.append(1000 * (clock.monotonic() - began))
    return median(took)


@njit(nogil=True)
def _count_fills(candles: Numbers, lines: Numbers, buying: int) -> int:
    """The floor: nothing but the fills of the same grid."""
    opened, highest, lowest, closed = candles[0], candles[1], candles[2], candles[3]
    cells, fills = lines.shape[0] - 1, 0
    for candle in range(opened.shape[0]):
        buy = lines[buying - 1] if buying > 0 else -1
        sell = lines[buying + 1] if buying < cells else 1 << 60
        if lowest[candle] > buy and highest[candle] < sell:
            continue
        rising = closed[candle] >= opened[candle]
        first = lowest[candle] if rising else highest[candle]
        second = highest[candle] if rising else lowest[candle]
        for target in (opened[candle], first, second, closed[candle]):
            while buying > 0 and lines[buying - 1] >= target:
                buying, fills = buying - 1, fills + 1
            while buying < cells and lines[buying + 1] <= target:
                buying, fills = buying + 1, fills + 1
    return fills
