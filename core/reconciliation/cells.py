"""The grid itself: every cell that should have an order and has none gets its intent, when its pause is over."""

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from core.clock import now
from core.domain.lifecycle import StrategyStatus
from core.domain.order import LIVE
from core.execution.intents import lock_strategies, next_cell_order
from core.models import GridCell, GridOrder, GridStrategy


def bare_cells() -> Select[GridCell]:
    """Cells of running grids without a live order, whose next try is due."""
    has_live_order = exists().where(GridOrder.cell_id == GridCell.id, GridOrder.status.in_(LIVE))
    return (
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
            GridCell.next_try_at.is_(None) | (GridCell.next_try_at <= now()),
            ~has_live_order,
        )
    )


def refill(session: Session, account_id: int) -> int:
    """Gives every bare cell of the account its order, PENDING; returns how many."""
    bare = bare_cells().where(GridStrategy.account_id == account_id)
    strategies = lock_strategies(session, {cell.strategy_id for cell in session.scalars(bare)})
    still_bare = session.scalars(bare.execution_options(populate_existing=True)).all()
    for cell in still_bare:
        next_cell_order(session, strategies[cell.strategy_id], cell)
    return len(still_bare)
