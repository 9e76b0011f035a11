"""Time, chance, and who goes on next: one heap of moments, and greenlets for whatever happens side by side.

Everything random comes from the seed. A greenlet gives way only where it waits, so a run repeats to the letter.
"""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from typing import TypeVar

from greenlet import getcurrent, greenlet

from tests.sim.turned_clock import BEGINNING_MS, TIME

T = TypeVar("T")


class Absence:
    """Of a part that others need, until it is over."""

    def __init__(self, until_ms: float = 0.0) -> None:
        self._until_ms = until_ms

    def __bool__(self) -> bool:
        return self._until_ms > TIME.ms


class World:
    def __init__(self, seed: int, verbose: bool = False) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.wrongs: list[str] = []
        self.trace: list[str] = []
        self._verbose = verbose
        self._moments: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._hub = getcurrent()
        TIME.ms = float(BEGINNING_MS)
        TIME.sleep = self.wait

    # --- chance

    def happens(self, chance: float) -> bool:
        return chance > 0 and self.random.random() < chance

    def span(self, shortest: float, longest: float) -> float:
        """Seconds, short ones far likelier."""
        return shortest + (longest - shortest) * self.random.random() ** 4

    # --- time

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return (TIME.ms - BEGINNING_MS) / 1000

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._moments, (TIME.ms + seconds * 1000, next(self._numbers), action))

    def every(self, seconds: float, action: Callable[[], None]) -> None:
        def again() -> None:
            action()
            self.after(seconds, again)

        self.after(seconds, again)

    def run_for(self, seconds: float) -> None:
        end = TIME.ms + seconds * 1000
        while self._moments and self._moments[0][0] <= end:
            moment, _, action = heapq.heappop(self._moments)
            TIME.ms = max(TIME.ms, moment)
            action()
        TIME.ms = end

    def away(self, seconds: float) -> "Absence":
        return Absence(TIME.ms + seconds * 1000)

    # --- side by side

    def begin(self, work: Callable[[], None]) -> greenlet:
        """Starts `work` now; it goes on whenever what it waits for has come."""
        made = greenlet(work, self._hub)
        made.switch()
        return made

    @property
    def in_hub(self) -> bool:
        return getcurrent() is self._hub

    def wait(self, seconds: float) -> None:
        """Lets others go on meanwhile. Where nobody else could, nothing waits."""
        if self.in_hub:
            return
        me = getcurrent()
        self.after(seconds, lambda: self._resume(me))
        self._hub.switch()

    def stop(self, one: greenlet, reason: BaseException) -> None:
        """Ends what waits, with `reason` raised where it stands."""
        if not one.dead:
            one.throw(reason)

    def _resume(self, one: greenlet) -> None:
        if not one.dead:
            one.switch()

    # --- what is told

    def tell(self, text: str) -> None:
        line = f"{self.seconds:9.3f}  {text}"
        self.trace.append(line)
        if self._verbose:
            print(line)

    def wrong(self, text: str) -> None:
        """Something that must never be."""
        self.tell(f"WRONG: {text}")
        self.wrongs.append(f"at {self.seconds:.3f} s: {text}")
