"""Another clock than the host's, and a host's that is put forward and back."""

from datetime import timedelta

import pytest
import time_machine

from core import clock

HOUR_MS = 3_600_000


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_step_of_the_hosts_clock_does_not_move_one_that_is_followed(jump: timedelta) -> None:
    before = clock.now_ms()
    clock.follow(before)
    with time_machine.travel(clock.now() + jump):
        assert before <= clock.now_ms() < before + 5000
        assert before <= clock.to_ms(clock.now()) < before + 5000


def test_the_hosts_clock_counts_until_another_has_told() -> None:
    before = clock.now_ms()
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        assert clock.now_ms() - before >= HOUR_MS


def test_what_is_told_again_counts_only_where_it_differs() -> None:
    begun = clock.now_ms()
    clock.follow(begun + HOUR_MS)
    clock.follow(begun + HOUR_MS + 200)
    assert clock.now_ms() < begun + HOUR_MS + 100
    clock.follow(begun)
    assert clock.now_ms() < begun + 5000
