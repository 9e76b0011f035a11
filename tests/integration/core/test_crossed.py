"""Which orders are asked for because the market has passed them, on both databases."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core import bus
from core.clock import now_ms
from core.db import Session
from core.domain.order import OrderStatus, Side
from core.execution.events import apply_findings, findings_of
from core.models import GridOrder
from core.reconciliation import crossed
from tests.support.grids import order_rows, running_grid, said, trade_of

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal
SENT_AT = 1_000


@pytest.fixture
def grid() -> int:
    """BUYs at 95000 to 99000, SELLs at 101000 to 105000."""
    strategy_id = running_grid()
    with Session.begin() as session:
        for order in session.query(GridOrder):
            order.sent_at = SENT_AT
    return strategy_id


def asked_for(strategy_id: int, low: int, high: int, at: int) -> list[tuple[str, Decimal | None]]:
    """After a mark of 100000 that has been down to `low` and up to `high` at the time `at`."""
    told = {"mark_price": "100000", "at": at, "low": str(low), "low_at": at, "high": str(high), "high_at": at}
    bus.publish_marks("paper", {"BTCUSDT": told})
    with Session.begin() as session:
        crossed.watch(session)
    return [(order.side, order.price) for order in order_rows(strategy_id) if order.next_check_at is not None]


def test_a_price_that_has_come_back_has_passed_orders_too(grid: int) -> None:
    passed = asked_for(grid, 98000, 101500, SENT_AT + 1)
    assert sorted(passed) == [(Side.BUY, D(98000)), (Side.BUY, D(99000)), (Side.SELL, D(101000))]


def test_an_order_that_was_sent_later_has_not_been_passed(grid: int) -> None:
    assert asked_for(grid, 97500, 101500, SENT_AT) == []


def test_an_order_that_is_passed_now_is_not_hidden_by_how_far_the_price_had_gone_before_it_was_sent(grid: int) -> None:
    told = {"mark_price": "101000", "at": SENT_AT + 9, "low": "100000", "low_at": 9, "high": "104000", "high_at": 9}
    bus.publish_marks("paper", {"BTCUSDT": told})
    with Session.begin() as session:
        crossed.watch(session)
    passed = [order.price for order in order_rows(grid) if order.next_check_at is not None]
    assert passed == [D(101000)]


def test_a_fill_shows_that_every_better_order_was_filled_too(grid: int) -> None:
    """The price has come back between two marks, and of three fills the news of one came through."""
    deepest = next(order for order in order_rows(grid) if order.price == D(97000))
    trade = replace(trade_of(deepest, 1, deepest.quantity), traded_at=now_ms())
    with Session.begin() as session:
        apply_findings(
            session, deepest.account_id, findings_of([said(deepest, OrderStatus.FILLED, deepest.quantity, trade)]), 0
        )
        crossed.watch(session)
    passed = [order.price for order in order_rows(grid) if order.next_check_at is not None]
    assert passed == [D(98000), D(99000)]
