"""Stored candles, against real databases and the simulated exchange."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from core.candles import loading, store
from core.candles.__main__ import main as import_command
from core.candles.store import DAY_MS, MINUTE_MS, MINUTES
from core.clock import now_ms
from core.db import Session
from core.domain.lifecycle import OperationState
from core.models import CandleDay, Operation, User
from tests.support.servers import PaperServer, RedisServer

DAYS = 5
ROWS = [f"{minute * MINUTE_MS},100.5,101,{100 - minute / 10},100.25,7" for minute in range(5)]


def stored_days(symbol: str = "BTCUSDT", exchange: str = "paper") -> list[store.StoredDay]:
    with Session.reading() as session:
        return store.stored(session, exchange, symbol, 1000)


def somebody_asks() -> str:
    with Session.begin() as session:
        user = User(email="someone@example.com", password_hash="-")
        session.add(user)
        session.flush()
        asked = loading.request(session, user.id, "paper", "BTCUSDT", DAYS).id
        assert loading.request(session, user.id, "paper", "BTCUSDT", DAYS).id == asked
    return asked


def operation_row(operation_id: str) -> Operation:
    with Session.reading() as session:
        return session.get_one(Operation, operation_id)


def test_what_the_venue_has_is_fetched_once_and_its_gaps_are_filled(
    database_url: str, redis_server: RedisServer, paper_server: PaperServer
) -> None:
    assert loading.load("paper", "BTCUSDT", DAYS, 60) == 0
    before = store.series(stored_days())
    assert np.all(np.diff(before.times) == MINUTE_MS)
    assert len(before) >= 3 * MINUTES
    assert before.times[-1] >= now_ms() - 3 * MINUTE_MS
    today = now_ms() // DAY_MS
    with Session.begin() as session:
        row = session.get_one(CandleDay, ("paper", "BTCUSDT", today - 2))
        assert row.whole
        row.whole, row.count, row.packed = False, 0, b""
    assert loading.load("paper", "BTCUSDT", DAYS, 60) == 0
    after = store.series(stored_days())
    assert np.array_equal(after.times[: len(before)], before.times)
    assert np.array_equal(after.at(8)[:, : len(before)], before.at(8))
    with Session.reading() as session:
        assert store.unsettled(session, "paper", "BTCUSDT", range(today, today - DAYS, -1)) == [today]


def test_progress_is_told_and_the_venues_limit_only_puts_it_off(
    database_url: str, redis_server: RedisServer, paper_server: PaperServer
) -> None:
    asked = somebody_asks()
    paper_server.inject("error", status=503, code=-1001, msg="later", count=1)
    assert not loading.advance(asked)
    assert (operation_row(asked).state, loading.under_way()) == (OperationState.RUNNING, [asked])
    paper_server.restore_service()
    assert not loading.advance(asked)
    done = operation_row(asked)
    assert (done.state, done.progress_pct, loading.under_way()) == (OperationState.SUCCESS, 100, [])


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: str) -> Path:
        file = tmp_path / "BTCUSDT-1m.zip"
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("BTCUSDT-1m.csv", "\n".join(rows))
        return file

    return write


def test_an_archive_is_imported_and_its_gaps_are_told(database_url: str, archive: Callable[..., Path]) -> None:
    done = CliRunner().invoke(import_command, [str(archive(*ROWS[:2], *ROWS[4:])), "--symbol", "BTCUSDT"])
    assert (done.exit_code, done.output.partition(": ")[2]) == (0, "3 candles of 1 days, 2 are missing between them\n")
    (day,) = stored_days(exchange="binance")
    series = store.series([day])
    assert series.times.tolist() == [0, MINUTE_MS, 4 * MINUTE_MS]
    assert series.prices[:, 2].tolist() == [10_050, 10_100, 9_960, 10_025]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((ROWS[0], ROWS[0]), "row 2: open_time 0 is not after the row before it"),
        ((ROWS[0], "60000,100,99,98,100,1"), "row 2: low 98 .. high 99 does not hold open and close"),
        ((ROWS[0], "60000,100,101,0,100,1"), "row 2: low '0' is not a price above 0"),
        (("0,1,1,1,1,1", "300000,1,1,1,1,1"), "its candles are not of one minute"),
        (("5,1,1,1,1,1", "60005,1,1,1,1,1"), "row 1: open_time 5 is no whole minute"),
    ],
)
def test_a_bad_file_is_refused_with_row_and_reason(
    database_url: str, archive: Callable[..., Path], rows: tuple[str, ...], said: str
) -> None:
    done = CliRunner().invoke(import_command, [str(archive(*rows)), "--symbol", "BTCUSDT"])
    assert done.exit_code == 1
    assert said in done.output
    assert stored_days(exchange="binance") == []
