"""Tells, at most once a day and strategy, of orders that wait far too long, with a range that would trade more."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.liquidity import slow_cells, suggestion
from core.domain.order import OrderStatus
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import Event, GridCell, GridOrder, GridStrategy

LOOKED_BACK = timedelta(days=7)
A_DAY = timedelta(days=1)
SLOW = "orders_slow"


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
    slow = slow_cells(_ages(session, strategy), _fill_times(session, strategy))
    mark = bus.mark(strategy.exchange, strategy.symbol)
    if not slow or mark is None:
        return
    fills = Counter(cell for cell, _, _ in _filled(session, strategy, now() - A_DAY))
    found = suggestion(_lines(session, strategy), fills, Decimal(mark["mark_price"]))
    message = f"{len(slow)} orders have waited more than ten times as long as their neighbours did"
    data: dict[str, Any] = {"cells": sorted(slow)}
    if found is not None:
        rules = rules_of(session, strategy.exchange, strategy.symbol)
        lower, upper = (format(rules.round_price(price), "f") for price in (found.lower_price, found.upper_price))
        message += f". A {found.kind} range, {lower} to {upper}: {found.effect}"
        data |= {"suggestion": found.kind, "lower_price": lower, "upper_price": upper}
    tell(session, strategy, SLOW, message, level="WARNING", **data)


def _ages(session: OrmSession, strategy: GridStrategy) -> dict[int, float]:
    """Of the live orders, seconds by cell."""
    live = select(GridOrder.cell_index, GridOrder.created_at).where(
        GridOrder.strategy_id == strategy.id,
        GridOrder.generation == strategy.generation,
        GridOrder.status == OrderStatus.PLACED,
        GridOrder.cell_index.is_not(None),
    )
    return {row.cell_index: (now() - row.created_at).total_seconds() for row in session.execute(live)}


def _fill_times(session: OrmSession, strategy: GridStrategy) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for cell, created_at, filled_at in _filled(session, strategy, now() - LOOKED_BACK):
        found[cell].append((filled_at - created_at).total_seconds())
    return found


def _filled(session: OrmSession, strategy: GridStrategy, since: datetime) -> list[tuple[int, datetime, datetime]]:
    filled = select(GridOrder.cell_index, GridOrder.created_at, GridOrder.filled_at).where(
        GridOrder.strategy_id == strategy.id,
        GridOrder.generation == strategy.generation,
        GridOrder.status == OrderStatus.FILLED,
        GridOrder.filled_at > since,
    )
    return [
        (cell, created_at, filled_at)
        for cell, created_at, filled_at in session.execute(filled)
        if cell is not None and filled_at is not None
    ]


def _lines(session: OrmSession, strategy: GridStrategy) -> list[Decimal]:
    cells = session.scalars(
        select(GridCell)
        .where(GridCell.strategy_id == strategy.id, GridCell.generation == strategy.generation)
        .order_by(GridCell.cell_index)
    ).all()
    return [cells[0].lower_price, *(cell.upper_price for cell in cells)]
