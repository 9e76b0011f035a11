"""A strategy's equity over time: a point a minute, of which older ones are thinned to each span's extremes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.clock import now
from core.db import Session
from core.domain.exact import EXACT, ZERO
from core.domain.lifecycle import ACTIVE
from core.domain.series import Reading, extremes, thinned
from core.models import EquitySnapshot, GridStrategy

MOST_POINTS = 500
JUST_ENDED = timedelta(minutes=2)
# (older than, span): of these each span keeps its lowest and its highest point. Each span is a multiple of the last.
TIERS = (
    (timedelta(days=1), timedelta(minutes=30)),
    (timedelta(days=7), timedelta(hours=2)),
    (timedelta(days=90), timedelta(hours=12)),
)
_AT_ONCE = 500


def take_snapshots() -> None:
    """One point of every strategy that runs, holds something or has just ended, and whose mark price is known."""
    for number, exchange, symbol in _watched():
        mark = bus.mark(exchange, symbol)
        if mark is not None:
            with Session.begin() as session:
                _snapshot(session, number, Decimal(mark["mark_price"]))


def _watched() -> list[tuple[int, str, str]]:
    with Session.reading() as session:
        rows = session.execute(
            select(GridStrategy.id, GridStrategy.exchange, GridStrategy.symbol).where(
                GridStrategy.generation > 0,
                or_(
                    GridStrategy.status.in_(ACTIVE),
                    GridStrategy.position != ZERO,
                    GridStrategy.stopped_at > now() - JUST_ENDED,
                ),
            )
        )
        return [(row.id, row.exchange, row.symbol) for row in rows]


def _snapshot(session: OrmSession, strategy_id: int, mark: Decimal) -> None:
    """The drawdown is kept of every point that ever was, whether it is still there or not."""
    strategy = session.get(GridStrategy, strategy_id, with_for_update=True)
    if strategy is None:
        return
    ledger = strategy.ledger
    equity = ledger.total_pnl(mark)
    strategy.peak_equity = max(strategy.peak_equity, equity)
    strategy.max_drawdown = max(strategy.max_drawdown, EXACT.subtract(strategy.peak_equity, equity))
    session.add(
        EquitySnapshot(
            strategy_id=strategy.id,
            at=now(),
            mark_price=mark,
            position=ledger.position,
            total_pnl=equity,
            grid_profit=ledger.grid_profit,
            unrealized_pnl=ledger.unrealized_pnl(mark),
            fees=ledger.fees,
            funding=ledger.funding,
        )
    )


def thin() -> None:
    """Deletes what older spans don't need. Rung every hour, each time for other strategies: each has its turn a day."""
    with Session.reading() as session:
        numbers = session.scalars(select(GridStrategy.id).where(GridStrategy.generation > 0)).all()
    for number in numbers:
        if number % 24 == now().hour:
            _thin(number)


def _thin(strategy_id: int) -> None:
    with Session.reading() as session:
        stored = _readings(session, strategy_id, None, None)
    dispensable = sorted(_dispensable(stored))
    for first in range(0, len(dispensable), _AT_ONCE):
        with Session.begin() as session:
            some = dispensable[first : first + _AT_ONCE]
            session.execute(delete(EquitySnapshot).where(EquitySnapshot.id.in_(some)))


def _dispensable(stored: list[Reading]) -> Iterator[int]:
    """Where a span is looked at in part, what is kept of it contains the extremes of the whole."""
    moment = now()
    ages = [age for age, _ in TIERS[1:]] + [timedelta.max]
    for (age, span), next_age in zip(TIERS, ages, strict=True):
        old = [one for one in stored if age <= moment - one.at < next_age]
        kept = {one.key for one in extremes(old, span)}
        yield from (one.key for one in old if one.key not in kept)


def series(session: OrmSession, strategy_id: int, start: datetime | None, end: datetime | None) -> list[EquitySnapshot]:
    """At most 500 points from `start` to `end`, oldest first: of a longer series each span's lowest and highest."""
    kept = [one.key for one in thinned(_readings(session, strategy_id, start, end), MOST_POINTS)]
    query = select(EquitySnapshot).where(EquitySnapshot.id.in_(kept))
    return list(session.scalars(query.order_by(EquitySnapshot.at, EquitySnapshot.id)))


def _readings(session: OrmSession, strategy_id: int, start: datetime | None, end: datetime | None) -> list[Reading]:
    query = select(EquitySnapshot.id, EquitySnapshot.at, EquitySnapshot.total_pnl)
    query = query.where(EquitySnapshot.strategy_id == strategy_id)
    if start is not None:
        query = query.where(EquitySnapshot.at >= start)
    if end is not None:
        query = query.where(EquitySnapshot.at <= end)
    rows = session.execute(query.order_by(EquitySnapshot.at, EquitySnapshot.id))
    return [Reading(*row) for row in rows]
