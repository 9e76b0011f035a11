"""What waits at a symbol for a price: resting orders, and conditional orders.

Heaps whose dead entries are dropped when they surface, so that a price move costs by what it reaches, not by what
rests.
"""

from collections.abc import Callable
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from core.paper.engine.orders import Algo, Order

_COMPACT_ABOVE = 256
T = TypeVar("T", Order, Algo)


class Waiting(Generic[T]):
    """Things that wait for the price to rise or to fall to a level: the nearest first, then by id."""

    def __init__(self, is_alive: Callable[[T], bool]) -> None:
        self._rising: list[tuple[Decimal, int, T]] = []
        self._falling: list[tuple[Decimal, int, T]] = []
        self._is_alive: Callable[[T], bool] = is_alive
        self._dead = 0

    def add(self, one: T, level: Decimal, rises: bool) -> None:
        heap, key = (self._rising, level) if rises else (self._falling, -level)
        heappush(heap, (key, one.id, one))

    def forget(self) -> None:
        """Says that one entry has died; the heaps are rebuilt when most of them have."""
        self._dead += 1
        if self._dead > _COMPACT_ABOVE and self._dead * 2 > len(self._rising) + len(self._falling):
            for heap in (self._rising, self._falling):
                heap[:] = [entry for entry in heap if self._is_alive(entry[2])]
                heapify(heap)
            self._dead = 0

    def pop_reached(self, price: Decimal) -> T | None:
        """Takes out the next one that this price reaches."""
        return self._pop(self._falling, -price) or self._pop(self._rising, price)

    def _pop(self, heap: list[tuple[Decimal, int, T]], key: Decimal) -> T | None:
        while heap and heap[0][0] <= key:
            one = heappop(heap)[2]
            if self._is_alive(one):
                return one
            self._dead -= 1
        return None


def resting_orders() -> Waiting[Order]:
    """A BUY waits for the price to fall to it, a SELL for it to rise."""
    return Waiting(lambda order: order.resting)


def conditional_orders() -> Waiting[Algo]:
    return Waiting(lambda algo: algo.is_open)
