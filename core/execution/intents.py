"""New orders, and claiming them for an attempt. All under the strategy's lock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session, joinedload

from core.clock import now
from core.domain.lifecycle import PROTECTED, TRADING, FinishReason, StrategyStatus
from core.domain.order import CLOSING, OrderStatus, OrderType, Purpose, Side
from core.domain.parameters import StrategyType
from core.exchange.base import NewOrder
from core.execution.identity import Named, identity
from core.models import GridCell, GridOrder, GridStrategy

IN_PROGRESS = (StrategyStatus.STARTING, StrategyStatus.STOPPING)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed order, committed as SUBMITTED with the timestamp that its request is signed with."""

    grid_order_id: int
    account_id: int
    exchange: str
    order: NewOrder


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order of ours to cancel at the venue."""

    grid_order_id: int
    account_id: int
    exchange: str
    symbol: str
    client_order_id: str
    is_conditional: bool


def cancel_of(order: GridOrder) -> Cancel:
    return Cancel(order.id, order.account_id, order.exchange, order.symbol, order.client_order_id, order.is_conditional)


# Built once: SQLAlchemy's part of a small query is longer than the database's.
_LOCKED = (
    select(GridStrategy)
    .where(GridStrategy.id.in_(bindparam("ids", expanding=True)))
    .order_by(GridStrategy.id)
    .execution_options(populate_existing=True)
)
_WAITING, _SKIPPING = _LOCKED.with_for_update(), _LOCKED.with_for_update(skip_locked=True)


def lock_strategies(
    session: Session, strategy_ids: Iterable[int], *, skip_locked: bool = False
) -> dict[int, GridStrategy]:
    """Rows locked in a fixed order and read afresh. Whoever changes an order or a cell holds its strategy's lock."""
    ids = sorted(set(strategy_ids))
    if not ids:
        return {}
    rows = session.scalars(_SKIPPING if skip_locked else _WAITING, {"ids": ids})
    return {row.id: row for row in rows}


def of_run(table: type[GridCell] | type[GridOrder]) -> ColumnElement[bool]:
    """In statements that are built once: the rows of the run whose `run_of` they are executed with."""
    return and_(table.strategy_id == bindparam("strategy_id"), table.generation == bindparam("generation"))


def run_of(strategy: GridStrategy) -> dict[str, int]:
    return {"strategy_id": strategy.id, "generation": strategy.generation}


def lock_orders(session: Session, order_ids: Collection[int]) -> list[tuple[GridStrategy, GridOrder]]:
    """Orders read afresh with their cells, each beside its strategy, whose lock is held."""
    if not order_ids:
        return []
    owners = session.scalars(select(GridOrder.strategy_id).where(GridOrder.id.in_(order_ids)).distinct())
    strategies = lock_strategies(session, owners)
    orders = session.scalars(
        select(GridOrder)
        .where(GridOrder.id.in_(order_ids))
        .options(joinedload(GridOrder.cell))
        .execution_options(populate_existing=True)
    )
    return [(strategies[order.strategy_id], order) for order in orders]


def may_open(strategy: GridStrategy) -> bool:
    """Whether grid orders may go out for it now."""
    return strategy.status in TRADING and strategy.must_end is None and not strategy.halted


def is_in_progress(strategy: GridStrategy) -> bool:
    """Whether it is to be driven on now: it is starting or stopping, or something has happened to it."""
    return strategy.status in IN_PROGRESS or (strategy.look_at is not None and strategy.look_at <= now())


def end_for(strategy: GridStrategy, reason: FinishReason, because: str) -> None:
    """Something at the venue ends the strategy: nothing new goes out, and it is to be driven on from here."""
    if strategy.must_end is None:
        strategy.must_end, strategy.must_end_because = reason, because
        strategy.look_at = now()


def new_order(
    session: Session,
    strategy: GridStrategy,
    *,
    side: Side,
    quantity: Decimal,
    purpose: Purpose,
    price: Decimal | None = None,
    trigger_price: Decimal | None = None,
    cell: GridCell | None = None,
    reduce_only: bool = False,
    close_position: bool = False,
) -> GridOrder:
    """Adds a PENDING order: an intent, with its id for good. A price makes it LIMIT, a trigger price STOP_MARKET."""
    cell_index = None if cell is None else cell.cell_index
    sequence = strategy.next_sequence
    strategy.next_sequence += 1
    order = GridOrder(
        strategy_id=strategy.id,
        account_id=strategy.account_id,
        cell_id=None if cell is None else cell.id,
        generation=strategy.generation,
        sequence=sequence,
        exchange=strategy.exchange,
        symbol=strategy.symbol,
        purpose=purpose,
        type=_type(price, trigger_price),
        side=side,
        cell_index=cell_index,
        grid_index=None if cell_index is None else cell_index + (1 if side is Side.SELL else 0),
        price=price,
        trigger_price=trigger_price,
        quantity=quantity,
        reduce_only=reduce_only,
        close_position=close_position,
        client_order_id=identity(session).client_order_id(
            strategy.era, Named(strategy.id, cell_index, sequence, purpose)
        ),
        status=OrderStatus.PENDING,
        attempts=0,
    )
    session.add(order)
    return order


def _type(price: Decimal | None, trigger_price: Decimal | None) -> OrderType:
    if trigger_price is not None:
        return OrderType.STOP_MARKET
    return OrderType.MARKET if price is None else OrderType.LIMIT


def next_cell_order(session: Session, strategy: GridStrategy, cell: GridCell) -> GridOrder:
    """The order that the cell should have now.

    Where a grid of one direction is alone on its symbol, its closing legs may only reduce: once the conditional order
    at the venue has closed the position, they can't open the opposite one while our hosts are away.
    """
    side = Side(cell.next_side)
    cell.gap_reason, cell.next_try_at = "", None
    return new_order(
        session,
        strategy,
        side=side,
        quantity=cell.next_quantity,
        price=cell.lower_price if side is Side.BUY else cell.upper_price,
        purpose=Purpose(cell.next_purpose),
        cell=cell,
        reduce_only=strategy.alone and strategy.strategy_type != StrategyType.NEUTRAL and side != cell.opening_side,
    )


def claim(order: GridOrder, timestamp: int) -> None:
    """Makes a PENDING order SUBMITTED with this attempt's `timestamp` (ms, venue time). Send only after the commit."""
    assert order.status == OrderStatus.PENDING
    order.status = OrderStatus.SUBMITTED
    order.sent_at = timestamp
    order.attempts += 1
    order.absences = 0
    order.next_check_at = None


def attempt_of(order: GridOrder) -> Attempt:
    """What to send for a claimed order that has been flushed."""
    assert order.sent_at is not None
    return Attempt(
        grid_order_id=order.id,
        account_id=order.account_id,
        exchange=order.exchange,
        order=NewOrder(
            symbol=order.symbol,
            side=Side(order.side),
            type=OrderType(order.type),
            quantity=order.quantity,
            price=order.price,
            client_order_id=order.client_order_id,
            timestamp=order.sent_at,
            reduce_only=order.reduce_only,
            trigger_price=order.trigger_price,
            close_position=order.close_position,
        ),
    )


def is_wanted(strategy: GridStrategy, order: GridOrder) -> bool:
    """Whether a PENDING order should still go out: grid orders while trading, closing ones while stopping, conditional
    ones for as long as there is something to protect."""
    if order.generation != strategy.generation or order.cancel_wanted:
        return False
    if order.is_conditional:
        return strategy.status in PROTECTED and strategy.must_end is None
    if order.purpose in CLOSING:
        return strategy.status == StrategyStatus.STOPPING
    return strategy.status in TRADING and strategy.must_end is None
