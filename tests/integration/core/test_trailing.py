"""How a grid follows the market, a cell at a time."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from core.db import Session
from core.domain.order import RESTING, Purpose, Side
from core.domain.triggers import BELOW, Trigger
from core.models import Event, GridStrategy
from core.strategies.progress import advance
from core.strategies.stops import UPDATE, triggers_of
from core.strategies.trailing import take_step
from tests.integration.core.changes import carry_through, hear, live_cells, venue_cancels
from tests.support.grids import PARAMETERS, fill_events, order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal
TRAILING = replace(PARAMETERS, trailing_up=D(108000), trailing_down=D(93000), stop_loss_pct=D(1), take_profit_pct=D(4))


def follow(grid: int, mark: str) -> None:
    with Session.begin() as session:
        take_step(session, grid, D(mark))
    carry_through(grid)


def span(grid: int) -> tuple[Decimal, Decimal]:
    row = strategy_row(grid)
    between = sorted(live_cells(grid))
    assert (row.lower_price, row.upper_price) == (between[0][0], between[-1][1])
    assert all(upper == lower for (_, upper), (lower, _) in pairwise(between))
    return row.lower_price, row.upper_price


def test_a_step_moves_one_cell_and_touches_no_other() -> None:
    grid = running_grid(parameters=TRAILING)
    before = {order.cell_index: order.id for order in order_rows(grid) if not order.is_conditional}
    follow(grid, "106000")
    assert span(grid) == (96000, 106000)
    after = {order.cell_index: order.id for order in order_rows(grid, *RESTING) if not order.is_conditional}
    assert {index: after[index] for index in range(1, 10)} == {index: before[index] for index in range(1, 10)}
    (new,) = [order for order in order_rows(grid, *RESTING) if order.cell_index == 10]
    assert (new.side, new.price, new.purpose) == (Side.BUY, D(105000), Purpose.OPEN)
    with Session.reading() as session:
        event = session.query(Event).filter_by(code="trailed").one()
    assert (event.data["kept"], event.data["dropped"], event.data["new"]) == (9, 1, 1)
    assert "106000" in event.message


def test_stops_in_percent_move_along_and_one_step_follows_another_up_to_the_limit() -> None:
    grid = running_grid(parameters=TRAILING)
    for _ in range(5):
        follow(grid, "109000")
    assert span(grid) == (98000, 108000)
    conditional = {order.trigger_price for order in order_rows(grid, *RESTING) if order.is_conditional}
    assert conditional == {D(98000) * D("0.99"), D(108000) * D("1.04")}
    assert strategy_row(grid).trailed == 3


def test_it_goes_up_and_down_on_the_same_lines() -> None:
    grid = running_grid(parameters=TRAILING)
    lines = span(grid)
    follow(grid, "106000")
    follow(grid, "95000")
    assert span(grid) == lines
    assert strategy_row(grid).trailed == 0


def test_a_step_is_not_taken_when_the_cell_that_would_go_holds_something() -> None:
    grid = running_grid(parameters=TRAILING)
    lowest = next(order for order in order_rows(grid) if order.cell_index == 0)
    hear(grid, *fill_events(lowest, 1, [lowest.quantity]))
    follow(grid, "106000")
    assert span(grid) == (95000, 105000)


def test_a_step_is_given_up_when_that_cell_buys_meanwhile() -> None:
    grid = running_grid(parameters=TRAILING)
    lowest = next(order for order in order_rows(grid) if order.cell_index == 0)
    with Session.begin() as session:
        take_step(session, grid, D(106000))
    advance(grid)
    hear(grid, *fill_events(lowest, 1, [lowest.quantity]))
    advance(grid)
    venue_cancels(grid)
    assert span(grid) == (95000, 105000)
    assert strategy_row(grid).change is None
    assert strategy_row(grid).position == lowest.quantity
    with Session.reading() as session:
        assert session.query(Event).filter_by(code="change_abandoned").count() == 1


def test_only_marks_that_leave_the_range_by_a_spacing_ring() -> None:
    grid = running_grid(parameters=TRAILING)
    for mark, rings in (("105999.9", False), ("106000", True), ("94000.1", False), ("94000", True)):
        assert any(trigger.is_reached(D(mark)) for trigger in armed(grid)) == rings
    with Session.begin() as session:
        session.get_one(GridStrategy, grid).trailing_up = None
    assert [trigger.direction for trigger in armed(grid)] == [BELOW]


def armed(grid: int) -> list[Trigger]:
    with Session.reading() as session:
        return [trigger for trigger in triggers_of(session, [grid])[grid] if trigger.task == UPDATE]
