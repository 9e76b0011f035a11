"""A busy worker over ten restarts of the broker: it consumes again within 20 s, each time."""

import pytest
import redis

from core.bus import QUEUES
from core.clock import now_ms, sleep
from tests.e2e.books import assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.e2e.test_kills import market_in_motion
from tests.support.stack import Stack, User, on_sqlite
from tests.support.waiting import wait_until


def lives(stack: Stack) -> dict[str, int]:
    """When each queue was last consumed, ms since 1970."""
    try:
        with redis.Redis.from_url((stack.var / "redis.url").read_text().strip(), decode_responses=True) as client:
            return {name: int(client.hget("life", f"queue {name}") or 0) for name in QUEUES}
    except redis.RedisError:
        return dict.fromkeys(QUEUES, 0)


def wait_until_consumed_after(stack: Stack, moment: int) -> None:
    wait_until(lambda: min(lives(stack).values()) > moment, 20, "every queue is consumed again")


@on_sqlite  # the broker is the same beside both
@pytest.mark.timeout(300)
def test_a_busy_worker_consumes_again_after_each_of_ten_broker_restarts(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    workers = [process.pid for process in stack.processes("gridkeeper: worker")]
    with market_in_motion(stack):
        for number in range(10):
            sleep(0.5 + number % 3)
            stack.kill_redis()
            wait_until_consumed_after(stack, now_ms())
    assert [process.pid for process in stack.processes("gridkeeper: worker")] == workers, "none of them ended"
    settle(stack, user, grid_id, SYMBOL, timeout=30)
    assert_books_close(stack, user, grid_id, SYMBOL)
