"""A slice of `make chaos` with a fixed seed, and what the oracle sees of rows that were damaged by hand."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.chaos.arena import Arena
from tests.chaos.faults import drawn_from
from tests.chaos.storm import Report, storm_over

pytestmark = pytest.mark.timeout(480)  # whichever test comes first waits for the storm
SEED = 7
SECONDS = 130


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    arena = Arena(tmp_path_factory.mktemp("chaos"))
    try:
        arena.start()
        yield arena
    finally:
        arena.stop()


@pytest.fixture(scope="module")
def report(system: Arena) -> Report:
    return storm_over(system, SEED, SECONDS, drawn_from(), print)


def test_every_line_of_the_oracle_holds_in_a_storm(report: Report) -> None:
    broken = "\n".join(map(str, report.broken))
    assert not report.broken, f"seed {SEED}, round {report.rounds}, under {report.under}:\n{broken}"
    assert report.rounds >= 3


@pytest.fixture
def idle_system(system: Arena, report: Report) -> Iterator[Arena]:
    """Nobody reacts to what a test does to the rows."""
    for title in ("worker", "beat"):
        system.stack.kill(f"gridkeeper: {title}", signal.SIGSTOP)
    assert system.oracle.everything() == []
    yield system
    for title in ("worker", "beat"):
        for process in system.stack.processes(f"gridkeeper: {title}"):
            os.kill(process.pid, signal.SIGCONT)


FILL, ORDER = (
    "(SELECT min(id) FROM fills)",
    "(SELECT max(id) FROM grid_orders WHERE price IS NOT NULL AND order_id <> '')",
)
DAMAGE = {
    "every fill is a trade of the venue": ("fills SET fee = fee {} 0.00000001", f"id = {FILL}"),
    "ledgers are the sums of their fills": ("grid_strategies SET sold_quote = sold_quote {} 0.01", "id = 1"),
    "orders have booked their fills": ("grid_orders SET booked_quote = booked_quote {} 1", f"id = {ORDER}"),
    "positions agree": ("grid_strategies SET position = position {} 1", "id = 1"),
    "states never went down": ("trade_cursors SET trade_id = trade_id {} 1", "true"),
    "no order without its row": ("grid_orders SET price = price {} 0.001", f"id = {ORDER}"),
    "ids say what their rows say": ("grid_orders SET sequence = sequence {} 100000", f"id = {ORDER}"),
    "grid profit is conserved": ("grid_cells SET held_cost = held_cost {} 0.01", "generation > 0"),
    "cells hold the position": ("grid_cells SET held = held {} 1", "generation > 0"),
}


@pytest.mark.parametrize("line", DAMAGE)
def test_the_oracle_sees_damaged_rows(idle_system: Arena, line: str) -> None:
    change, where = DAMAGE[line]
    database = create_engine(idle_system.database_url)
    found = set()
    for sign in ("+", "-"):  # done and undone
        with database.begin() as connection:
            connection.execute(text(f"UPDATE {change.format(sign)} WHERE {where}"))
        found |= {violation.line for violation in idle_system.oracle.everything()}
    assert line in found
    assert idle_system.oracle.everything() == []


def test_the_oracle_sees_a_secret_in_the_open(idle_system: Arena) -> None:
    assert idle_system.oracle.secrets() == []
    leak = Path(idle_system.stack.var) / "leak.log"
    leak.write_text(f"key={idle_system.credentials_key}")
    assert [violation.line for violation in idle_system.oracle.secrets()] == ["no secret lies in the open"]
    leak.unlink()
