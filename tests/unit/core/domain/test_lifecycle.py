"""The only moves that a strategy's status makes."""

from itertools import pairwise

import pytest

from core.domain.lifecycle import ACTIVE, ALLOWED, DELETABLE, STARTABLE, TRADING, StrategyStatus, move
from core.errors import Conflict

Status = StrategyStatus


@pytest.mark.parametrize(
    "way",
    [
        ["CREATED", "STARTING", "RUNNING", "PAUSED", "RUNNING", "STOPPING", "STOPPED", "STARTING"],
        ["CREATED", "WAITING", "STARTING", "FAILED", "STARTING"],
        ["CREATED", "WAITING", "STOPPING", "STOPPED"],
        ["CREATED", "STARTING", "STOPPING", "FINISHED"],
        ["CREATED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "FINISHED"],
        ["CREATED", "STARTING", "RUNNING", "STOPPING", "STOPPED", "STOPPING", "STOPPED", "STARTING"],
    ],
)
def test_a_strategy_lives_along_the_table(way: list[str]) -> None:
    for current, new in pairwise(way):
        assert move(Status(current), Status(new)) is Status(new)


@pytest.mark.parametrize(
    ("current", "new"),
    [
        ("CREATED", "RUNNING"),
        ("CREATED", "STOPPED"),
        ("RUNNING", "STARTING"),
        ("RUNNING", "STOPPED"),
        ("RUNNING", "FAILED"),
        ("STOPPED", "RUNNING"),
        ("STOPPED", "PAUSED"),
        ("FINISHED", "RUNNING"),
        ("STOPPING", "RUNNING"),
    ],
)
def test_any_other_move_is_a_conflict_that_names_the_current_status(current: str, new: str) -> None:
    with pytest.raises(Conflict, match=f"is {current}") as refused:
        move(Status(current), Status(new))
    assert refused.value.reason == "bad_state"


@pytest.mark.parametrize("status", Status)
def test_no_status_moves_to_itself_and_each_can_be_left(status: StrategyStatus) -> None:
    assert status not in ALLOWED[status]
    assert ALLOWED[status]


def test_every_status_is_either_active_or_can_be_deleted() -> None:
    assert set(Status) == ACTIVE | DELETABLE
    assert not ACTIVE & DELETABLE
    assert TRADING < ACTIVE
    assert STARTABLE < DELETABLE


def test_whatever_can_be_started_may_become_starting_and_whatever_is_active_may_stop() -> None:
    assert all(Status.STARTING in ALLOWED[status] for status in STARTABLE)
    assert all(Status.STOPPING in ALLOWED[status] for status in ACTIVE - {Status.STOPPING})
