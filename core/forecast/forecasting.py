"""A forecast: one grid on the recent past and on the paths of every scenario, with all that it takes for granted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.candles import store
from core.candles.packing import Series
from core.candles.store import MINUTE_MS
from core.domain.lines import resolve
from core.forecast.assumptions import common
from core.forecast.grades import USUAL, graded
from core.forecast.moves import BLOCK_MINUTES, Moves, Paths, moves_of, retraced
from core.forecast.outcomes import MINUTES_A_DAY, Outcome, Trial, band, bands, figure
from core.forecast.questions import ForecastQuestion
from core.forecast.scenarios import scenarios
from core.forecast.words import Words, say

CHECKPOINTS = (1 / 8, 1 / 4, 1 / 2, 1)  # of the horizon
_NOT_SIMULATED = ("cell_loss_limit",)


def forecast(question: ForecastQuestion) -> dict[str, Any]:
    """Plain values as the API answers them. Raises Invalid where there can be no such grid."""
    series = store.series(question.days)
    moves, rules = moves_of(series), question.rules
    trial = Trial(resolve(question.parameters, rules), rules, question.entry_price, question.funding)
    start = int(question.entry_price / rules.tick_size)
    minutes = question.horizon_days * MINUTES_A_DAY
    found, told, checkpoints = {}, [], []
    for scenario in scenarios(moves, question.horizon_days):
        paths = Paths(moves, start, minutes, scenario.bend)
        ways = [paths.path(seed) for seed in range(question.seed, question.seed + question.paths)]
        outcomes = found[scenario.name] = [trial.run(ticks) for ticks in ways]
        told.append({"name": scenario.name, **scenario.words.as_json(), **bands(outcomes)})
        if scenario.name == USUAL:
            checkpoints = _checkpoints(trial, ways, outcomes)
    grade, reasons = graded(question.parameters, found)
    return {
        "symbol": rules.symbol,
        "entry_price": format(question.entry_price, "f"),
        "horizon_days": question.horizon_days,
        "history": _history(series),
        "recent": _recent(trial, moves.part(max(0, len(moves) - minutes), len(moves)), start),
        "scenarios": told,
        "checkpoints": checkpoints,
        "risk": {"grade": grade.name, "reasons": [one.as_json() for one in reasons]},
        "assumptions": [one.as_json() for one in _assumptions(question, series)],
    }


def _recent(trial: Trial, moves: Moves, start: int) -> dict[str, Any]:
    outcome = trial.run(retraced(moves, start))
    return {
        "days": figure(len(moves) / MINUTES_A_DAY),
        "total_pnl": figure(outcome.total_pnl),
        "grid_profit": figure(outcome.grid_profit),
        "max_drawdown": figure(outcome.max_drawdown),
        "inside_range_pct": figure(100 * outcome.inside),
        "round_trips_per_day": figure(outcome.round_trips_per_day),
        "buy_and_hold_pnl": figure(outcome.held),
        "finish_reason": outcome.finish_reason,
    }


def _checkpoints(trial: Trial, ways: Sequence[Any], whole: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The band of total PnL on the way, of the paths that go on as in the past."""
    minutes = ways[0].shape[1]
    told = []
    for part in CHECKPOINTS:
        until = round(part * minutes)
        outcomes = whole if until == minutes else [trial.run(ticks[:, :until]) for ticks in ways]
        told.append({"days": figure(until / MINUTES_A_DAY), "total_pnl": band([one.total_pnl for one in outcomes])})
    return told


def _history(series: Series) -> dict[str, Any]:
    return {"candles": len(series), "from": _iso(series.times[0]), "to": _iso(series.times[-1] + MINUTE_MS)}


def _assumptions(question: ForecastQuestion, series: Series) -> list[Words]:
    beside = [name for name in _NOT_SIMULATED if getattr(question.parameters, name) is not None]
    return [
        say(
            "resampled",
            paths=question.paths,
            horizon=question.horizon_days,
            block=BLOCK_MINUTES,
            seed=question.seed,
            candles=len(series),
            begins=_iso(series.times[0]),
            ends=_iso(series.times[-1]),
        ),
        *common(question),
        say("held"),
        *([say("not_simulated", fields=", ".join(beside))] if beside else []),
    ]


def _iso(moment: np.int64) -> str:
    return datetime.fromtimestamp(int(moment) / 1000, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
