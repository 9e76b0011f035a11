"""What the market may do: as it has done lately, and bent."""

from dataclasses import dataclass
from math import expm1, log1p, sqrt

from core.forecast.moves import Bend, Moves
from core.forecast.words import Words, say

MINUTES_A_DAY = 1440
_LEAST_CRASH = 0.15
_PULL = 1 / 720  # a minute


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    bend: Bend
    words: Words


def scenarios(moves: Moves, horizon_days: int) -> list[Scenario]:
    """Sizes are told in what the symbol usually moves within the horizon (one standard deviation)."""
    minutes = horizon_days * MINUTES_A_DAY
    usual = moves.volatility * sqrt(minutes)
    hour = 60 / minutes
    crash = -max(3 * usual, -log1p(-_LEAST_CRASH))
    bends = {
        "as_recent": Bend(),
        "ranging": Bend(pull=_PULL),
        "slow_rise": Bend(drift=usual),
        "slow_fall": Bend(drift=-usual),
        "breakout_up": Bend(drift=2 * usual, begins=0.25, ends=0.4, volatility=1.25),
        "breakout_down": Bend(drift=-2 * usual, begins=0.25, ends=0.4, volatility=1.25),
        "crash": Bend(drift=crash, begins=0.25, ends=0.25 + hour),
        "volatile": Bend(volatility=2.0),
    }
    return [
        Scenario(name, bend, say(f"scenario_{name}", move_pct=f"{100 * expm1(bend.drift):+.1f}"))
        for name, bend in bends.items()
    ]
