"""A series of candles made whole where that is asked for, and what was done to it."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from core.candle_files import Candle, candles_of
from core.errors import Invalid


def repaired(file: Path) -> tuple[list[Candle], list[str]]:
    """(candles, a sentence for each repair): rows that are no candle and repeated ones are left out, the others put in
    order, and missing ones stand still at the close before them. Prices between two ticks stay refused
    (`in_ticks`): they are another symbol's, or the tick is.

    Raises ConfigurationError where the file can't be read, Invalid where more is missing than there is.
    """
    done: list[str] = []
    read = list(candles_of(file, bad=done))
    done += [
        f"row {later.row}: put in order" for earlier, later in pairwise(read) if later.opened_ms < earlier.opened_ms
    ]
    kept: dict[int, Candle] = {}
    for candle in read:
        first = kept.setdefault(candle.opened_ms, candle)
        if first is not candle:
            done.append(f"row {candle.row}: left out, it repeats row {first.row}")
    ordered = [kept[at] for at in sorted(kept)]
    return list(_filled(ordered, done)), done


def _filled(ordered: list[Candle], done: list[str]) -> Iterator[Candle]:
    span = min((later.opened_ms - earlier.opened_ms for earlier, later in pairwise(ordered)), default=1)
    if ordered and (ordered[-1].opened_ms - ordered[0].opened_ms) // span >= 2 * len(ordered):
        raise Invalid("candles_missing", f"more candles are missing than the {len(ordered)} there are")
    yield from ordered[:1]
    for earlier, later in pairwise(ordered):
        missing = range(earlier.opened_ms + span, later.opened_ms, span)
        if missing:
            done.append(f"row {later.row}: {len(missing)} missing candles before it stand still at {earlier.close}")
        still = earlier.close
        yield from (Candle(at, still, still, still, still, later.row) for at in missing)
        yield later
