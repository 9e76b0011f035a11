"""Live orders whose price the market has reached: each is asked for, unless its news comes first."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Float, and_, cast, or_, select, update
from sqlalchemy.orm import Session

from core import bus
from core.clock import now
from core.domain.lifecycle import ACTIVE
from core.domain.order import OrderStatus, Side
from core.models import GridOrder, GridStrategy

NEWS_WITHIN = timedelta(seconds=3)


def watch(session: Session) -> None:
    """Puts them down to be asked for, by how far the mark prices have gone in the last seconds."""
    traded = select(GridStrategy.exchange, GridStrategy.symbol).where(GridStrategy.status.in_(ACTIVE)).distinct()
    for exchange, symbol in session.execute(traded).all():
        mark = bus.mark(exchange, symbol)
        if mark is not None:
            _watch(session, exchange, symbol, mark)


def _watch(session: Session, exchange: str, symbol: str, mark: Mapping[str, Any]) -> None:
    price = cast(GridOrder.price, Float)  # only to choose whom to ask for: nothing is booked from it
    # An order that was sent after the price had been there has not been reached by it.
    reached = (
        (Side.BUY, price >= float(mark["low"]), mark["low_at"]),
        (Side.BUY, price >= float(mark["mark_price"]), mark["at"]),
        (Side.SELL, price <= float(mark["high"]), mark["high_at"]),
        (Side.SELL, price <= float(mark["mark_price"]), mark["at"]),
    )
    crossed = select(GridOrder.id).where(
        GridOrder.exchange == exchange,
        GridOrder.symbol == symbol,
        GridOrder.status.in_((OrderStatus.PLACED, OrderStatus.PARTIALLY_FILLED)),
        GridOrder.next_check_at.is_(None),
        or_(*(and_(GridOrder.side == side, beyond, GridOrder.sent_at < at) for side, beyond, at in reached)),
    )
    found = session.scalars(crossed).all()
    if found:
        session.execute(
            update(GridOrder)
            .where(GridOrder.id.in_(found), GridOrder.next_check_at.is_(None))
            .values(next_check_at=now() + NEWS_WITHIN)
        )
