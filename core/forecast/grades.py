"""A risk grade, with its reasons."""

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

import numpy as np

from core.domain.parameters import Parameters, StrategyType
from core.forecast.outcomes import HIGH, LOW, Outcome, is_liquidated, share
from core.forecast.words import Words, say

USUAL = "as_recent"
_LIKELY_PCT, _POSSIBLE_PCT = 1.0, 5.0  # of the paths that are liquidated
_DEEP = ((50.0, 3), (25.0, 2), (10.0, 1))  # percent of the investment, and the grade from there on
_LARGE = ((80.0, 3), (40.0, 2), (20.0, 1))


class Grade(IntEnum):
    LOW = 0
    MEDIUM = 1
    HIGH = 2
    EXTREME = 3


def graded(parameters: Parameters, outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[Grade, list[Words]]:
    """The gravest of what speaks against a grid; `outcomes` by scenario."""
    found = sorted(_reasons(parameters, outcomes), key=lambda reason: -reason[0])
    if not found:
        return Grade.LOW, [say("calm")]
    return found[0][0], [words for _, words in found]


def _reasons(parameters: Parameters, outcomes: Mapping[str, Sequence[Outcome]]) -> Iterator[tuple[Grade, Words]]:
    usual, stake = outcomes[USUAL], float(parameters.total_investment)
    yield from _liquidation(outcomes)
    fall = 100 * float(np.quantile([one.max_drawdown for one in usual], HIGH)) / stake
    yield from _beyond(_DEEP, fall, say("deep_drawdown", pct=_rounded(fall)))
    losses = {
        name: -100 * float(np.quantile([one.total_pnl for one in some], LOW)) / stake for name, some in outcomes.items()
    }
    worst = max(losses, key=lambda name: losses[name])
    yield from _beyond(_LARGE, losses[worst], say("large_loss", scenario=worst, pct=_rounded(losses[worst])))
    if not _is_stopped(parameters):
        yield Grade.MEDIUM, say("no_stop")
    inside = 100 * float(np.median([one.inside for one in usual]))
    if inside < 50:
        yield Grade.MEDIUM, say("often_outside", pct=_rounded(inside))
    lost = share(usual, lambda one: one.total_pnl < 0)
    if lost > 60:
        yield Grade.MEDIUM, say("loss_likely", pct=_rounded(lost))


def _liquidation(outcomes: Mapping[str, Sequence[Outcome]]) -> Iterator[tuple[Grade, Words]]:
    chances = {name: share(some, is_liquidated) for name, some in outcomes.items()}
    if chances[USUAL] >= _LIKELY_PCT:
        yield Grade.EXTREME, say("liquidation_likely", pct=_rounded(chances[USUAL]))
        return
    worst = max(chances, key=lambda name: chances[name])
    if chances[worst] > 0:
        grade = Grade.HIGH if chances[worst] >= _POSSIBLE_PCT else Grade.MEDIUM
        yield grade, say("liquidation_possible", scenario=worst, pct=_rounded(chances[worst]))


def _beyond(steps: Sequence[tuple[float, int]], value: float, words: Words) -> Iterator[tuple[Grade, Words]]:
    for least, grade in steps:
        if value >= least:
            yield Grade(grade), words
            return


def _is_stopped(parameters: Parameters) -> bool:
    """Whether every side on which it loses has a stop."""
    loss = parameters.stop_loss is not None or parameters.stop_loss_pct is not None
    other = parameters.take_profit is not None or parameters.take_profit_pct is not None
    return loss and (other or parameters.strategy_type is not StrategyType.NEUTRAL)


def _rounded(pct: float) -> str:
    return f"{pct:.1f}"
