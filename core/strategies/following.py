"""What is new in the database for people who watch: rows of the event log and fills as they are committed, and how
orders and strategies differ from when they were last looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from core.clock import monotonic, now
from core.domain.lifecycle import ACTIVE
from core.domain.order import LIVE
from core.models import Event, Fill, GridOrder, GridStrategy

GONE_AFTER_S = 30.0  # an id not seen by then belongs to a transaction that was rolled back: none lives so long

Row = TypeVar("Row", Event, Fill)


class Tail(Generic[Row]):
    """New rows of a table that only grows. Ids are given out before their transactions commit, so that a lower one may
    appear after a higher one: all up to `settled` have been seen, or will never be there."""

    def __init__(self, table: type[Row], settled: int) -> None:
        self._table: type[Row] = table
        self.settled = settled
        self._seen: set[int] = set()
        self._missed_at: dict[int, float] = {}

    def read(self, session: Session) -> list[int]:
        """The ids not seen before, rising."""
        ids = select(self._table.id).where(self._table.id > self.settled).order_by(self._table.id)
        new = [number for number in session.scalars(ids) if number not in self._seen]
        self._seen.update(new)
        self._settle()
        return new

    def _settle(self) -> None:
        last = max(self._seen, default=self.settled)
        while self.settled < last and self._is_settled(self.settled + 1):
            self.settled += 1
            self._seen.discard(self.settled)
            self._missed_at.pop(self.settled, None)

    def _is_settled(self, number: int) -> bool:
        if number in self._seen:
            return True
        return monotonic() - self._missed_at.setdefault(number, monotonic()) > GONE_AFTER_S


def tail_of_events(session: Session) -> Tail[Event]:
    """From now on. What is being committed just now may have ids below the newest."""
    old = Event.created_at < now() - timedelta(seconds=GONE_AFTER_S)
    settled = session.scalar(select(Event.id).where(old).order_by(Event.id.desc()).limit(1))
    return _begun(session, Tail(Event, settled or 0))


def tail_of_fills(session: Session) -> Tail[Fill]:
    """From now on."""
    return _begun(session, Tail(Fill, session.scalar(select(func.max(Fill.id))) or 0))


def _begun(session: Session, tail: Tail[Row]) -> Tail[Row]:
    tail.read(session)
    return tail


def events_of(user_id: int | None, strategy_id: int | None = None) -> Select[Event]:
    """Of the user's strategies, or of one; a user's include those about accounts."""
    mine = select(Event).where(Event.user_id == user_id).order_by(Event.id)
    return mine if strategy_id is None else mine.where(Event.strategy_id == strategy_id)


def fills_of(user_id: int, strategy_id: int | None = None) -> Select[Fill]:
    """Of the user's strategies, or of one."""
    mine = select(Fill).join(GridStrategy, GridStrategy.id == Fill.strategy_id).where(GridStrategy.user_id == user_id)
    return (mine if strategy_id is None else mine.where(Fill.strategy_id == strategy_id)).order_by(Fill.id)


def rows(session: Session, table: type[Row], ids: Sequence[int]) -> list[Row]:
    """Oldest first."""
    return list(session.scalars(select(table).where(table.id.in_(ids)).order_by(table.id))) if ids else []


@dataclass(frozen=True, slots=True)
class Watched:
    """A strategy as those see it who follow it."""

    id: int
    user_id: int
    account_id: int
    exchange: str
    symbol: str
    status: str
    finish_reason: str | None
    waiting_for: str

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


def watched(session: Session, user_ids: Iterable[int]) -> dict[int, Watched]:
    """All strategies of these users, by id."""
    columns = [getattr(GridStrategy, name) for name in Watched.__slots__]
    found = session.execute(select(*columns).where(GridStrategy.user_id.in_(sorted(set(user_ids)))))
    return {row.id: Watched(*row) for row in found}


class Orders:
    """One strategy's orders: how far each was when last looked at."""

    def __init__(self, last_id: int) -> None:
        self._known: dict[int, tuple[str, Decimal]] = {}
        self._last_id = last_id

    @classmethod
    def from_now(cls, session: Session, strategy_id: int) -> "Orders":
        orders = cls(_last_order(session, GridOrder.strategy_id == strategy_id))
        orders._look(session, strategy_id)
        return orders

    @classmethod
    def of_this_run(cls, session: Session, strategy_id: int) -> "Orders":
        """All of the present run are new."""
        earlier = (GridOrder.strategy_id == strategy_id) & (GridOrder.generation < GridStrategy.generation)
        return cls(_last_order(session, earlier & (GridStrategy.id == strategy_id)))

    def changed(self, session: Session, strategy_id: int) -> list[GridOrder]:
        """Those that are new or further than when last looked at, oldest first."""
        known, found = self._known, self._look(session, strategy_id)
        ended = known.keys() - found.keys()
        ids = ended | {number for number, progress in found.items() if known.get(number) != progress}
        return list(session.scalars(select(GridOrder).where(GridOrder.id.in_(ids)).order_by(GridOrder.id)))

    def _look(self, session: Session, strategy_id: int) -> dict[int, tuple[str, Decimal]]:
        """Those that are live, and those that came since, ended or not: whatever else there was does not change."""
        news = or_(GridOrder.status.in_(LIVE), GridOrder.id > self._last_id)
        is_order = or_(GridOrder.trigger_price.is_(None), GridOrder.order_id.is_not(None))
        columns = select(GridOrder.id, GridOrder.status, GridOrder.filled_quantity)
        found = session.execute(columns.where(GridOrder.strategy_id == strategy_id, is_order, news)).all()
        self._known = {row.id: (row.status, row.filled_quantity) for row in found if row.status in LIVE}
        self._last_id = max([self._last_id, *(row.id for row in found)])
        return {row.id: (row.status, row.filled_quantity) for row in found}


def _last_order(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.max(GridOrder.id)).where(which)) or 0
