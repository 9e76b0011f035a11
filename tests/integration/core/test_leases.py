"""Who holds what, and for how long."""

from datetime import timedelta

import pytest

from core.clock import now
from core.db import Session
from core.leases import claim, release
from core.models import Lease

pytestmark = pytest.mark.usefixtures("database_url")


def holds(owner: str, *names: str) -> set[str]:
    with Session.begin() as session:
        return claim(session, names, owner)


def move_end(name: str, until: timedelta) -> None:
    with Session.begin() as session:
        session.get_one(Lease, name).until = now() + until


def test_a_lease_has_one_holder_until_it_ends() -> None:
    assert holds("one", "a", "b") == {"a", "b"}
    assert holds("other", "a", "c") == {"c"}
    assert holds("one", "a") == {"a"}
    move_end("a", timedelta(seconds=-1))
    assert holds("other", "a") == {"a"}
    assert holds("one", "a") == set()


def test_what_is_released_is_free_at_once() -> None:
    assert holds("one", "a") == {"a"}
    with Session.begin() as session:
        release(session, ["a"], "one")
    assert holds("other", "a") == {"a"}


def test_a_lease_from_before_a_clock_was_put_back_is_free() -> None:
    assert holds("one", "a") == {"a"}
    move_end("a", timedelta(hours=1))
    assert holds("other", "a") == {"a"}
