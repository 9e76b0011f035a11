"""Who trades, whose leases are claimed, and when that is read: by the process that the supervisor asks."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from operator import attrgetter

import pytest

from core import clock
from core.db import Session
from core.models import ExchangeApi
from tasks import claims
from tasks.claiming import Claiming
from tasks.claims import CLAIM, LOOK, RELEASE, Claims
from tests.support.grids import running_grid
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def asked() -> Iterator[Claims]:
    with closing(Claims()) as made:
        yield made


def test_an_account_that_begins_to_trade_is_claimed_when_next_looked_for() -> None:
    claiming = Claiming()
    assert claiming.answer(CLAIM) == []
    assert claiming.answer(LOOK) is None
    running_grid()
    assert claiming.answer(LOOK)
    assert claiming.answer(LOOK) is None


def test_a_lease_that_was_released_is_free_for_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    running_grid()
    monkeypatch.setattr("core.leases.host_id", lambda: "first")
    first = Claiming()
    monkeypatch.setattr("core.leases.host_id", lambda: "second")
    second = Claiming()
    assert first.answer(CLAIM)
    assert second.answer(CLAIM) == []
    first.answer(RELEASE)
    assert second.answer(CLAIM)


def test_the_process_tells_the_key_and_when_the_stream_was_found_deaf(asked: Claims) -> None:
    running_grid(keys=("key", "secret"))
    with Session.begin() as session:
        session.query(ExchangeApi).one().deaf_at = clock.now() - timedelta(seconds=60)
        deaf_at = clock.monotonic() - 60
    (account,) = asked.ask(CLAIM) or []
    assert account.api_key == "key"
    assert account.deaf_at == pytest.approx(deaf_at, abs=1)


def test_a_process_that_was_killed_is_started_again(asked: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    running_grid()
    assert asked.ask(CLAIM)
    monkeypatch.setattr(claims, "RESTART_AFTER", 0.0)
    process = attrgetter("_process")(asked)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert asked.ask(CLAIM) is None, "it had no answer"
    assert wait_until(lambda: asked.ask(CLAIM), 10, "another answers")


def test_one_that_hangs_is_replaced(asked: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    running_grid()
    assert asked.ask(CLAIM)
    monkeypatch.setattr(claims, "ANSWER_WITHIN", 0.2)
    process = attrgetter("_process")(asked)
    os.kill(process.pid, signal.SIGSTOP)
    assert asked.ask(CLAIM) is None
    assert process.poll() is not None, "it was ended"
