"""Positions that the venue closes by itself, and what becomes of the strategies that held them."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from core.db import Session
from core.domain.lifecycle import FinishReason, StrategyStatus
from core.domain.order import Side, Trade
from core.execution.intents import end_for
from core.models import Event, GridStrategy
from core.reconciliation.foreign import book_closed_by_venue
from core.strategies.ending import begin_finish
from core.strategies.progress import advance
from core.strategies.requests import begin_stop
from tests.support.grids import change, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


@pytest.fixture
def grid() -> int:
    number = running_grid()
    change(number, position=D("0.03"))
    return number


def liquidate(grid: int, trade_id: str = "1") -> None:
    """A third of the position."""
    fee, loss = D("0.45"), D(-100)
    trade = Trade("BTCUSDT", trade_id, "9", Side.SELL, D(90000), D("0.01"), fee, "USDT", loss, False, traded_at=1)
    with Session.begin() as session:
        book_closed_by_venue(session, strategy_row(grid).account_id, trade, FinishReason.LIQUIDATION)


def told(grid: int) -> list[str]:
    """The codes of what the user was told of its end."""
    codes = [reason.lower() for reason in FinishReason]
    with Session.reading() as session:
        of_it = select(Event.code).where(Event.strategy_id == grid, Event.code.in_(codes)).order_by(Event.id)
        return list(session.scalars(of_it))


def begin_end(grid: int, reason: FinishReason) -> None:
    with Session.begin() as session:
        begin_finish(session, session.get_one(GridStrategy, grid), reason, "decided")


def decide(grid: int, reason: FinishReason) -> None:
    with Session.begin() as session:
        end_for(session.get_one(GridStrategy, grid), reason, "decided")


@pytest.mark.parametrize("decided", [None, FinishReason.MARGIN, FinishReason.STOP_LOSS])
def test_a_liquidation_ends_the_grid_whatever_had_been_decided_and_not_begun(
    grid: int, decided: FinishReason | None
) -> None:
    if decided is not None:
        decide(grid, decided)
    liquidate(grid)
    advance(grid)
    row = strategy_row(grid)
    assert (row.status, row.finish_reason, row.position) == (StrategyStatus.STOPPING, "LIQUIDATION", D("0.02"))
    assert told(grid) == ["liquidation"]


@pytest.mark.parametrize(
    ("begun", "reason"), [(FinishReason.MARGIN, "LIQUIDATION"), (FinishReason.STOP_LOSS, "STOP_LOSS")]
)
def test_where_an_end_is_under_way_its_user_is_told_of_the_liquidation(
    grid: int, begun: FinishReason, reason: str
) -> None:
    begin_end(grid, begun)
    liquidate(grid)
    assert strategy_row(grid).finish_reason == reason
    assert told(grid) == [begun.lower(), "liquidation"]


def test_a_stop_by_the_user_stays_one_and_the_liquidation_is_told(grid: int) -> None:
    with Session.begin() as session:
        begin_stop(session.get_one(GridStrategy, grid), StrategyStatus.STOPPED, close_position=True)
    liquidate(grid)
    row = strategy_row(grid)
    assert (row.status, row.end_status, row.finish_reason) == (StrategyStatus.STOPPING, "STOPPED", None)
    assert told(grid) == ["liquidation"]


def test_a_liquidation_in_several_trades_is_told_once(grid: int) -> None:
    begin_end(grid, FinishReason.MARGIN)
    for trade_id in ("1", "2", "2", "3"):
        liquidate(grid, trade_id=trade_id)
    assert told(grid) == ["margin", "liquidation"]
    assert strategy_row(grid).position == 0
