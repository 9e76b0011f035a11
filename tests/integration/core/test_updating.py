"""How a running grid becomes another one, on both databases: only what differs is touched, and what fills meanwhile is
counted."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.db import Session
from core.domain.lifecycle import OperationState
from core.domain.order import RESTING, Purpose, Side
from core.domain.parameters import StrategyType
from core.models import Event
from core.strategies.progress import advance
from tests.integration.core.changes import (
    ask,
    assert_is,
    carry_through,
    hear,
    live_cells,
    operation,
    position,
    venue_takes_all,
    wanted,
)
from tests.support.grids import (
    PARAMETERS,
    cell_rows,
    fill_events,
    order_rows,
    running_grid,
    strategy_row,
)

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal


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
