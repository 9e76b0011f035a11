"""The grid itself: every cell that should have an order and has none gets its intent, when its pause is over."""

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from core.domain.lifecycle import StrategyStatus
from core.domain.order import LIVE
from core.execution.intents import lock_strategies, next_cell_order
from core.models import NOW, GridCell, GridOrder, GridStrategy

_HAS_LIVE_ORDER = exists().where(GridOrder.cell_id == GridCell.id, GridOrder.status.in_(LIVE))
# Cells of running grids without a live order, whose next try is due.
BARE_CELLS = (
    select(GridCell)
    .join(GridStrategy, GridStrategy.id == GridCell.strategy_id)
    .where(
        GridStrategy.status == StrategyStatus.RUNNING,
        GridStrategy.halted == "",
        GridStrategy.must_end.is_(None),
        GridCell.generation == GridStrategy.generation,
        ~GridCell.frozen,
        ~GridCell.awaits_inventory,
        ~GridCell.changing,
        ~GridCell.dropped,
        GridCell.next_try_at.is_(None) | (GridCell.next_try_at <= NOW),
        ~_HAS_LIVE_ORDER,
    )
)
_OF_ACCOUNT = BARE_CELLS.where(GridStrategy.account_id == bindparam("account_id"))
_STRATEGIES = _OF_ACCOUNT.with_only_columns(GridCell.strategy_id).distinct()
_AFRESH = _OF_ACCOUNT.execution_options(populate_existing=True)


def refill(session: Session, account_id: int) -> int:
    """Gives every bare cell of the account its order, PENDING; returns how many."""
    of_account = {"account_id": account_id}
    strategies = lock_strategies(session, session.scalars(_STRATEGIES, of_account))
    if not strategies:
        return 0
    still_bare = [cell for cell in session.scalars(_AFRESH, of_account) if cell.strategy_id in strategies]
    for cell in still_bare:
        next_cell_order(session, strategies[cell.strategy_id], cell)
    return len(still_bare)
