"""Another simulator on the same grid, in an environment of its own."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.backtest.candles import Market, in_ticks
from core.backtest.simulator import Result
from core.candle_files import candles_of
from core.config import ROOT
from core.domain.parameters import GridType, Parameters, Sizing, StrategyType
from core.domain.plan import plan
from core.domain.symbol_rules import SymbolRules

RIVALS = ROOT / "var" / "rivals"
INSTALL = "python3 -m venv var/rivals && var/rivals/bin/pip install -r requirements-bench.txt"
SCRIPTS = Path(__file__).parent / "processes"


def installed(name: str) -> bool:
    return any(RIVALS.glob(f"lib/*/site-packages/{name}"))


def neutral(lower: str, upper: str, cells: int) -> Parameters:
    """Arithmetic, of equal quantities, without stops."""
    return Parameters(
        symbol="BTCUSDT",
        grid_type=GridType.ARITHMETIC,
        strategy_type=StrategyType.NEUTRAL,
        sizing=Sizing.EQUAL_QUANTITY,
        lower_price=Decimal(lower),
        upper_price=Decimal(upper),
        grid_number=cells,
        total_investment=Decimal(10_000),
        leverage=3,
    )


def recorded(file: Path, tick: str) -> Market:
    return Market(in_ticks(candles_of(file), Decimal(tick)))


def rival(name: str, parameters: Parameters, rules: SymbolRules, market: Market, *more: str) -> dict[str, Any]:
    """What its script prints for this grid: seconds of a second run, profit, fills."""
    entry = market.candles.price(0, 0)
    grid = plan(parameters, rules, entry)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "grid.npz"
        np.savez(
            file,
            candles=np.round(market.candles.prices * float(market.candles.tick), 10),
            lines=np.array(grid.lines, np.float64),
            buying=sum(1 for line in grid.lines[:-1] if line < entry),
            quantity=float(grid.cells[0].quantity),
            fee=float(rules.maker_fee),
            tick=float(market.candles.tick),
        )
        command = [RIVALS / "bin" / "python", SCRIPTS / f"{name}_grid.py", file, *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def own_fills(market: Market, result: Result) -> list[list[Any]]:
    """(candle, side, price) of each."""
    candles = {at: number for number, at in enumerate(market.candles.times.tolist())}
    return [[candles[trade.at], trade.side.sign, float(trade.price)] for trade in result.trades]
