"""One trading connection per account and process."""

import os
import threading
from collections.abc import Callable

import pytest

from core.exchange.base import OnReply
from core.exchange.credentials import Credentials
from core.exchange.pool import Pool
from tests.support.waiting import wait_until


class Connection:
    """A connection that only knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def place(self, order: object, on_reply: OnReply) -> None: ...

    def cancel(self, symbol: str, client_order_id: str, on_reply: OnReply) -> None: ...

    def close(self) -> None:
        self.closed += 1


class Made:
    """Every connection that a pool has opened."""

    def __init__(self) -> None:
        self.all: list[Connection] = []

    def __call__(self, exchange: str, credentials: Credentials) -> Connection:
        self.all.append(Connection())
        return self.all[-1]


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def pool(made: Made) -> Pool:
    return Pool(idle_time=0.2, connect=made)


def test_an_accounts_strategies_share_one_connection(pool: Pool, made: Made, credentials: Credentials) -> None:
    first, second = (pool.acquire(1, "paper", credentials) for _ in range(2))
    assert first.connection is second.connection
    assert len(made.all) == 1


def test_accounts_and_exchanges_do_not_share(pool: Pool, made: Made, credentials: Credentials) -> None:
    for account_id, exchange in ((1, "paper"), (2, "paper"), (1, "binance")):
        pool.acquire(account_id, exchange, credentials)
    assert len(made.all) == 3


def test_a_connection_is_closed_once_it_has_been_idle_long_enough(
    pool: Pool, made: Made, credentials: Credentials
) -> None:
    with pool.acquire(1, "paper", credentials) as connection:
        assert connection is made.all[0]
    wait_until(lambda: made.all[0].closed, 2)
    assert pool.acquire(1, "paper", credentials).connection is made.all[1]
    assert made.all[0].closed == 1


def test_a_leased_connection_is_never_closed_for_being_idle(
    made: Made, credentials: Credentials, pass_time: Callable[[float], None]
) -> None:
    pool = Pool(idle_time=0.04, connect=made)
    kept, other = pool.acquire(1, "paper", credentials), pool.acquire(1, "paper", credentials)
    pool.acquire(2, "paper", credentials).release()
    other.release()
    other.release()
    pass_time(1000)
    wait_until(lambda: made.all[1].closed, 2, "the janitor has been round")
    assert made.all[0].closed == 0
    kept.release()
    wait_until(lambda: made.all[0].closed, 2)


def test_use_again_in_time_keeps_it_open(
    made: Made, credentials: Credentials, pass_time: Callable[[float], None]
) -> None:
    pool = Pool(idle_time=60, connect=made)
    for _ in range(5):
        pool.acquire(1, "paper", credentials).release()
        pass_time(50)
    assert len(made.all) == 1
    assert made.all[0].closed == 0


def test_many_threads_open_one(pool: Pool, made: Made, credentials: Credentials) -> None:
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for _ in range(100):
            with pool.acquire(1, "paper", credentials):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made.all) == 1
    wait_until(lambda: made.all[0].closed, 2)


def test_a_forked_child_starts_empty_and_closes_nothing_of_its_parents(
    pool: Pool, made: Made, credentials: Credentials
) -> None:
    ours = pool.acquire(1, "paper", credentials)
    child = os.fork()
    if child == 0:
        theirs = pool.acquire(1, "paper", credentials)
        os._exit(0 if theirs.connection is not ours.connection and made.all[0].closed == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.acquire(1, "paper", credentials).connection is ours.connection
