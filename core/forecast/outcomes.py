"""What becomes of a grid on each of many paths, and the bands of it. Figures are floats: they are estimates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from core.backtest import kernel
from core.backtest.candles import Candles, Market
from core.backtest.entry import Entry
from core.backtest.simulation import Outcome as SimulatedOutcome
from core.backtest.simulation import Simulation
from core.backtest.simulator import finish_reason, simulate
from core.backtest.state import Amounts, Numbers
from core.candles.store import MINUTE_MS
from core.domain.lifecycle import FinishReason
from core.domain.parameters import Parameters
from core.domain.plan import plan
from core.domain.symbol_rules import SymbolRules
from core.forecast.questions import Funding

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

    def __init__(
        self, parameters: Parameters, rules: SymbolRules, entry_price: Decimal, funding: Funding | None = None
    ) -> None:
        """Raises Invalid where there can be no such grid."""
        self.parameters, self.rules, self._funding = parameters, rules, funding
        self._entry = Entry(0, 0, entry_price)
        self._grid = plan(parameters, rules, entry_price)
        self._ready: tuple[Simulation, Amounts] | None = None
        self._stake = float(parameters.total_investment)
        lines = parameters.lines or (parameters.lower_price, parameters.upper_price)
        self._range = float(lines[0] / rules.tick_size), float(lines[-1] / rules.tick_size)

    def run(self, ticks: Numbers) -> Outcome:
        """`ticks`: rows open, high, low, close, of one minute each."""
        if self.parameters.trigger_price is not None:
            result = simulate(self.parameters, self.rules, self._market(ticks))
            gains = float(result.total_pnl), float(result.grid_profit), float(result.max_drawdown)
            ran = int(result.ended_at) // MINUTE_MS + 1
            return self._told(ticks, gains, result.round_trips, ran, result.finish_reason)
        run, slots = self._simulation(ticks)
        outcome = run.replay()
        total, grid_profit, round_trips = _counted(run, outcome, slots)
        gains = total, grid_profit, float(outcome.drawdown)
        reason = finish_reason(self.parameters.strategy_type, outcome.ending)
        return self._told(ticks, gains, round_trips, outcome.candle + 1, reason)

    def _simulation(self, ticks: Numbers) -> tuple[Simulation, Amounts]:
        """With its slots; made ready for the lowest and the highest price so far."""
        market, ready = self._market(ticks), self._ready
        around = None if ready is None else ready[0].market
        if ready is None or around is None or market.lowest < around.lowest or market.highest > around.highest:
            ready = self._ready = self._made_ready(ticks, around)
        run, slots = ready
        return run.over(market), slots

    def _market(self, ticks: Numbers) -> Market:
        times = np.arange(ticks.shape[1], dtype=np.int64) * MINUTE_MS
        market = Market(Candles(self.rules.tick_size, times, ticks))
        return market if self._funding is None else market.paying(self._funding.rate, 60 * self._funding.hours)

    def _made_ready(self, ticks: Numbers, around: Market | None) -> tuple[Simulation, Amounts]:
        lowest, highest = int(ticks[2].min()), int(ticks[1].max())
        if around is not None:
            lowest = min(lowest, int(around.candles.prices[2, 0]))
            highest = max(highest, int(around.candles.prices[1, 0]))
        wide = np.array([[ticks[0, 0]], [highest], [lowest], [ticks[0, 0]]], np.int64)
        run = Simulation(self.parameters, self.rules, self._market(wide), self._grid, self._entry)
        return run, _slots(run)

    def _told(
        self, ticks: Numbers, gains: tuple[float, float, float], round_trips: int, ran: int, reason: FinishReason | None
    ) -> Outcome:
        closes, (lower, upper) = ticks[3, :ran], self._range
        return Outcome(
            *gains,
            inside=float(np.mean((closes >= lower) & (closes <= upper))),
            round_trips_per_day=round_trips * MINUTES_A_DAY / ticks.shape[1],
            finish_reason=reason,
            held=self._stake * float(ticks[3, -1] / ticks[0, 0] - 1),
        )


def _counted(run: Simulation, outcome: SimulatedOutcome, slots: Amounts) -> tuple[float, float, int]:
    """(total PnL, grid profit, round trips): as the simulator's books count them, in floats."""
    lower, upper, quantity, sign, bought = slots
    tick, step = float(run.rules.tick_size), float(run.rules.step_size)
    maker, taker = float(run.rules.maker_fee), float(run.rules.taker_fee)
    entry, last = float(run.entry.price), outcome.tick * tick
    inventory, position = run.inventory * step, outcome.position * step
    buys, sells = outcome.filled * quantity
    total = float(np.sum(sells * upper * (1 - maker) - buys * lower * (1 + maker)))
    total += position * last - inventory * entry - abs(inventory) * entry * taker
    total += step * float(np.dot(outcome.held, run.market.amounts[: len(outcome.held)]))
    if outcome.ending != kernel.RAN:
        total -= abs(position) * last * taker
    closings = np.where(sign > 0, outcome.filled[1], outcome.filled[0])
    line = np.where(sign > 0, lower, upper)
    profit = closings * (upper - lower - (upper + lower) * maker)
    profit -= bought * (closings > 0) * (sign * (entry - line) + entry * taker - line * maker)
    return total, float(np.sum(quantity * profit)), int(closings.sum())


def _slots(run: Simulation) -> Amounts:
    """Rows: lower and upper line, quantity, side that opens, whether that was done at market."""
    return np.array(
        [
            (float(cell.lower), float(cell.upper), float(cell.quantity), cell.opening_side.sign, cell.needs_inventory)
            for cell in run.ladder.slots
        ],
        np.float64,
    ).T


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
