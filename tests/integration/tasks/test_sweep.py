"""Sweeps that have piled up while no worker ran."""

from datetime import timedelta

import pytest

from core import clock
from core.clock import now
from core.db import Session
from core.models import Lease
from core.upkeep import SWEEP
from tasks import upkeep


def was_swept() -> bool:
    """Since it was last asked: a sweep takes its lease."""
    with Session.begin() as session:
        lease = session.get(Lease, SWEEP)
        if lease is None or lease.until < now():
            return False
        lease.until = now() - timedelta(seconds=1)
        return True


@pytest.mark.usefixtures("database_url", "redis_server")
def test_sweeps_that_have_piled_up_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    monkeypatch.setattr(upkeep, "_swept_at", float("-inf"))
    upkeep.sweep()
    assert was_swept()
    upkeep.sweep()
    assert not was_swept()
    moment += 1.0
    upkeep.sweep()
    assert was_swept()
