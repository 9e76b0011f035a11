"""The stop: our own orders cancelled one by one to a final state, then our position closed if asked.

A pause takes back the opening legs only, by the same means.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from core import bus
from core.clock import now
from core.domain.order import CLOSING, FINAL, LIVE, RESTING, OrderStatus, Purpose, Side
from core.domain.plan import market_orders
from core.execution.booking import follow_up
from core.execution.events import request_reconciliation
from core.execution.intents import Cancel, cancel_of, new_order
from core.execution.rules import rules_of
from core.models import ExchangeApi, GridOrder, GridStrategy
from core.reconciliation.foreign import external_position

ASK_AFTER = timedelta(seconds=3)
CLOSE_PURPOSE = {"STOP_LOSS": Purpose.STOP_LOSS, "TAKE_PROFIT": Purpose.TAKE_PROFIT}
LONGEST_PAUSE = timedelta(seconds=30)

_LIVE = (
    select(GridOrder)
    .where(GridOrder.strategy_id == bindparam("strategy_id"), GridOrder.status.in_(LIVE))
    .options(joinedload(GridOrder.cell))
    .execution_options(populate_existing=True)
)


def step(session: Session, strategy: GridStrategy) -> list[Cancel]:
    """What has not been sent is dropped, what rests is to be cancelled; when nothing is live the close is made.

    Orders in doubt are left to their resolution: a cancel the venue does not know of would prove nothing.
    """
    live = _live_orders(session, strategy)
    cancels = take_back(session, strategy, [order for order in live if not _is_close(order)])
    strategy.waiting_for = _waiting_for(live)
    if strategy.close_on_end and all(order.status in FINAL for order in live) and _is_booked(session, strategy):
        _close(session, strategy)
    return cancels


def drop_unsent(session: Session, strategy: GridStrategy) -> None:
    """What has never been sent; the rest can't be taken back now."""
    live = _live_orders(session, strategy)
    take_back(session, strategy, [order for order in live if order.status == OrderStatus.PENDING])


def take_back_openings(session: Session, strategy: GridStrategy) -> list[Cancel]:
    """For a pause: no order of it may add exposure; those that close a cell stay."""
    live = _live_orders(session, strategy)
    openings = [order for order in live if order.cell is not None and order.side == order.cell.opening_side]
    return take_back(session, strategy, openings)


def is_done(session: Session, strategy: GridStrategy) -> bool:
    """Nothing of it is live, every trade is booked, and the position is flat where that was asked."""
    session.flush()
    if _live_orders(session, strategy) or not _is_booked(session, strategy):
        return False
    return not strategy.close_on_end or not any(_closable(session, strategy))


def _live_orders(session: Session, strategy: GridStrategy) -> Sequence[GridOrder]:
    return session.scalars(_LIVE, {"strategy_id": strategy.id}).all()


def _is_close(order: GridOrder) -> bool:
    """Whether it is this stop's own; a conditional order must be gone before that goes out."""
    return order.purpose in CLOSING and not order.is_conditional


def take_back(session: Session, strategy: GridStrategy, orders: Sequence[GridOrder]) -> list[Cancel]:
    """Drops what was never sent; returns the cancels of what rests. Orders in doubt are left to their resolution."""
    cancels = []
    for order in orders:
        if order.status == OrderStatus.PENDING:
            order.status, order.next_check_at = OrderStatus.CANCELED, None
            follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
        elif order.status in RESTING:
            cancels += _cancel(order)
    return cancels


def _cancel(order: GridOrder) -> list[Cancel]:
    """Once; then the venue is asked what became of it, and only an answer that it still rests cancels it again."""
    if order.cancel_wanted and order.next_check_at is not None:
        return []
    order.cancel_wanted = True
    order.next_check_at = now() + ASK_AFTER
    return [cancel_of(order)]


def _waiting_for(live: Sequence[GridOrder]) -> str:
    doubtful = sum(order.status in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN) for order in live)
    return f"the exchange's word on {doubtful} orders" if doubtful else ""


def _is_booked(session: Session, strategy: GridStrategy) -> bool:
    missing = select(GridOrder.id).where(
        GridOrder.strategy_id == strategy.id, GridOrder.booked_quantity != GridOrder.filled_quantity
    )
    return session.scalars(missing.limit(1)).first() is None


def _closable(session: Session, strategy: GridStrategy) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """The market orders that would make the position flat: those that may only reduce the account's position, and
    those that close it against other strategies on the symbol. Both empty where what is left is below the market's
    minimum, or was closed by trades that are not ours: nothing is opened to make up for these.
    """
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    sign = 1 if strategy.position > 0 else -1
    own, others = abs(strategy.position), _positions_of_others(session, strategy)
    net = strategy.position + sum(others) + external_position(session, strategy.account_id, strategy.symbol)
    reducing = min(own, max(Decimal(0), sign * net))
    against_others = sum((abs(other) for other in others if other * sign < 0), Decimal(0))
    mark = bus.mark(strategy.exchange, strategy.symbol)
    price = Decimal("Infinity") if mark is None else Decimal(mark["mark_price"])
    # The minimum notional does not bind a reduce-only order.
    return (
        market_orders(reducing, Decimal("Infinity"), rules),
        market_orders(min(own - reducing, against_others), price, rules),
    )


def _positions_of_others(session: Session, strategy: GridStrategy) -> Sequence[Decimal]:
    return session.scalars(
        select(GridStrategy.position).where(
            GridStrategy.account_id == strategy.account_id,
            GridStrategy.symbol == strategy.symbol,
            GridStrategy.id != strategy.id,
        )
    ).all()


def _close(session: Session, strategy: GridStrategy) -> None:
    if not _may_close(session, strategy):
        return
    side = Side.SELL if strategy.position > 0 else Side.BUY
    purpose = CLOSE_PURPOSE.get(strategy.finish_reason or "", Purpose.CLOSE)
    for quantities, reduce_only in zip(_closable(session, strategy), (True, False), strict=True):
        for quantity in quantities:
            new_order(session, strategy, side=side, quantity=quantity, purpose=purpose, reduce_only=reduce_only)


def _may_close(session: Session, strategy: GridStrategy) -> bool:
    """A close that the venue has refused or cut short is made anew after a growing pause, and not before the account
    has been read: its position may not be what is booked."""
    failed = _failed_closes(session, strategy)
    if not failed:
        return True
    last = failed[-1]
    strategy.waiting_for = f"the exchange did not fill the close: {last.last_error or last.status}"
    read_at = session.get_one(ExchangeApi, strategy.account_id).reconciled_at
    if read_at is None or read_at < last.created_at:
        request_reconciliation(session, strategy.account_id)
        return False
    return now() >= last.created_at + min(timedelta(seconds=2 ** min(len(failed), 10)), LONGEST_PAUSE)


def _failed_closes(session: Session, strategy: GridStrategy) -> Sequence[GridOrder]:
    """Oldest first."""
    return session.scalars(
        select(GridOrder)
        .where(
            GridOrder.strategy_id == strategy.id,
            GridOrder.generation == strategy.generation,
            GridOrder.purpose.in_(CLOSING),
            GridOrder.trigger_price.is_(None),
            GridOrder.status.in_((OrderStatus.REJECTED, OrderStatus.EXPIRED)),
        )
        .order_by(GridOrder.id)
    ).all()
