"""Messages that wait at the same moment: booked in one transaction, and none of them held up by another."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import pytest
from sqlalchemy import Connection, event

from core.db import Session, engine
from core.domain.order import OrderStatus, Purpose
from core.exchange.base import StreamEvent
from core.execution.events import Consequences, findings_of
from core.execution.identity import Named, identity
from core.execution.intents import lock_strategies
from core.execution.together import Together
from core.models import GridOrder
from tests.support.grids import fill_events, order_rows, running_grid, said, strategy_row, trade_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


@pytest.fixture
def grids() -> list[int]:
    """Two strategies, each of an account of its own."""
    return [running_grid(), running_grid(email="other@example.com")]


@contextmanager
def waiting(heard: Sequence[list[StreamEvent]], grids: Sequence[int]) -> Iterator[list["Future[Consequences]"]]:
    """The bookings of `heard`, one message of each grid, all of which wait for one turn that begins with the block."""
    together = Together()
    accounts = [strategy_row(grid).account_id for grid in grids]
    with ThreadPoolExecutor() as threads:
        with together._turn:
            bookings = [
                threads.submit(together.book, {account_id: findings_of(events)}, {account_id: 5})
                for account_id, events in zip(accounts, heard, strict=True)
            ]
            wait_until(lambda: len(together._waiting) == len(grids), 5, "all of them wait")
        yield bookings


def writing_commits() -> list[Connection]:
    """Grows with each from now on."""
    commits: list[Connection] = []

    @event.listens_for(engine(), "commit")
    def _note(connection: Connection) -> None:
        if not connection.get_execution_options().get("reading"):
            commits.append(connection)

    return commits


def first_order(grid: int) -> GridOrder:
    return order_rows(grid, OrderStatus.PLACED)[0]


def fill_of(grid: int) -> list[StreamEvent]:
    order = first_order(grid)
    return fill_events(order, 1, [order.quantity])


def test_those_who_wait_are_booked_in_one_transaction_and_get_what_is_theirs(grids: list[int]) -> None:
    heard = [fill_of(grid) for grid in (*grids, grids[0])]
    commits = writing_commits()
    with waiting(heard, [*grids, grids[0]]) as bookings:
        told = [booking.result() for booking in bookings]
    assert len(commits) == 1
    assert [len(one.new_trades) for one in told] in ([1, 1, 0], [0, 1, 1]), (
        "two messages of one account are carried out once"
    )
    assert all(len(order_rows(grid, OrderStatus.FILLED)) == 1 for grid in grids)


def test_replies_of_several_accounts_are_booked_with_the_fills_that_wait(grids: list[int]) -> None:
    accounts = [strategy_row(grid).account_id for grid in grids]
    orders = [order_rows(grid, OrderStatus.PLACED)[1] for grid in grids]
    replies = {
        account: findings_of([said(order, OrderStatus.EXPIRED)])
        for account, order in zip(accounts, orders, strict=True)
    }
    together = Together()
    commits = writing_commits()
    with ThreadPoolExecutor() as threads:
        with together._turn:
            fill = threads.submit(together.book, {accounts[0]: findings_of(fill_of(grids[0]))}, {accounts[0]: 5})
            recorded = threads.submit(together.book, replies, {})
            wait_until(lambda: len(together._waiting) == 2, 5, "both of them wait")
        assert len(fill.result().new_trades) + len(recorded.result().new_trades) == 1
    assert len(commits) == 1
    assert [[order.id for order in order_rows(grid, OrderStatus.EXPIRED)] for grid in grids] == [
        [order.id] for order in orders
    ]


def test_news_of_a_strategy_that_is_gone_is_let_pass_and_holds_up_nobody(grids: list[int]) -> None:
    with Session.begin() as session:
        names = identity(session)
        lost = names.client_order_id(0, Named(999, 1, 1, Purpose.OPEN))
    told = said(first_order(grids[0]), OrderStatus.PLACED)
    heard = [[replace(told, news=replace(told.news, client_order_id=lost))], fill_of(grids[1])]
    with waiting(heard, grids) as bookings:
        assert [len(booking.result().new_trades) for booking in bookings] == [0, 1]


def test_one_that_can_not_be_booked_fails_alone(grids: list[int]) -> None:
    order = first_order(grids[0])
    absurd = replace(trade_of(order, 1, order.quantity), quantity=Decimal("sNaN"))
    heard = [[said(order, OrderStatus.FILLED, order.quantity, absurd)], fill_of(grids[1])]
    with waiting(heard, grids) as (bad, good):
        with pytest.raises(InvalidOperation):
            bad.result()
        assert len(good.result().new_trades) == 1
    assert [len(order_rows(grid, OrderStatus.FILLED)) for grid in grids] == [0, 1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite locks no rows
def test_a_strategy_that_is_locked_elsewhere_holds_up_nobody_else(grids: list[int]) -> None:
    heard = [fill_of(grid) for grid in grids]
    with ExitStack() as elsewhere:
        lock_strategies(elsewhere.enter_context(Session.begin()), grids[:1])
        with waiting(heard, grids) as (held_up, free):
            assert len(free.result(5).new_trades) == 1
            assert not held_up.done()
            elsewhere.close()
            assert len(held_up.result(5).new_trades) == 1
