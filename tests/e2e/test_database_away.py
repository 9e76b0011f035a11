"""PostgreSQL stopped hard in the middle of trading: 503 in time, nothing sent, and everything found afterwards."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.clock import monotonic
from stack.postgres import Postgres
from tests.e2e.books import assert_books_close, settle
from tests.e2e.test_flows import GRID, SYMBOL
from tests.support.databases import PostgresDatabases
from tests.support.stack import Stack


@pytest.fixture
def server() -> Iterator[Postgres]:
    server = Postgres({})
    server.start()
    yield server
    server.close()


@pytest.fixture
def system(server: Postgres, tmp_path: Path) -> Iterator[Stack]:
    with PostgresDatabases(server.url()).fresh() as url:
        stack = Stack(tmp_path, {"DATABASE_URL": url})
        stack.start()
        yield stack
        stack.stop()


def test_a_database_stopped_hard_costs_nothing(server: Postgres, system: Stack) -> None:
    system.venue.move(SYMBOL, "2500")
    user = system.new_user()
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
    assert monotonic() - begun < 3.0
    assert {order["orderId"] for order in system.venue.orders(SYMBOL)} == before
    server.start()
    settle(system, user, grid_id, SYMBOL, timeout=30)
    assert_books_close(system, user, grid_id, SYMBOL)
