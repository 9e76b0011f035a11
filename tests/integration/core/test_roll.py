"""A fill whose event was lost while the price came back at once: nobody sees it, but the order rests no more."""

from datetime import timedelta

import pytest

from core.clock import now
from core.db import Session
from core.domain.order import OrderStatus
from core.models import ExchangeApi, GridOrder
from core.reconciliation import roll
from tasks.upkeep import call_roll
from tests.integration.core.test_reconciliation import Trader, trader
from tests.support.grids import order_rows, running_grid, strategy_row

__all__ = ["trader"]

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


def test_an_order_that_rests_no_more_is_asked_for(trader: Trader) -> None:
    trader.send(trader.claimed(0))
    trader.set(trader.order(0), status=OrderStatus.PLACED)
    roll.call(trader.account.id, "BTCUSDT")
    assert trader.order(0).next_check_at is None
    trader.venue.move("BTCUSDT", str(trader.order(0).price))
    trader.venue.move("BTCUSDT", "100000")
    roll.call(trader.account.id, "BTCUSDT")
    asked_at = trader.order(0).next_check_at
    assert asked_at is not None
    assert asked_at > now()  # its news may be on the way
    trader.resolve_now()
    buy, counter = (order for order in order_rows(trader.grid) if order.cell_index == 0)
    assert (buy.status, counter.status) == (OrderStatus.FILLED, OrderStatus.PENDING)


@pytest.mark.parametrize("sweeps_every_s", [1, 2])
def test_every_grid_has_its_turn_once_in_a_period(monkeypatch: pytest.MonkeyPatch, sweeps_every_s: int) -> None:
    grid = running_grid()
    start = now()
    turns = []
    for second in range(0, 2 * roll.EVERY_S * sweeps_every_s, sweeps_every_s):
        monkeypatch.setattr(roll, "now", lambda moment=start + timedelta(seconds=second): moment)
        with Session.reading() as session:
            turns += roll.due(session)
    strategy = strategy_row(grid)
    assert turns == [(strategy.account_id, strategy.symbol)] * 2


def test_a_refused_key_is_noticed_by_the_next_roll_call(trader: Trader) -> None:
    trader.send(trader.claimed(0))
    trader.set(trader.order(0), status=OrderStatus.PLACED)
    trader.venue.inject("error", status=500, code=-1000, msg="An unknown error occurred while processing the request.")
    call_roll(trader.account.id, "BTCUSDT")
    assert status_of(trader.account) == "OK"
    trader.venue.restore_service()
    trader.venue.inject("error", status=401, code=-2015, msg="Invalid API-key, IP, or permissions for action.")
    call_roll(trader.account.id, "BTCUSDT")
    assert status_of(trader.account) == "KEY_INVALID"


def status_of(account: ExchangeApi) -> str:
    with Session.reading() as session:
        return session.get_one(ExchangeApi, account.id).status


def test_an_order_that_waits_for_a_later_question_is_asked_for_sooner(trader: Trader) -> None:
    trader.set(trader.order(0), status=OrderStatus.PLACED, next_check_at=now() + timedelta(hours=1))
    with Session.begin() as session:
        roll.ask_for(session, [trader.order(0).id])
        asked = session.get_one(GridOrder, order_rows(trader.grid)[0].id).next_check_at
    assert asked is not None
    assert asked <= now()
