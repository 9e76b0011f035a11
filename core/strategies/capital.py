"""What an account's strategies share: its money, and the venue's limit of live orders per symbol.

One that has no plan yet counts for those with a higher id only, so that of two which start at once one comes first.
"""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain.exact import PRECISE
from core.domain.lifecycle import ACTIVE
from core.domain.order import LIVE
from core.execution.intents import lock_strategies
from core.models import GridOrder, GridStrategy


def committed(session: Session, account_id: int, strategy_id: int | None = None) -> Decimal:
    """The margin that the account's strategies other than this one need once every one of their orders has filled,
    USDT: the investment of each that is active, and what those that have ended still hold."""
    return sum(
        (
            other.total_investment if other.status in ACTIVE else _margin_held(other)
            for other in _others(session, account_id, strategy_id)
        ),
        Decimal(0),
    )


def orders_of_others(session: Session, account_id: int, symbol: str, strategy_id: int | None = None) -> int:
    """Live orders on a symbol that are not this strategy's, at most: each cell of an active one may have one."""
    others = [other for other in _others(session, account_id, strategy_id) if other.symbol == symbol]
    cells = sum(other.grid_number for other in others if other.status in ACTIVE)
    ended = [other.id for other in others if other.status not in ACTIVE]
    left = select(func.count(GridOrder.id)).where(
        GridOrder.strategy_id.in_(ended), GridOrder.status.in_(LIVE), GridOrder.trigger_price.is_(None)
    )
    return cells + session.execute(left).scalar_one()


def lock(session: Session, strategy: GridStrategy) -> GridStrategy:
    """The strategy, with all that share its account: what they need together does not change until the commit."""
    sharing = select(GridStrategy.id).where(
        GridStrategy.account_id == strategy.account_id, GridStrategy.status.in_(ACTIVE)
    )
    return lock_strategies(session, {strategy.id, *session.scalars(sharing)})[strategy.id]


def _others(session: Session, account_id: int, strategy_id: int | None) -> Iterator[GridStrategy]:
    rows = session.scalars(
        select(GridStrategy).where(GridStrategy.account_id == account_id, GridStrategy.id != (strategy_id or 0))
    )
    for other in rows:
        is_planned = other.status not in ACTIVE or other.entry_price is not None
        if is_planned or strategy_id is None or other.id < strategy_id:
            yield other


def _margin_held(strategy: GridStrategy) -> Decimal:
    """Of the position that an ended one was left with, quote."""
    entry_price = strategy.ledger.average_entry_price
    if entry_price is None:
        return Decimal(0)
    return PRECISE.divide(abs(strategy.position) * entry_price, Decimal(strategy.leverage))
