"""How a stop closes the position, on both databases: never more than there is, and never in a hurry."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import bus
from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, Purpose, Side
from core.execution.intents import lock_strategies
from core.models import Event, ExchangeApi, Fill, GridOrder, GridStrategy
from core.strategies import stopping
from core.strategies.ending import end
from core.strategies.requests import begin_stop
from tests.support.grids import order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


@pytest.fixture
def grid() -> int:
    """Stopping, nothing live any more, long 0.05."""
    strategy_id = running_grid()
    with Session.begin() as session:
        strategy = lock_strategies(session, [strategy_id])[strategy_id]
        begin_stop(strategy, StrategyStatus.STOPPED, close_position=True)
        strategy.position = D("0.05")
        for order in session.query(GridOrder):
            order.status = OrderStatus.CANCELED
    return strategy_id


def step(strategy_id: int) -> list[GridOrder]:
    """The closing orders after one more step."""
    with Session.begin() as session:
        stopping.step(session, lock_strategies(session, [strategy_id])[strategy_id])
    return [order for order in order_rows(strategy_id) if order.purpose == Purpose.CLOSE]


def is_done(strategy_id: int) -> bool:
    with Session.begin() as session:
        return stopping.is_done(session, lock_strategies(session, [strategy_id])[strategy_id])


def trade_outside(strategy_id: int, side: Side, quantity: str) -> None:
    strategy = strategy_row(strategy_id)
    with Session.begin() as session:
        session.add(
            Fill(
                account_id=strategy.account_id,
                exchange="paper",
                symbol=strategy.symbol,
                order_id="7",
                trade_id="7",
                side=side,
                price=D(100000),
                quantity=D(quantity),
                fee=D(0),
                fee_asset="USDT",
                realized_pnl=D(0),
                is_maker=False,
                traded_at=now(),
            )
        )


def another_strategy_holds(strategy_id: int, position: str) -> None:
    with Session.begin() as session:
        first = session.get_one(GridStrategy, strategy_id)
        columns = {c.key for c in GridStrategy.__table__.columns} - {"id", "position"}
        session.add(GridStrategy(position=D(position), **{name: getattr(first, name) for name in columns}))


def refuse(strategy_id: int, error: str = "-2022: ReduceOnly Order is rejected.") -> None:
    with Session.begin() as session:
        for order in session.query(GridOrder).filter_by(strategy_id=strategy_id, status=OrderStatus.PENDING):
            order.status, order.last_error = OrderStatus.REJECTED, error


def the_account_is_read(strategy_id: int, after: timedelta = timedelta(0)) -> None:
    with Session.begin() as session:
        session.get_one(ExchangeApi, strategy_row(strategy_id).account_id).reconciled_at = now() + after


def test_the_close_of_a_strategy_alone_is_reduce_only(grid: int) -> None:
    (close,) = step(grid)
    assert (close.side, close.quantity, close.reduce_only) == (Side.SELL, D("0.05"), True)


def test_what_the_user_has_closed_by_hand_is_not_sold_again(grid: int) -> None:
    trade_outside(grid, Side.SELL, "0.03")
    (close,) = step(grid)
    assert (close.quantity, close.reduce_only) == (D("0.02"), True)


def test_a_strategy_whose_whole_position_was_closed_by_hand_ends_and_says_so(grid: int) -> None:
    trade_outside(grid, Side.SELL, "0.05")
    assert step(grid) == []
    assert is_done(grid)
    with Session.begin() as session:
        end(session, lock_strategies(session, [grid])[grid])
    with Session.reading() as session:
        assert session.query(Event).filter_by(code="position_left", level="WARNING").count() == 1


@pytest.mark.parametrize(
    ("other", "closes"), [("0.01", [("0.05", True)]), ("-0.01", [("0.04", True), ("0.01", False)])]
)
def test_beside_another_strategy_it_is_reduce_only_as_far_as_the_account_holds_enough(
    grid: int, other: str, closes: list[tuple[str, bool]]
) -> None:
    another_strategy_holds(grid, other)
    assert [(close.quantity, close.reduce_only) for close in step(grid)] == [(D(q), only) for q, only in closes]


def test_a_refused_close_waits_until_the_account_has_been_read_and_longer_each_time(grid: int) -> None:
    step(grid)
    refuse(grid)
    assert len(step(grid)) == len(step(grid)) == 1
    row = strategy_row(grid)
    assert "-2022" in row.waiting_for
    with Session.reading() as session:
        due = session.get_one(ExchangeApi, row.account_id).reconcile_due_at
    assert due is not None
    assert due <= now()
    the_account_is_read(grid)
    assert len(step(grid)) == 1  # read, but only a moment ago
    with Session.begin() as session:
        for order in session.query(GridOrder).filter_by(status=OrderStatus.REJECTED):
            order.created_at -= timedelta(seconds=3)
    assert len(step(grid)) == 2


def test_what_is_too_small_to_be_closed_against_another_strategy_is_left(grid: int) -> None:
    another_strategy_holds(grid, "-0.001")
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "4000"}})  # 4 USDT of it, 5 are the minimum
    (close,) = step(grid)
    assert (close.quantity, close.reduce_only) == (D("0.049"), True)
    with Session.begin() as session:
        session.query(GridOrder).filter_by(id=close.id).update({"status": OrderStatus.CANCELED})
        session.get_one(GridStrategy, grid).position = D("0.001")
    assert is_done(grid)
