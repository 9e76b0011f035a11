"""What comes between a running grid and what it is to become: doubts, pauses, a stop, a refusal."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.db import Session
from core.domain.lifecycle import OperationState, StrategyStatus
from core.domain.order import OrderStatus
from core.domain.parameters import Parameters, StrategyType
from core.errors import Conflict
from core.execution.intents import lock_strategies
from core.models import GridCell
from core.strategies import updating
from core.strategies.parameters import parameters_of
from core.strategies.progress import advance
from core.strategies.requests import request_stop
from tests.integration.core.changes import (
    ask,
    assert_is,
    carry_through,
    fill_up,
    hear,
    live_cells,
    operation,
    pause,
    resume,
    venue_cancels,
    venue_takes_all,
    wanted,
)
from tests.support.grids import (
    PARAMETERS,
    order_rows,
    running_grid,
    said,
    strategy_row,
)

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


def test_a_doubtful_order_is_waited_for() -> None:
    grid = running_grid()
    with Session.begin() as session:
        for row in session.query(GridCell).filter_by(cell_index=0):
            (order,) = [one for one in order_rows(grid) if one.cell_id == row.id]
            session.merge(order).status = OrderStatus.UNKNOWN
    target = wanted(grid, lower_price=D(96000), upper_price=D(106000))
    number = ask(grid, target)
    carry_through(grid)
    assert operation(number)[0] == OperationState.PENDING
    assert len(live_cells(grid)) == 10
    assert (D(95000), D(96000)) in live_cells(grid)
    hear(grid, said(order, OrderStatus.PLACED))
    carry_through(grid)
    assert_is(grid, target)


def test_no_bare_cell_is_filled_up_while_it_is_changed() -> None:
    grid = running_grid()
    ask(grid, wanted(grid, total_investment=D(20000)))
    advance(grid)
    venue_cancels(grid)
    assert fill_up(grid) == 0


def test_while_one_is_under_way_another_is_refused() -> None:
    grid = running_grid()
    ask(grid, wanted(grid, total_investment=D(20000)))
    with pytest.raises(Conflict) as refused:
        ask(grid, wanted(grid, total_investment=D(30000)))
    assert refused.value.reason == "change_under_way"


def test_a_paused_grid_changes_when_it_is_resumed() -> None:
    grid = running_grid()
    pause(grid)
    target = wanted(grid, total_investment=D(20000))
    number = ask(grid, target)
    carry_through(grid)
    assert operation(number)[0] == OperationState.PENDING
    assert strategy_row(grid).total_investment == 10000
    resume(grid)
    carry_through(grid)
    fill_up(grid)
    carry_through(grid)
    assert_is(grid, target)
    assert operation(number)[0] == OperationState.SUCCESS


def test_new_stops_of_a_paused_grid_count_at_once() -> None:
    grid = running_grid()
    pause(grid)
    number = ask(grid, wanted(grid, stop_loss=D(94000)))
    advance(grid)
    assert operation(number)[0] == OperationState.SUCCESS
    assert [order.trigger_price for order in order_rows(grid) if order.is_conditional] == [D(94000)]


def test_a_pause_in_the_middle_puts_the_rest_off() -> None:
    grid = running_grid(parameters=replace(PARAMETERS, strategy_type=StrategyType.BULLISH))
    venue_takes_all(grid)
    venue_takes_all(grid)
    target = wanted(grid, total_investment=D(16000))
    number = ask(grid, target)
    advance(grid)
    venue_cancels(grid)
    advance(grid)  # the cells are the new ones, inventory is on its way
    pause(grid)
    carry_through(grid)
    resume(grid)
    for _ in range(3):
        fill_up(grid)
        carry_through(grid)
    assert_is(grid, target)
    assert operation(number)[0] == OperationState.SUCCESS


def test_a_stop_overtakes_it() -> None:
    grid = running_grid()
    number = ask(grid, wanted(grid, total_investment=D(20000)))
    advance(grid)
    with Session.begin() as session:
        request_stop(session, strategy_row(grid).user_id, "paper", grid, None)
    carry_through(grid)
    assert strategy_row(grid).status == StrategyStatus.STOPPED
    assert operation(number) == (OperationState.FAILURE, "overtaken by stop")
    assert strategy_row(grid).change is None


def test_where_it_can_t_be_the_grid_stays_what_it_was() -> None:
    grid = running_grid()
    parameters: Parameters = parameters_of(strategy_row(grid))
    number = ask(grid, wanted(grid, total_investment=D(20000)))
    advance(grid)
    venue_cancels(grid)
    with Session.begin() as session:
        updating.abandon(session, lock_strategies(session, [grid])[grid], "leverage refused")
    assert fill_up(grid) == 10
    assert operation(number) == (OperationState.FAILURE, "leverage refused")
    assert parameters_of(strategy_row(grid)) == parameters
