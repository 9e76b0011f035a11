"""What users ask of a strategy, on both databases."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.parameters import Parameters
from core.errors import Conflict
from core.models import Event, GridStrategy
from core.strategies.parameters import parameters_of
from core.strategies.requests import request_reset, request_stop
from tests.support.grids import running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
LEFT = Decimal("0.05")


@pytest.fixture
def stopped() -> GridStrategy:
    """A strategy whose last run has left a position."""
    strategy_id = running_grid()
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        strategy.status, strategy.position = StrategyStatus.STOPPED, LEFT
    return strategy_row(strategy_id)


@pytest.mark.parametrize(("close", "status"), [(True, StrategyStatus.STOPPING), (False, StrategyStatus.STARTING)])
def test_a_reset_of_a_stopped_strategy_first_closes_what_its_last_run_has_left_where_asked(
    stopped: GridStrategy, close: bool, status: StrategyStatus
) -> None:
    with Session.begin() as session:
        request_reset(session, stopped.user_id, "paper", stopped.id, close, None)
    row = strategy_row(stopped.id)
    assert (row.status, row.close_on_end) == (status, close)


def test_a_stopped_strategy_cannot_be_stopped(stopped: GridStrategy) -> None:
    with Session.begin() as session, pytest.raises(Conflict) as refused:
        request_stop(session, stopped.user_id, "paper", stopped.id, True)
    assert refused.value.reason == "bad_state"


def earn(strategy_id: int, grid_profit: str, realized: str, **values: object) -> None:
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        strategy.grid_profit, strategy.realized_pnl = Decimal(grid_profit), Decimal(realized)
        strategy.fees = Decimal("0.5")
        for name, value in values.items():
            setattr(strategy, name, value)


def reset(row: GridStrategy, parameters: Parameters | None = None) -> tuple[Decimal, Decimal]:
    """(total_investment, of which reinvested) of the run after it."""
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, row.id)
        strategy.status = StrategyStatus.STOPPED
        request_reset(session, row.user_id, "paper", row.id, False, parameters)
    after = strategy_row(row.id)
    return after.total_investment, after.reinvested


def test_a_reset_invests_the_profit_again_once(stopped: GridStrategy) -> None:
    earn(stopped.id, "12.345678", "30")
    assert reset(stopped) == (Decimal("10012.34"), Decimal("12.34"))
    assert reset(stopped) == (Decimal("10012.34"), Decimal("12.34"))
    earn(stopped.id, "20", "30")
    assert reset(stopped, parameters_of(strategy_row(stopped.id))) == (Decimal(10020), Decimal(20))
    with Session.reading() as session:
        events = session.scalars(select(Event.data).where(Event.code == "profit_reinvested")).all()
    assert [data["earned"] for data in events] == ["12.34", "7.66"]


def test_no_more_is_invested_again_than_has_come_into_the_wallet(stopped: GridStrategy) -> None:
    earn(stopped.id, "12", "-30")
    assert reset(stopped) == (Decimal(10000), Decimal(0))
    earn(stopped.id, "12", "5.5")
    assert reset(stopped) == (Decimal(10005), Decimal(5))


def test_profit_that_is_collected_stays_out_for_good(stopped: GridStrategy) -> None:
    earn(stopped.id, "12", "30", profit_collection=True)
    assert reset(stopped) == (Decimal(10000), Decimal(0))
    earn(stopped.id, "15", "30", profit_collection=False)
    assert reset(stopped) == (Decimal(10003), Decimal(3))


def test_an_investment_that_the_user_names_is_not_added_to(stopped: GridStrategy) -> None:
    earn(stopped.id, "12", "30")
    reset(stopped)
    earn(stopped.id, "20", "30")
    named = replace(parameters_of(strategy_row(stopped.id)), total_investment=Decimal(500))
    assert reset(stopped, named) == (Decimal(500), Decimal(0))


def test_the_time_of_earlier_runs_is_added_up(stopped: GridStrategy) -> None:
    began = now() - timedelta(days=2)
    earn(stopped.id, "0", "0", started_at=began, stopped_at=began + timedelta(seconds=90))
    reset(stopped)
    assert strategy_row(stopped.id).ran_ms == 90_000
