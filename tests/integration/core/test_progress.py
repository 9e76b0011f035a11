"""How starts and stops come to their end, whatever the venue and the user do meanwhile."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.db import Session
from core.domain.lifecycle import OperationState, StrategyStatus
from core.domain.order import OrderStatus
from core.models import GridOrder, GridStrategy, Operation
from core.strategies.progress import advance, advance_all
from core.strategies.requests import request_pause, request_resume, request_stop_all
from tests.support.grids import change, order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


def test_a_start_is_done_when_every_order_was_accepted_even_if_one_was_cancelled_by_hand_since() -> None:
    grid = running_grid()
    change(grid, status=StrategyStatus.STARTING)
    with Session.begin() as session:
        for order in session.scalars(select(GridOrder).where(GridOrder.strategy_id == grid)):
            order.order_id = str(order.id)
            order.status = OrderStatus.CANCELED if order.cell_index == 3 else OrderStatus.PLACED
    advance(grid)
    assert strategy_row(grid).status == StrategyStatus.RUNNING


def test_a_stop_all_is_done_when_all_have_ended_even_if_one_was_started_again() -> None:
    grid = running_grid()
    with Session.begin() as session:
        mine = session.get_one(GridStrategy, grid)
        columns = {column.key for column in GridStrategy.__table__.columns} - {"id"}
        other = GridStrategy(**{name: getattr(mine, name) for name in columns})
        session.add(other)
        session.flush()
        stop_all = request_stop_all(session, mine.user_id, "paper", False)
        for order in session.scalars(select(GridOrder)):
            order.status = OrderStatus.CANCELED
    advance(grid)
    change(grid, status=StrategyStatus.RUNNING)
    advance(other.id)
    with Session.reading() as session:
        assert session.get_one(Operation, stop_all.id).state == OperationState.SUCCESS


def test_protection_that_is_out_of_date_before_it_was_sent_is_dropped() -> None:
    grid = running_grid()
    change(grid, stop_loss=D(94000))
    advance(grid)
    change(grid, stop_loss=D(93000))
    advance(grid)
    protection = [(order.trigger_price, order.status) for order in order_rows(grid) if order.is_conditional]
    assert protection == [(D(94000), OrderStatus.CANCELED), (D(93000), OrderStatus.PENDING)]


@pytest.mark.parametrize(
    ("status", "request_it"), [(StrategyStatus.RUNNING, request_pause), (StrategyStatus.PAUSED, request_resume)]
)
def test_a_pause_or_a_resume_whose_ring_was_lost_is_found_by_the_sweep(
    status: StrategyStatus, request_it: Callable[..., Operation]
) -> None:
    grid = running_grid()
    change(grid, status=status)
    with Session.begin() as session:
        row = session.get_one(GridStrategy, grid)
        operation = request_it(session, row.user_id, "paper", grid)
    for _ in advance_all(row.account_id):
        pass
    with Session.reading() as session:
        assert session.get_one(Operation, operation.id).state == OperationState.SUCCESS
