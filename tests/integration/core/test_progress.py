"""How starts and stops come to their end, whatever the venue and the user do meanwhile."""

import pytest
from sqlalchemy import select

from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus
from core.models import GridOrder, GridStrategy
from core.strategies.progress import advance
from tests.support.grids import running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


def change(strategy_id: int, **values: object) -> None:
    with Session.begin() as session:
        row = session.get_one(GridStrategy, strategy_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_a_start_is_done_when_every_order_was_accepted_even_if_one_was_cancelled_by_hand_since() -> None:
    grid = running_grid()
    change(grid, status=StrategyStatus.STARTING)
    with Session.begin() as session:
        for order in session.scalars(select(GridOrder).where(GridOrder.strategy_id == grid)):
            order.order_id = str(order.id)
            order.status = OrderStatus.CANCELED if order.cell_index == 3 else OrderStatus.PLACED
    advance(grid)
    assert strategy_row(grid).status == StrategyStatus.RUNNING
