"""Parameters for the recent market: tried on parts of the past, chosen by those, and judged by the part after them.

The window is cut into equal parts. Every candidate runs on each of them from a fresh start at today's price; all but
the last part choose, by a score that the aim decides, and the last one only judges. The walk forward repeats the choice
part by part: what is best on one is told with what it then did on the next.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from math import exp, sqrt
from statistics import fmean
from typing import Any

from core.candles import store
from core.domain.guards import Review, review
from core.domain.lines import MAX_CELLS, MIN_CELLS, resolve
from core.domain.parameters import GridType, Parameters
from core.errors import Invalid, Refused
from core.forecast.assumptions import common
from core.forecast.moves import Moves, Paths, moves_of, retraced
from core.forecast.outcomes import MINUTES_A_DAY, Outcome, Trial, figure, is_liquidated, share
from core.forecast.questions import SEED, SuggestQuestion
from core.forecast.scenarios import scenarios
from core.forecast.words import Words, say

PARTS = 4
SHOWN = 5
_MOST_REFUSALS = 30
_WIDTHS = (0.5, 1.0, 1.5, 2.0, 3.0)  # half of the range, in what the symbol usually moves within a part
_COUNTS = (6, 10, 16, 24, 40, 70)
_HARD_PATHS = 8  # of each hard scenario
_HARD = ("volatile", "crash", "breakout_up")
_FALL_WEIGHTS = {"steady": 1.5, "balanced": 0.6, "aggressive": 0.15}  # of the largest fall in a score
_DREAD = {"steady": 4.0, "balanced": 2.0, "aggressive": 1.0}  # of being liquidated, in investments


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate, and what became of it on each part."""

    parameters: Parameters
    outcomes: tuple[Outcome, ...]
    part_days: float

    def score(self, aim: str, parts: slice) -> float:
        stake = float(self.parameters.total_investment)
        return fmean(_score(one, aim, stake) for one in self.outcomes[parts])

    def rate(self, parts: slice) -> float:
        """Percent of the investment a day."""
        stake = float(self.parameters.total_investment)
        return 100 * fmean(one.total_pnl for one in self.outcomes[parts]) / stake / self.part_days


CHOOSING, JUDGING = slice(0, PARTS - 1), slice(PARTS - 1, PARTS)


def suggest(question: SuggestQuestion) -> dict[str, Any]:
    """Plain values as the API answers them. Raises Invalid, with the guards' reason, where nothing can be suggested."""
    series = store.series(question.days)
    moves = moves_of(series)
    size = len(moves) // PARTS
    parts = [
        moves.part(len(moves) - (PARTS - number) * size, len(moves) - (PARTS - 1 - number) * size)
        for number in range(PARTS)
    ]
    start = int(question.entry_price / question.rules.tick_size)
    ways = [retraced(part, start) for part in parts]
    # What is known before the judging part begins: it must not see it.
    usual = moves.part(0, len(moves) - size).volatility * sqrt(size)
    tried = _all_tried(_candidates(question, usual), question, ways)
    best = _best(question, tried, parts[:-1])
    current = _tried(question.wanted, question, ways) if question.runs else None
    return {
        "symbol": question.rules.symbol,
        "aim": question.aim,
        "entry_price": format(question.entry_price, "f"),
        "candidates": len(tried),
        "history": {"candles": len(series), "parts": PARTS, "part_days": figure(size / MINUTES_A_DAY)},
        "walk_forward": list(_walk_forward(question.aim, tried)),
        "sets": [_told(question.aim, one, chance) for one, chance in best],
        "assumptions": [word.as_json() for word in common(question)],
        **({} if current is None else _beside(question.aim, current, best)),
    }


def _candidates(question: SuggestQuestion, usual: float) -> Iterator[Parameters]:
    price, rules = float(question.entry_price), question.rules
    for width, cells, grid_type, leverage in product(
        _WIDTHS, _COUNTS, (GridType.ARITHMETIC, GridType.GEOMETRIC), question.leverages
    ):
        if cells > min(MAX_CELLS, rules.max_num_orders) or cells < MIN_CELLS:
            continue
        reach = exp(width * usual)
        yield replace(
            question.wanted,
            grid_type=grid_type,
            lower_price=rules.round_price(Decimal(repr(price / reach))),
            upper_price=rules.round_price(Decimal(repr(price * reach))),
            grid_number=cells,
            grid_spacing=None,
            grid_spacing_pct=None,
            lines=None,
            leverage=leverage,
        )


def _all_tried(candidates: Iterator[Parameters], question: SuggestQuestion, ways: Sequence[Any]) -> list[Tried]:
    tried = (_tried(wanted, question, ways) for wanted in candidates)
    return [one for one in tried if one is not None]


def _tried(wanted: Parameters, question: SuggestQuestion, ways: Sequence[Any]) -> Tried | None:
    """None where there can be no such grid."""
    with suppress(Refused):
        trial = _trial(wanted, question)
        return Tried(wanted, tuple(trial.run(way) for way in ways), ways[0].shape[1] / MINUTES_A_DAY)
    return None


def _trial(wanted: Parameters, question: SuggestQuestion) -> Trial:
    return Trial(resolve(wanted, question.rules), question.rules, question.entry_price, question.funding)


def _score(outcome: Outcome, aim: str, stake: float) -> float:
    """What was gained, less what fell on the way and less the dread of a liquidation; in investments."""
    dread = _DREAD[aim] if is_liquidated(outcome) else 0.0
    return (outcome.total_pnl - _FALL_WEIGHTS[aim] * outcome.max_drawdown) / stake - dread


def _best(question: SuggestQuestion, tried: Sequence[Tried], past: Sequence[Moves]) -> list[tuple[Tried, float]]:
    """(set, percent of hard paths on which it is liquidated), best first: only what creation would take."""
    ranked = sorted(tried, key=lambda one: one.score(question.aim, CHOOSING), reverse=True)
    refusals: list[Review] = []
    passed: dict[Decimal, Tried] = {}  # one of each range: its neighbours say the same thing again
    for one in ranked:
        if one.parameters.lower_price not in passed and len(refusals) < _MOST_REFUSALS:
            verdict = _judged(question, one.parameters)
            if verdict.reason is None:
                passed[one.parameters.lower_price] = one
            else:
                refusals.append(verdict)
    if not passed:
        raise _nothing(refusals)
    feared = [(one, _hard_chance(question, one.parameters, past)) for one in passed.values()]
    return sorted(feared, key=lambda pair: _feared(question.aim, *pair), reverse=True)[:SHOWN]


def _feared(aim: str, one: Tried, chance: float) -> float:
    return one.score(aim, CHOOSING) - _DREAD[aim] * chance / 100


def _judged(question: SuggestQuestion, wanted: Parameters) -> Review:
    verdict = review(
        wanted,
        question.rules,
        question.entry_price,
        question.free.get(wanted.leverage),
        question.other_orders,
        question.symbol_use,
        backing=question.backing,
    )
    inside = next((one for one in verdict.warnings if one.code == "liquidation_inside_range"), None)
    if inside is not None and question.refuses_liquidation_inside:
        return replace(verdict, reason=inside.code, errors={"leverage": [inside.message]})
    return verdict


def _nothing(refusals: Sequence[Review]) -> Invalid:
    if not refusals or refusals[0].reason is None:
        message = "No grid of this investment can be traded on this symbol: give more, or more leverage."
        return Invalid("nothing_fits", message, {"total_investment": [message]})
    first = refusals[0]
    message = next(iter(first.errors.values()))[0]
    return Invalid(first.reason or "", f"Nothing that was tried would be taken: {message}", first.errors)


def _hard_chance(question: SuggestQuestion, wanted: Parameters, past: Sequence[Moves]) -> float:
    """In percent of paths made of the parts that choose."""
    moves = past[-1]
    trial = _trial(wanted, question)
    start, days = int(question.entry_price / question.rules.tick_size), max(1, len(moves) // MINUTES_A_DAY)
    outcomes = [
        trial.run(Paths(moves, start, days * MINUTES_A_DAY, scenario.bend).path(SEED + number))
        for scenario in scenarios(moves, days)
        if scenario.name in _HARD
        for number in range(_HARD_PATHS)
    ]
    return share(outcomes, is_liquidated)


def _walk_forward(aim: str, tried: Sequence[Tried]) -> Iterator[dict[str, Any]]:
    for part in range(PARTS - 1):
        fit, judged = slice(part, part + 1), slice(part + 1, part + 2)
        chosen = max(tried, key=lambda one: one.score(aim, fit))
        yield {
            "part": part + 1,
            **_shape(chosen.parameters),
            "in_sample_pct_per_day": figure(chosen.rate(fit)),
            "out_of_sample_pct_per_day": figure(chosen.rate(judged)),
        }


def _shape(parameters: Parameters) -> dict[str, Any]:
    return {
        "grid_type": parameters.grid_type.value,
        "lower_price": format(parameters.lower_price, "f"),
        "upper_price": format(parameters.upper_price, "f"),
        "grid_number": parameters.grid_number,
        "leverage": parameters.leverage,
    }


def _told(aim: str, one: Tried, chance: float) -> dict[str, Any]:
    words = [_why(one, chance)]
    if one.rate(CHOOSING) > 0 > one.rate(JUDGING):
        words.append(say("did_not_hold"))
    return {
        "parameters": _shape(one.parameters),
        "score": figure(_feared(aim, one, chance)),
        "in_sample": _sample(one, CHOOSING),
        "out_of_sample": _sample(one, JUDGING),
        "hard_liquidation_pct": figure(chance),
        "why": [word.as_json() for word in words],
    }


def _sample(one: Tried, parts: slice) -> dict[str, str]:
    """Means of the parts."""
    some = one.outcomes[parts]
    return {
        "days": figure(one.part_days * len(some)),
        "pct_per_day": figure(one.rate(parts)),
        "total_pnl": figure(fmean(outcome.total_pnl for outcome in some)),
        "grid_profit": figure(fmean(outcome.grid_profit for outcome in some)),
        "max_drawdown": figure(max(outcome.max_drawdown for outcome in some)),
        "inside_range_pct": figure(100 * fmean(outcome.inside for outcome in some)),
        "round_trips_per_day": figure(fmean(outcome.round_trips_per_day for outcome in some)),
    }


def _why(one: Tried, chance: float) -> Words:
    shape = one.parameters
    width = 100 * float((shape.upper_price - shape.lower_price) / ((shape.upper_price + shape.lower_price) / 2))
    judged = one.outcomes[JUDGING]
    return say(
        "why",
        cells=shape.grid_number,
        width=f"{width:.1f}",
        leverage=shape.leverage,
        trips=f"{fmean(outcome.round_trips_per_day for outcome in one.outcomes):.1f}",
        fit=f"{one.rate(CHOOSING):+.2f}",
        judged=f"{one.rate(JUDGING):+.2f}",
        inside=f"{100 * fmean(outcome.inside for outcome in judged):.0f}",
        liquidated=f"{chance:.0f}",
    )


def _beside(aim: str, current: Tried, best: Sequence[tuple[Tried, float]]) -> dict[str, Any]:
    """The grid that runs beside the first set that did better on the judging part, too."""
    now = {
        "parameters": _shape(current.parameters),
        "in_sample": _sample(current, CHOOSING),
        "out_of_sample": _sample(current, JUDGING),
    }
    better = next((number for number, (one, _) in enumerate(best) if _is_better(aim, one, current)), None)
    if better is None:
        return {"current": now, "better": None, "because": say("not_better").as_json()}
    gain = best[better][0].rate(JUDGING) - current.rate(JUDGING)
    return {"current": now, "better": better, "because": say("better", gain=f"{gain:.2f}").as_json()}


def _is_better(aim: str, one: Tried, current: Tried) -> bool:
    return all(one.score(aim, parts) > current.score(aim, parts) for parts in (CHOOSING, JUDGING))
