"""When a worker counts as deaf."""

import pytest

from core import clock
from tasks.watchdog import DEAF_AFTER, EVERY, Watchdog
from tests.support.servers import RedisServer

QUEUE = "worker.test.1"


class Time:
    def __init__(self) -> None:
        self.passed = 0.0

    def pass_by(self, watchdog: Watchdog, seconds: float, heard: bool) -> None:
        for _ in range(int(seconds / EVERY)):
            self.passed += EVERY
            watchdog.send()
            if heard:
                watchdog.hear()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer) -> Time:
    time, real = Time(), clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: real() + time.passed)
    return time


def test_one_that_hears_itself_lives_on(time: Time) -> None:
    watchdog = Watchdog(QUEUE)
    time.pass_by(watchdog, 100, heard=True)
    assert not watchdog.is_deaf()


def test_one_that_hears_nothing_while_the_broker_answers_is_deaf(time: Time) -> None:
    watchdog = Watchdog(QUEUE)
    time.pass_by(watchdog, DEAF_AFTER - EVERY, heard=False)
    assert not watchdog.is_deaf()
    time.pass_by(watchdog, 2 * EVERY, heard=False)
    assert watchdog.is_deaf()


def test_a_broker_that_is_away_makes_nobody_deaf_and_a_little_time_is_given_after_it(
    time: Time, redis_server: RedisServer
) -> None:
    watchdog = Watchdog(QUEUE)
    redis_server.kill()
    time.pass_by(watchdog, 60, heard=False)
    assert not watchdog.is_deaf()
    redis_server.start()
    time.pass_by(watchdog, DEAF_AFTER, heard=False)
    assert not watchdog.is_deaf()
    time.pass_by(watchdog, 2 * EVERY, heard=False)
    assert watchdog.is_deaf()
