"""The table of stored candles: what is there, what is missing, and adding to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as OrmSession

from core.candles.packing import EMPTY, Series, merged, packed, unpacked
from core.models import CandleDay

MINUTE_MS = 60_000
MINUTES = 1440  # of a day
DAY_MS = MINUTES * MINUTE_MS


@dataclass(frozen=True, slots=True)
class StoredDay:
    """`day` since 1970; `content` as core.candles.packing packs it."""

    day: int
    count: int
    content: bytes


def stored(session: OrmSession, exchange: str, symbol: str, days: int) -> list[StoredDay]:
    """The newest `days` days of which there is anything, oldest first."""
    rows = session.scalars(
        select(CandleDay)
        .where(CandleDay.exchange == exchange, CandleDay.symbol == symbol, CandleDay.count > 0)
        .order_by(CandleDay.day.desc())
        .limit(days)
    )
    return [StoredDay(row.day, row.count, row.packed) for row in reversed(rows.all())]


def series(days: Iterable[StoredDay]) -> Series:
    return merged([unpacked(day.content) for day in days])


def add(session: OrmSession, exchange: str, symbol: str, found: Series) -> int:
    """What is there already is replaced. How many days were touched."""
    numbers = found.times // DAY_MS
    days = np.unique(numbers).tolist()
    for day in days:
        here = numbers == day
        put(session, exchange, symbol, day, Series(found.times[here], found.prices[:, here], found.decimals))
    return len(days)


def put(session: OrmSession, exchange: str, symbol: str, day: int, found: Series, *, whole: bool = False) -> None:
    """Candles of one day. `whole`: with them there is all that the venue has of it."""
    row = _locked(session, exchange, symbol, day)
    both = merged([unpacked(row.packed) if row.count else EMPTY, found])
    row.count = len(both)
    row.packed = packed(both) if len(both) else b""
    row.whole = row.whole or whole or len(both) == MINUTES


def unsettled(session: OrmSession, exchange: str, symbol: str, days: Sequence[int]) -> list[int]:
    """Those of `days` of which the venue may have more."""
    here = CandleDay.exchange == exchange, CandleDay.symbol == symbol, CandleDay.day.in_(days), CandleDay.whole
    settled = set(session.scalars(select(CandleDay.day).where(*here)))
    return [day for day in days if day not in settled]


def missing(session: OrmSession, exchange: str, symbol: str, day: int, until: int) -> tuple[int, int] | None:
    """(first, last) time of a candle, ms, that is missing of the day before `until` (ms); None where none is."""
    row = session.get(CandleDay, (exchange, symbol, day))
    have = unpacked(row.packed) if row is not None and row.count else EMPTY
    return gap(have, day * DAY_MS, min((day + 1) * DAY_MS, until) - MINUTE_MS)


def gap(have: Series, first: int, last: int) -> tuple[int, int] | None:
    """(first, last) time of a candle that is not there of those from `first` to `last`, ms; None where none is."""
    lacking = np.setdiff1d(np.arange(first, last + 1, MINUTE_MS), have.times, assume_unique=True)
    return (int(lacking[0]), int(lacking[-1])) if len(lacking) else None


def _locked(session: OrmSession, exchange: str, symbol: str, day: int) -> CandleDay:
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"exchange": exchange, "symbol": symbol, "day": day, "count": 0, "packed": b"", "whole": False}
    session.execute(kind(CandleDay).values(row).on_conflict_do_nothing())
    return session.get_one(CandleDay, (exchange, symbol, day), with_for_update=True, populate_existing=True)
