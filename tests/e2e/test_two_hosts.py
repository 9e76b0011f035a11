"""Two hosts on one database, broker and exchange share the accounts; what one held the other takes over."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.clock import monotonic, sleep
from stack import dotenv
from tests.e2e.books import VenueAccount, assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.e2e.test_kills import market_in_motion
from tests.support.host import Host
from tests.support.servers import PaperServer, RedisServer
from tests.support.stack import User
from tests.support.waiting import wait_until

TAKEN_OVER_WITHIN = 15.0  # seconds

Hosts = tuple[Host, Host]
Trading = dict[int, tuple[User, int]]  # exchange key's id -> its user and grid


@pytest.fixture
def hosts(database_url: str, redis_server: RedisServer, paper_server: PaperServer, tmp_path: Path) -> Iterator[Hosts]:
    """Nothing but the three servers is shared: each has its own folder, host id and processes."""
    shared = {"DATABASE_URL": database_url, "REDIS_URL": redis_server.url, **dotenv.fresh_secrets()}
    first, second = (Host(tmp_path / name, paper_server, shared) for name in ("first", "second"))
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        first.stop()
        second.stop()


@contextmanager
def looking_away(host: Host) -> Iterator[None]:
    """Its supervisor takes nothing new until the block ends; shorter than a lease lasts, so it loses none either."""
    pids = host.kill("gridkeeper: listener supervisor", signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def trade_on_both(first: Host, second: Host) -> Trading:
    """A grid in each of four accounts, two for each host; the users talk to the second host."""
    trading: Trading = {}
    for other in (first, second, first, second):
        user = second.new_user()
        with looking_away(other):
            trading[user.key_id] = user, user.start_grid(**GRID)
            wait_until(lambda: is_served_once(trading, first, second), 5, "each account has one listener")
    assert (len(first.accounts()), len(second.accounts())) == (2, 2)
    return trading


def is_served_once(trading: Trading, *hosts: Host) -> bool:
    return sorted(account for host in hosts for account in host.accounts()) == sorted(trading)


def trades_of(host: Host, users: list[User]) -> int:
    return sum(len(VenueAccount(host, user).trades(SYMBOL)) for user in users)


def assert_all_whole(host: Host, trading: Trading) -> None:
    for user, grid_id in trading.values():
        settle(host, user, grid_id, SYMBOL)
        assert_books_close(host, user, grid_id, SYMBOL)


@pytest.mark.timeout(240)
def test_the_second_host_takes_over_what_the_first_held(hosts: Hosts) -> None:
    first, second = hosts
    second.venue.move(SYMBOL, "2500")
    trading = trade_on_both(first, second)
    with market_in_motion(second):
        sleep(2.0)
        orphans = [trading[account][0] for account in first.accounts()]
        first.die()
        died, before = monotonic(), trades_of(second, orphans)
        wait_until(lambda: is_served_once(trading, second), TAKEN_OVER_WITHIN, "the second host serves every account")
        print(f"{len(trading)} accounts taken over after {monotonic() - died:.1f} s")
    assert trades_of(second, orphans) > before, "nothing was filled meanwhile"
    assert_all_whole(second, trading)
    second.venue.move(SYMBOL, "2465", "2500")
    assert_all_whole(second, trading)
