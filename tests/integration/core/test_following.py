"""What followers are told is what is committed, in whatever order it is."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.db import Session, engine
from core.domain.order import OrderStatus
from core.execution.events import apply_findings, findings_of
from core.models import Event
from core.strategies import following
from core.strategies.following import Orders, tail_of_events, tail_of_fills
from tests.support.grids import fill_events, order_rows, running_grid

pytestmark = pytest.mark.usefixtures("database_url")


def event() -> Event:
    return Event(level="INFO", code="odd", message="odd")


def test_only_what_is_new_is_told_and_once() -> None:
    with Session.begin() as session:
        session.add_all([event(), event()])
    with Session.reading() as session:
        tail = tail_of_events(session)
    with Session.begin() as session:
        session.add(event())
    with Session.reading() as session:
        assert [tail.read(session), tail.read(session)] == [[3], []]
    assert tail.settled == 3


# SQLite lets one writer in at a time: nothing to overtake.
OVERTAKING = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@OVERTAKING
def test_a_row_that_is_committed_after_a_later_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session.reading() as session:
        tail = tail_of_events(session)
    with OrmSession(engine()) as slow:
        slow.add(event())
        slow.flush()
        with Session.begin() as session:
            session.add(event())
        with Session.reading() as session:
            assert tail.read(session) == [2]
        assert tail.settled == 0
        slow.commit()
    with Session.reading() as session:
        assert tail.read(session) == [1]
    assert tail.settled == 2


@OVERTAKING
def test_an_id_whose_transaction_was_rolled_back_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session.reading() as session:
        tail = tail_of_events(session)
    with OrmSession(engine()) as slow:
        slow.add(event())
        slow.flush()
        slow.rollback()
    with Session.begin() as session:
        session.add(event())
    with Session.reading() as session:
        assert tail.read(session) == [2]
        assert tail.settled == 0
        monkeypatch.setattr(following, "GONE_AFTER_S", 0.0)
        assert tail.read(session) == []
    assert tail.settled == 2


def test_a_tail_begins_below_what_may_still_be_committed() -> None:
    with Session.begin() as session:
        session.add(event())
    with Session.reading() as session:
        tail = tail_of_events(session)
        assert session.scalars(select(Event.id)).all() == [1]
    assert tail.settled == 1


def test_orders_are_told_when_they_are_new_or_further() -> None:
    strategy_id = running_grid()
    with Session.reading() as session:
        fills = tail_of_fills(session)
        begun = Orders.of_this_run(session, strategy_id)
        assert [row.id for row in begun.changed(session, strategy_id)] == [row.id for row in order_rows(strategy_id)]
        assert begun.changed(session, strategy_id) == []
        orders = Orders.from_now(session, strategy_id)
        assert orders.changed(session, strategy_id) == []
    order = order_rows(strategy_id, OrderStatus.PLACED)[0]
    half = order.quantity / 2
    first, second, third = fill_events(order, 1, [half, half])
    with Session.begin() as session:
        apply_findings(session, order.account_id, findings_of([first, second]), tokens=0)
    with Session.reading() as session:
        assert [row.status for row in orders.changed(session, strategy_id)] == ["PARTIALLY_FILLED"]
    with Session.begin() as session:
        apply_findings(session, order.account_id, findings_of([third]), tokens=0)
    with Session.reading() as session:
        assert [row.status for row in orders.changed(session, strategy_id)] == ["FILLED", "PENDING"]
        assert orders.changed(session, strategy_id) == []
        assert fills.read(session) == [1, 2]
