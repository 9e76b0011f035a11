"""Orders that wait far longer than their neighbours did, and what range would trade more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from statistics import median

from core.domain.exact import PRECISE

NEIGHBOURS = 2  # cells on either side
FEWEST_FILLS = 5  # of the neighbours, for a time to be typical
TIMES_TYPICAL = 10
LEAST_AGE = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`kind` is narrower, wider or shifted; the range (quote), and what would follow from it, for people."""

    kind: str
    lower_price: Decimal
    upper_price: Decimal
    effect: str


def slow_cells(ages: Mapping[int, float], fill_times: Mapping[int, Sequence[float]]) -> dict[int, float]:
    """Of the live orders' ages (seconds, by cell), those far past what was typical among their neighbours: that time.

    `fill_times`: seconds from an order to its fill, of the cell's past orders.
    """
    typical = {cell: _typical(cell, fill_times) for cell in ages}
    return {
        cell: time
        for cell, time in typical.items()
        if time is not None and ages[cell] > max(TIMES_TYPICAL * time, LEAST_AGE)
    }


def suggestion(lines: Sequence[Decimal], fills: Mapping[int, int], mark: Decimal) -> Suggestion | None:
    """From the number of fills of each cell in the last day. None where the range fits as it is."""
    lower, upper = lines[0], lines[-1]
    if not lower <= mark <= upper:
        return _shifted(lower, upper, mark)
    traded = sorted(cell for cell, count in fills.items() if count)
    if not traded:
        return None
    first, last = traded[0], traded[-1]
    cells, used = len(lines) - 1, last - first + 1
    if used * 2 <= cells and used >= 2:
        return _narrower(lines[first], lines[last + 1], cells, used)
    at_the_edges = fills.get(0, 0) + fills.get(cells - 1, 0)
    if cells > 2 and at_the_edges * 2 > sum(fills.values()):
        return _wider(lines)
    return None


def _typical(cell: int, fill_times: Mapping[int, Sequence[float]]) -> float | None:
    near = [
        time
        for one in range(cell - NEIGHBOURS, cell + NEIGHBOURS + 1)
        if one != cell
        for time in fill_times.get(one, ())
    ]
    return median(near) if len(near) >= FEWEST_FILLS else None


def _shifted(lower: Decimal, upper: Decimal, mark: Decimal) -> Suggestion:
    """The same ratio of upper to lower around the mark."""
    with localcontext(PRECISE):
        half = (upper / lower).sqrt()
        return Suggestion("shifted", mark / half, mark * half, "no cell trades where the price is now; all would again")


def _narrower(lower: Decimal, upper: Decimal, cells: int, used: int) -> Suggestion:
    times = PRECISE.divide(Decimal(cells), Decimal(used))
    effect = f"only {used} of {cells} cells have traded: all of them there would trade about {times:.1f} times as often"
    return Suggestion("narrower", lower, upper, effect)


def _wider(lines: Sequence[Decimal]) -> Suggestion:
    lower, upper = lines[0], lines[-1]
    with localcontext(PRECISE):
        more = (upper - lower) / 4
    effect = "most fills were at the range's edges: half as wide again, fewer swings would leave it"
    return Suggestion("wider", max(lower - more, lower / 2), upper + more, effect)
