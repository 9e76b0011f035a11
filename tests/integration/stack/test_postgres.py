"""Our own PostgreSQL: starts, keeps what was committed over a crash, leaves nothing behind."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from stack.postgres import Postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    made = Postgres()
    made.start()
    yield made
    made.close()


def run(server: Postgres, *statements: str) -> object:
    engine = create_engine(server.url())
    try:
        with engine.begin() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return results[-1].scalar() if results[-1].returns_rows else None
    finally:
        engine.dispose()


def test_what_was_committed_survives_an_immediate_stop(server: Postgres) -> None:
    run(server, "CREATE TABLE fills (trade_id text)", "INSERT INTO fills VALUES ('7')")
    server.stop(signal.SIGQUIT)
    server.start()
    assert run(server, "SELECT trade_id FROM fills") == "7"


def test_it_does_not_listen_on_the_network(server: Postgres) -> None:
    assert run(server, "SHOW listen_addresses") == ""


def test_closing_removes_its_folder() -> None:
    server = Postgres()
    server.start()
    folder = Path(str(make_url(server.url()).query["host"]))
    assert folder.exists()
    server.close()
    assert not folder.exists()
