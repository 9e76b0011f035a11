"""While a switch is thrown nothing new is opened; cancels, closes and stops at the venue go on."""

import threading
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.clock import now_ms
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, OrderType, Purpose, Side
from core.exchange.base import NewOrder, Outcome, Reply
from core.execution import events
from core.execution.claiming import claim_due, count_due
from core.execution.events import apply_findings, findings_of
from core.execution.intents import Attempt, new_order
from core.execution.replies import Answered, note_doubtful
from core.execution.switches import ALL, note_read, release, throw
from core.models import Event, ExchangeApi, GridOrder, GridStrategy
from core.reconciliation.cells import refill
from tests.support.grids import cell_rows, fill_events, order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(events, "known_venue_ms", lambda _: now_ms())
    return running_grid()


def set_switch(name: str, is_thrown: bool) -> None:
    with Session.begin() as session:
        if is_thrown:
            throw(session, name, "a test")
        else:
            release(session, name)


def hear(grid: int, order: GridOrder, number: int) -> int:
    """A fill; returns how many orders are to be sent at once."""
    with Session.begin() as session:
        found = apply_findings(
            session, order.account_id, findings_of(fill_events(order, number, [order.quantity])), tokens=5
        )
    return len(found.attempts)


def claim_all(grid: int) -> list[Attempt]:
    with Session.begin() as session:
        return claim_due(session, strategy_row(grid).account_id, 100).attempts


@pytest.mark.parametrize("name", [ALL, "venue:paper", "account:1"])
def test_a_fill_is_booked_and_its_counter_order_waits_for_the_release(grid: int, name: str) -> None:
    set_switch(name, True)
    buy = order_rows(grid)[2]
    assert hear(grid, buy, 1) == 0
    assert strategy_row(grid).position == buy.quantity
    with Session.begin() as session:
        assert refill(session, buy.account_id) == 0
    set_switch(name, False)
    with Session.begin() as session:
        assert refill(session, buy.account_id) == 1
    assert [attempt.order.side for attempt in claim_all(grid)] == [Side.SELL]


def test_what_waits_to_be_sent_is_kept_and_not_claimed(grid: int) -> None:
    buy = order_rows(grid)[2]
    with Session.begin() as session:
        apply_findings(session, buy.account_id, findings_of(fill_events(buy, 1, [buy.quantity])), tokens=0)
    set_switch(ALL, True)
    with Session.reading() as session:
        assert count_due(session, buy.account_id) == (0, 0)
    assert claim_all(grid) == []
    assert len(order_rows(grid, OrderStatus.PENDING)) == 1


def test_what_another_switch_covers_stays_halted(grid: int) -> None:
    set_switch(ALL, True)
    set_switch("account:1", True)
    set_switch(ALL, False)
    assert strategy_row(grid).halted != ""
    set_switch("account:1", False)
    assert strategy_row(grid).halted == ""


def test_a_switch_of_another_account_or_venue_is_not_ours(grid: int) -> None:
    set_switch("account:99", True)
    set_switch("venue:binance", True)
    assert strategy_row(grid).halted == ""


def test_closes_go_out_all_the_same(grid: int) -> None:
    set_switch(ALL, True)
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, grid)
        strategy.status = StrategyStatus.STOPPING
        new_order(session, strategy, side=Side.SELL, quantity=Decimal("0.1"), purpose=Purpose.CLOSE)
    assert len(claim_all(grid)) == 1


def test_nothing_is_claimed_after_the_switch_has_committed_in_the_middle_of_a_burst(grid: int) -> None:
    thrown = threading.Event()
    claimed_after: list[int] = []

    def burst() -> None:
        for number, order in enumerate(order_rows(grid, OrderStatus.PLACED)):
            was_thrown = thrown.is_set()
            count = hear(grid, order, 100 + number)
            if was_thrown:
                claimed_after.append(count)

    worker = threading.Thread(target=burst)
    worker.start()
    set_switch(ALL, True)
    thrown.set()
    worker.join()
    assert sum(claimed_after) == 0
    live = [order for order in order_rows(grid) if order.status == OrderStatus.SUBMITTED]
    assert len(live) <= len(cell_rows(grid))


def test_a_key_that_the_venue_refuses_halts_its_account_until_the_venue_takes_it(grid: int) -> None:
    order = order_rows(grid)[0]
    new = NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, order.quantity, order.price, order.client_order_id, now_ms())
    refused = Answered(
        Attempt(order.id, order.account_id, "paper", new), Reply(Outcome.REFUSED, code=-2015, message="Invalid API-key")
    )
    for _ in range(2):
        with Session.begin() as session:
            note_doubtful(session, [refused])
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, order.account_id)
        assert account.status == "KEY_INVALID"
        assert account.reconcile_due_at is not None, "how long it is refused counts from now on"
        alarms = session.scalars(select(Event).where(Event.level == "ALARM")).all()
    assert [(alarm.code, alarm.user_id) for alarm in alarms] == [("switch_thrown", strategy_row(grid).user_id)]
    assert "Invalid API-key" in strategy_row(grid).halted
    with Session.begin() as session:
        note_read(session, order.account_id)
    assert strategy_row(grid).halted == ""
