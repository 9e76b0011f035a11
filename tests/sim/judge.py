"""What must be true when everything has come to rest: the rows against what the venue itself remembers."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select, text

from core.db import Session
from core.domain.lifecycle import ACTIVE, OperationState, StrategyStatus
from core.domain.order import OrderStatus
from core.execution.rules import rules_of
from core.models import Event, ExchangeApi, Fill, Funding, GridCell, GridOrder, GridStrategy, Operation
from core.strategies.levels import levels_of
from tests.sim.user import BALANCE, Trader
from tests.sim.venue import SimulatedVenue
from tests.sim.world import World

ZERO = Decimal(0)
ON_THE_BOOK = (OrderStatus.PLACED, OrderStatus.PARTIALLY_FILLED)
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
            found += [*self._of_operations(session), *self._of_doubles()]
        return found

    def about_the_books(self) -> list[str]:
        """What differs between the rows and the venue's own ledger, after both were read."""
        with Session.reading() as session:
            self._read(session)
            return [one for trader in self._traders for one in self._of_books(session, trader)]

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
            if (row.status in ON_THE_BOOK) != (row.client_order_id in resting):
                yield f"{row.client_order_id} is {row.status} here, resting there: {row.client_order_id in resting}"
            elif row.status in ON_THE_BOOK:
                yield from self._of_order(row, resting[row.client_order_id])
        for client_id in resting:
            if client_id.startswith("gk") and client_id not in self._by_client_id:
                yield f"{client_id} rests at the venue and is nowhere here"

    def _resting(self) -> Iterator[Any]:
        for trader in self._traders:
            for holding in trader.account.holdings.values():
                yield from holding.orders.values()

    @staticmethod
    def _of_order(row: GridOrder, order: Any) -> Iterator[str]:
        here = (row.order_id, row.symbol, row.side, row.price, row.quantity, row.filled_quantity, row.reduce_only)
        there = (
            *(str(order.id), order.symbol, order.side, order.price),
            *(order.quantity, order.filled, order.reduce_only),
        )
        if here != there:
            yield f"{row.client_order_id} is {here} here and {there} there"

    def _of_doubles(self) -> Iterator[str]:
        for (client_id,), number in Counter(self._venue.store.rows("SELECT client_id FROM orders")).items():
            if number > 1 and client_id.startswith("gk"):
                yield f"{client_id} had {number} orders at the venue"

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
            yield from self._of_holdings(session, strategy)

    @staticmethod
    def _was_closed_by_hand(session: Any, strategy: GridStrategy) -> bool:
        """Whether it has said that the user himself has closed it."""
        said = select(Event.id).where(Event.strategy_id == strategy.id, Event.code == "closed_by_hand")
        return session.scalars(said).first() is not None

    def _waits(self, strategy: GridStrategy) -> bool:
        """For what only the market or its user can change: an order that the venue refuses for now."""
        return any(
            row.strategy_id == strategy.id and row.status == OrderStatus.PENDING and row.last_error
            for row in self._rows
        )

    def _of_cells(self, session: Any, strategy: GridStrategy, live: list[GridOrder]) -> Iterator[str]:
        by_cell = Counter(row.cell_id for row in live if row.generation == strategy.generation)
        for cell in self._cells(session, strategy):
            orders = by_cell[cell.id]
            if orders > 1 or (orders == 0 and not cell.gap_reason and not cell.awaits_inventory):
                yield f"strategy {strategy.id}: cell {cell.cell_index} has {orders} live orders and no reason"
            if cell.frozen:
                yield f"strategy {strategy.id}: cell {cell.cell_index} is frozen: {cell.gap_reason}"

    def _of_pause(self, session: Any, strategy: GridStrategy, live: list[GridOrder]) -> Iterator[str]:
        opening = {cell.id: cell.opening_side for cell in self._cells(session, strategy)}
        for row in live:
            if row.cell_id in opening and row.side == opening[row.cell_id] and row.status in ON_THE_BOOK:
                yield f"strategy {strategy.id} is PAUSED and {row.client_order_id} opens more"

    @staticmethod
    def _cells(session: Any, strategy: GridStrategy) -> list[GridCell]:
        mine = select(GridCell).where(GridCell.strategy_id == strategy.id, GridCell.generation == strategy.generation)
        return list(session.scalars(mine))

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
        pool = strategy.pool_quantity * (1 if strategy.strategy_type == "BULLISH" else -1)
        if cells and moved != held + pool:
            yield f"strategy {strategy.id}: its orders moved {moved}, its cells hold {held} and its pool {pool}"
        profit = sum((row.profit or ZERO for row in ours.values()), ZERO)
        if profit != strategy.grid_profit:
            yield f"strategy {strategy.id}: round trips made {profit}, its ledger says {strategy.grid_profit}"

    @staticmethod
    def _of_operations(session: Any) -> Iterator[str]:
        done = (OperationState.SUCCESS, OperationState.FAILURE)
        for operation in session.scalars(select(Operation).where(Operation.state.not_in(done))):
            strategy = session.get(GridStrategy, operation.strategy_id) if operation.strategy_id else None
            if strategy is None or strategy.status in (StrategyStatus.RUNNING, StrategyStatus.STOPPED):
                yield f"{operation.kind} of strategy {operation.strategy_id} is {operation.state}"

    # --- books

    def _of_books(self, session: Any, trader: Trader) -> Iterator[str]:
        fills = list(session.scalars(select(Fill).where(Fill.account_id == trader.account_id)))
        started = {row.symbol for row in self._strategies.values() if row.account_id == trader.account_id}
        started = {
            symbol
            for symbol in started
            if any(
                row.generation and row.symbol == symbol and row.account_id == trader.account_id
                for row in self._strategies.values()
            )
        }
        yield from self._of_trades(fills, trader, started)
        for symbol in sorted(started):
            booked = sum((_signed(fill) for fill in fills if fill.symbol == symbol), ZERO)
            at_venue = trader.account.holdings[symbol].quantity if symbol in trader.account.holdings else ZERO
            if booked != at_venue:
                yield f"account {trader.account_id}: {symbol} {booked} booked, {at_venue} at the venue"
        yield from self._of_wallet(session, trader, fills, started)

    def _of_trades(self, fills: list[Fill], trader: Trader, started: set[str]) -> Iterator[str]:
        orders = {
            str(number): client_id for number, client_id in self._venue.store.rows("SELECT id, client_id FROM orders")
        }
        here = {}
        for fill in fills:
            row = self._by_client_id.get(orders[fill.order_id])
            owner = None if row is None else (row.strategy_id, row.id)
            mine = None if fill.strategy_id is None else (fill.strategy_id, fill.grid_order_id)
            if owner != mine:
                yield f"trade {fill.trade_id} is {mine}'s here and {owner}'s in truth"
            here[fill.symbol, fill.trade_id] = (
                *(fill.order_id, fill.side, fill.price, fill.quantity),
                *(fill.fee, fill.realized_pnl, fill.is_maker),
            )
        there = {
            (trade["symbol"], str(trade["id"])): (
                *(str(trade["orderId"]), trade["side"], Decimal(trade["price"]), Decimal(trade["qty"])),
                *(Decimal(trade["commission"]), Decimal(trade["realizedPnl"]), trade["maker"]),
            )
            for trade in self._docs("trades", trader)
            if trade["symbol"] in started
        }
        for key in sorted(here.keys() | there.keys()):
            if here.get(key) != there.get(key):
                yield f"trade {key} is {here.get(key)} here and {there.get(key)} there"

    def _of_wallet(self, session: Any, trader: Trader, fills: list[Fill], started: set[str]) -> Iterator[str]:
        ours = [row for row in self._strategies.values() if row.account_id == trader.account_id]
        ledgers = sum((row.realized_pnl - row.fees + row.funding for row in ours), ZERO)
        external = sum((fill.realized_pnl - fill.fee for fill in fills if fill.strategy_id is None), ZERO)
        nobodys = select(Funding.amount).where(Funding.strategy_id.is_(None))
        incomes = select(Funding.id)
        del incomes
        shares = session.scalars(nobodys.join_from(Funding, _income()).where(_income().account_id == trader.account_id))
        external += sum(shares, ZERO)
        elsewhere = sum(
            (
                Decimal(line["income"])
                for line in self._docs("incomes", trader)
                if line["symbol"] and line["symbol"] not in started and line["incomeType"] != "FUNDING_FEE"
            ),
            ZERO,
        )
        if BALANCE + ledgers + external + elsewhere != trader.account.wallet:
            yield (
                f"account {trader.account_id}: the ledgers say {ledgers} + {external} + {elsewhere}, "
                f"the wallet {trader.account.wallet - BALANCE}"
            )
        for row in ours:
            if row.books_balance is False or row.books_difference:
                yield f"strategy {row.id}: books differ by {row.books_difference}"
        account = session.get_one(ExchangeApi, trader.account_id)
        if started and account.reconciled_at is None:
            yield f"account {trader.account_id} was never reconciled"

    def _docs(self, table: str, trader: Trader) -> list[dict[str, Any]]:
        rows = self._venue.store.rows(f"SELECT doc FROM {table} WHERE account = ?", trader.account.id)
        return [orjson.loads(doc) for (doc,) in rows]


def _income() -> Any:
    from core.models import Income

    return Income


def _signed(fill: Fill) -> Decimal:
    return fill.quantity if fill.side == "BUY" else -fill.quantity


def described(session: Any) -> Iterator[str]:
    """Every row that is on its way, for whoever reads the trace of a run that failed."""
    for row in session.scalars(select(GridStrategy)):
        yield (
            f"strategy {row.id} {row.status} {row.strategy_type} run {row.generation} position {row.position} "
            f"pool {row.pool_quantity} close {row.close_on_end} waits for {row.waiting_for!r}"
        )
    for cell in session.scalars(select(GridCell)):
        yield (
            f"cell {cell.id} of {cell.strategy_id}/{cell.generation}: {cell.opening_side} {cell.quantity} holds "
            f"{cell.held}, next {cell.next_side} {cell.next_quantity} at {cell.next_try_at} {cell.gap_reason!r} "
            f"awaits {cell.awaits_inventory}"
        )
    for order in session.scalars(select(GridOrder)):
        if order.status not in ("FILLED", "CANCELED") or order.booked_quantity != order.filled_quantity:
            yield (
                f"order {order.client_order_id} {order.status} {order.side} {order.quantity} at {order.price} "
                f"filled {order.filled_quantity} booked {order.booked_quantity} attempts {order.attempts} "
                f"checked at {order.next_check_at} {order.last_error!r}"
            )
