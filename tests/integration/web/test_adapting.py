"""An adaptive grid that runs, and what it does about the market's last day."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.clock import now
from core.db import Session
from core.domain.adaptive import PERIOD, Bar
from core.models import Event, GridStrategy, Operation
from core.strategies.adapting import consider, running
from core.strategies.wanted import wanted_from
from tests.integration.web.test_updating import running as running_grid  # noqa: F401  a fixture
from tests.support.grids import strategy_row

pytestmark = pytest.mark.usefixtures("running_grid")
D = Decimal


def day(height: int) -> list[Bar]:
    """Up and down by `height` around 80000, each hour."""
    return [Bar(D(80000), D(80000 + height), D(80000 - height), D(80000))] * (PERIOD + 1)


def climb() -> list[Bar]:
    return [Bar(D(p), D(p + 150), D(p), D(p + 150)) for p in range(80000, 83751, 150)]


@pytest.fixture(autouse=True)
def adaptive(running_grid: dict[str, Any]) -> None:  # noqa: F811
    """It has run for a day."""
    with Session.begin() as session:
        row = session.get_one(GridStrategy, 1)
        row.adaptive, row.started_at = True, now() - timedelta(hours=24)


def test_a_wilder_market_widens_the_range_by_an_update_that_names_its_cause() -> None:
    assert running() == [1]
    assert consider(strategy_row(1), day(1200))
    change = strategy_row(1).change
    assert change is not None
    wanted = wanted_from(change)
    assert (wanted.parameters.lower_price, wanted.parameters.upper_price) == (74000, 86000)
    assert wanted.parameters.grid_number == 10
    assert "volatility" in wanted.because
    with Session.reading() as session:
        assert session.query(Operation).filter_by(kind="update").count() == 1
    assert running() == []


def test_where_the_wider_range_would_earn_less_nothing_happens() -> None:
    """Two crossings of cells 1010 high an hour, where there were three of cells 800 high."""
    assert not consider(strategy_row(1), day(1010))
    assert strategy_row(1).change is None


@pytest.mark.parametrize("column", ["started_at", "updated"])
def test_it_moves_seldom(column: str) -> None:
    with Session.begin() as session:
        row = session.get_one(GridStrategy, 1)
        if column == "started_at":
            row.started_at = now() - timedelta(hours=3)
        else:
            session.add(Event(user_id=row.user_id, strategy_id=1, level="INFO", code="updated", message=""))
    assert not consider(strategy_row(1), day(1200))


def test_only_an_adaptive_grid_moves() -> None:
    with Session.begin() as session:
        session.get_one(GridStrategy, 1).adaptive = False
    assert not consider(strategy_row(1), day(1200))


def test_a_trend_is_warned_of_once_a_day_with_its_reason() -> None:
    for _ in range(2):
        consider(strategy_row(1), climb())
    with Session.reading() as session:
        (event,) = session.query(Event).filter_by(code="consider_reset")
    assert event.level == "WARNING"
    assert "up by 4." in event.message


def test_a_market_without_a_day_of_candles_says_nothing() -> None:
    assert not consider(strategy_row(1), day(1200)[:5])
