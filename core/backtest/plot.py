"""A picture of a run: price, lines, fills, and the equity below."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from core.backtest.candles import Market
from core.backtest.simulator import Result
from core.domain.lines import grid_lines
from core.domain.order import Side
from core.domain.parameters import Parameters
from core.domain.symbol_rules import SymbolRules

MOST_POINTS = 4000
_COLOURS = {Side.BUY: "#1a7f5a", Side.SELL: "#b3402a"}


def draw(file: Path, parameters: Parameters, rules: SymbolRules, market: Market, result: Result) -> None:
    """The kind of picture follows the file's name."""
    figure = Figure(figsize=(12, 8), layout="constrained")
    prices, equity = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    seen = np.linspace(0, len(result.equity) - 1, min(MOST_POINTS, len(result.equity))).astype(int)
    times = [_moment(int(market.candles.times[index])) for index in seen]
    prices.plot(times, [float(market.candles.price(3, int(index))) for index in seen], color="#444", linewidth=0.8)
    trailed = {trade.price for trade in result.trades if trade.cell_index is not None}
    for line in trailed.union(grid_lines(parameters, rules)):
        prices.axhline(float(line), color="#bbb", linewidth=0.5, zorder=0)
    for side, colour in _COLOURS.items():
        trades = [trade for trade in result.trades if trade.side is side]
        prices.scatter(
            [_moment(trade.at) for trade in trades],
            [float(trade.price) for trade in trades],
            s=8,
            color=colour,
            label=f"{side.lower()} ({len(trades)})",
        )
    prices.set(ylabel="price, USDT", title=f"{parameters.symbol}: {result.total_pnl:+,.2f} USDT")
    prices.legend(loc="best")
    equity.plot(times, [float(result.equity[index]) for index in seen], color="#2457a6", linewidth=1)
    equity.axhline(0, color="#bbb", linewidth=0.5)
    equity.set(ylabel="gain, USDT")
    figure.savefig(file, dpi=120)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
