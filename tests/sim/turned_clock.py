"""The clock, turned by hand. To be imported before anything else of ours, in a process of its own: modules bind
core.clock's functions when they are imported."""

from datetime import datetime

from core import clock

BEGINNING_MS = 1_790_000_000_000


class Time:
    """Milliseconds since 1970; `sleep` is what a process does that only waits."""

    def __init__(self) -> None:
        self.ms = float(BEGINNING_MS)
        self.sleep = self.forward

    def forward(self, seconds: float) -> None:
        self.ms += seconds * 1000


TIME = Time()


def now() -> datetime:
    return clock.from_ms(int(TIME.ms))


def now_ms() -> int:
    return int(TIME.ms)


def monotonic() -> float:
    return (TIME.ms - BEGINNING_MS) / 1000 + 1000


def sleep(seconds: float) -> None:
    TIME.sleep(seconds)


for _turned in (now, now_ms, monotonic, sleep):
    setattr(clock, _turned.__name__, _turned)
