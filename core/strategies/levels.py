"""How whole a grid is: its intended levels, those that are live, and a reason for each one that is not."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.domain.lifecycle import StrategyStatus
from core.domain.order import LIVE, RESTING, OrderStatus
from core.models import GridCell, GridOrder, GridStrategy

_WITH_LEVELS = (StrategyStatus.STARTING, StrategyStatus.RUNNING, StrategyStatus.PAUSED, StrategyStatus.STOPPING)
_WAITS = {
    OrderStatus.PENDING: "the order is waiting to be sent",
    OrderStatus.SUBMITTED: "the order was sent and not answered yet",
    OrderStatus.UNKNOWN: "the order was sent; whether the exchange has it is being found out",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell without a live order. `next_try` None: it is being worked on, or waits for an event."""

    cell: int
    reason: str
    next_try: datetime | None


@dataclass(frozen=True, slots=True)
class Levels:
    live_levels: int
    intended_levels: int
    level_gaps: tuple[Gap, ...]


NO_LEVELS = Levels(0, 0, ())


@dataclass(frozen=True, slots=True)
class _Order:
    status: OrderStatus
    last_error: str
    next_check_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Cell:
    """Only what is needed: a page can have thousands."""

    id: int
    strategy_id: int
    cell_index: int
    held: Decimal
    awaits_inventory: bool
    changing: bool
    gap_reason: str
    next_try_at: datetime | None


_CELL_COLUMNS = tuple(getattr(GridCell, part.name) for part in fields(_Cell))


def levels_of(session: OrmSession, strategies: Iterable[GridStrategy]) -> dict[int, Levels]:
    """By strategy id, in two queries."""
    with_levels = {strategy.id: strategy for strategy in strategies if strategy.status in _WITH_LEVELS}
    cells = _cells(session, with_levels)
    orders = _orders(session, with_levels)
    return {number: _levels(strategy, cells[number], orders) for number, strategy in with_levels.items()}


def _cells(session: OrmSession, strategies: dict[int, GridStrategy]) -> dict[int, list[_Cell]]:
    """Those of the present runs."""
    found: dict[int, list[_Cell]] = defaultdict(list)
    present = (GridStrategy.id == GridCell.strategy_id) & (GridStrategy.generation == GridCell.generation)
    query = (
        select(*_CELL_COLUMNS)
        .join(GridStrategy, present)
        .where(GridCell.strategy_id.in_(strategies), ~GridCell.dropped)
    )
    for row in session.execute(query.order_by(GridCell.cell_index)):
        cell = _Cell(*row)
        found[cell.strategy_id].append(cell)
    return found


def _orders(session: OrmSession, strategies: dict[int, GridStrategy]) -> dict[int, _Order]:
    """By cell id: a cell has one at most."""
    columns = GridOrder.cell_id, GridOrder.status, GridOrder.last_error, GridOrder.next_check_at
    query = select(*columns).where(
        GridOrder.strategy_id.in_(strategies), GridOrder.status.in_(LIVE), GridOrder.cell_id.is_not(None)
    )
    return {row[0]: _Order(OrderStatus(row[1]), row[2], row[3]) for row in session.execute(query) if row[0] is not None}


def _levels(strategy: GridStrategy, cells: Sequence[_Cell], orders: dict[int, _Order]) -> Levels:
    live = [cell for cell in cells if cell.id in orders and orders[cell.id].status in RESTING]
    intended = [cell for cell in cells if _is_intended(strategy, cell)]
    placed = {cell.id for cell in live}
    gaps = tuple(_gap(strategy, cell, orders.get(cell.id)) for cell in intended if cell.id not in placed)
    return Levels(len(live), len(intended), gaps)


def _is_intended(strategy: GridStrategy, cell: _Cell) -> bool:
    if strategy.status == StrategyStatus.STOPPING:
        return False
    return strategy.status != StrategyStatus.PAUSED or cell.held > 0


def _awaited(cell: _Cell) -> str:
    if cell.awaits_inventory:
        return "waits for inventory"
    return "is being changed" if cell.changing else "the next order is being prepared"


def _gap(strategy: GridStrategy, cell: _Cell, order: _Order | None) -> Gap:
    if strategy.halted and (order is None or order.status == OrderStatus.PENDING):
        return Gap(cell.cell_index, f"trading is halted: {strategy.halted}", None)
    if order is None:
        waits = _awaited(cell)
        return Gap(cell.cell_index, cell.gap_reason or waits, cell.next_try_at)
    reason = cell.gap_reason or order.last_error or _WAITS[order.status]
    return Gap(cell.cell_index, reason, order.next_check_at or cell.next_try_at)
