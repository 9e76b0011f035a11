"""Claims PENDING orders whose time has come. The hot path claims its counter-orders itself; this is for all others:
opening orders, refused and unsent ones, and those that no token was there for."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from core.domain.order import CLOSING, OrderStatus
from core.execution.booking import follow_up
from core.execution.events import Consequences, venue_timestamp
from core.execution.intents import attempt_of, claim, is_in_progress, is_wanted, lock_strategies, may_open
from core.execution.rules import rules_of
from core.models import NOW, GridOrder, GridStrategy

LARGEST_BATCH = 200

# Of an order joined with its strategy: whether it waits for nothing but to be sent.
IS_DUE = and_(
    GridOrder.status == OrderStatus.PENDING,
    or_(GridOrder.next_check_at.is_(None), GridOrder.next_check_at <= NOW),
    or_(GridStrategy.halted == "", GridOrder.purpose.in_(CLOSING)),
)
_DUE = (
    select(GridOrder.id, GridOrder.strategy_id, GridOrder.purpose)
    .join(GridStrategy, GridStrategy.id == GridOrder.strategy_id)
    .where(GridOrder.account_id == bindparam("account_id"), IS_DUE)
    .order_by(GridOrder.id)
    .limit(LARGEST_BATCH)
)


def count_due(session: Session, account_id: int) -> tuple[int, int]:
    """How many tokens the account could use now: (for closing orders, for others)."""
    due = session.execute(_DUE, {"account_id": account_id}).all()
    closing = sum(row.purpose in CLOSING for row in due)
    return closing, len(due) - closing


def claim_due(session: Session, account_id: int, tokens: int) -> Consequences:
    """Claims due orders that are still wanted, closing ones first; drops those that are not (nothing was sent)."""
    due = session.execute(_DUE, {"account_id": account_id}).all()
    strategies = lock_strategies(session, {row.strategy_id for row in due})
    consequences = Consequences()
    claimed: list[GridOrder] = []
    for order in _fresh(session, [row.id for row in due]):
        strategy = strategies[order.strategy_id]
        if not is_wanted(strategy, order):
            _drop(session, strategy, order)
            if is_in_progress(strategy):
                consequences.in_progress.add(strategy.id)
        elif len(claimed) < tokens and (order.purpose in CLOSING or may_open(strategy)):
            timestamp = venue_timestamp(order.exchange)
            if timestamp is not None:
                claim(order, timestamp)
                claimed.append(order)
    session.flush()
    consequences.attempts += [attempt_of(order) for order in claimed]
    return consequences


def _fresh(session: Session, order_ids: Sequence[int]) -> list[GridOrder]:
    rows = session.scalars(
        select(GridOrder)
        .where(GridOrder.id.in_(order_ids), GridOrder.status == OrderStatus.PENDING)
        .options(joinedload(GridOrder.cell))
        .execution_options(populate_existing=True)
    )
    return sorted(rows, key=lambda order: (order.purpose not in CLOSING, order.id))


def _drop(session: Session, strategy: GridStrategy, order: GridOrder) -> None:
    order.status = OrderStatus.CANCELED
    order.next_check_at = None
    follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
