"""Orders that wait far longer than their neighbours did are told of, once a day, with another range."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import bus
from core.clock import now
from core.db import Session
from core.domain.order import OrderStatus, Purpose, Side
from core.execution.intents import new_order
from core.models import Event, GridCell, GridOrder, GridStrategy
from core.strategies.liquidity import watch
from tests.support.grids import running_grid

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


def test_slow_orders_are_told_of_once_a_day_with_a_suggestion() -> None:
    number = running_grid()
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "98500"}})
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, number)
        session.scalars(select(GridOrder).where(GridOrder.cell_index == 2)).one().created_at = now() - timedelta(
            hours=5
        )
        for index in (3, 4):
            cell = session.scalars(select(GridCell).where(GridCell.cell_index == index)).one()
            for _ in range(3):
                order = new_order(
                    session, strategy, side=Side.BUY, quantity=Decimal(1), purpose=Purpose.COUNTER, cell=cell
                )
                order.status, order.filled_at = OrderStatus.FILLED, now()
                order.created_at = now() - timedelta(minutes=10)
    watch()
    watch()
    with Session.reading() as session:
        event = session.scalars(select(Event).where(Event.code == "orders_slow")).one()
    assert event.data["cells"] == [2]
    assert (event.data["suggestion"], event.data["lower_price"], event.data["upper_price"]) == (
        "narrower",
        "98000.0",
        "100000.0",
    )
    assert "5.0 times" in event.message


def test_a_young_grid_has_no_slow_orders() -> None:
    running_grid()
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "98500"}})
    watch()
    with Session.reading() as session:
        assert session.scalars(select(Event).where(Event.code == "orders_slow")).all() == []
