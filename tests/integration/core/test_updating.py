"""How a running grid becomes another one, on both databases: whatever fills and dies meanwhile, nothing is lost."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.db import Session
from core.domain.lifecycle import OperationState, StrategyStatus
from core.domain.order import RESTING, OrderStatus, Purpose, Side
from core.domain.parameters import Parameters, StrategyType
from core.domain.plan import Running, plan
from core.errors import Conflict
from core.execution.events import apply_events
from core.execution.intents import lock_strategies
from core.models import Event, GridCell, Operation
from core.reconciliation.cells import refill
from core.strategies import updating
from core.strategies.parameters import parameters_of
from core.strategies.progress import advance
from core.strategies.requests import request_pause, request_resume, request_stop, request_update
from core.strategies.standing import cell_rows as standing_rows
from core.strategies.standing import planned_of
from core.strategies.wanted import Wanted
from tests.support.grids import (
    PARAMETERS,
    RULES,
    cell_rows,
    fill_events,
    order_rows,
    running_grid,
    said,
    strategy_row,
    trade_of,
)

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


def wanted(grid: int, price: str = "100000", **changes: Any) -> Wanted:
    """The grid with other parameters, planned at `price`."""
    with Session.reading() as session:
        row = strategy_row(grid)
        asked = replace(parameters_of(row), **changes)
        keeps = not changes.keys() - {"stop_loss", "trailing_up"}
        cells = tuple(planned_of(row, cell) for cell in standing_rows(session, row))
        planned = plan(asked, RULES, D(price), Running(cells, keeps, keeps))
    return Wanted(asked, planned.cells, D(price), planned.budget, planned.per_grid_amount, keeps, "Updated")


def ask(grid: int, target: Wanted) -> str:
    with Session.begin() as session:
        return request_update(session, lock_strategies(session, [grid])[grid], target).id


def operation(number: str) -> tuple[str, str | None]:
    with Session.reading() as session:
        row = session.get_one(Operation, number)
        return row.state, row.error


def hear(grid: int, *events: Any) -> None:
    with Session.begin() as session:
        apply_events(session, strategy_row(grid).account_id, events, tokens=0)


def venue_takes_all(grid: int) -> None:
    """It answers every order that is on its way, and fills those at market."""
    for order in order_rows(grid, OrderStatus.PENDING, OrderStatus.SUBMITTED):
        if order.type == "MARKET":
            trade = replace(trade_of(order, order.id, order.quantity, D(100000)))
            hear(grid, said(order, OrderStatus.FILLED, order.quantity, trade))
        else:
            hear(grid, said(order, OrderStatus.PLACED))


def venue_cancels(grid: int) -> int:
    """What we want cancelled; returns how many."""
    doomed = [order for order in order_rows(grid, *RESTING) if order.cancel_wanted]
    for order in doomed:
        hear(grid, said(order, OrderStatus.CANCELED, order.filled_quantity))
    return len(doomed)


def carry_through(grid: int) -> None:
    for _ in range(6):
        advance(grid)
        venue_cancels(grid)
        venue_takes_all(grid)


def live_cells(grid: int) -> dict[tuple[Decimal, Decimal], GridCell]:
    return {(cell.lower_price, cell.upper_price): cell for cell in cell_rows(grid) if not cell.dropped}


def position(grid: int) -> Decimal:
    """Of the cells and the pool."""
    row = strategy_row(grid)
    pool = row.pool_quantity * (-1 if row.strategy_type == "BEARISH" else 1)
    return sum((Side(cell.opening_side).sign * cell.held for cell in live_cells(grid).values()), pool)


def assert_is(grid: int, target: Wanted) -> None:
    """One live order per cell, of the target's lines and quantities, and nothing else."""
    cells = live_cells(grid)
    assert {between: (cell.quantity, cell.opening_price) for between, cell in cells.items()} == {
        (cell.lower, cell.upper): (cell.quantity, cell.opening_price) for cell in target.cells
    }
    orders = [order for order in order_rows(grid, *RESTING) if order.cell_id is not None]
    assert sorted(order.cell_id or 0 for order in orders) == sorted(cell.id for cell in cells.values())
    assert strategy_row(grid).change is None
    assert position(grid) == strategy_row(grid).position


def test_a_range_that_moves_touches_only_the_cells_at_its_ends() -> None:
    grid = running_grid()
    before = {order.cell_index: order.client_order_id for order in order_rows(grid)}
    target = wanted(grid, lower_price=D(96000), upper_price=D(106000))
    number = ask(grid, target)
    carry_through(grid)
    assert_is(grid, target)
    after = {order.cell_index: order.client_order_id for order in order_rows(grid, *RESTING)}
    kept = {index for index in after if after[index] == before.get(index)}
    assert kept >= {2, 3, 4, 5}, "a rounded quantity may change, most do not"
    assert operation(number) == (OperationState.SUCCESS, None)
    assert (strategy_row(grid).lower_price, strategy_row(grid).upper_price) == (D(96000), D(106000))
    with Session.reading() as session:
        assert session.query(Event).filter_by(code="updated").count() == 1


def test_new_stops_touch_no_order_of_a_cell() -> None:
    grid = running_grid()
    before = [order.id for order in order_rows(grid)]
    number = ask(grid, wanted(grid, stop_loss=D(94000)))
    carry_through(grid)
    assert [order.id for order in order_rows(grid, *RESTING) if not order.is_conditional] == before
    assert [order.trigger_price for order in order_rows(grid) if order.is_conditional] == [D(94000)]
    assert operation(number)[0] == OperationState.SUCCESS


def test_the_same_change_again_changes_nothing() -> None:
    grid = running_grid()
    changes = {"total_investment": D(15000), "grid_number": 20}
    ask(grid, wanted(grid, **changes))
    carry_through(grid)
    orders = [order.id for order in order_rows(grid)]
    again = wanted(grid, **changes)
    ask(grid, again)
    carry_through(grid)
    assert_is(grid, again)
    assert [order.id for order in order_rows(grid)] == orders


@pytest.mark.parametrize("kind", [StrategyType.BULLISH, StrategyType.BEARISH])
@pytest.mark.parametrize("investment", ["16000", "6000"])
def test_inventory_follows_the_investment(kind: StrategyType, investment: str) -> None:
    grid = running_grid(parameters=replace(PARAMETERS, strategy_type=kind))
    venue_takes_all(grid)
    venue_takes_all(grid)
    held = position(grid)
    target = wanted(grid, total_investment=D(investment))
    ask(grid, target)
    carry_through(grid)
    assert_is(grid, target)
    for cell in live_cells(grid).values():
        assert cell.held in (0, cell.quantity)
        assert cell.held == 0 or cell.ledger.cost_quote > 0
    grown = abs(position(grid)) > abs(held)
    assert grown == (D(investment) > PARAMETERS.total_investment)
    assert strategy_row(grid).pool_quantity == 0


def test_what_a_neutral_grid_holds_outside_the_new_range_is_closed_at_market() -> None:
    grid = running_grid()
    buy = next(order for order in order_rows(grid) if order.cell_index == 4)
    hear(grid, *fill_events(buy, 1, [buy.quantity]))
    venue_takes_all(grid)
    target = wanted(grid, "99500", lower_price=D(90000), upper_price=D(98000), grid_number=8)
    ask(grid, target)
    carry_through(grid)
    assert_is(grid, target)
    market = [order for order in order_rows(grid) if order.purpose == Purpose.INVENTORY]
    assert [(order.side, order.quantity) for order in market] == [(Side.SELL, buy.quantity)]
    assert strategy_row(grid).position == position(grid) == 0


def test_what_fills_while_it_is_being_taken_back_is_counted() -> None:
    """A cell that is to go has bought: what it bought is sold again."""
    grid = running_grid()
    lowest = next(order for order in order_rows(grid) if order.cell_index == 0)
    target = wanted(grid, lower_price=D(96000), upper_price=D(106000))
    ask(grid, target)
    advance(grid)
    hear(grid, *fill_events(lowest, 1, [lowest.quantity]))
    assert not [order for order in order_rows(grid) if order.cell_index == 0 and order.purpose == Purpose.COUNTER]
    carry_through(grid)
    assert_is(grid, target)
    assert strategy_row(grid).position == 0


def test_a_part_that_fills_stays_in_its_cell() -> None:
    grid = running_grid()
    buy = next(order for order in order_rows(grid) if order.cell_index == 3)
    target = wanted(grid, total_investment=D(20000))
    ask(grid, target)
    advance(grid)
    hear(grid, *fill_events(buy, 1, [D("0.005")]))
    carry_through(grid)
    assert_is(grid, target)
    (cell,) = [cell for cell in cell_rows(grid) if cell.cell_index == 3]
    (order,) = [order for order in order_rows(grid, *RESTING) if order.cell_id == cell.id]
    assert (cell.held, order.side, order.quantity) == (D("0.005"), Side.BUY, cell.quantity - D("0.005"))


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
    with Session.begin() as session:
        for cell in session.query(GridCell):
            cell.next_try_at = None
    with Session.begin() as session:
        assert refill(session, strategy_row(grid).account_id) == 0


def test_while_one_is_under_way_another_is_refused() -> None:
    grid = running_grid()
    ask(grid, wanted(grid, total_investment=D(20000)))
    with pytest.raises(Conflict) as refused:
        ask(grid, wanted(grid, total_investment=D(30000)))
    assert refused.value.reason == "change_under_way"


def test_a_paused_grid_changes_when_it_is_resumed() -> None:
    grid = running_grid()
    row = strategy_row(grid)
    with Session.begin() as session:
        request_pause(session, row.user_id, "paper", grid)
    target = wanted(grid, total_investment=D(20000))
    number = ask(grid, target)
    carry_through(grid)
    assert operation(number)[0] == OperationState.PENDING
    assert strategy_row(grid).total_investment == 10000
    with Session.begin() as session:
        request_resume(session, row.user_id, "paper", grid)
    carry_through(grid)
    with Session.begin() as session:
        for cell in session.query(GridCell):
            cell.next_try_at = None
    with Session.begin() as session:
        refill(session, row.account_id)
    carry_through(grid)
    assert_is(grid, target)
    assert operation(number)[0] == OperationState.SUCCESS


def test_new_stops_of_a_paused_grid_count_at_once() -> None:
    grid = running_grid()
    with Session.begin() as session:
        request_pause(session, strategy_row(grid).user_id, "paper", grid)
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
    row = strategy_row(grid)
    with Session.begin() as session:
        request_pause(session, row.user_id, "paper", grid)
    carry_through(grid)
    with Session.begin() as session:
        request_resume(session, row.user_id, "paper", grid)
    for _ in range(3):
        with Session.begin() as session:
            for cell in session.query(GridCell):
                cell.next_try_at = None
        with Session.begin() as session:
            refill(session, row.account_id)
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
        for cell in session.query(GridCell):
            cell.next_try_at = None
    with Session.begin() as session:
        assert refill(session, strategy_row(grid).account_id) == 10
    assert operation(number) == (OperationState.FAILURE, "leverage refused")
    assert parameters_of(strategy_row(grid)) == parameters
