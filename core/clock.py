"""The only place that reads the time (ruff bans the others), so that tests and simulations can turn it."""

import time
from datetime import UTC, datetime

# Goes on while the host sleeps, where there is such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_TOLERANCE_MS = 500  # what reading a clock over a connection may be wrong by

_ahead_ms: int | None = None  # of the steady clock: None while the host's own clock counts


def now() -> datetime:
    """The time, aware, UTC: the host's, or that of the clock that this process follows."""
    return datetime.now(UTC) if _ahead_ms is None else from_ms(now_ms())


def now_ms() -> int:
    """The same in milliseconds since 1970."""
    return time.time_ns() // 1_000_000 if _ahead_ms is None else _steady_ms() + _ahead_ms


def follow(told_ms: int) -> None:
    """From now on the time is what another clock has just told (ms since 1970), carried forward on the steady clock: a
    step of the host's own moves nothing. Told again, only a real difference counts."""
    global _ahead_ms  # noqa: PLW0603
    ahead = told_ms - _steady_ms()
    if _ahead_ms is None or abs(ahead - _ahead_ms) > _TOLERANCE_MS:
        _ahead_ms = ahead


def ahead_ms() -> int | None:
    """By how much the clock that this process follows is ahead of the host's steady one; None where it follows none."""
    return _ahead_ms


def follow_as(ahead: int | None) -> None:
    """As another process of this host does, by its `ahead_ms`."""
    if ahead is not None:
        follow(_steady_ms() + ahead)


def _steady_ms() -> int:
    return time.clock_gettime_ns(_STEADY) // 1_000_000


def from_ms(milliseconds: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC time, exact to the millisecond."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def monotonic() -> float:
    """Seconds for measuring spans; never compare between hosts."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """For the loops of long-running processes; a task never sleeps."""
    time.sleep(seconds)
