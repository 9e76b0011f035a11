"""Orders that wait far too long, and a range that would trade more: shown with the grid, and told once a day."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.liquidity import Suggestion, slow_cells, suggestion
from core.domain.order import OrderStatus
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import Event, GridOrder, GridStrategy
from core.strategies.standing import cell_rows

LOOKED_BACK = timedelta(days=7)
MOST_FILLS = 2000  # the latest: enough to know what is typical
A_DAY = timedelta(days=1)
SLOW = "orders_slow"


@dataclass(frozen=True, slots=True)
class Slow:
    """A cell whose live order is far older than its neighbours' orders became, in seconds."""

    cell: int
    age_s: float
    typical_s: float


@dataclass(frozen=True, slots=True)
class Liquidity:
    """Slow orders by cell; with a `suggestion` (prices on the tick) where another range would trade more."""

    slow: Mapping[int, Slow] = field(default_factory=dict)
    suggestion: Suggestion | None = None

    @property
    def slow_orders(self) -> Sequence[Slow]:
        return [self.slow[cell] for cell in sorted(self.slow)]


@dataclass(frozen=True, slots=True)
class _Filled:
    cell: int
    created_at: datetime
    filled_at: datetime


def watch() -> None:
    """Every running strategy, each in a transaction of its own."""
    with Session.reading() as session:
        told = select(Event.strategy_id).where(
            Event.code == SLOW, Event.created_at > now() - A_DAY, Event.strategy_id.is_not(None)
        )
        running = select(GridStrategy.id).where(
            GridStrategy.status == StrategyStatus.RUNNING, GridStrategy.id.not_in(told)
        )
        numbers = session.scalars(running).all()
    for number in numbers:
        with Session.begin() as session:
            look_at(session, session.get_one(GridStrategy, number))


def look_at(session: OrmSession, strategy: GridStrategy) -> None:
    liquidity = liquidity_of(session, strategy)
    if not liquidity.slow or bus.mark(strategy.exchange, strategy.symbol) is None:
        return
    message = f"{len(liquidity.slow)} orders have waited more than ten times as long as their neighbours did"
    data: dict[str, Any] = {"cells": sorted(liquidity.slow)}
    found = liquidity.suggestion
    if found is not None:
        lower, upper = format(found.lower_price, "f"), format(found.upper_price, "f")
        message += f". A {found.kind} range, {lower} to {upper}: {found.effect}"
        data |= {"suggestion": found.kind, "lower_price": lower, "upper_price": upper}
    tell(session, strategy, SLOW, message, level="WARNING", **data)


def liquidity_of(session: OrmSession, strategy: GridStrategy) -> Liquidity:
    """Of a running grid; nothing for any other, or where no order is slow."""
    if strategy.status != StrategyStatus.RUNNING:
        return Liquidity()
    ages, filled = _ages(session, strategy), _filled(session, strategy)
    slow = {cell: Slow(cell, ages[cell], time) for cell, time in slow_cells(ages, _times(filled)).items()}
    return Liquidity(slow, _suggestion(session, strategy, filled) if slow else None)


def _suggestion(session: OrmSession, strategy: GridStrategy, filled: Sequence[_Filled]) -> Suggestion | None:
    mark, cells = bus.mark(strategy.exchange, strategy.symbol), cell_rows(session, strategy)
    if mark is None or not cells:
        return None
    place = {cell.cell_index: number for number, cell in enumerate(cells)}  # one that trails keeps its cells' numbers
    fills = Counter(place[one.cell] for one in filled if one.cell in place and one.filled_at > now() - A_DAY)
    lines = [cells[0].lower_price, *(cell.upper_price for cell in cells)]
    found = suggestion(lines, fills, Decimal(mark["mark_price"]))
    if found is None:
        return None
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    lower, upper = rules.round_price(found.lower_price), rules.round_price(found.upper_price)
    return replace(found, lower_price=lower, upper_price=upper)


def _ages(session: OrmSession, strategy: GridStrategy) -> dict[int, float]:
    """Of the live orders, seconds by cell."""
    live = select(GridOrder.cell_index, GridOrder.created_at).where(
        GridOrder.strategy_id == strategy.id,
        GridOrder.generation == strategy.generation,
        GridOrder.status == OrderStatus.PLACED,
        GridOrder.cell_index.is_not(None),
    )
    return {row.cell_index: (now() - row.created_at).total_seconds() for row in session.execute(live)}


def _times(filled: Sequence[_Filled]) -> dict[int, list[float]]:
    """Seconds from order to fill, by cell."""
    found: dict[int, list[float]] = defaultdict(list)
    for one in filled:
        found[one.cell].append((one.filled_at - one.created_at).total_seconds())
    return found


def _filled(session: OrmSession, strategy: GridStrategy) -> list[_Filled]:
    """Orders of its cells, the latest."""
    filled = select(GridOrder.cell_index, GridOrder.created_at, GridOrder.filled_at).where(
        GridOrder.strategy_id == strategy.id,
        GridOrder.generation == strategy.generation,
        GridOrder.status == OrderStatus.FILLED,
        GridOrder.filled_at > now() - LOOKED_BACK,
    )
    latest = session.execute(filled.order_by(GridOrder.id.desc()).limit(MOST_FILLS))
    return [
        _Filled(row.cell_index, row.created_at, row.filled_at)
        for row in latest
        if row.cell_index is not None and row.filled_at is not None
    ]
