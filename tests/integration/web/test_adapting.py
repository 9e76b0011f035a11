"""An adaptive grid that runs, and what it does about the market's last day."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import bus
from core.clock import now, now_ms
from core.db import Session
from core.domain.adaptive import PERIOD, Bar
from core.domain.order import OrderStatus, Purpose, Side
from core.execution.intents import new_order
from core.models import Event, GridCell, GridOrder, GridStrategy, Operation
from core.strategies.adapting import consider, running
from core.strategies.wanted import wanted_from
from tests.integration.web.test_updating import running as running_grid  # noqa: F401  a fixture
from tests.support.grids import strategy_row
from tests.unit.web.people import Person

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


def slow_order() -> None:
    """Cell 2 has waited for five hours; cells 3 and 4 have traded three times each, within ten minutes."""
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "80000", "at": now_ms()}})
    with Session.begin() as session:
        row = session.get_one(GridStrategy, 1)
        session.query(GridOrder).filter_by(cell_index=2).one().created_at = now() - timedelta(hours=5)
        for cell in session.query(GridCell).filter(GridCell.cell_index.in_((3, 4))):
            for _ in range(3):
                order = new_order(session, row, side=Side.BUY, quantity=D(1), purpose=Purpose.COUNTER)
                order.cell_index, order.status, order.filled_at = cell.cell_index, OrderStatus.FILLED, now()
                order.created_at = now() - timedelta(minutes=10)


def test_a_slow_order_is_shown_with_what_would_help_and_nudges_the_range_where_asked(anna: Person) -> None:
    slow_order()
    shown: Any = anna.get("/grid/detail/paper/1").json
    (one,) = shown["liquidity"]["slow_orders"]
    assert (one["cell"], one["age_s"] // 3600, one["typical_fill_s"] // 60) == (2, 5, 10)
    suggested = shown["liquidity"]["suggestion"]
    assert (suggested["kind"], D(suggested["lower_price"]), D(suggested["upper_price"])) == ("narrower", 78400, 80000)
    assert "times as often" in suggested["effect"]
    listed: Any = anna.get("/grid/orders/paper/1?status=PLACED").json
    assert [(order["cell_index"], order["typical_fill_s"] // 60) for order in listed if order["slow"]] == [(2, 10)]
    assert [order["typical_fill_s"] for order in listed if not order["slow"]] == [None] * 9
    with Session.begin() as session:
        session.get_one(GridStrategy, 1).adaptive = False
    swings = [Bar(D(79200), D(79900), D(78500), D(79200))] * (PERIOD + 1)
    assert not consider(strategy_row(1), swings)
    anna.put("/grid/update/paper/1", {"nudge": True}, headers={"If-Match": '"1"'})
    assert not consider(strategy_row(1), day(0)), "a market that does not move pays for nothing"
    assert consider(strategy_row(1), swings)
    change = strategy_row(1).change
    assert change is not None
    wanted = wanted_from(change)
    assert (wanted.parameters.lower_price, wanted.parameters.upper_price) == (78400, 80000)
    assert wanted.because.startswith("Nudged, narrower: 1 orders were slow")
