"""What users ask of a strategy: each request is a status move and an operation row, committed together by the caller.

The work itself is done by `progress`, however often it is rung.
"""

import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import bus
from core.clock import now, to_ms
from core.domain.lifecycle import ACTIVE, CHANGEABLE, STARTABLE, OperationState, StrategyStatus, move
from core.domain.order import LIVE
from core.domain.parameters import Parameters
from core.errors import Conflict, NotFound
from core.execution.intents import lock_strategies
from core.execution.switches import require_released
from core.execution.telling import tell
from core.models import ExchangeApi, GridOrder, GridStrategy, Operation
from core.strategies.parameters import apply_parameters, parameters_as_json, parameters_from_json
from core.strategies.wanted import Wanted


def request_start(session: Session, user_id: int, exchange: str, strategy_id: int) -> Operation:
    """STARTING (WAITING with a trigger price), from CREATED, STOPPED or FAILED. Raises NotFound, Conflict."""
    strategy = _own(session, user_id, exchange, strategy_id)
    if strategy.status not in STARTABLE:
        raise Conflict("bad_state", f"the strategy is {strategy.status}: it can't be started")
    require_released(session, strategy)
    begin_run(strategy)
    return _operation(session, strategy, "start")


def request_stop(
    session: Session, user_id: int, exchange: str, strategy_id: int, close_position: bool | None
) -> Operation:
    """STOPPING; `close_position` None means as the strategy says. Raises NotFound, Conflict."""
    strategy = _own(session, user_id, exchange, strategy_id)
    if strategy.status not in ACTIVE:
        raise Conflict("bad_state", f"the strategy is {strategy.status}: it can't be stopped")
    begin_stop(strategy, StrategyStatus.STOPPED, close_position)
    return _operation(session, strategy, "stop", close_position=strategy.close_on_end)


def request_reset(  # noqa: PLR0917 - whose, which, and what is asked
    session: Session,
    user_id: int,
    exchange: str,
    strategy_id: int,
    close_position: bool | None,
    parameters: Parameters | None,
) -> Operation:
    """Stops if need be, then starts with the new parameters, as one operation. What an earlier run has left is closed
    first where that is asked. Raises NotFound, Conflict."""
    strategy = _own(session, user_id, exchange, strategy_id)
    require_resettable(strategy)
    require_released(session, strategy)
    arguments = {
        "parameters": None if parameters is None else parameters_as_json(parameters),
        "cancelled": _live_orders(session, strategy),
    }
    if strategy.status in ACTIVE or (strategy.position and closes(strategy, close_position)):
        begin_stop(strategy, StrategyStatus.STOPPED, close_position)
        return _operation(session, strategy, "reset", **arguments)
    operation = _operation(session, strategy, "reset", **arguments)
    apply_reset(session, strategy, operation)
    return operation


def require_resettable(strategy: GridStrategy) -> None:
    """Raises Conflict (bad_state)."""
    if strategy.status == StrategyStatus.STOPPING:
        raise Conflict("bad_state", "the strategy is STOPPING: it can be reset when it has stopped")


def request_pause(session: Session, user_id: int, exchange: str, strategy_id: int) -> Operation:
    strategy = _own(session, user_id, exchange, strategy_id)
    strategy.status = move(StrategyStatus(strategy.status), StrategyStatus.PAUSED)
    strategy.look_at = now()  # the ring may be lost
    return _operation(session, strategy, "pause")


def request_resume(session: Session, user_id: int, exchange: str, strategy_id: int) -> Operation:
    strategy = _own(session, user_id, exchange, strategy_id)
    if strategy.status != StrategyStatus.PAUSED:
        raise Conflict("bad_state", f"the strategy is {strategy.status}: only a paused one can be resumed")
    require_released(session, strategy)
    strategy.status = move(StrategyStatus(strategy.status), StrategyStatus.RUNNING)
    strategy.look_at = now()  # the ring may be lost
    return _operation(session, strategy, "resume")


def request_update(session: Session, strategy: GridStrategy, wanted: Wanted) -> Operation:
    """The grid of a locked strategy that runs is to become what is wanted. Raises Conflict."""
    if strategy.status not in CHANGEABLE:
        raise Conflict("bad_state", f"the strategy is {strategy.status}: it can't be changed now")
    if strategy.change is not None:
        raise Conflict("change_under_way", "the grid is being changed: wait until that has been done")
    require_released(session, strategy)
    strategy.version += 1
    strategy.change = wanted.as_json()
    strategy.look_at = now()  # the ring may be lost
    return _operation(session, strategy, "update")


def request_stop_all(session: Session, user_id: int, exchange: str, close_position: bool | None) -> Operation:
    """Every strategy of the account that is not stopped or stopping yet. Raises NotFound where there is no account."""
    account = session.scalars(
        select(ExchangeApi).where(ExchangeApi.user_id == user_id, ExchangeApi.exchange == exchange)
    ).first()
    if account is None:
        raise NotFound("no_exchange_key", f"there is no key for {exchange}")
    running = select(GridStrategy.id).where(
        GridStrategy.account_id == account.id,
        GridStrategy.status.in_(ACTIVE - {StrategyStatus.STOPPING}),
    )
    strategies = lock_strategies(session, session.scalars(running)).values()
    for strategy in strategies:
        begin_stop(strategy, StrategyStatus.STOPPED, close_position)
        _overtake(session, strategy, "stop_all")
    operation = _new_operation(user_id, None, "stop_all", {"strategy_ids": [strategy.id for strategy in strategies]})
    session.add(operation)
    if not strategies:
        finish(operation)
    return operation


def begin_run(strategy: GridStrategy) -> None:
    """STARTING, or WAITING where there is a trigger price; one that waits already waits for it as it is now."""
    if strategy.trigger_price is None:
        begin_start(strategy)
        return
    if strategy.status != StrategyStatus.WAITING:
        strategy.status = move(StrategyStatus(strategy.status), StrategyStatus.WAITING)
    strategy.waiting_for = f"the mark price to cross {strategy.trigger_price}"
    mark = bus.mark(strategy.exchange, strategy.symbol)  # where it is not known, the first one seen decides
    strategy.waited_above = None if mark is None else Decimal(mark["mark_price"]) > strategy.trigger_price


def begin_start(strategy: GridStrategy) -> None:
    """A new run: a new generation, whose plan is made from the price at the moment of starting."""
    strategy.status = move(StrategyStatus(strategy.status), StrategyStatus.STARTING)
    strategy.generation += 1
    strategy.finish_reason = None
    strategy.must_end, strategy.must_end_because, strategy.look_at = None, "", None
    strategy.waiting_for = ""
    strategy.entry_price = None
    strategy.pool_quantity = strategy.pool_cost = strategy.pool_fees = Decimal(0)
    strategy.ladder_lower = strategy.ladder_upper = None
    strategy.trailed = 0
    if strategy.started_at is not None and strategy.stopped_at is not None:
        strategy.ran_ms += max(0, to_ms(strategy.stopped_at) - to_ms(strategy.started_at))
    strategy.started_at = now()
    strategy.stopped_at = None


def begin_stop(strategy: GridStrategy, end_status: StrategyStatus, close_position: bool | None) -> None:
    """STOPPING, which ends in `end_status`; a change under way comes to nothing. Raises Conflict where it is stopping
    already, or has never run."""
    strategy.status = move(StrategyStatus(strategy.status), StrategyStatus.STOPPING)
    strategy.change = None
    strategy.end_status = end_status
    strategy.close_on_end = closes(strategy, close_position)


def closes(strategy: GridStrategy, close_position: bool | None) -> bool:
    """Whether the position is to be closed: as asked, or else as the strategy says."""
    return strategy.close_position_on_stop if close_position is None else close_position


def apply_reset(session: Session, strategy: GridStrategy, operation: Operation) -> None:
    """The second half of a reset: the new parameters, what becomes of the profit so far, and a new run."""
    parameters, invested = operation.arguments["parameters"], strategy.total_investment
    if parameters is not None:
        apply_parameters(strategy, parameters_from_json(parameters))
        strategy.version += 1
    earned = strategy.ledger.earned(strategy.profit_settled)
    strategy.profit_settled += earned
    if earned and not strategy.profit_collection and strategy.total_investment == invested:
        _reinvest(session, strategy, earned)
    begin_run(strategy)


def _reinvest(session: Session, strategy: GridStrategy, earned: Decimal) -> None:
    """The next run's quantities grow by it: its budget is made of the whole investment."""
    strategy.total_investment += earned
    strategy.reinvested += earned
    strategy.version += 1
    message = f"{earned} USDT of grid profit are invested again: {strategy.total_investment} in all"
    tell(session, strategy, "profit_reinvested", message, earned=format(earned, "f"))


def _live_orders(session: Session, strategy: GridStrategy) -> int:
    """Of its cells: a reset keeps none."""
    live = select(func.count(GridOrder.id)).where(
        GridOrder.strategy_id == strategy.id, GridOrder.cell_id.is_not(None), GridOrder.status.in_(LIVE)
    )
    return session.execute(live).scalar_one()


def _own(session: Session, user_id: int, exchange: str, strategy_id: int) -> GridStrategy:
    """The user's strategy, locked."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is None or strategy.user_id != user_id or strategy.exchange != exchange:
        raise NotFound("no_such_strategy", "there is no such strategy")
    return strategy


def _operation(session: Session, strategy: GridStrategy, kind: str, **arguments: Any) -> Operation:
    _overtake(session, strategy, kind)
    operation = _new_operation(strategy.user_id, strategy.id, kind, arguments)
    session.add(operation)
    return operation


def _overtake(session: Session, strategy: GridStrategy, kind: str) -> None:
    """Any earlier operation of the strategy that is still under way has come to nothing; an update goes on beside a
    pause and a resume, and they beside it."""
    if kind == "update":
        return
    open_ones = select(Operation).where(
        Operation.strategy_id == strategy.id, Operation.state.in_((OperationState.PENDING, OperationState.RUNNING))
    )
    if kind in ("pause", "resume"):
        open_ones = open_ones.where(Operation.kind != "update")
    for earlier in session.scalars(open_ones):
        finish(earlier, f"overtaken by {kind}")


def _new_operation(user_id: int, strategy_id: int | None, kind: str, arguments: dict[str, Any]) -> Operation:
    return Operation(id=uuid.uuid4().hex, user_id=user_id, strategy_id=strategy_id, kind=kind, arguments=arguments)


def finish(operation: Operation, error: str | None = None) -> None:
    operation.state = OperationState.SUCCESS if error is None else OperationState.FAILURE
    operation.error = error
    operation.finished_at = now()
