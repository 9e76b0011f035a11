"""Prices at which something is to be rung for, sorted so that a mark costs the triggers it reaches."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

BELOW, ABOVE = -1, 1


@dataclass(frozen=True, slots=True)
class Trigger:
    """Reached by a mark price at or beyond `price` (quote) in `direction`, BELOW or ABOVE.

    What is rung is the task with the strategy's id, `arguments` and that mark price. `lasting`: one touch is enough,
    however short; else the mark must still be there. `generation` is the run that it belongs to.
    """

    symbol: str
    direction: int
    price: Decimal
    task: str
    strategy_id: int
    generation: int
    arguments: tuple[str, ...] = ()
    lasting: bool = True

    def is_reached(self, mark: Decimal) -> bool:
        return mark <= self.price if self.direction == BELOW else mark >= self.price


_PRICE = attrgetter("price")


class TriggerBook:
    """All triggers of a venue, by symbol and direction in the order of their prices."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Trigger, ...]] = {}
        self._sorted: dict[tuple[str, int], list[Trigger]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(map(len, self._sorted.values()))

    def __contains__(self, trigger: Trigger) -> bool:
        return trigger in self._of.get(trigger.strategy_id, ())

    @property
    def symbols(self) -> set[str]:
        return {symbol for (symbol, _), rows in self._sorted.items() if rows}

    def ids_between(self, after: int, until: float) -> set[int]:
        """The strategies that have triggers, of those with after < id <= until."""
        return {number for number in self._of if after < number <= until}

    def replace(self, triggers: Mapping[int, tuple[Trigger, ...]]) -> None:
        """By strategy id, all that it has from now on."""
        changed = {number: new for number, new in triggers.items() if new != self._of.get(number, ())}
        gone = {trigger for number in changed for trigger in self._of.pop(number, ())}
        new = [trigger for triggers_of_one in changed.values() for trigger in triggers_of_one]
        for key in {(trigger.symbol, trigger.direction) for trigger in (*gone, *new)}:
            kept = [one for one in self._sorted[key] if one not in gone] if gone else self._sorted[key]
            kept += [one for one in new if (one.symbol, one.direction) == key]
            kept.sort(key=_PRICE)
            self._sorted[key] = kept
        self._of |= {number: mine for number, mine in changed.items() if mine}

    def reached(self, symbol: str, mark: Decimal) -> Iterator[Trigger]:
        falling, rising = self._sorted.get((symbol, BELOW)), self._sorted.get((symbol, ABOVE))
        if falling and mark <= falling[-1].price:
            yield from falling[bisect_left(falling, mark, key=_PRICE) :]
        if rising and mark >= rising[0].price:
            yield from rising[: bisect_right(rising, mark, key=_PRICE)]
