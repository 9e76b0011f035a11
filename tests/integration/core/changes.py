"""A running grid that becomes another one, without a venue: what it answers is said here."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from core.db import Session
from core.domain.order import RESTING, OrderStatus, Side
from core.domain.plan import Running, plan
from core.execution.events import apply_findings, findings_of
from core.execution.intents import lock_strategies
from core.models import GridCell, Operation
from core.reconciliation.cells import refill
from core.strategies.parameters import parameters_of
from core.strategies.progress import advance
from core.strategies.requests import request_pause, request_resume, request_update
from core.strategies.standing import cell_rows as standing_rows
from core.strategies.standing import planned_of
from core.strategies.wanted import Wanted
from tests.support.grids import (
    RULES,
    cell_rows,
    order_rows,
    said,
    strategy_row,
    trade_of,
)

D = Decimal


def wanted(grid: int, price: str = "100000", **changes: Any) -> Wanted:
    """The grid with other parameters, planned at `price`."""
    with Session.reading() as session:
        row = strategy_row(grid)
        asked = replace(parameters_of(row), **changes)
        keeps = not changes.keys() - {"stop_loss", "trailing_up"}
        cells = tuple(planned_of(row, cell) for cell in standing_rows(session, row))
        planned = plan(asked, RULES, D(price), Running(cells, keeps, keeps))
    return Wanted(asked, planned.cells, D(price), planned.budget, planned.per_grid_amount, keeps, "Updated")


def ask(grid: int, target: Wanted) -> str:
    with Session.begin() as session:
        return request_update(session, lock_strategies(session, [grid])[grid], target).id


def operation(number: str) -> tuple[str, str | None]:
    with Session.reading() as session:
        row = session.get_one(Operation, number)
        return row.state, row.error


def hear(grid: int, *events: Any) -> None:
    with Session.begin() as session:
        apply_findings(session, strategy_row(grid).account_id, findings_of(events), tokens=0)


def venue_takes_all(grid: int) -> None:
    """It answers every order that is on its way, and fills those at market."""
    for order in order_rows(grid, OrderStatus.PENDING, OrderStatus.SUBMITTED):
        if order.type == "MARKET":
            trade = replace(trade_of(order, order.id, order.quantity, D(100000)))
            hear(grid, said(order, OrderStatus.FILLED, order.quantity, trade))
        else:
            hear(grid, said(order, OrderStatus.PLACED))


def venue_cancels(grid: int) -> int:
    """What we want cancelled; returns how many."""
    doomed = [order for order in order_rows(grid, *RESTING) if order.cancel_wanted]
    for order in doomed:
        hear(grid, said(order, OrderStatus.CANCELED, order.filled_quantity))
    return len(doomed)


def carry_through(grid: int) -> None:
    for _ in range(6):
        advance(grid)
        venue_cancels(grid)
        venue_takes_all(grid)


def pause(grid: int) -> None:
    with Session.begin() as session:
        request_pause(session, strategy_row(grid).user_id, "paper", grid)


def resume(grid: int) -> None:
    with Session.begin() as session:
        request_resume(session, strategy_row(grid).user_id, "paper", grid)


def fill_up(grid: int) -> int:
    """As if time had passed: every bare cell has its turn. How many got an order."""
    with Session.begin() as session:
        session.execute(update(GridCell).values(next_try_at=None))
        return refill(session, strategy_row(grid).account_id)


def live_cells(grid: int) -> dict[tuple[Decimal, Decimal], GridCell]:
    return {(cell.lower_price, cell.upper_price): cell for cell in cell_rows(grid) if not cell.dropped}


def position(grid: int) -> Decimal:
    """Of the cells and the pool."""
    row = strategy_row(grid)
    pool = row.pool_quantity * (-1 if row.strategy_type == "BEARISH" else 1)
    return sum((Side(cell.opening_side).sign * cell.held for cell in live_cells(grid).values()), pool)


def assert_is(grid: int, target: Wanted) -> None:
    """One live order per cell, of the target's lines and quantities, and nothing else."""
    cells = live_cells(grid)
    assert {between: (cell.quantity, cell.opening_price) for between, cell in cells.items()} == {
        (cell.lower, cell.upper): (cell.quantity, cell.opening_price) for cell in target.cells
    }
    orders = [order for order in order_rows(grid, *RESTING) if order.cell_id is not None]
    assert sorted(order.cell_id or 0 for order in orders) == sorted(cell.id for cell in cells.values())
    assert strategy_row(grid).change is None
    assert position(grid) == strategy_row(grid).position
