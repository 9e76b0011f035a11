"""How fast counter-orders follow fills: at a steady pace, as many as one worker process can, and all at once."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import cycle, islice
from statistics import median

from core import clock
from tests.bench.floor import Floor, FloorSamples
from tests.bench.stamps import Pair, Stamps
from tests.bench.system import System
from tests.bench.traffic import Grids
from tests.e2e.books import assert_books_close
from tests.support.waiting import wait_until

PACE = 50  # fills a second
ROUNDS, FILLS_A_ROUND, FLOOR_TURNS = 5, 200, 150
SUSTAINED_S = 10.0
IN_FLIGHT = 2  # moves of the market whose counter-orders are not all there yet
BURSTS = 3
WINDOW_MS = 10_000  # of the venue's order limit


def paced(system: System, quiet: Sequence[Grids]) -> tuple[list[float], FloorSamples]:
    """Milliseconds from fill to counter-order at PACE, one fill at a time, and the floor between the rounds."""
    stamps = Stamps(system.stamps)
    walks = [(grids, grids.walk(len(grids.lines) // 2 + 1)) for grids in quiet]
    turns = cycle(walks)
    _step(system, stamps, turns, len(walks))
    floor, samples, pairs = Floor(system.environment), FloorSamples(), list[Pair]()
    floor.measure(20)
    _step(system, stamps, turns, PACE)
    for _ in range(ROUNDS):
        samples.add(floor.measure(FLOOR_TURNS))
        pairs += _step(system, stamps, turns, FILLS_A_ROUND)
    floor.close()
    return [pair.milliseconds for pair in pairs], samples


def _step(system: System, stamps: Stamps, turns: "cycle[tuple[Grids, Iterator[Decimal]]]", count: int) -> list[Pair]:
    """`count` fills at PACE, each on the next of the grids in turn; the pairs, once all are whole."""
    due, pairs = clock.monotonic(), list[Pair]()
    for grids, walk in islice(turns, count):
        clock.sleep(max(0.0, due - clock.monotonic()))
        system.venue.move(grids.symbol, next(walk))
        due += 1 / PACE
    return pairs + rest(stamps)


def rest(stamps: Stamps) -> list[Pair]:
    """The pairs of all fills that are still open, once they are there."""
    pairs = stamps.read()

    def none_is_open() -> bool:
        pairs.extend(stamps.read())
        return not stamps.open_fills

    wait_until(none_is_open, 30, "every fill has its counter-order")
    return pairs


def sustained_per_second(system: System, busy: Grids, stride: int) -> float:
    """Counter-orders a second over SUSTAINED_S, while each move of the market fills `stride` orders of every grid."""
    stamps = Stamps(system.stamps)
    walk = islice(busy.walk(0), 0, None, stride)
    system.venue.move(busy.symbol, next(walk))
    rest(stamps)
    pairs, began = list[Pair](), clock.monotonic()
    while clock.monotonic() - began < SUSTAINED_S:
        system.venue.move(busy.symbol, next(walk))
        pairs += _until_few_are_open(stamps, (IN_FLIGHT - 1) * len(busy.users) * stride)
    seconds = clock.monotonic() - began
    rest(stamps)
    return len(pairs) / seconds


def assert_books_balance(system: System, busy: Grids) -> None:
    for user, grid_id in busy.users:
        user.wait_until_whole(grid_id)
        assert_books_close(system, user, grid_id, busy.symbol)


def _until_few_are_open(stamps: Stamps, few: int) -> list[Pair]:
    pairs, deadline = stamps.read(), clock.monotonic() + 30
    while len(stamps.open_fills) > few:
        assert clock.monotonic() < deadline, f"{len(stamps.open_fills)} fills have no counter-order"
        clock.sleep(0.001)
        pairs += stamps.read()
    return pairs


def burst_per_second(system: System, wide: Grids) -> float:
    """One move over all lines of a grid: its fills, divided by the time until the last counter-order is there."""
    stamps = Stamps(system.stamps)
    system.venue.move(wide.symbol, wide.lines[-1])
    rest(stamps)
    speeds = []
    for end in islice(cycle((wide.lines[0], wide.lines[-1])), BURSTS):
        clock.sleep((WINDOW_MS - clock.now_ms() % WINDOW_MS) / 1000)
        system.venue.move(wide.symbol, end)
        pairs = rest(stamps)
        speeds.append(1000 * len(pairs) / max(pair.milliseconds for pair in pairs))
    return median(speeds)
