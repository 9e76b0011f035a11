"""What must be true when everything has come to rest: orders and grids against what rests at the venue."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import select, text

from core.db import Session
from core.domain.lifecycle import ACTIVE, PROTECTED, OperationState, StrategyStatus
from core.domain.order import RESTING, OrderStatus
from core.domain.parameters import StrategyType
from core.domain.risk import losing_bounds, stop_prices
from core.execution.rules import rules_of
from core.models import Event, Fill, GridCell, GridOrder, GridStrategy, Operation
from core.strategies.levels import levels_of
from core.strategies.parameters import parameters_of
from tests.sim.user import Trader
from tests.sim.venue import BEGINS, SimulatedVenue
from tests.sim.world import World

ZERO = Decimal(0)
MARK = re.compile(r"the mark price ([\d.]+) has reached")
BELIEVED = Decimal("0.12")  # away from where the market began
IN_DOUBT = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)


class Judge:
    def __init__(self, world: World, venue: SimulatedVenue, traders: list[Trader]) -> None:
        self._world = world
        self._venue = venue
        self._traders = traders

    def complaints(self) -> list[str]:
        """What is not as it must be when nothing moves any more."""
        with Session.reading() as session:
            self._read(session)
            found = [*self._noted(session), *self._of_orders(), *self._of_strategies(session)]
            found += [*self._of_operations(session), *self._of_doubles(), *self._of_ends(session)]
        return found

    def _read(self, session: Any) -> None:
        self._strategies = {row.id: row for row in session.scalars(select(GridStrategy))}
        self._rows = list(session.scalars(select(GridOrder)))
        self._by_client_id = {row.client_order_id: row for row in self._rows}

    @staticmethod
    def _noted(session: Any) -> Iterator[str]:
        yield from session.scalars(text("SELECT text FROM wrongs"))

    # --- orders

    def _of_orders(self) -> Iterator[str]:
        resting = {order.client_id: order for order in self._resting()}
        for row in self._rows:
            if row.status in IN_DOUBT:
                yield f"{row.client_order_id} is still {row.status}"
            if row.status == OrderStatus.PENDING and not row.last_error:
                yield f"{row.client_order_id} is PENDING without a reason"
            if row.booked_quantity != row.filled_quantity:
                yield f"{row.client_order_id} lacks a trade: {row.booked_quantity} of {row.filled_quantity}"
            if (row.status in RESTING) != (row.client_order_id in resting):
                yield f"{row.client_order_id} is {row.status} here, resting there: {row.client_order_id in resting}"
            elif row.status in RESTING:
                yield from self._of_order(row, resting[row.client_order_id])
        for client_id in resting:
            if client_id.startswith("gk") and client_id not in self._by_client_id:
                yield f"{client_id} rests at the venue and is nowhere here"

    def _resting(self) -> Iterator[Any]:
        for trader in self._traders:
            for holding in trader.account.holdings.values():
                yield from holding.orders.values()
            yield from (algo for algo in trader.account.algos.values() if algo.is_open)

    @staticmethod
    def _of_order(row: GridOrder, order: Any) -> Iterator[str]:
        here: tuple[Any, ...] = row.symbol, row.side
        there: tuple[Any, ...] = order.symbol, order.side
        if row.is_conditional:
            here += row.algo_id, row.trigger_price, row.close_position, row.close_position or row.quantity
            there += str(order.id), order.trigger_price, order.close_position, order.close_position or order.quantity
        else:
            here += row.order_id, row.price, row.quantity, row.filled_quantity, row.reduce_only
            there += str(order.id), order.price, order.quantity, order.filled, order.reduce_only
        if here != there:
            yield f"{row.client_order_id} is {here} here and {there} there"

    def _of_doubles(self) -> Iterator[str]:
        for table in ("orders", "algos"):
            for (client_id,), number in Counter(self._venue.store.rows(f"SELECT client_id FROM {table}")).items():
                if number > 1 and client_id.startswith("gk"):
                    yield f"{client_id} had {number} {table} at the venue"

    # --- strategies

    def _of_strategies(self, session: Any) -> Iterator[str]:
        levels = levels_of(session, self._strategies.values())
        live: dict[int | None, list[GridOrder]] = defaultdict(list)
        for row in self._rows:
            if OrderStatus(row.status).is_live:
                live[row.strategy_id].append(row)
        for number, strategy in self._strategies.items():
            name = f"strategy {number} ({strategy.status})"
            if strategy.status in (StrategyStatus.STARTING, StrategyStatus.STOPPING) and not self._waits(strategy):
                yield f"{name} is still on its way: {strategy.waiting_for}"
            if strategy.status not in ACTIVE and live[number]:
                yield f"{name} has live orders: {[row.client_order_id for row in live[number]]}"
            if strategy.status == StrategyStatus.RUNNING:
                yield from self._of_cells(session, strategy, live[number])
                for gap in levels[number].level_gaps:
                    if "prepared" in gap.reason:
                        yield f"{name}: cell {gap.cell} has no order: {gap.reason}"
            if strategy.status == StrategyStatus.PAUSED:
                yield from self._of_pause(session, strategy, live[number])
            if strategy.status not in ACTIVE and strategy.generation and strategy.close_on_end:
                smallest = rules_of(session, strategy.exchange, strategy.symbol).market_min_quantity
                if abs(strategy.position) >= smallest and not self._was_closed_by_hand(session, strategy):
                    yield f"{name} should be flat and holds {strategy.position}"
            if strategy.status in PROTECTED and strategy.entry_price is not None:
                yield from self._of_protection(session, strategy)
            yield from self._of_holdings(session, strategy)

    def _of_protection(self, session: Any, strategy: GridStrategy) -> Iterator[str]:
        """Every losing bound that the grid can hold something at rests at the venue too."""
        resting = {order.client_id for order in self._resting()}
        triggers = {
            row.trigger_price
            for row in self._rows
            if row.strategy_id == strategy.id and row.is_conditional and row.client_order_id in resting
        }
        opening = {cell.opening_side for cell in self._cells(session, strategy)}
        rules = rules_of(session, strategy.exchange, strategy.symbol)
        stops = stop_prices(parameters_of(strategy), strategy.lower_price, strategy.upper_price, rules)
        for side, price in losing_bounds(StrategyType(strategy.strategy_type), *stops).items():
            if side in opening and price not in triggers:
                yield f"strategy {strategy.id} ({strategy.status}) has nothing at the venue at {price}"

    @staticmethod
    def _was_closed_by_hand(session: Any, strategy: GridStrategy) -> bool:
        """Whether it has said that the user himself has closed it."""
        said = select(Event.id).where(Event.strategy_id == strategy.id, Event.code == "position_left")
        return session.scalars(said).first() is not None

    def _waits(self, strategy: GridStrategy) -> bool:
        """For what only the market or its user can change: an order that the venue refuses for now."""
        return any(
            row.strategy_id == strategy.id and row.status == OrderStatus.PENDING and row.last_error
            for row in self._rows
        )

    def _of_cells(self, session: Any, strategy: GridStrategy, live: list[GridOrder]) -> Iterator[str]:
        yield from self._of_lines(session, strategy)
        by_cell = Counter(row.cell_id for row in live if row.generation == strategy.generation)
        for cell in self._cells(session, strategy):
            orders = by_cell[cell.id]
            if orders > 1 or (orders == 0 and not cell.gap_reason and not cell.awaits_inventory):
                yield f"strategy {strategy.id}: cell {cell.cell_index} has {orders} live orders and no reason"
            if cell.changing:
                yield f"strategy {strategy.id}: cell {cell.cell_index} is still being changed"
            if cell.frozen:
                yield f"strategy {strategy.id}: cell {cell.cell_index} is frozen: {cell.gap_reason}"

    def _of_lines(self, session: Any, strategy: GridStrategy) -> Iterator[str]:
        """The cells of a grid are its range, without gap or overlap, whatever it has been changed to."""
        if strategy.change is not None:
            yield f"strategy {strategy.id} is still being changed: {strategy.change['stage']} {strategy.waiting_for}"
        cells = self._cells(session, strategy)
        if len(cells) != strategy.grid_number or any(
            one.upper_price != two.lower_price for one, two in pairwise(cells)
        ):
            yield f"strategy {strategy.id}: {len(cells)} cells of {strategy.grid_number}, or a gap between them"
        dropped = select(GridCell.id).where(GridCell.strategy_id == strategy.id, GridCell.dropped)
        for row in self._rows:
            if row.status in RESTING and row.cell_id in set(session.scalars(dropped)):
                yield f"{row.client_order_id} rests for a cell that is no more"

    def _of_pause(self, session: Any, strategy: GridStrategy, live: list[GridOrder]) -> Iterator[str]:
        opening = {cell.id: cell.opening_side for cell in self._cells(session, strategy)}
        for row in live:
            if row.cell_id in opening and row.side == opening[row.cell_id] and row.status in RESTING:
                yield f"strategy {strategy.id} is PAUSED and {row.client_order_id} opens more"

    @staticmethod
    def _cells(session: Any, strategy: GridStrategy) -> list[GridCell]:
        mine = select(GridCell).where(
            GridCell.strategy_id == strategy.id, GridCell.generation == strategy.generation, ~GridCell.dropped
        )
        return sorted(session.scalars(mine), key=lambda cell: cell.lower_price)

    def _of_holdings(self, session: Any, strategy: GridStrategy) -> Iterator[str]:
        """What the present run's orders have moved is what its cells and its pool hold."""
        ours = {row.id: row for row in self._rows if row.strategy_id == strategy.id}
        moved = ZERO
        for fill in session.scalars(select(Fill).where(Fill.strategy_id == strategy.id)):
            row = ours[fill.grid_order_id]
            if row.generation == strategy.generation and row.purpose in ("OPEN", "COUNTER", "INVENTORY"):
                moved += fill.quantity if fill.side == "BUY" else -fill.quantity
        cells = self._cells(session, strategy)
        held = sum((cell.held if cell.opening_side == "BUY" else -cell.held for cell in cells), ZERO)
        pool = strategy.pool_quantity * (-1 if strategy.strategy_type == "BEARISH" else 1)
        # One that waits for its next run has the last one's cells, and maybe another type than that had.
        if cells and strategy.status != StrategyStatus.WAITING and moved != held + pool:
            yield f"strategy {strategy.id}: its orders moved {moved}, its cells hold {held} and its pool {pool}"
        profit = sum((row.profit or ZERO for row in ours.values()), ZERO)
        if profit != strategy.grid_profit:
            yield f"strategy {strategy.id}: round trips made {profit}, its ledger says {strategy.grid_profit}"

    @staticmethod
    def _of_ends(session: Any) -> Iterator[str]:
        """No stop was reached by a mark that nobody believes: they jump far beyond where the market goes."""
        for event in session.scalars(select(Event).where(Event.code.in_(("stop_loss", "take_profit")))):
            told = MARK.search(event.message)
            if told and min(abs(Decimal(told[1]) / begin - 1) for begin in BEGINS.values()) > BELIEVED:
                yield f"strategy {event.strategy_id} was ended by an odd mark: {event.message}"

    @staticmethod
    def _of_operations(session: Any) -> Iterator[str]:
        done = (OperationState.SUCCESS, OperationState.FAILURE)
        for operation in session.scalars(select(Operation).where(Operation.state.not_in(done))):
            strategy = session.get(GridStrategy, operation.strategy_id) if operation.strategy_id else None
            if strategy is None or strategy.status in (StrategyStatus.RUNNING, StrategyStatus.STOPPED):
                yield f"{operation.kind} of strategy {operation.strategy_id} is {operation.state}"
