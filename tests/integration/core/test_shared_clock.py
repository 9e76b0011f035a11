"""Processes that share a PostgreSQL go by its clock, whatever their hosts' clocks say."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from core import clock, db
from core.clock import now, to_ms
from core.db import Session
from core.leases import TTL, claim
from core.models import Lease
from tests.support.databases import PostgresDatabases
from tests.support.environment import forget_settings


@pytest.fixture
def _server(_postgresql_databases: PostgresDatabases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with _postgresql_databases.fresh() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setattr(db, "_following", True)
        yield
        forget_settings()


def begin_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of the time yet."""
    forget_settings()
    monkeypatch.setattr(db, "_clock_read_at", float("-inf"))
    monkeypatch.setattr(clock, "_ahead_ms", None)


def holds(owner: str, *names: str) -> set[str]:
    with Session.begin() as session:
        return claim(session, names, owner)


@pytest.mark.usefixtures("_server")
@pytest.mark.parametrize("hours", [1, -1])
def test_a_host_whose_clock_is_wrong_takes_no_lease_that_is_held(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    begin_a_process(monkeypatch)
    begun = now()
    assert holds("right", "a") == {"a"}
    with time_machine.travel(begun + timedelta(hours=hours)):
        begin_a_process(monkeypatch)
        assert holds("wrong", "a", "b") == {"b"}
        with Session.reading() as session:
            assert session.get_one(Lease, "b").until - TTL - begun < timedelta(seconds=10)
    begin_a_process(monkeypatch)
    assert holds("right", "a", "b") == {"a"}


@pytest.mark.usefixtures("_server")
def test_a_clock_that_is_put_forward_while_a_process_runs_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_a_process(monkeypatch)
    begun = now()
    with Session.reading():
        pass
    with time_machine.travel(begun + timedelta(hours=1)):
        assert to_ms(now()) - to_ms(begun) < 10_000
