"""What is booked and decided when the venue speaks, on both databases."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError

from core.clock import from_ms
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, Purpose, Side
from core.domain.parameters import StrategyType
from core.exchange.base import StreamEvent
from core.execution.events import Finding, apply_all, apply_findings, findings_of
from core.models import Event, Fill, GridCell, GridOrder, GridStrategy
from core.reconciliation.cells import refill
from core.reconciliation.roll import ask_for
from core.strategies.levels import levels_of
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


def hear(strategy_id: int, events: list[StreamEvent]) -> None:
    account_id = strategy_row(strategy_id).account_id
    with Session.begin() as session:
        apply_findings(session, account_id, findings_of(events), tokens=0)


def order_of_cell(strategy_id: int, cell_index: int, *statuses: OrderStatus) -> GridOrder:
    return [order for order in order_rows(strategy_id, *statuses) if order.cell_index == cell_index][-1]


def test_a_filled_buy_brings_one_sell_at_the_upper_line_however_often_it_is_told() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    for _ in range(3):
        hear(grid, fill_events(buy, 1, [buy.quantity]))
    live = [order for order in order_rows(grid) if order.cell_index == 2 and OrderStatus(order.status).is_live]
    assert [(o.side, o.price, o.quantity, o.purpose) for o in live] == [
        (Side.SELL, D(98000), buy.quantity, Purpose.COUNTER)
    ]
    assert strategy_row(grid).position == buy.quantity


def test_a_round_trip_books_the_cell_s_height_less_both_fees() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    hear(grid, fill_events(buy, 1, [buy.quantity]))
    sell = order_of_cell(grid, 2, OrderStatus.PENDING)
    hear(grid, fill_events(sell, 2, [sell.quantity]))
    row = strategy_row(grid)
    fees = buy.quantity * (D(97000) + D(98000)) * D("0.0002")
    assert (row.round_trips, row.grid_profit, row.position) == (1, buy.quantity * 1000 - fees, 0)
    assert row.fees == fees
    assert order_rows(grid)[-1].side == Side.BUY  # the cell begins again


def test_an_order_is_filled_when_the_venue_says_its_last_trade_was() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    *before, last = fill_events(buy, 1, [D("0.001"), buy.quantity - D("0.001")])
    hear(grid, before)
    assert order_of_cell(grid, 2).filled_at is None
    hear(grid, [last])
    assert order_of_cell(grid, 2, OrderStatus.FILLED).filled_at == from_ms(1_760_000_000_000)


def test_a_cell_that_opens_with_a_sell_earns_the_same_way() -> None:
    grid = running_grid()
    sell = order_of_cell(grid, 7)
    assert sell.side == Side.SELL
    hear(grid, fill_events(sell, 1, [sell.quantity]))
    assert strategy_row(grid).position == -sell.quantity
    buy = order_of_cell(grid, 7, OrderStatus.PENDING)
    hear(grid, fill_events(buy, 2, [buy.quantity]))
    fees = buy.quantity * (D(102000) + D(103000)) * D("0.0002")
    assert strategy_row(grid).grid_profit == sell.quantity * 1000 - fees


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_arrival_and_repetition_change_nothing(seed: int) -> None:
    grid = running_grid()
    chance = random.Random(seed)
    events: list[StreamEvent] = []
    for number, order in enumerate(order_rows(grid)[:6]):
        piece = D("0.001") * chance.randint(1, int(order.quantity / D("0.001")) - 1)
        events += fill_events(order, 100 * number, [piece, order.quantity - piece])
    shuffled = events * 2
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, 5)
        hear(grid, shuffled[:size])
        shuffled = shuffled[size:]
    row, orders, cells = strategy_row(grid), order_rows(grid), cell_rows(grid)
    first = orders[:6]
    assert {order.status for order in first} == {OrderStatus.FILLED}
    assert all(order.booked_quantity == order.quantity for order in first)
    assert row.position == sum(Side(order.side).sign * order.quantity for order in first)
    assert row.fees == sum(order.fee for order in first)
    assert sum(order.status == OrderStatus.PENDING for order in orders) == 6
    assert all(cell.held == cell.cost_quantity for cell in cells)
    with Session.reading() as session:
        assert session.scalar(select(func.count()).select_from(Fill)) == 12


def test_the_counter_order_follows_the_cumulative_quantity_and_the_profit_the_trades() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    hear(grid, [said(buy, OrderStatus.FILLED, buy.quantity)])  # its trade got lost
    sell = order_of_cell(grid, 2, OrderStatus.PENDING)
    assert order_of_cell(grid, 2, OrderStatus.FILLED).next_check_at is not None
    hear(grid, fill_events(sell, 2, [sell.quantity]))
    assert strategy_row(grid).round_trips == 0
    with Session.begin() as session:
        late = Finding(buy.client_order_id, trade=trade_of(buy, 1, buy.quantity))
        apply_findings(session, buy.account_id, [late])
    row = strategy_row(grid)
    assert (row.round_trips, row.position) == (1, 0)
    assert row.grid_profit == buy.quantity * 1000 - row.fees


def test_what_several_accounts_were_told_is_booked_at_once_and_concerns_their_own_orders_only() -> None:
    grid = running_grid()
    ours, others = order_of_cell(grid, 1), order_of_cell(grid, 2)
    told = [Finding(order.client_order_id, said(order, OrderStatus.CANCELED).news) for order in (ours, others)]
    with Session.begin() as session:
        apply_all(session, {ours.account_id: told[:1], ours.account_id + 1: told[1:]}, {})
    assert order_of_cell(grid, 1).status == OrderStatus.CANCELED
    assert order_of_cell(grid, 2).status == OrderStatus.PLACED


def test_a_trade_without_its_fee_is_asked_for_instead_of_booked() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    bare = replace(trade_of(buy, 1, buy.quantity), fee=D(0), fee_asset="")
    hear(grid, [said(buy, OrderStatus.FILLED, buy.quantity, bare)])
    assert strategy_row(grid).position == 0
    assert order_of_cell(grid, 2, OrderStatus.FILLED).next_check_at is not None
    assert order_of_cell(grid, 2, OrderStatus.PENDING).side == Side.SELL


def test_a_cancelled_order_comes_back_for_the_rest_after_a_pause() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    piece = D("0.005")
    hear(grid, fill_events(buy, 1, [piece]))
    hear(grid, [said(buy, OrderStatus.CANCELED, piece)])
    cell = next(cell for cell in cell_rows(grid) if cell.cell_index == 2)
    assert cell.gap_reason
    assert cell.next_try_at is not None
    with Session.begin() as session:
        session.get_one(GridCell, cell.id).next_try_at = None
    with Session.begin() as session:
        assert refill(session, buy.account_id) == 1
    again = order_of_cell(grid, 2, OrderStatus.PENDING)
    assert (again.side, again.quantity, again.purpose) == (Side.BUY, buy.quantity - piece, Purpose.OPEN)


def test_what_is_too_small_to_be_closed_is_carried_and_the_gap_says_so() -> None:
    grid = running_grid(rules=replace(RULES, min_quantity=D("0.012")))
    buy = order_of_cell(grid, 2)
    assert buy.quantity == D("0.020")
    hear(grid, fill_events(buy, 1, [D("0.010")]))
    hear(grid, [said(buy, OrderStatus.CANCELED, D("0.010"))])
    with Session.reading() as session:
        (gap,) = levels_of(session, [strategy_row(grid)])[grid].level_gaps
    assert (gap.cell, gap.next_try is None) == (2, False)
    assert gap.reason == "the order was canceled at the venue; 0.01 is carried into the cell's next closing order"
    with Session.begin() as session:
        session.query(GridCell).filter_by(cell_index=2).update({"next_try_at": None})
        refill(session, buy.account_id)
    again = order_of_cell(grid, 2, OrderStatus.PENDING)
    assert (again.side, again.quantity) == (Side.BUY, D("0.020"))
    hear(grid, fill_events(again, 2, [again.quantity]))
    closing = order_of_cell(grid, 2, OrderStatus.PENDING)
    assert (closing.side, closing.quantity) == (Side.SELL, D("0.030"))


def test_a_paused_grid_places_no_counter_order() -> None:
    grid = running_grid()
    with Session.begin() as session:
        session.get_one(GridStrategy, grid).status = StrategyStatus.PAUSED
    buy = order_of_cell(grid, 2)
    hear(grid, fill_events(buy, 1, [buy.quantity]))
    assert not order_rows(grid, OrderStatus.PENDING)
    cell = next(cell for cell in cell_rows(grid) if cell.cell_index == 2)
    assert (cell.next_side, cell.next_quantity) == (Side.SELL, buy.quantity)


def test_inventory_is_given_to_the_cells_nearest_to_the_price_as_it_comes() -> None:
    grid = running_grid(parameters=replace(PARAMETERS, strategy_type=StrategyType.BULLISH))
    bought = order_of_inventory(grid)
    first = next(cell for cell in cell_rows(grid) if cell.awaits_inventory)
    rest = bought.quantity - first.quantity
    events = [
        said(bought, OrderStatus.PARTIALLY_FILLED, first.quantity, trade_of(bought, 1, first.quantity, D(100010))),
        said(bought, OrderStatus.FILLED, bought.quantity, trade_of(bought, 2, rest, D(100030))),
    ]
    hear(grid, events[:1])
    assert [order.cell_index for order in order_rows(grid, OrderStatus.PENDING)] == [first.cell_index]
    hear(grid, events[1:])
    cells = cell_rows(grid)
    assert not any(cell.awaits_inventory for cell in cells)
    assert sum(cell.held for cell in cells) == bought.quantity == strategy_row(grid).position
    assert sum(cell.held_cost for cell in cells) == strategy_row(grid).bought_quote
    assert sum(cell.held_fees for cell in cells) == strategy_row(grid).fees


def order_of_inventory(grid: int) -> GridOrder:
    (bought,) = [order for order in order_rows(grid) if order.purpose == Purpose.INVENTORY]
    return bought


def test_the_database_refuses_a_second_live_order_in_a_cell() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    copied = [column.key for column in GridOrder.__table__.columns if column.key not in {"id", "sequence"}]
    second = GridOrder(**{name: getattr(buy, name) for name in copied} | {"client_order_id": "another"}, sequence=999)
    with pytest.raises(IntegrityError), Session.begin() as session:
        session.add(second)


def test_a_ghost_is_booked_cancelled_and_alarmed_and_its_cell_is_frozen() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    with Session.begin() as session:
        believed_absent = session.get_one(GridOrder, buy.id)
        believed_absent.status, believed_absent.followed_up = OrderStatus.CANCELED, True
        session.flush()
        refill(session, buy.account_id)
    assert len(order_rows(grid, OrderStatus.PENDING)) == 1
    hear(grid, fill_events(buy, 1, [D("0.001")]))
    ghost = next(order for order in order_rows(grid) if order.id == buy.id)
    assert (ghost.status, ghost.cell_id, ghost.cancel_wanted) == (OrderStatus.PARTIALLY_FILLED, None, True)
    assert strategy_row(grid).position == D("0.001")
    assert next(cell for cell in cell_rows(grid) if cell.cell_index == 2).frozen
    with Session.reading() as session:
        assert session.scalars(select(Event.code).where(Event.level == "ALARM")).all() == ["ghost_order"]


def test_a_trade_that_was_booked_as_nobody_s_is_taken_over() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)
    trade = trade_of(buy, 1, buy.quantity)
    with Session.begin() as session:
        session.add(
            Fill(
                account_id=buy.account_id,
                exchange="paper",
                symbol="BTCUSDT",
                order_id=trade.order_id,
                trade_id="1",
                side=trade.side,
                price=trade.price,
                quantity=trade.quantity,
                fee=trade.fee,
                fee_asset="USDT",
                realized_pnl=D(0),
                is_maker=True,
                traded_at=strategy_row(grid).created_at,
            )
        )
    hear(grid, fill_events(buy, 1, [buy.quantity]))
    assert strategy_row(grid).position == buy.quantity
    with Session.reading() as session:
        (fill,) = session.scalars(select(Fill)).all()
    assert (fill.strategy_id, fill.cell_index) == (grid, 2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite nobody writes meanwhile
def test_a_check_put_down_while_the_last_trade_is_booked_is_dropped() -> None:
    grid = running_grid()
    buy = order_of_cell(grid, 2)

    def put_down(*_: object) -> None:
        with Session.begin() as other:
            ask_for(other, [buy.id])

    with Session.begin() as session:
        listen(session, "before_flush", put_down, once=True)
        apply_findings(session, buy.account_id, findings_of(fill_events(buy, 1, [buy.quantity])), tokens=0)
    filled = order_of_cell(grid, 2, OrderStatus.FILLED)
    assert filled.next_check_at is None
