"""A cell's whole life as a state machine: whatever the venue does, and in whatever order and however often its news and
trades are told, the rows end as the venue's own memory says."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from core.db import Session
from core.domain.order import FINAL, LIVE, OrderStatus, Trade
from core.exchange.base import StreamEvent
from core.execution import rules as stored_rules
from core.execution.events import Finding, apply_findings, findings_of
from core.models import GridCell, Installation, SymbolRule
from core.models.columns import Base
from core.reconciliation.cells import refill
from tests.support.grids import PARAMETERS, cell_rows, order_rows, running_grid, said, strategy_row, trade_of

D = Decimal
STEP = D("0.001")
SMALLEST = D(3000)  # USDT: a third of a cell, so that parts are carried
END = D(0)

shares = st.integers(1, 100)
picks = st.integers(0, 10**6)


class Venue:
    """What it has done with each order; `told` is every word of it, in order."""

    def __init__(self) -> None:
        self.filled: dict[int, Decimal] = defaultdict(Decimal)
        self.ended: set[int] = set()
        self.trades: list[tuple[int, Trade]] = []
        self.told: list[StreamEvent] = []


class CellLife(RuleBasedStateMachine):
    """Two cells, one of each opening side."""

    def __init__(self) -> None:
        super().__init__()
        _forget_everything()
        self.grid = running_grid(parameters=replace(PARAMETERS, grid_number=2))
        self.account_id = strategy_row(self.grid).account_id
        with Session.begin() as session:
            session.execute(update(SymbolRule).values(min_notional=SMALLEST))
        self.venue = Venue()
        self.filled: dict[int, Decimal] = defaultdict(Decimal)

    # --- what the venue does

    def _open(self) -> list[int]:
        """Ids of orders that it has, or that are on their way to it."""
        return [order.id for order in order_rows(self.grid, *LIVE) if order.id not in self.venue.ended]

    @rule(pick=picks, share=shares)
    def fill(self, pick: int, share: int) -> None:
        order = self._picked(pick)
        if order is None:
            return
        rest = order.quantity - self.venue.filled[order.id]
        part = max(STEP, rest * share // 100 // STEP * STEP)
        trade = trade_of(order, len(self.venue.trades) + 1, min(part, rest))
        self.venue.trades.append((order.id, trade))
        self.venue.filled[order.id] += trade.quantity
        whole = self.venue.filled[order.id] == order.quantity
        if whole:
            self.venue.ended.add(order.id)
        status = OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED
        self.venue.told.append(said(order, status, self.venue.filled[order.id], trade))

    @rule(pick=picks, status=st.sampled_from([OrderStatus.CANCELED, OrderStatus.EXPIRED]))
    def end(self, pick: int, status: OrderStatus) -> None:
        order = self._picked(pick)
        if order is not None:
            self.venue.ended.add(order.id)
            self.venue.told.append(said(order, status, self.venue.filled[order.id]))

    @rule(pick=picks)
    def accept(self, pick: int) -> None:
        order = self._picked(pick)
        if order is not None:
            self.venue.told.append(said(order, OrderStatus.PLACED))

    def _picked(self, pick: int):
        rows = [order for order in order_rows(self.grid, *LIVE) if order.id not in self.venue.ended]
        return rows[pick % len(rows)] if rows else None

    # --- what is heard of it

    @precondition(lambda self: self.venue.told)
    @rule(chosen=st.lists(picks, min_size=1, max_size=6))
    def hear(self, chosen: Sequence[int]) -> None:
        """Some of all that was ever told, old or new, in any order."""
        events = [self.venue.told[pick % len(self.venue.told)] for pick in chosen]
        with Session.begin() as session:
            apply_findings(session, self.account_id, findings_of(events), tokens=0)

    @precondition(lambda self: self.venue.told)
    @rule(chosen=st.lists(st.tuples(picks, st.booleans()), min_size=1, max_size=6))
    def read(self, chosen: Sequence[tuple[int, bool]]) -> None:
        """News or trades alone, as queries and trade lists bring them."""
        findings = []
        for pick, as_news in chosen:
            event = self.venue.told[pick % len(self.venue.told)]
            news, trade = (event.news, None) if as_news else (None, event.trade)
            findings.append(Finding(event.news.client_order_id, news, trade))
        with Session.begin() as session:
            apply_findings(session, self.account_id, findings)

    @rule()
    def refill_bare_cells(self) -> None:
        with Session.begin() as session:
            session.execute(update(GridCell).values(next_try_at=None))
            refill(session, self.account_id)

    # --- what always holds

    @invariant()
    def a_cell_has_one_order_at_most_and_never_holds_less_than_nothing(self) -> None:
        live = [order.cell_id for order in order_rows(self.grid, *LIVE)]
        assert len(live) == len(set(live))
        assert all(cell.held >= 0 for cell in cell_rows(self.grid))

    @invariant()
    def no_order_is_ever_less_filled_than_before(self) -> None:
        for order in order_rows(self.grid):
            assert self.filled[order.id] <= order.filled_quantity <= order.quantity
            assert order.booked_quantity <= order.filled_quantity
            self.filled[order.id] = order.filled_quantity

    # --- and at the end, when everything was heard

    def teardown(self) -> None:
        with Session.begin() as session:
            apply_findings(session, self.account_id, findings_of(self.venue.told[::-1]), tokens=0)
        self._orders_are_as_the_venue_says()
        self._the_books_balance()
        self._every_cell_goes_on()

    def _orders_are_as_the_venue_says(self) -> None:
        for order in order_rows(self.grid):
            assert order.filled_quantity == order.booked_quantity == self.venue.filled[order.id]
            assert (order.status in FINAL) == (order.id in self.venue.ended)

    def _the_books_balance(self) -> None:
        row = strategy_row(self.grid)
        trades = [trade for _, trade in self.venue.trades]
        assert row.position == sum((trade.side.sign * trade.quantity for trade in trades), END)
        assert row.fees == sum((trade.fee for trade in trades), END)
        assert row.sold_quote - row.bought_quote == sum(
            (-trade.side.sign * trade.price * trade.quantity for trade in trades), END
        )
        orders = {order.id: order for order in order_rows(self.grid)}
        assert row.grid_profit == sum((order.profit or END for order in orders.values()), END)
        # What came in and went out is in the profits booked, in what the cells hold, and in closing orders under way.
        under_way = {order.id for order in orders.values() if order.status not in FINAL}
        cash = END
        for order_id, trade in self.venue.trades:
            order = orders[order_id]
            cell = next(cell for cell in cell_rows(self.grid) if cell.id == order.cell_id)
            if order.side == cell.opening_side or order_id not in under_way:
                cash -= trade.side.sign * trade.price * trade.quantity + trade.fee
        held = sum(
            (
                (-1 if cell.opening_side == "BUY" else 1) * cell.held_cost - cell.held_fees
                for cell in cell_rows(self.grid)
            ),
            END,
        )
        assert cash == row.grid_profit + held

    def _every_cell_goes_on(self) -> None:
        self.refill_bare_cells()
        assert len(order_rows(self.grid, *LIVE)) == 2


def _forget_everything() -> None:
    with Session.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table is not Installation.__table__:
                session.execute(delete(table))
    stored_rules._cache.clear()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_told_in_whatever_order_the_rows_end_as_the_venue_says(database_url: str) -> None:
    run_state_machine_as_test(CellLife, settings=settings(max_examples=40, stateful_step_count=40))  # type: ignore[no-untyped-call]
