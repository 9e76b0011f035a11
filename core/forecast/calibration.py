"""How often the truth falls inside the band: forecasts made at many moments of a recorded past, from what was known
then, beside what followed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, sqrt

import numpy as np

from core.domain.parameters import GridType, Parameters, StrategyType
from core.domain.symbol_rules import SymbolRules
from core.forecast.moves import Bend, Moves, Paths, retraced
from core.forecast.outcomes import HIGH, LOW, MINUTES_A_DAY, Outcome, Trial
from core.forecast.questions import SEED

FIGURES = ("total_pnl", "grid_profit", "max_drawdown", "inside", "round_trips_per_day", "held")
_REACH, _CELLS, _LEVERAGE, _STAKE = 1.5, 20, 3, 10_000
_PATHS = 64


@dataclass(frozen=True, slots=True)
class Cut:
    """One figure of one grid, forecast after `day` days and come true."""

    day: float
    strategy_type: StrategyType
    figure: str
    low: float
    median: float
    high: float
    truth: float

    @property
    def place(self) -> int:
        """-1 below the band, 0 inside, 1 above."""
        return -1 if self.truth < self.low else 1 if self.truth > self.high else 0


def cuts(  # noqa: PLR0917 - a past, and how it is cut
    moves: Moves, start: Decimal, rules: SymbolRules, window_days: float, horizon_days: float, every_days: float
) -> Iterator[Cut]:
    """A cut each `every_days`, each with a window before it and a horizon after it; `start`: the first price."""
    window, horizon, step = (round(days * MINUTES_A_DAY) for days in (window_days, horizon_days, every_days))
    closes = float(start) * np.exp(np.cumsum(moves.logs[3]))
    for cut in range(window, len(moves) - horizon + 1, step):
        price = rules.round_price(Decimal(repr(float(closes[cut - 1]))))
        yield from _one(
            moves.part(cut - window, cut), moves.part(cut, cut + horizon), price, rules, cut / MINUTES_A_DAY
        )


def _one(known: Moves, future: Moves, price: Decimal, rules: SymbolRules, day: float) -> Iterator[Cut]:
    tick = int(price / rules.tick_size)
    paths = Paths(known, tick, len(future), Bend())
    ways = [paths.path(SEED + number) for number in range(_PATHS)]
    truth = retraced(future, tick)
    for strategy_type in StrategyType:
        trial = Trial(_grid(strategy_type, price, known, len(future), rules), rules, price)
        outcomes, came = [trial.run(way) for way in ways], trial.run(truth)
        for figure in FIGURES:
            yield Cut(day, strategy_type, figure, *_band(outcomes, figure), getattr(came, figure))


def _band(outcomes: Sequence[Outcome], figure: str) -> tuple[float, float, float]:
    low, median, high = np.quantile([getattr(one, figure) for one in outcomes], (LOW, 0.5, HIGH))
    return float(low), float(median), float(high)


def _grid(strategy_type: StrategyType, price: Decimal, known: Moves, minutes: int, rules: SymbolRules) -> Parameters:
    """As somebody might choose it at the cut: one and a half usual moves of the horizon to both sides."""
    reach = Decimal(repr(exp(_REACH * known.volatility * sqrt(minutes))))
    return Parameters(
        symbol=rules.symbol,
        grid_type=GridType.GEOMETRIC,
        strategy_type=strategy_type,
        lower_price=rules.round_price(price / reach),
        upper_price=rules.round_price(price * reach),
        grid_number=_CELLS,
        total_investment=Decimal(_STAKE),
        leverage=_LEVERAGE,
    )
