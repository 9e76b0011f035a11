"""Which orders the venue is asked about now, and which can wait."""

from datetime import datetime, timedelta

import pytest
from kombu import Connection
from sqlalchemy import select

from core.clock import now
from core.db import Session
from core.domain.order import OrderStatus
from core.models import GridOrder
from core.reconciliation.doubts import EVENTS_MAY_WAIT, IN_DOUBT
from tasks.ringing import app
from tests.support.grids import order_rows, running_grid
from tests.support.servers import RedisServer

pytestmark = pytest.mark.usefixtures("database_url")


def one_due_order(status: OrderStatus, since: datetime) -> int:
    """Of a grid whose other orders nobody doubts."""
    order = order_rows(running_grid())[0]
    with Session.begin() as session:
        row = session.get_one(GridOrder, order.id)
        row.status, row.next_check_at = status, since
    return order.id


def let_events_wait(broker: RedisServer) -> None:
    """As a listener leaves them where no worker runs."""
    with Connection(broker.url) as connection:
        app.send_task("tasks.orders.handle_events", args=(1, []), connection=connection)


def asked_for() -> list[int]:
    with Session.reading() as session:
        return list(session.scalars(select(GridOrder.id).where(IN_DOUBT)))


def test_while_events_wait_in_the_queue_an_order_that_seems_to_rest_can_wait_too(redis_server: RedisServer) -> None:
    order_id = one_due_order(OrderStatus.PLACED, now() - timedelta(seconds=1))
    assert asked_for() == [order_id]
    let_events_wait(redis_server)
    assert asked_for() == []


def test_not_for_ever(redis_server: RedisServer) -> None:
    order_id = one_due_order(OrderStatus.PLACED, now() - EVENTS_MAY_WAIT)
    let_events_wait(redis_server)
    assert asked_for() == [order_id]


def test_an_order_of_which_nobody_knows_whether_it_exists_does_not_wait(redis_server: RedisServer) -> None:
    order_id = one_due_order(OrderStatus.UNKNOWN, now())
    let_events_wait(redis_server)
    assert asked_for() == [order_id]
