"""A forecast's band of total PnL over time, and where a live figure lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

from core.domain.exact import PRECISE, ZERO


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Amounts in quote, `days` after the start: nine of ten paths were between `low` and `high` then."""

    days: Decimal
    low: Decimal = ZERO
    median: Decimal = ZERO
    high: Decimal = ZERO

    def holds(self, total_pnl: Decimal) -> bool:
        return self.low <= total_pnl <= self.high


def expected_after(days: Decimal, checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The band after so many days: on the straight way between two checkpoints, and no farther than the last."""
    for before, after in pairwise([Checkpoint(ZERO), *checkpoints]):
        if days <= after.days:
            return _between(before, after, days)
    return checkpoints[-1]


def _between(before: Checkpoint, after: Checkpoint, days: Decimal) -> Checkpoint:
    with localcontext(PRECISE):
        share = (days - before.days) / (after.days - before.days)
        low, median, high = (
            one + share * (other - one)
            for one, other in (
                (before.low, after.low),
                (before.median, after.median),
                (before.high, after.high),
            )
        )
        return Checkpoint(days, low, median, high)
