"""The storm: faults drawn from a seed, alone and together, while the market walks; and at each quiet point everything
must become whole, judged by the oracle."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

import httpx
from sqlalchemy.exc import DBAPIError

from core.clock import monotonic, sleep
from tests.chaos.arena import Arena
from tests.chaos.faults import FAULTS, Fault, Scene
from tests.chaos.oracle import Violation
from tests.chaos.oracle.checks import ALWAYS
from tests.chaos.traders import Market, Traders

# After the last fault has ended; the table says how long it took. A minute's request weight may have been used up.
WHOLE_WITHIN_S = 75.0
LOOK_EVERY_S = 1.0
SECRETS_EVERY = 5  # rounds
_AWAY = (httpx.HTTPError, DBAPIError)


@dataclass(slots=True)
class Survived:
    """How often a fault was survived, and the longest time until all was whole after it, seconds."""

    times: int = 0
    worst: float = 0.0


@dataclass(slots=True)
class Report:
    """`broken`: what the oracle found, under which faults. `looks`: how often it was asked while it stormed."""

    survived: dict[str, Survived] = field(default_factory=dict)
    broken: list[Violation] = field(default_factory=list)
    under: list[str] = field(default_factory=list)
    rounds: int = 0
    looks: int = 0


class Storm:
    def __init__(self, scene: Scene, draws: Random, names: Sequence[str], tell: Callable[[str], None]) -> None:
        """`names`: the faults to draw from, by `draws` alone. `tell` hears a line a round."""
        self._scene = scene
        self._draws = draws
        self._tell = tell
        self._names = list(names)
        self.report = Report()

    def rage(self, seconds: float) -> Report:
        """Rounds until the time is up; the last one is finished. Ends early where the oracle finds something."""
        until = monotonic() + seconds
        waited, violations = self._until_whole(monotonic())
        self._conclude([], violations, waited)
        rounds = self._draw()
        while monotonic() < until and not self.report.broken:
            self._round(next(rounds))
        return self.report

    def _draw(self) -> Iterator[list[Fault]]:
        """Every fault once, in random company, then all again."""
        while True:
            deck = self._draws.sample(self._names, len(self._names))
            while deck:
                drawn = [FAULTS[deck.pop()] for _ in range(min(len(deck), self._draws.choice((1, 1, 2, 3))))]
                solo = [fault for fault in drawn if fault.alone]
                together = [fault for fault in drawn if not fault.alone]
                yield from ([fault] for fault in solo)
                if together:
                    yield together

    def _round(self, faults: list[Fault]) -> None:
        self.report.rounds += 1
        self._scene.market.open()
        violations = self._strike(faults)
        ended = monotonic()
        violations = violations or self._watch(LOOK_EVERY_S)
        self._scene.market.close()
        waited = 0.0
        if not violations:
            waited, violations = self._until_whole(ended)
        if not violations and self.report.rounds % SECRETS_EVERY == 0:
            violations = self._scene.arena.oracle.secrets()
        self._conclude([fault.name for fault in faults], violations, waited)

    def _strike(self, faults: list[Fault]) -> list[Violation]:
        """Safety is asked for all the while. What faults began ends with them, whatever was found."""
        with ExitStack() as striking:
            for fault in faults:
                striking.enter_context(fault.strike(self._scene))
            return self._watch(max(fault.seconds for fault in faults))

    def _watch(self, seconds: float) -> list[Violation]:
        until = monotonic() + seconds
        while True:
            try:
                violations = self._scene.arena.oracle.always()
                self.report.looks += 1
            except _AWAY:
                violations = []
            if violations or monotonic() >= until:
                return violations
            sleep(LOOK_EVERY_S)

    def _until_whole(self, ended: float) -> tuple[float, list[Violation]]:
        """How long after `ended` nothing was left to find, in seconds; and what there was that must never be, or was
        left when time was up."""
        while True:
            try:
                violations = self._scene.arena.oracle.everything()
            except _AWAY as error:
                violations = [Violation("the system answers", type(error).__name__)]
            waited = monotonic() - ended
            never = [one for one in violations if one.line in ALWAYS]
            if never or not violations or waited > WHOLE_WITHIN_S:
                return waited, never or violations
            sleep(0.25)

    def _conclude(self, names: list[str], violations: list[Violation], waited: float) -> None:
        if violations:
            self.report.broken, self.report.under = violations, names
            return
        self._tell(f"{self.report.rounds:4}  whole after {waited:4.1f} s: {' + '.join(names) or 'the start'}")
        for name in names:
            survived = self.report.survived.setdefault(name, Survived())
            survived.times += 1
            survived.worst = max(survived.worst, waited)


def storm_over(arena: Arena, seed: int, seconds: float, names: Sequence[str], tell: Callable[[str], None]) -> Report:
    """Lets users begin to trade in a fresh arena, then storms: the draw of faults and the market's walk are the
    seed's."""
    traders = Traders(arena.stack)
    traders.begin()
    market, strikes, draws = Market(arena.stack, Random(seed)), Random(seed), Random(seed)
    return Storm(Scene(arena, traders, market, strikes), draws, names, tell).rage(seconds)
