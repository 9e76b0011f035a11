"""What users ask of a strategy, on both databases."""

from decimal import Decimal

import pytest

from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.errors import Conflict
from core.models import GridStrategy
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
