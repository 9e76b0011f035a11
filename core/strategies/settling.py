"""The end of a grid's change: what its cells lack is traded at market, and every new order has been answered."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.domain.order import FINAL, LIVE, OrderStatus, Purpose, Side
from core.domain.parameters import StrategyType
from core.domain.plan import market_orders
from core.execution.booking import release_inventory
from core.execution.intents import may_open, new_order
from core.execution.rules import rules_of
from core.models import GridOrder, GridStrategy
from core.strategies.ending import conclude
from core.strategies.standing import cell_rows
from core.strategies.wanted import Wanted

LOOK_AGAIN = timedelta(seconds=5)  # at a change that waits for its user
LONGEST_PAUSE = timedelta(seconds=30)
_ON_THE_WAY = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)


def wait_for_user(strategy: GridStrategy) -> None:
    strategy.waiting_for = "the change of the grid goes on when orders may be placed again"
    strategy.look_at = now() + LOOK_AGAIN


def settle(session: OrmSession, strategy: GridStrategy, wanted: Wanted) -> None:
    """Trades what is missing or too much; done when that is over and every new order has been answered."""
    session.flush()
    if may_open(strategy):
        _trade(session, strategy, wanted.price)
    if not may_open(strategy):
        wait_for_user(strategy)
        return
    if not _is_settled(session, strategy, wanted.price):
        strategy.waiting_for = "the new orders of the changed grid"
        return
    finish(session, strategy)


def finish(session: OrmSession, strategy: GridStrategy) -> None:
    strategy.change, strategy.waiting_for, strategy.look_at = None, "", None
    conclude(session, strategy, None, update=True)


def _trade(session: OrmSession, strategy: GridStrategy, price: Decimal) -> None:
    earlier = _inventory_orders(session, strategy)
    if any(order.status not in FINAL or order.booked_quantity != order.filled_quantity for order in earlier):
        return
    quantity = _lacking(session, strategy)
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    if _may_try(earlier):
        for part in market_orders(abs(quantity), price, rules):
            side = Side.BUY if quantity > 0 else Side.SELL
            new_order(session, strategy, side=side, quantity=part, purpose=Purpose.INVENTORY)
    release_inventory(session, strategy, rules)


def _lacking(session: OrmSession, strategy: GridStrategy) -> Decimal:
    """What is to be bought (sold, where negative), base: for the cells that wait, less what lies in the pool."""
    direction = StrategyType(strategy.strategy_type).inventory_side
    waiting = (cell for cell in cell_rows(session, strategy) if cell.awaits_inventory)
    missing = sum((cell.quantity - cell.held for cell in waiting), Decimal(0))
    return (missing - strategy.pool_quantity) * (1 if direction is None else direction.sign)


def _may_try(earlier: Sequence[GridOrder]) -> bool:
    """One that the venue has refused is tried again after a growing pause."""
    failed = [order for order in earlier if order.status in (OrderStatus.REJECTED, OrderStatus.EXPIRED)]
    return not failed or now() >= failed[-1].created_at + min(
        timedelta(seconds=2 ** min(len(failed), 10)), LONGEST_PAUSE
    )


def _inventory_orders(session: OrmSession, strategy: GridStrategy) -> Sequence[GridOrder]:
    """Of this run, oldest first."""
    return session.scalars(
        select(GridOrder)
        .where(
            GridOrder.strategy_id == strategy.id,
            GridOrder.generation == strategy.generation,
            GridOrder.purpose == Purpose.INVENTORY,
        )
        .order_by(GridOrder.id)
        .execution_options(populate_existing=True)
    ).all()


def _is_settled(session: OrmSession, strategy: GridStrategy, price: Decimal) -> bool:
    """Nothing is left to trade, and no order is on its way."""
    session.flush()
    if any(order.status not in FINAL for order in _inventory_orders(session, strategy)):
        return False
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    if any(cell.awaits_inventory for cell in cell_rows(session, strategy)):
        return False
    if market_orders(abs(_lacking(session, strategy)), price, rules):
        return False
    return not any(_is_on_the_way(order) for order in _cell_orders(session, strategy))


def _cell_orders(session: OrmSession, strategy: GridStrategy) -> Iterable[GridOrder]:
    return session.scalars(
        select(GridOrder).where(
            GridOrder.strategy_id == strategy.id, GridOrder.cell_id.is_not(None), GridOrder.status.in_(LIVE)
        )
    )


def _is_on_the_way(order: GridOrder) -> bool:
    """One that the venue refuses for now says so, and is tried again whatever becomes of the change."""
    return order.status in _ON_THE_WAY or (order.status == OrderStatus.PENDING and not order.last_error)
