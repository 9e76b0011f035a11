"""Drives a strategy that is starting or stopping one step further. Rung by events and by the sweep; repeatable."""

from collections.abc import Iterator

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session as OrmSession

from core.db import Session
from core.domain.lifecycle import ACTIVE, CHANGEABLE, PROTECTED, FinishReason, StrategyStatus, move
from core.domain.order import LIVE
from core.execution.booking import release_inventory
from core.execution.claiming import claim_due, count_due
from core.execution.events import Consequences
from core.execution.intents import IN_PROGRESS, Cancel, is_in_progress, lock_strategies
from core.execution.rates import take
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import NOW, GridCell, GridOrder, GridStrategy
from core.strategies import protection, starting, stopping, updating
from core.strategies.ending import begin_finish, conclude, end, fail

_OPENINGS = exists().where(
    GridOrder.strategy_id == GridStrategy.id,
    GridOrder.cell_id == GridCell.id,
    GridOrder.status.in_(LIVE),
    GridOrder.side == GridCell.opening_side,
)
# Ids of strategies on their way to another state, and of those that something has happened to; a paused one is on its
# way while opening legs of it are live.
TO_ADVANCE = select(GridStrategy.id).where(
    or_(
        GridStrategy.status.in_(IN_PROGRESS),
        and_(GridStrategy.status == StrategyStatus.PAUSED, _OPENINGS),
        and_(GridStrategy.status.in_(ACTIVE), GridStrategy.look_at <= NOW),
    )
)
_OF_ACCOUNT = TO_ADVANCE.where(GridStrategy.account_id == bindparam("account_id"))


def advance(strategy_id: int) -> Consequences:
    """One step: the plan of a start, the cancels and the close of a stop, the end of either, or what keeps a running
    strategy protected."""
    with Session.reading() as session:
        strategy = session.get(GridStrategy, strategy_id)
    if strategy is None:
        return Consequences()
    if strategy.status == StrategyStatus.STARTING:
        starting.make_plan(strategy_id)
    if strategy.change is not None:
        updating.set_leverage(strategy_id)
    consequences = Consequences()
    with Session.begin() as session:
        strategy = lock_strategies(session, [strategy_id])[strategy_id]
        before, change_before = strategy.status, strategy.change
        strategy.look_at = None
        if strategy.must_end is not None and before in PROTECTED:
            begin_finish(session, strategy, FinishReason(strategy.must_end), strategy.must_end_because)
        else:
            consequences.cancels += _step(session, strategy)
        moved_on = strategy.status != before or strategy.change != change_before
        if moved_on and is_in_progress(strategy):
            consequences.in_progress.add(strategy.id)
    if (before in PROTECTED) != (strategy.status in PROTECTED) or before == StrategyStatus.STARTING:
        protection.look_at_neighbours(strategy)
    consequences.add(send_due(strategy.account_id))
    return consequences


def _step(session: OrmSession, strategy: GridStrategy) -> list[Cancel]:
    cancels: list[Cancel] = []
    if strategy.status == StrategyStatus.STARTING:
        _advance_start(session, strategy)
    elif strategy.status == StrategyStatus.STOPPING:
        cancels += stopping.step(session, strategy)
        if stopping.is_done(session, strategy):
            end(session, strategy)
    elif strategy.status == StrategyStatus.PAUSED:
        cancels += stopping.take_back_openings(session, strategy)
        conclude(session, strategy, None)
    elif strategy.status == StrategyStatus.RUNNING:
        conclude(session, strategy, None)
    if strategy.status in CHANGEABLE:
        cancels += updating.step(session, strategy)
    if strategy.status in PROTECTED:
        cancels += protection.keep(session, strategy)
    return cancels


def advance_all(account_id: int) -> Iterator[Consequences]:
    """A step of every strategy of the account that is to be driven on."""
    with Session.reading() as session:
        numbers = session.scalars(_OF_ACCOUNT, {"account_id": account_id}).all()
    for number in numbers:
        yield advance(number)


def _advance_start(session: OrmSession, strategy: GridStrategy) -> None:
    refusal = starting.refusal(session, strategy)
    if refusal is not None:
        fail(session, strategy, refusal)
        return
    # What was bought while trading was halted waits here for its cells.
    release_inventory(session, strategy, rules_of(session, strategy.exchange, strategy.symbol))
    if starting.is_done(session, strategy):
        strategy.status = move(StrategyStatus.STARTING, StrategyStatus.RUNNING)
        strategy.waiting_for = ""
        conclude(session, strategy, None)
        tell(session, strategy, "running", f"the grid is live, entry price {strategy.entry_price}")


def send_due(account_id: int) -> Consequences:
    """Claims what the account may send now."""
    with Session.reading() as session:
        closing, opening = count_due(session, account_id)
        if not closing + opening:
            return Consequences()
    tokens = take(account_id, closing, closing=True) + take(account_id, opening)
    with Session.begin() as session:
        return claim_due(session, account_id, tokens)
