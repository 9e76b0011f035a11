"""From an event to a message at a real server: once, grouped, in the user's language, and without holding up others."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.clock import monotonic
from core.db import Session
from core.domain.order import OrderStatus
from core.execution.events import apply_findings, findings_of
from core.execution.telling import tell
from core.models import Event, GridStrategy, Notification, NotificationTarget
from core.notifications import delivery, preferences, sending, telling
from tests.support.environment import forget_settings
from tests.support.grids import fill_events, order_rows, running_grid, strategy_row
from tests.support.mailbox import Mailbox, mailbox

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def grid_id(database_url: str) -> int:
    return running_grid()


@pytest.fixture
def user_id(grid_id: int) -> int:
    return strategy_row(grid_id).user_id


class Later:
    """The clock of the modules under test, turned on."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def now(self) -> datetime:
        return clock.now() + self.by


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    turned = Later()
    for module in (telling, delivery, preferences):
        monkeypatch.setattr(module, "now", turned.now)
    return turned


def want(user_id: int, *boxes: Mailbox, **changes: Any) -> None:
    with Session.begin() as session:
        preferences.change(session, user_id, {"targets": [{"url": box.url} for box in boxes], **changes})


def happen(grid_id: int, code: str, level: str = "WARNING", times: int = 1) -> None:
    with Session.begin() as session:
        for _ in range(times):
            tell(session, session.get_one(GridStrategy, grid_id), code, "in words", level)


def tick() -> None:
    """What the two tasks do."""
    telling.make_notifications()
    for notification_id in delivery.due():
        delivery.deliver(notification_id)


def made() -> list[Notification]:
    with Session.reading() as session:
        return list(session.scalars(select(Notification).order_by(Notification.id)))


def fill(grid_id: int, count: int) -> None:
    for number in range(1, count + 1):
        order = order_rows(grid_id, OrderStatus.PLACED)[0]
        with Session.begin() as session:
            apply_findings(
                session, order.account_id, findings_of(fill_events(order, 10 * number, [order.quantity])), tokens=0
            )


def test_an_event_is_told_once(box: Mailbox, user_id: int, grid_id: int, later: Later) -> None:
    want(user_id, box)
    happen(grid_id, "order_refused")
    happen(grid_id, "running", "INFO")
    for _ in range(3):
        tick()
        later.by += timedelta(minutes=5)
    (message,) = box.messages
    assert message["title"] == "Gridkeeper: 1 news"
    assert message["message"] == "Grid 1 BTCUSDT: the exchange refused an order (in words)"
    (row,) = made()
    assert (row.state, row.kind, row.attempts, row.last_error) == ("SENT", "warnings", 1, "")
    assert row.sent_at is not None


def test_it_speaks_the_users_language(box: Mailbox, user_id: int, grid_id: int) -> None:
    want(user_id, box, language="zh-Hant")
    happen(grid_id, "stopped", "INFO")
    tick()
    assert box.messages[0]["message"] == "網格 1 BTCUSDT: 已停止"


def test_a_storm_becomes_two_messages_a_minute_apart(box: Mailbox, user_id: int, grid_id: int, later: Later) -> None:
    want(user_id, box)
    happen(grid_id, "order_refused", times=300)
    tick()
    happen(grid_id, "order_refused", times=40)
    tick()
    assert [row.count for row in made()] == [300]
    later.by = timedelta(seconds=61)
    tick()
    assert [message["message"][-4:] for message in box.messages] == ["×300", " ×40"]


def test_an_alarm_does_not_wait_a_minute_for_a_warnings_sake(
    box: Mailbox, user_id: int, grid_id: int, later: Later
) -> None:
    want(user_id, box)
    happen(grid_id, "order_refused")
    tick()
    happen(grid_id, "ghost_order", "ALARM")
    later.by = timedelta(seconds=11)
    tick()
    assert [row.kind for row in made()] == ["warnings", "alarms"]


def test_fills_are_counted_where_they_are_wanted(box: Mailbox, user_id: int, grid_id: int, later: Later) -> None:
    want(user_id, box)
    fill(grid_id, 2)
    tick()
    assert made() == []
    want(user_id, box, kinds={"fills": True})
    for _ in range(4):
        tick()
        fill(grid_id, 1)
        later.by += timedelta(seconds=61)
    assert [message["message"] for message in box.messages] == ["Grid 1 BTCUSDT: 1 fills"] * 2


def test_what_nobody_wants_makes_no_message(user_id: int, grid_id: int) -> None:
    want(user_id, kinds={"warnings": False})
    happen(grid_id, "order_refused")
    tick()
    want(user_id, kinds={"warnings": True})
    tick()
    assert made() == []


def test_without_a_target_it_is_listed_all_the_same(user_id: int, grid_id: int) -> None:
    happen(grid_id, "ghost_order", "ALARM")
    tick()
    (row,) = made()
    assert (row.state, row.user_id) == ("NO_TARGET", user_id)


def test_events_of_nobody_are_done_with(database_url: str) -> None:
    with Session.begin() as session:
        session.add(Event(level="ALARM", code="switch_thrown", message="all"))
    tick()
    with Session.reading() as session:
        assert session.scalars(select(Event).where(~Event.noticed)).all() == []


def test_a_failure_is_tried_again_and_only_where_it_failed(user_id: int, grid_id: int, later: Later) -> None:
    with mailbox() as good, mailbox() as bad:
        bad.answers = 500
        want(user_id, good, bad)
        happen(grid_id, "order_refused")
        tick()
        tick()
        (row,) = made()
        assert (row.state, row.attempts) == ("PENDING", 1)
        assert "500" in row.last_error
        assert "secret" not in row.last_error
        assert "pa55word" not in row.last_error
        bad.answers = 200
        later.by = timedelta(seconds=31)
        tick()
        assert (len(good.messages), len(bad.messages), bad.requests) == (1, 1, 2)
        assert made()[0].state == "SENT"


def test_it_is_given_up_after_five_attempts(box: Mailbox, user_id: int, grid_id: int, later: Later) -> None:
    box.answers = 500
    want(user_id, box)
    happen(grid_id, "order_refused")
    for _ in range(7):
        tick()
        later.by += timedelta(minutes=10)
    assert box.requests == 5
    assert made()[0].state == "FAILED"


def test_a_target_that_hangs_costs_no_task_ten_seconds_and_no_other_target_its_message(
    box: Mailbox, user_id: int, grid_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailbox() as silent:
        silent.answers = None
        want(user_id, silent, box)
        happen(grid_id, "order_refused")
        begun = monotonic()
        tick()
        assert monotonic() - begun < 10
        assert len(box.messages) == 1
        assert made()[0].state == "PENDING"


def test_two_workers_send_a_message_once(box: Mailbox, user_id: int, grid_id: int) -> None:
    want(user_id, box)
    happen(grid_id, "order_refused")
    telling.make_notifications()
    telling.make_notifications()
    (number,) = delivery.due()
    delivery.deliver(number)
    delivery.deliver(number)
    assert len(box.messages) == 1


def test_a_worker_that_died_with_a_message_in_its_hands_is_followed_by_another_attempt(
    box: Mailbox, user_id: int, grid_id: int, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    want(user_id, box)
    happen(grid_id, "order_refused")
    telling.make_notifications()
    with monkeypatch.context() as dying:
        dying.setattr(delivery, "send", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            delivery.deliver(delivery.due()[0])
    assert delivery.due() == []
    later.by = timedelta(seconds=31)
    tick()
    assert len(box.messages) == 1


def _hang_up(listener: socket.socket) -> None:
    """On whoever calls."""
    listener.accept()[0].close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("allowed", [True, False])
def test_nothing_connects_to_a_private_address_unless_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, host: str, allowed: bool
) -> None:
    monkeypatch.setenv("NOTIFY_PRIVATE", str(int(allowed)))
    forget_settings()
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(8 if allowed else 0.2)
        hung_up = pool.submit(_hang_up, listener) if allowed else None
        (result,) = sending.send([f"jsons://{host}:{listener.getsockname()[1]}/?rto=1"], "title", "body")
        assert result.error
        if hung_up is not None:
            hung_up.result()
        else:
            with pytest.raises(TimeoutError):
                listener.accept()


def test_addresses_are_stored_encrypted(box: Mailbox, user_id: int) -> None:
    want(user_id, box)
    with Session.reading() as session:
        (target,) = session.scalars(select(NotificationTarget))
    assert "secret" not in target.url
    assert target.masked == "json://…path"
    assert preferences.address_of(target).reveal() == box.url
