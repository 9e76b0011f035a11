"""The circuit breakers: who stops sending, after what, and who goes on."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import now, now_ms, sleep
from core.db import Session
from core.domain.order import OrderStatus
from core.errors import VenueUnavailable
from core.exchange.base import Outcome, Reply
from core.exchange.pool import Lease
from core.execution import rates
from core.execution.intents import Attempt, attempt_of, claim
from core.execution.rates import PATIENCE, note, take
from core.execution.replies import Answered, note_doubtful
from core.execution.sending import Sender
from core.execution.together import Together
from core.models import GridOrder
from tests.support.grids import running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
ACCEPTED = Reply(Outcome.ACCEPTED)
LOST = Reply(Outcome.UNKNOWN, message="no answer")


@pytest.fixture
def account_id(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(rates, "_failures", {})
    monkeypatch.setattr(rates, "FIRST_PAUSE_MS", 200)
    return strategy_row(running_grid()).account_id


def claimed(attempts: int = 0) -> Attempt:
    """An attempt at one of the grid's orders, not sent yet."""
    with Session.begin() as session:
        order = session.get_one(GridOrder, session.scalars(select(GridOrder.id)).first())
        order.status, order.attempts = OrderStatus.PENDING, attempts
        claim(order, now_ms())
        session.flush()
        return attempt_of(order)


def test_an_account_may_send_what_its_limits_leave_and_closes_keep_a_reserve(account_id: int) -> None:
    assert take(account_id, 500) == 270
    assert take(account_id, 500) == 0
    assert take(account_id, 500, closing=True) == 30


def test_sends_that_fail_one_after_another_open_the_breaker_and_a_success_closes_it(account_id: int) -> None:
    note(account_id, [LOST] * (PATIENCE[0] - 1))
    assert take(account_id, 3) == 3
    note(account_id, [LOST])
    assert take(account_id, 3) == 0
    sleep(0.25)
    assert take(account_id, 3) == 1, "a probe"
    note(account_id, [ACCEPTED])
    assert take(account_id, 3) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(Outcome.REFUSED, code=-2019, message="Margin is insufficient."),
        Reply(Outcome.RETRY, code=-2019, message="Margin is insufficient."),
        Reply(Outcome.NOT_SENT),
        Reply(Outcome.NOT_FOUND, code=-2011),
    ],
)
def test_what_is_the_orders_own_fault_opens_nothing(account_id: int, reply: Reply) -> None:
    note(account_id, [reply] * 100)
    assert take(account_id, 3) == 3


def test_throttling_and_lost_connections_open_it(account_id: int) -> None:
    note(account_id, [Reply(Outcome.RETRY, code=-1008), Reply(Outcome.NOT_SENT, message="not connected: x")] * 3)
    assert take(account_id, 3) == 0


class Unreachable:
    """A pool that can make no connection."""

    def acquire(self, account_id: int, exchange: str, credentials: object) -> Lease:
        raise VenueUnavailable("no route to it")


def test_attempts_for_which_there_is_no_connection_open_it_too(account_id: int) -> None:
    sender = Sender(Unreachable(), Together(), lambda strategies: None)  # type: ignore[arg-type]
    for _ in range(PATIENCE[0]):
        assert take(account_id, 1) == 1
        sender.place([claimed()])
        sender.record_replies()
    assert take(account_id, 1) == 0


@pytest.mark.parametrize(
    ("reply", "longest"),
    [
        (Reply(Outcome.NOT_SENT, message="not connected: x"), 1),
        (Reply(Outcome.RETRY, code=-1008), 1),
        (Reply(Outcome.RETRY, code=-2019, message="Margin is insufficient."), 30),
        (Reply(Outcome.NOT_SENT), 30),
    ],
    ids=["not connected", "throttled", "no margin", "too late"],
)
def test_what_the_breakers_pace_is_due_again_at_once_however_often_it_failed(
    account_id: int, reply: Reply, longest: int
) -> None:
    """Else a grid would stay bare for half a minute after its venue is back."""
    attempt = claimed(attempts=7)
    with Session.begin() as session:
        note_doubtful(session, [Answered(attempt, reply)])
    with Session.reading() as session:
        due = session.get_one(GridOrder, attempt.grid_order_id).next_check_at
    assert due is not None
    assert timedelta(seconds=longest - 1) < due - now() <= timedelta(seconds=longest)
