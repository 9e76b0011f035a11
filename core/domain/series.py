"""Which points of a long series to keep, so that it looks the same: each span's lowest and highest. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """`key` names a point to whoever asks; `value` is what it shows."""

    key: int
    at: datetime
    value: Decimal


def extremes(readings: Sequence[Reading], span: timedelta, start: datetime = _EPOCH) -> list[Reading]:
    """The first lowest and the first highest of every `span` since `start`, in the order of `readings`.

    Of what it keeps it keeps everything, also with spans that are a multiple of these.
    """
    spans: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        spans[(reading.at - start) // span].append(reading)
    kept = {pick(those, key=lambda reading: reading.value).key for those in spans.values() for pick in (min, max)}
    return [reading for reading in readings if reading.key in kept]


def thinned(readings: Sequence[Reading], most: int) -> list[Reading]:
    """At most `most` (four or more), with the first and the last, evenly over time. `readings` are in its order."""
    if len(readings) <= most:
        return list(readings)
    first, last = readings[0], readings[-1]
    span = (last.at - first.at) // (most // 2 - 1) + timedelta(microseconds=1)
    return [first, *(one for one in extremes(readings, span, first.at) if one.key not in (first.key, last.key)), last]
