"""How whole a grid is said to be."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus
from core.models import GridCell, GridOrder, GridStrategy
from core.strategies.levels import NO_LEVELS, Levels, levels_of
from tests.support.databases import SqliteDatabases
from tests.support.environment import forget_settings
from tests.support.grids import running_grid


@pytest.fixture(autouse=True)
def _database(_sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with _sqlite_databases.fresh() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        forget_settings()
        running_grid()
        yield
        forget_settings()


def levels() -> Levels:
    with Session.reading() as session:
        strategies = session.scalars(select(GridStrategy)).all()
        return levels_of(session, strategies).get(1, NO_LEVELS)


def change(table: Any, where: Any = None, **values: Any) -> None:
    statement = update(table).values(**values)
    with Session.begin() as session:
        session.execute(statement if where is None else statement.where(where))


def test_a_running_grid_has_all_its_levels() -> None:
    assert levels() == Levels(10, 10, ())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (OrderStatus.PENDING, "waiting to be sent"),
        (OrderStatus.SUBMITTED, "not answered yet"),
        (OrderStatus.UNKNOWN, "being found out"),
    ],
)
def test_an_order_that_is_not_on_the_book_is_a_gap_with_a_reason(status: OrderStatus, words: str) -> None:
    moment = now()
    change(GridOrder, GridOrder.cell_index == 3, status=status, next_check_at=moment)
    found = levels()
    assert (found.live_levels, found.intended_levels) == (9, 10)
    assert [(gap.cell, gap.next_try) for gap in found.level_gaps] == [(3, moment)]
    assert words in found.level_gaps[0].reason


def test_a_partly_filled_order_is_live() -> None:
    change(GridOrder, GridOrder.cell_index == 3, status=OrderStatus.PARTIALLY_FILLED)
    assert levels() == Levels(10, 10, ())


def test_the_venues_own_words_are_the_reason() -> None:
    change(GridOrder, GridOrder.cell_index == 3, status=OrderStatus.PENDING, last_error="Margin is insufficient.")
    assert levels().level_gaps[0].reason == "Margin is insufficient."


def test_a_cell_without_an_order_says_why() -> None:
    moment = now()
    change(GridOrder, GridOrder.cell_index == 3, status=OrderStatus.FILLED)
    change(GridCell, GridCell.cell_index == 3, gap_reason="the market is halted", next_try_at=moment)
    gap = levels().level_gaps[0]
    assert (gap.cell, gap.reason, gap.next_try) == (3, "the market is halted", moment)


def test_a_cell_without_an_order_never_has_an_empty_reason() -> None:
    change(GridOrder, GridOrder.cell_index == 3, status=OrderStatus.FILLED)
    assert levels().level_gaps[0].reason
    change(GridCell, GridCell.cell_index == 3, awaits_inventory=True)
    assert "inventory" in levels().level_gaps[0].reason


def test_paused_only_cells_that_hold_something_should_have_an_order() -> None:
    change(GridStrategy, status=StrategyStatus.PAUSED)
    change(GridCell, GridCell.cell_index.in_([2, 3]), held=Decimal(1))
    change(GridOrder, GridOrder.cell_index != 2, status=OrderStatus.CANCELED)
    found = levels()
    assert (found.live_levels, found.intended_levels, [gap.cell for gap in found.level_gaps]) == (1, 2, [3])


@pytest.mark.parametrize("status", [StrategyStatus.STOPPED, StrategyStatus.FINISHED, StrategyStatus.FAILED])
def test_an_ended_grid_has_no_levels(status: StrategyStatus) -> None:
    change(GridOrder, status=OrderStatus.CANCELED)
    change(GridStrategy, status=status)
    assert levels() == NO_LEVELS


def test_while_stopping_nothing_is_intended_and_what_is_left_counts() -> None:
    change(GridStrategy, status=StrategyStatus.STOPPING)
    change(GridOrder, GridOrder.cell_index > 3, status=OrderStatus.CANCELED)
    assert levels() == Levels(4, 0, ())


def test_the_cells_of_an_earlier_run_are_history() -> None:
    change(GridStrategy, generation=2)
    assert levels() == Levels(0, 0, ())
