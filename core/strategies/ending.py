"""How a run ends, and what is said of it: the operation's result and the event log."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.clock import now
from core.domain.lifecycle import FinishReason, OperationState, StrategyStatus, move
from core.execution.events import request_reconciliation
from core.execution.intents import lock_strategies
from core.execution.telling import tell
from core.models import Fill, GridOrder, GridStrategy, Operation
from core.strategies.requests import apply_reset, begin_stop, finish

_OPEN = (
    select(Operation)
    .where(
        Operation.strategy_id == bindparam("strategy_id"),
        Operation.state.in_((OperationState.PENDING, OperationState.RUNNING)),
    )
    .order_by(Operation.created_at.desc())
)
_UPDATE, _OTHER = _OPEN.where(Operation.kind == "update"), _OPEN.where(Operation.kind != "update")


def fail(session: Session, strategy: GridStrategy, error: str) -> None:
    """A start that can't be: whatever it has placed or bought is taken back, then FAILED.

    Where it has traded nothing, a position kept from an earlier run stays as it is.
    """
    begin_stop(strategy, StrategyStatus.FAILED, close_position=_has_traded(session, strategy))
    conclude(session, strategy, error)
    tell(session, strategy, "start_failed", f"the start failed: {error}", level="WARNING")


def _has_traded(session: Session, strategy: GridStrategy) -> bool:
    of_this_run = select(Fill.id).join(GridOrder, GridOrder.id == Fill.grid_order_id)
    mine = of_this_run.where(GridOrder.strategy_id == strategy.id, GridOrder.generation == strategy.generation)
    return session.scalars(mine.limit(1)).first() is not None


def begin_finish(session: Session, strategy: GridStrategy, reason: FinishReason, message: str) -> None:
    """The system ends the strategy: orders cancelled, position closed, FINISHED with the reason."""
    begin_stop(strategy, StrategyStatus.FINISHED, close_position=True)
    strategy.finish_reason = reason
    tell(session, strategy, reason.lower(), message, level="WARNING")


def end(session: Session, strategy: GridStrategy) -> None:
    """The end of a stop; a reset goes on from here."""
    strategy.status = move(StrategyStatus.STOPPING, StrategyStatus(strategy.end_status))
    strategy.stopped_at = now()
    strategy.waiting_for = ""
    request_reconciliation(session, strategy.account_id)  # the books of the run
    _conclude_stop_all(session, strategy.user_id)
    conclude(session, strategy, "the strategy has ended", update=True)
    operation = open_operation(session, strategy)
    if operation is not None and operation.kind == "reset" and strategy.status == StrategyStatus.STOPPED:
        apply_reset(session, strategy, operation)
        return
    tell(session, strategy, strategy.status.lower(), f"the strategy is {strategy.status}")
    if strategy.close_on_end and strategy.position:
        message = f"{strategy.position} were not closed: below the market's minimum, or closed outside"
        tell(session, strategy, "position_left", message, level="WARNING")
    conclude(session, strategy, None)


def open_operation(session: Session, strategy: GridStrategy, *, update: bool = False) -> Operation | None:
    """The one under way: the update, or any other."""
    return session.scalars(_UPDATE if update else _OTHER, {"strategy_id": strategy.id}).first()


def conclude(session: Session, strategy: GridStrategy, error: str | None, *, update: bool = False) -> None:
    """Finishes the operation under way, if there is one."""
    operation = open_operation(session, strategy, update=update)
    if operation is not None:
        finish(operation, error)


def _conclude_stop_all(session: Session, user_id: int) -> None:
    """Finishes the user's stop-alls of whose strategies the last one has ended; one may run again by then."""
    session.flush()
    stopping = set(
        session.scalars(
            select(GridStrategy.id).where(
                GridStrategy.user_id == user_id, GridStrategy.status == StrategyStatus.STOPPING
            )
        )
    )
    open_ones = select(Operation).where(
        Operation.user_id == user_id, Operation.kind == "stop_all", Operation.state == OperationState.PENDING
    )
    for operation in session.scalars(open_ones):
        if stopping.isdisjoint(operation.arguments["strategy_ids"]):
            finish(operation)


def finish_strategy(session: Session, strategy_id: int, reason: FinishReason, message: str) -> None:
    """The same for a strategy that may have ended, or be ending, already: then nothing happens."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is not None and strategy.status in (StrategyStatus.RUNNING, StrategyStatus.PAUSED):
        begin_finish(session, strategy, reason, message)
