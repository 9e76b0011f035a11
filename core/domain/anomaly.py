"""Marks on which nothing should be decided: they jump, they stop coming, or they part from the last price."""

from decimal import Decimal

JUMP_PCT = Decimal(10)  # between two marks, which come each second
CALM_MARKS = 3  # in a row without a jump, after which its new height is believed
STALL = 10.0  # seconds
APART_PCT = Decimal(5)
TIMES_APART = 2  # in a row


class MarkWatch:
    """One symbol's marks (quote). `odd` says why nothing is to be decided on them now; empty where something may."""

    def __init__(self) -> None:
        self._mark: Decimal | None = None
        self._taken_at = 0.0
        self._jumped = self._apart = self._stalled = ""
        self._calm = self._times_apart = 0

    @property
    def odd(self) -> str:
        return self._stalled or self._jumped or self._apart

    def take(self, mark: Decimal, moment: float) -> None:
        """A new mark; `moment` in seconds, monotonic."""
        if self._mark is not None and _is_apart(mark, self._mark, JUMP_PCT):
            self._jumped, self._calm = f"the mark price jumped from {self._mark:f} to {mark:f}", 0
        else:
            self._calm += 1
            self._jumped = self._jumped if self._calm < CALM_MARKS else ""
        self._mark, self._taken_at, self._stalled = mark, moment, ""

    def compare(self, last_price: Decimal) -> None:
        """With a last price that has just been read. Once they may differ because one is older than the other."""
        is_apart = self._mark is not None and _is_apart(self._mark, last_price, APART_PCT)
        self._times_apart = self._times_apart + 1 if is_apart else 0
        words = f"the mark price {self._mark} is more than {APART_PCT} % from the last price {last_price}"
        self._apart = words if self._times_apart >= TIMES_APART else ""

    def look(self, moment: float) -> None:
        """Time has passed."""
        if moment - self._taken_at >= STALL:
            self._stalled = f"no mark price has come for {STALL:.0f} s"


def _is_apart(price: Decimal, other: Decimal, pct: Decimal) -> bool:
    return abs(price - other) * 100 > pct * other
