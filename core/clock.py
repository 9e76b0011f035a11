"""The only place that reads the time (ruff bans the others), so that tests and simulations can turn it."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The host's time, aware, UTC."""
    return datetime.now(UTC)


def now_ms() -> int:
    """The host's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


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
