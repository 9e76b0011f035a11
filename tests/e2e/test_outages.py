"""What we stand on goes away in the middle of a burst: everything is found afterwards, nothing is lost or doubled."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import redis

from core.clock import monotonic, sleep
from stack.api import Answer
from stack.postgres import Postgres
from tests.e2e.books import assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.e2e.test_kills import market_in_motion
from tests.support.databases import PostgresDatabases
from tests.support.disk import SmallDisk, obstacle
from tests.support.servers import RedisServer
from tests.support.stack import Stack, User
from tests.support.waiting import wait_until

AWAY_S = float(os.environ.get("VENUE_AWAY_S", "40"))
SWINGS = ("2435", "2565")  # each fills most cells; counter-orders stay within the 5 % that the venue takes


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk | None]:
    """The database's own, where there can be one."""
    disk = None if obstacle() else SmallDisk()
    yield disk
    if disk is not None:
        disk.close()


@pytest.fixture(scope="module")
def server(disk: SmallDisk | None) -> Iterator[Postgres]:
    server = Postgres({"max_wal_size": "64MB"}, disk and disk.folder)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    broker = RedisServer(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def system(server: Postgres, broker: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with PostgresDatabases(server.url()).fresh() as url:
        stack = Stack(tmp_path_factory.mktemp("system"), {"DATABASE_URL": url, "REDIS_URL": broker.url})
        stack.start()
        yield stack
        stack.stop()


@pytest.fixture
def user(system: Stack) -> User:
    system.venue.move(SYMBOL, "2500")
    return system.new_user()


@contextmanager
def venue_unreachable(stack: Stack) -> Iterator[None]:
    """No connection stands or is made, and nothing that is asked gets through; its market goes on."""
    stack.venue.inject("refuse_connections", seconds=AWAY_S + 60)
    stack.venue.inject("error", status=503, code=-1016, msg="This service is no longer available.", seconds=AWAY_S + 60)
    stack.venue.inject("drop_connections")
    try:
        yield
    finally:
        stack.venue.restore_service()


def assert_whole(stack: Stack, user: User, grid_id: int, timeout: float = 30) -> None:
    begun = monotonic()
    settle(stack, user, grid_id, SYMBOL, timeout)
    print(f"whole after {monotonic() - begun:.1f} s")
    assert_books_close(stack, user, grid_id, SYMBOL)


@pytest.mark.timeout(AWAY_S + 100)
def test_an_exchange_out_of_reach_while_its_market_moves_costs_nothing(system: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    with market_in_motion(system, SWINGS):
        sleep(1.0)
        with venue_unreachable(system):
            sleep(AWAY_S)
    assert_whole(system, user, grid_id)


def test_a_broker_emptied_in_the_middle_of_a_burst_costs_nothing(
    broker: RedisServer, system: Stack, user: User
) -> None:
    grid_id = user.start_grid(**GRID)
    with redis.Redis.from_url(broker.url) as client, market_in_motion(system, SWINGS):
        for _ in range(3):
            sleep(1.0)
            client.flushall()
    assert_whole(system, user, grid_id)


def test_a_broker_that_fails_over_to_a_stale_replica_costs_nothing(
    broker: RedisServer, system: Stack, user: User
) -> None:
    grid_id = user.start_grid(**GRID)
    with market_in_motion(system, SWINGS):
        sleep(1.0)
        replica = broker.copy()
        sleep(3.0)
        broker.fail_over_to(replica)
        sleep(1.0)
    assert_whole(system, user, grid_id)


def test_a_database_stopped_hard_in_the_middle_of_a_burst_costs_nothing(
    server: Postgres, system: Stack, user: User
) -> None:
    grid_id = user.start_grid(**GRID)
    with market_in_motion(system, SWINGS):
        for _ in range(2):
            sleep(1.0)
            server.stop(signal.SIGQUIT)
            sleep(1.5)
            server.start()
    assert_whole(system, user, grid_id)


def test_a_full_disk_under_the_database_costs_nothing(
    disk: SmallDisk | None, server: Postgres, system: Stack, user: User
) -> None:
    if disk is None:
        pytest.skip(obstacle())
    grid_id = user.start_grid(**GRID)
    with market_in_motion(system, SWINGS):
        sleep(1.0)
        disk.fill()
        wait_until(lambda: is_refused(user), 20, "nothing can be written any more")
        sleep(3.0)
        disk.free()
        if not server.is_running:  # it may have ended itself
            server.start()
    assert_whole(system, user, grid_id)


def is_refused(user: User) -> bool:
    """Whether the API says of something to be written that it can't be, now."""
    try:
        user.create_grid(**GRID)
    except Answer as answer:
        return answer.status == 503
    return False


def test_without_a_database_nothing_is_sent_and_people_are_told(server: Postgres, system: Stack, user: User) -> None:
    grid_id = user.start_grid(**GRID)
    server.stop(signal.SIGQUIT)
    before = {order["orderId"] for order in system.venue.orders(SYMBOL)}
    system.venue.move(SYMBOL, "2465", "2535", "2500", interval_ms=300)
    begun = monotonic()
    answer = httpx.get(
        f"{system.web_url}/api/v1/grid/detail/paper/{grid_id}", headers=user.api.headers, timeout=10, trust_env=False
    )
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert monotonic() - begun < 5.0
    assert {order["orderId"] for order in system.venue.orders(SYMBOL)} == before
    server.start()
    assert_whole(system, user, grid_id)
