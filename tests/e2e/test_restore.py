"""The database is put back to a backup while the exchange goes on: every order of the lost time is found again."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.config import ROOT
from tests.e2e.books import assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.support.databases import SqliteDatabases
from tests.support.stack import Stack, User


@pytest.fixture
def system(_sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[Stack]:
    with _sqlite_databases.fresh() as url:
        stack = Stack(tmp_path / "var", {"DATABASE_URL": url})
        stack.start()
        yield stack
        stack.stop()


def database_of(stack: Stack) -> Path:
    return Path(stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))


def back_up(database: Path, target: Path) -> None:
    """While everything goes on."""
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def put_back(backup: Path, database: Path) -> None:
    """Without what the database's log held."""
    for end in ("-wal", "-shm"):
        Path(f"{database}{end}").unlink(missing_ok=True)
    shutil.copyfile(backup, database)


def make_old(database: Path) -> None:
    """As a backup of an hour ago would be."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE leases SET until = datetime(until, '-1 hour')")
    connection.close()


def trade(stack: Stack, user: User, grid_id: int, *prices: str) -> None:
    for price in prices:
        stack.venue.move(SYMBOL, price)
        settle(stack, user, grid_id, SYMBOL)


@pytest.mark.parametrize("told", [True, False], ids=["told by the operator", "found by itself"])
def test_a_restore_loses_and_doubles_nothing(system: Stack, tmp_path: Path, told: bool) -> None:
    system.venue.move(SYMBOL, "2500")
    user = system.new_user()
    grid_id = user.start_grid(**GRID)
    trade(system, user, grid_id, "2475", "2505")
    back_up(database_of(system), tmp_path / "backup.db")
    trade(system, user, grid_id, "2460", "2440", "2465", "2525", "2500")
    system.stop()
    put_back(tmp_path / "backup.db", database_of(system))
    if not told:
        make_old(database_of(system))
    else:
        subprocess.run([sys.executable, "-m", "tasks.restored"], cwd=ROOT, env=system.environment, check=True)
    system.start()
    user.log_in()
    settle(system, user, grid_id, SYMBOL, timeout=40)
    assert_books_close(system, user, grid_id, SYMBOL)
    trade(system, user, grid_id, "2460", "2540", "2500")
    assert_books_close(system, user, grid_id, SYMBOL)
    codes = {order["client_order_id"].split("-")[1] for order in user.orders(grid_id)}
    assert codes - {"1"}, "the ids of another era"
