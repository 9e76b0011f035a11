"""What the sweep notices by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import now
from core.db import Session
from core.execution.switches import note_read
from core.models import ExchangeApi, GridStrategy, Lease
from core.upkeep import SWEEP, find_work, halt_after_silence
from tests.support.grids import running_grid, strategy_row
from tests.support.servers import RedisServer

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def account_id(redis_server: RedisServer) -> int:
    """Of a running grid, after a first sweep whose reconciliation is done."""
    account_id = strategy_row(running_grid()).account_id
    find_work()
    with Session.begin() as session:
        session.get_one(ExchangeApi, account_id).reconcile_due_at = None
    return account_id


def strategies_of(account_id: int) -> list[GridStrategy]:
    with Session.reading() as session:
        return list(session.scalars(select(GridStrategy).where(GridStrategy.account_id == account_id)))


def test_a_quiet_sweep_finds_nothing_to_reconcile(account_id: int) -> None:
    assert find_work().to_reconcile == []


def test_sweeps_that_were_missing_for_long_make_every_account_be_reconciled(account_id: int) -> None:
    with Session.begin() as session:
        session.get_one(Lease, SWEEP).until = now() - timedelta(minutes=2)
    assert find_work().to_reconcile == [account_id]


def test_workers_that_were_busy_for_a_while_are_not_made_busier(account_id: int) -> None:
    with Session.begin() as session:
        session.get_one(Lease, SWEEP).until = now() - timedelta(seconds=10)
    assert find_work().to_reconcile == []


def test_after_a_long_silence_nothing_is_opened_until_the_account_has_been_read(account_id: int) -> None:
    with Session.begin() as session:
        session.get_one(Lease, SWEEP).until = now() - timedelta(minutes=2)
    halt_after_silence()
    (strategy,) = strategies_of(account_id)
    assert "compared" in strategy.halted
    with Session.begin() as session:
        note_read(session, account_id)
    (strategy,) = strategies_of(account_id)
    assert strategy.halted == ""


def test_an_emptied_broker_makes_every_account_be_reconciled(account_id: int, redis_server: RedisServer) -> None:
    redis_server.ensure_running_and_empty()
    assert find_work().to_reconcile == [account_id]
