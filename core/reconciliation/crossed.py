"""Live orders whose price the market has passed: each is asked for, unless its news comes first."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Float, and_, cast, or_, select, update
from sqlalchemy.orm import Session

from core import bus
from core.clock import now
from core.domain.lifecycle import ACTIVE
from core.domain.order import OrderStatus, Side
from core.models import GridOrder, GridStrategy

NEWS_WITHIN = timedelta(seconds=3)


def watch(session: Session) -> None:
    """Puts crossed orders down to be asked for, by the mark prices published last."""
    traded = select(GridStrategy.exchange, GridStrategy.symbol).where(GridStrategy.status.in_(ACTIVE)).distinct()
    for exchange, symbol in session.execute(traded).all():
        mark = bus.mark(exchange, symbol)
        if mark is not None:
            _watch(session, exchange, symbol, Decimal(mark["mark_price"]))


def _watch(session: Session, exchange: str, symbol: str, mark: Decimal) -> None:
    price = cast(GridOrder.price, Float)  # only to choose whom to ask for: nothing is booked from it
    crossed = select(GridOrder.id).where(
        GridOrder.exchange == exchange,
        GridOrder.symbol == symbol,
        GridOrder.status.in_((OrderStatus.PLACED, OrderStatus.PARTIALLY_FILLED)),
        GridOrder.next_check_at.is_(None),
        or_(
            and_(GridOrder.side == Side.BUY, price > float(mark)),
            and_(GridOrder.side == Side.SELL, price < float(mark)),
        ),
    )
    found = session.scalars(crossed).all()
    if found:
        session.execute(
            update(GridOrder)
            .where(GridOrder.id.in_(found), GridOrder.next_check_at.is_(None))
            .values(next_check_at=now() + NEWS_WITHIN)
        )
