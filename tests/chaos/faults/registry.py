"""The list of faults, and what a fault may reach for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random

from tests.chaos.arena import Arena
from tests.chaos.traders import Market, Traders
from tests.support.stack import Stack
from tests.support.venue import Venue


@dataclass(frozen=True, slots=True)
class Scene:
    arena: Arena
    traders: Traders
    market: Market
    random: Random

    @property
    def stack(self) -> Stack:
        return self.arena.stack

    @property
    def venue(self) -> Venue:
        return self.arena.stack.venue


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds`: how long it lasts at least. `alone`: never drawn together with others. `long`: drawn only where it is
    asked for by its whole name. `obstacle`: why it can't be made on this machine."""

    name: str
    strike: Callable[[Scene], AbstractContextManager[None]]
    seconds: float
    alone: bool
    long: bool
    obstacle: str


FAULTS: dict[str, Fault] = {}

Striking = Callable[[Scene], Iterator[None]]


def fault(
    name: str, seconds: float = 2.0, *, alone: bool = False, long: bool = False, obstacle: str = ""
) -> Callable[[Striking], Striking]:
    """Registers a generator function: what comes before its `yield` strikes, what comes after it makes good."""

    def register(striking: Striking) -> Striking:
        FAULTS[name] = Fault(name, contextmanager(striking), seconds, alone, long, obstacle)
        return striking

    return register


def drawn_from(asked_for: Sequence[str] = ()) -> list[str]:
    """The names of all faults that can be made here; a long one only where it is asked for by its whole name."""
    return [name for name, one in FAULTS.items() if not one.obstacle and (not one.long or name in asked_for)]
