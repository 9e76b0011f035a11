"""Equity points: taken by the minute, thinned with age, and the drawdown of all that ever were."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import bus, equity
from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.models import EquitySnapshot
from tests.support.grids import change, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


def snapshot_at(mark: str) -> None:
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": mark, "at": 0}})
    equity.take_snapshots()


def points() -> list[EquitySnapshot]:
    with Session.reading() as session:
        return list(session.scalars(select(EquitySnapshot).order_by(EquitySnapshot.at, EquitySnapshot.id)))


def test_the_drawdown_is_that_of_every_point_that_was_taken() -> None:
    grid = running_grid()
    change(grid, position=D("0.1"), bought_quote=D(10000))
    for mark in ("100000", "103000.1", "99000", "101000"):
        snapshot_at(mark)
    with Session.begin() as session:
        session.delete(session.get_one(EquitySnapshot, points()[2].id))
    row = strategy_row(grid)
    assert (row.peak_equity, row.max_drawdown) == (D("300.01"), D("400.01"))


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"status": StrategyStatus.STOPPED}, 0),
        ({"status": StrategyStatus.STOPPED, "position": D("0.1")}, 1),
        ({"status": StrategyStatus.STOPPED, "stopped_at": timedelta(minutes=-1)}, 1),
        ({"status": StrategyStatus.STOPPED, "stopped_at": timedelta(minutes=-3)}, 0),
        ({"status": StrategyStatus.WAITING, "generation": 0}, 0),
    ],
)
def test_what_holds_something_or_has_just_ended_has_its_point_too(values: dict[str, object], taken: int) -> None:
    if isinstance(ago := values.get("stopped_at"), timedelta):
        values = {**values, "stopped_at": now() + ago}
    change(running_grid(), **values)
    snapshot_at("100000")
    assert len(points()) == taken


def write(grid: int, equities: dict[timedelta, int]) -> None:
    """Equity by age."""
    zero = dict.fromkeys(("position", "grid_profit", "unrealized_pnl", "fees", "funding", "mark_price"), D(0))
    moment = now()
    with Session.begin() as session:
        session.add_all(
            EquitySnapshot(strategy_id=grid, at=moment - age, total_pnl=D(value), **zero)
            for age, value in equities.items()
        )


def test_old_points_are_thinned_to_the_extremes_of_each_span(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = running_grid()
    minutes = range(6 * 24 * 60)
    write(grid, {timedelta(minutes=number): (number * 37) % 1009 for number in minutes})
    for hour in range(24):
        moment = now().replace(hour=hour)
        monkeypatch.setattr(equity, "now", lambda moment=moment: moment)
        equity.thin()
    kept = points()
    young = [one for one in kept if kept[-1].at - one.at < timedelta(hours=1)]
    assert len(young) == 60, "a day's points are all there"
    assert len(kept) < 24 * 60 * 2 + 6 * 48 * 2
    assert {min(one.total_pnl for one in kept), max(one.total_pnl for one in kept)} == {0, 1008}
    with Session.reading() as session:
        shown = equity.series(session, grid, None, None)
    assert len(shown) <= equity.MOST_POINTS
    assert {min(one.total_pnl for one in shown), max(one.total_pnl for one in shown)} == {0, 1008}
