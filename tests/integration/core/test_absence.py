"""The venue out of reach, the key refused or the market halted for too long ends strategies; for less it does not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.accounts import remove
from core.clock import now
from core.db import Session
from core.domain.lifecycle import FinishReason, StrategyStatus
from core.domain.order import OrderStatus
from core.errors import Conflict, VenueRefused, VenueUnavailable
from core.execution.switches import note_read
from core.models import Event, ExchangeApi, GridStrategy, Operation, SymbolRule
from core.strategies import progress
from core.strategies.absence import end_delisted, end_halted
from core.strategies.deletion import delete
from core.strategies.requests import request_stop
from core.upkeep import put_off_reconciliation, tend
from tests.support.grids import order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url")

AWAY = VenueUnavailable("no answer")
REFUSED = VenueRefused(-2015, "Invalid API-key, IP, or permissions for action.")


def since(**columns: timedelta) -> None:
    with Session.begin() as session:
        account = session.scalars(select(ExchangeApi)).one()
        for name, ago in columns.items():
            setattr(account, name, now() - ago)


def test_a_venue_out_of_reach_past_the_limit_ends_the_strategy_with_its_cause() -> None:
    grid = running_grid()
    put_off_reconciliation(1, AWAY)
    assert strategy_row(grid).must_end is None
    since(unreachable_since=timedelta(minutes=59))
    put_off_reconciliation(1, AWAY)
    assert strategy_row(grid).must_end is None
    since(unreachable_since=timedelta(minutes=60))
    put_off_reconciliation(1, AWAY)
    put_off_reconciliation(1, AWAY)
    progress.advance(grid)
    ended = strategy_row(grid)
    assert (ended.status, ended.finish_reason) == (StrategyStatus.STOPPING, FinishReason.VENUE_UNREACHABLE)
    with Session.reading() as session:
        event = session.scalars(select(Event).where(Event.code == "venue_unreachable")).one()
    assert "has not answered since" in event.message


def test_a_reading_that_succeeds_begins_the_count_anew() -> None:
    grid = running_grid()
    since(unreachable_since=timedelta(hours=2))
    with Session.begin() as session:
        note_read(session, 1)
    put_off_reconciliation(1, AWAY)
    assert strategy_row(grid).must_end is None


@pytest.mark.parametrize("stopping", [False, True])
def test_a_revoked_key_ends_what_is_active_and_a_key_that_works_takes_back_what_was_left(stopping: bool) -> None:
    grid = running_grid()
    put_off_reconciliation(1, REFUSED)
    assert strategy_row(grid).status == StrategyStatus.RUNNING
    with Session.begin() as session, pytest.raises(Conflict):
        remove(session, 1, 1)
    if stopping:
        with Session.begin() as session:
            request_stop(session, 1, "paper", grid, None)
    since(refused_since=timedelta(hours=1))
    put_off_reconciliation(1, REFUSED)
    ended = strategy_row(grid)
    assert (ended.status, ended.finish_reason) == (StrategyStatus.FINISHED, FinishReason.KEY_REVOKED)
    assert "10 orders" in ended.waiting_for
    assert len(order_rows(grid, OrderStatus.PLACED)) == 10
    with Session.reading() as session:
        assert session.scalars(select(Event.level).where(Event.code == "left_at_exchange")).one() == "ALARM"
        assert session.scalars(select(Operation.state)).all() == (["FAILURE"] if stopping else [])
    with Session.begin() as session, pytest.raises(Conflict):
        delete(session, session.get_one(GridStrategy, grid))
    with Session.begin() as session:
        note_read(session, 1)
    assert [len(step.cancels) for step in tend(1)] == [0, 10, 0]
    again = strategy_row(grid)
    assert (again.status, again.finish_reason) == (StrategyStatus.STOPPING, FinishReason.KEY_REVOKED)
    assert (again.close_on_end, again.end_status) == (not stopping, StrategyStatus.FINISHED)
    with Session.begin() as session:
        remove(session, 1, 1)
    assert strategy_row(grid).status == StrategyStatus.FINISHED


@pytest.mark.parametrize(("minutes", "ends"), [(61, False), (60, True), (-5, True)])
def test_a_delisting_is_warned_of_once_and_ends_what_runs_on_the_symbol_before_it(minutes: int, ends: bool) -> None:
    grid = running_grid()
    with Session.begin() as session:
        session.scalars(select(SymbolRule)).one().delists_at = now() + timedelta(
            minutes=minutes, seconds=-1 if ends else 9
        )
    for _ in range(2):
        with Session.begin() as session:
            end_delisted(session, "paper")
    assert strategy_row(grid).must_end == (FinishReason.DELISTED if ends else None)
    with Session.reading() as session:
        assert len(session.scalars(select(Event).where(Event.code == "delisting")).all()) == (0 if ends else 1)


@pytest.mark.parametrize(("minutes", "ends"), [(14, False), (15, True)])
def test_a_market_halted_past_the_limit_ends_what_runs_on_it(minutes: int, ends: bool) -> None:
    grid = running_grid()
    with Session.begin() as session:
        session.scalars(select(SymbolRule)).one().halted_at = now() - timedelta(minutes=minutes)
        end_halted(session, "paper")
    assert strategy_row(grid).must_end == (FinishReason.MARKET_HALT if ends else None)
    if ends:
        progress.advance(grid)
        with Session.reading() as session:
            assert session.get_one(GridStrategy, grid).finish_reason == "MARKET_HALT"
