"""What becomes of a grid on each of many paths, and the bands of it. Figures are floats: they are estimates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from core.backtest.candles import Candles, Market
from core.backtest.kernel import Numbers
from core.backtest.simulator import simulate
from core.candles.store import MINUTE_MS
from core.domain.lifecycle import FinishReason
from core.domain.parameters import Parameters
from core.domain.plan import plan
from core.domain.symbol_rules import SymbolRules

MINUTES_A_DAY = 1440
LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Outcome:
    """Amounts in quote; `inside` is the part of the run's time in which the price was inside the range it began with;
    `held` is what the investment would have gained in the symbol, without leverage."""

    total_pnl: float
    grid_profit: float
    max_drawdown: float
    inside: float
    round_trips_per_day: float
    finish_reason: FinishReason | None
    held: float


class Trial:
    """A grid, planned once, that is run over any number of paths from its entry price."""

    def __init__(self, parameters: Parameters, rules: SymbolRules, entry_price: Decimal) -> None:
        """Raises Invalid where there can be no such grid."""
        self.parameters, self.rules = parameters, rules
        self._grid = plan(parameters, rules, entry_price) if parameters.trigger_price is None else None
        self._stake = float(parameters.total_investment)

    def run(self, ticks: Numbers) -> Outcome:
        """`ticks`: rows open, high, low, close, of one minute each."""
        minutes = ticks.shape[1]
        times = np.arange(minutes, dtype=np.int64) * MINUTE_MS
        market = Market(Candles(self.rules.tick_size, times, ticks))
        result = simulate(self.parameters, self.rules, market, grid=self._grid)
        ran = int(result.ended_at) // MINUTE_MS + 1
        lower, upper = self._range_ticks()
        closes = ticks[3, :ran]
        return Outcome(
            total_pnl=float(result.total_pnl),
            grid_profit=float(result.grid_profit),
            max_drawdown=float(result.max_drawdown),
            inside=float(np.mean((closes >= lower) & (closes <= upper))),
            round_trips_per_day=result.round_trips * MINUTES_A_DAY / minutes,
            finish_reason=result.finish_reason,
            held=self._stake * (ticks[3, -1] / ticks[0, 0] - 1),
        )

    def _range_ticks(self) -> tuple[float, float]:
        lines = self.parameters.lines or (self.parameters.lower_price, self.parameters.upper_price)
        return float(lines[0] / self.rules.tick_size), float(lines[-1] / self.rules.tick_size)


def band(values: Sequence[float]) -> dict[str, str]:
    """The median, and what one of twenty lies below and above."""
    low, median, high = np.quantile(values, (LOW, 0.5, HIGH))
    return {"low": figure(low), "median": figure(median), "high": figure(high)}


def bands(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    def of(take: Callable[[Outcome], float]) -> dict[str, str]:
        return band([take(one) for one in outcomes])

    return {
        "total_pnl": of(lambda one: one.total_pnl),
        "grid_profit": of(lambda one: one.grid_profit),
        "max_drawdown": of(lambda one: one.max_drawdown),
        "inside_range_pct": of(lambda one: 100 * one.inside),
        "round_trips_per_day": of(lambda one: one.round_trips_per_day),
        "buy_and_hold_pnl": of(lambda one: one.held),
        "chances_pct": {
            "loss": figure(share(outcomes, lambda one: one.total_pnl < 0)),
            "stop_loss": figure(share(outcomes, lambda one: one.finish_reason is FinishReason.STOP_LOSS)),
            "take_profit": figure(share(outcomes, lambda one: one.finish_reason is FinishReason.TAKE_PROFIT)),
            "liquidation": figure(share(outcomes, is_liquidated)),
        },
    }


def is_liquidated(outcome: Outcome) -> bool:
    return outcome.finish_reason is FinishReason.LIQUIDATION


def share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    """In percent."""
    return 100 * sum(map(holds, outcomes)) / len(outcomes)


def figure(number: float) -> str:
    """As the API tells an estimate: plain, to four decimals."""
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
