"""Strategies, their orders, fills and operations, as people look at them. Nothing here asks a venue."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Select, UnaryExpression, func, or_, select
from sqlalchemy.orm import Session as OrmSession

from core.accounts import Connection, connection_of
from core.domain.order import OrderStatus
from core.errors import NotFound
from core.markets import Mark, published_mark
from core.models import ExchangeApi, Fill, GridOrder, GridStrategy, Operation
from core.strategies.levels import NO_LEVELS, Levels, levels_of
from core.strategies.liquidity import Liquidity, Slow, liquidity_of
from core.strategies.protection import live

Row = TypeVar("Row")

_SORT_KEYS = {
    "created_at": GridStrategy.id,
    "updated_at": GridStrategy.updated_at,
    "name": GridStrategy.name,
    "symbol": GridStrategy.symbol,
    "status": GridStrategy.status,
}
SORTS = (*_SORT_KEYS, *(f"-{name}" for name in _SORT_KEYS))


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list."""

    page: int
    page_size: int


@dataclass(frozen=True, slots=True)
class PnlSplit:
    """Where the total comes from, in quote; None where the mark price is needed and not known."""

    grid_profit: Decimal
    round_trips: int
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    fees: Decimal
    funding: Decimal
    total_pnl: Decimal | None
    mark_price: Decimal | None
    position: Decimal


@dataclass(frozen=True, slots=True)
class StrategyView:
    """`protection`: its conditional orders at the venue, or on their way there."""

    row: GridStrategy
    levels: Levels
    protection: list[GridOrder]
    pnl: PnlSplit | None = None
    connection: Connection | None = field(default=None)
    liquidity: Liquidity = field(default_factory=Liquidity)


@dataclass(frozen=True, slots=True)
class OrderView:
    """`slow`: where it has waited far longer than its neighbours did."""

    row: GridOrder
    slow: Slow | None


def own(session: OrmSession, user_id: int, exchange: str, strategy_id: int, *, lock: bool = False) -> GridStrategy:
    """The user's strategy. Raises NotFound, for another user's too."""
    query = select(GridStrategy).where(
        GridStrategy.id == strategy_id, GridStrategy.user_id == user_id, GridStrategy.exchange == exchange
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound("no_such_strategy", "There is no such strategy.")
    return row


def strategies(
    session: OrmSession, user_id: int, exchange: str, window: Window, *, sort: str = "created_at", **filters: str
) -> tuple[list[StrategyView], int]:
    """A page and the total. `filters`: status, symbol."""
    query = select(GridStrategy).where(GridStrategy.user_id == user_id, GridStrategy.exchange == exchange)
    for name, value in filters.items():
        query = query.where(getattr(GridStrategy, name) == value)
    rows, total = _page(session, query.order_by(_order(sort), GridStrategy.id), window)
    return _views(session, rows), total


def view_of(session: OrmSession, row: GridStrategy) -> StrategyView:
    return _views(session, [row])[0]


def _views(session: OrmSession, rows: list[GridStrategy]) -> list[StrategyView]:
    levels = levels_of(session, rows)
    protection = defaultdict(list)
    for order in live(session, rows):
        protection[order.strategy_id].append(order)
    return [StrategyView(row, levels.get(row.id, NO_LEVELS), protection[row.id]) for row in rows]


def detail(session: OrmSession, user_id: int, exchange: str, strategy_id: int) -> StrategyView:
    """With PnL and connection. Raises NotFound."""
    row = own(session, user_id, exchange, strategy_id)
    account = session.get_one(ExchangeApi, row.account_id)
    return replace(
        view_of(session, row),
        pnl=pnl_split(row, published_mark(exchange, row.symbol)),
        connection=connection_of(session, account),
        liquidity=liquidity_of(session, row),
    )


def pnl_split(row: GridStrategy, mark: Mark | None) -> PnlSplit:
    """A flat strategy needs no mark price."""
    ledger = row.ledger
    price = mark.price if mark is not None else (Decimal(0) if not ledger.position else None)
    return PnlSplit(
        grid_profit=ledger.grid_profit,
        round_trips=ledger.round_trips,
        realized_pnl=ledger.realized_pnl,
        unrealized_pnl=None if price is None else ledger.unrealized_pnl(price),
        fees=ledger.fees,
        funding=ledger.funding,
        total_pnl=None if price is None else ledger.total_pnl(price),
        mark_price=None if mark is None else mark.price,
        position=ledger.position,
    )


def orders(session: OrmSession, strategy: GridStrategy, window: Window, **filters: str) -> tuple[list[OrderView], int]:
    """A page, oldest first, and the total: a conditional order is one of them once its trigger has made it an order.

    `filters`: status, side.
    """
    query = select(GridOrder).where(
        GridOrder.strategy_id == strategy.id,
        or_(GridOrder.trigger_price.is_(None), GridOrder.order_id.is_not(None)),
    )
    for name, value in filters.items():
        query = query.where(getattr(GridOrder, name) == value)
    rows, total = _page(session, query.order_by(GridOrder.id), window)
    slow = liquidity_of(session, strategy).slow if any(row.status == OrderStatus.PLACED for row in rows) else {}
    return [OrderView(row, _slowness(row, slow)) for row in rows], total


def _slowness(row: GridOrder, slow: Mapping[int, Slow]) -> Slow | None:
    if row.status != OrderStatus.PLACED or row.cell_index is None:
        return None
    return slow.get(row.cell_index)


def fills(session: OrmSession, strategy_id: int, window: Window) -> tuple[list[Fill], int]:
    """A page, oldest first, and the total."""
    query = select(Fill).where(Fill.strategy_id == strategy_id)
    return _page(session, query.order_by(Fill.traded_at, Fill.id), window)


def operation(session: OrmSession, user_id: int, operation_id: str) -> Operation:
    """Raises NotFound, for another user's too."""
    row = session.get(Operation, operation_id) if operation_id.isascii() and operation_id.isalnum() else None
    if row is None or row.user_id != user_id:
        raise NotFound("no_such_task", "There is no such task.")
    return row


def _order(sort: str) -> UnaryExpression[Any]:
    key = _SORT_KEYS[sort.removeprefix("-")]
    return key.desc() if sort.startswith("-") else key.asc()


def _page(session: OrmSession, query: Select[Row], window: Window) -> tuple[list[Row], int]:
    total = session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    first = (window.page - 1) * window.page_size
    if first >= total:
        return [], total
    return list(session.scalars(query.offset(first).limit(window.page_size))), total
