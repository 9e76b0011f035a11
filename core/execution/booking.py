"""Books what the venue says of one order: its news, its trades, and what follows from its end.

Everything here is under the strategy's lock, repeatable, and independent of the order of arrival: news merges by
maximum, a trade is booked when its row is new, and the next order follows the cumulative quantity.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from core.clock import from_ms, now
from core.domain.cell import Cell, carry_quantity, next_order
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.lifecycle import PROTECTED, FinishReason
from core.domain.order import FINAL, RESTING, OrderNews, OrderStatus, Progress, Purpose, Side, Trade, merge
from core.domain.parameters import StrategyType
from core.domain.symbol_rules import SymbolRules
from core.execution.intents import end_for, may_open, new_order, next_cell_order, of_run, run_of
from core.execution.telling import tell
from core.models import GridCell, GridOrder, GridStrategy

MISSING_TRADE_AFTER = timedelta(seconds=2)  # until a trade that the news counts but nobody brought is asked for
REPLACE_AFTER = timedelta(seconds=1)  # until an order that ended unfilled is placed again

_WAITING_CELLS = select(GridCell).where(of_run(GridCell), GridCell.awaits_inventory)
_OPEN_INVENTORY = (
    select(GridOrder.id)
    .where(
        of_run(GridOrder),
        GridOrder.purpose == Purpose.INVENTORY,
        GridOrder.status.not_in(FINAL) | (GridOrder.booked_quantity != GridOrder.filled_quantity),
    )
    .limit(1)
)


def book_news(session: Session, strategy: GridStrategy, order: GridOrder, news: OrderNews) -> None:
    """Merges what was said of an order; the cell holds what the cumulative quantity says."""
    _revive(session, strategy, order)
    order.order_id = news.order_id or order.order_id
    order.algo_id = news.algo_id or order.algo_id
    if order.is_conditional and news.order_id:
        order.quantity = news.quantity  # what the trigger found to close
    _advance(order, Progress(news.status, news.filled_quantity))
    if order.status in RESTING or order.status in FINAL:
        order.absences, order.last_error = 0, ""
        if order.cell is not None:
            order.cell.refusals = 0


def book_trade(strategy: GridStrategy, order: GridOrder, trade: Trade) -> None:
    """Books one trade that has not been booked before: strategy, order, and the cost of what its cell holds."""
    strategy.ledger = strategy.ledger.apply(trade)
    fee = trade.fee if trade.fee_asset == SETTLEMENT_ASSET else Decimal(0)
    order.order_id = trade.order_id
    order.booked_quantity += trade.quantity
    order.booked_quote += trade.price * trade.quantity
    order.fee += fee
    _advance(order, Progress(OrderStatus.PARTIALLY_FILLED, order.booked_quantity))
    if order.booked_quantity == order.quantity:
        order.filled_at = from_ms(trade.traded_at)
    if order.cell is not None and order.side == order.cell.opening_side:
        order.cell.ledger = order.cell.ledger.opening_fill(trade.price, trade.quantity, fee)
    elif order.purpose == Purpose.INVENTORY:
        _book_inventory(strategy, trade, fee)


def _book_inventory(strategy: GridStrategy, trade: Trade, fee: Decimal) -> None:
    """Into the pool in the grid's direction, out of it at its average cost. A NEUTRAL grid's is signed, and only what
    an update has left to be closed: no cell takes from it, so that it has no cost."""
    direction = StrategyType(strategy.strategy_type).inventory_side
    if direction is None:
        strategy.pool_quantity += trade.side.sign * trade.quantity
    elif trade.side is direction:
        strategy.pool = strategy.pool.opening_fill(trade.price, trade.quantity, fee)
    else:
        strategy.pool, _ = strategy.pool.release(min(trade.quantity, strategy.pool_quantity))


def fill_values(order: GridOrder, trade: Trade) -> dict[str, Any]:
    """The row of a trade of ours."""
    return {
        "account_id": order.account_id,
        "strategy_id": order.strategy_id,
        "grid_order_id": order.id,
        "exchange": order.exchange,
        "symbol": trade.symbol,
        "order_id": trade.order_id,
        "trade_id": trade.trade_id,
        "grid_index": order.grid_index,
        "cell_index": order.cell_index,
        "side": trade.side,
        "price": trade.price,
        "quantity": trade.quantity,
        "fee": trade.fee,
        "fee_asset": trade.fee_asset,
        "realized_pnl": trade.realized_pnl,
        "is_maker": trade.is_maker,
        "traded_at": from_ms(trade.traded_at),
    }


def follow_up(session: Session, strategy: GridStrategy, order: GridOrder, rules: SymbolRules) -> list[GridOrder]:
    """What the order's end leads to, once: the round trip booked, and the cell's next orders, PENDING."""
    _watch_for_missing_trades(order)
    if order.is_conditional:
        _follow_up_protection(strategy, order)
    if order.cell is not None:
        _settle(session, strategy, order)
    if order.status not in FINAL or order.followed_up:
        return release_inventory(session, strategy, rules) if order.purpose == Purpose.INVENTORY else []
    order.followed_up = True
    if order.cell is not None:
        return _next_of_cell(session, strategy, order, order.cell, rules)
    if order.purpose == Purpose.INVENTORY:
        return _next_of_inventory(session, strategy, order, rules)
    return []


def _follow_up_protection(strategy: GridStrategy, order: GridOrder) -> None:
    """One that has filled ends the strategy; one that ended otherwise is to be placed again if it is still wanted."""
    if order.generation != strategy.generation or strategy.status not in PROTECTED:
        return
    if order.filled_quantity:
        end_for(strategy, FinishReason(order.purpose), f"the exchange has closed it at {order.trigger_price}")
    elif order.status in FINAL:
        strategy.look_at = now() + REPLACE_AFTER


def _advance(order: GridOrder, news: Progress) -> None:
    known = Progress(OrderStatus(order.status), order.filled_quantity)
    merged = merge(known, news, order.quantity)
    more = merged.filled_quantity - known.filled_quantity
    order.status, order.filled_quantity = merged.status, merged.filled_quantity
    if order.status in FINAL:
        order.cancel_wanted = False
    if more and order.cell is not None:
        order.cell.held += more if order.side == order.cell.opening_side else -more


def _revive(session: Session, strategy: GridStrategy, order: GridOrder) -> None:
    """News of an order that was believed refused or absent: a ghost. Its cell has gone on without it, so the ghost
    leaves the cell, is cancelled and booked on its own, and the cell is frozen until a human has looked."""
    was_known = order.order_id is not None or order.algo_id is not None
    if order.status not in (OrderStatus.REJECTED, OrderStatus.CANCELED) or was_known:
        return
    order.status = OrderStatus.UNKNOWN
    if not order.followed_up:
        return
    order.cancel_wanted = True
    if order.cell is not None:
        order.cell.frozen, order.cell.gap_reason = True, "an order believed absent appeared"
        order.cell = None
    tell(
        session,
        strategy,
        "ghost_order",
        f"order {order.client_order_id} appeared after it was believed absent; its cell is frozen",
        level="ALARM",
        client_order_id=order.client_order_id,
        cell_index=order.cell_index,
    )


def _watch_for_missing_trades(order: GridOrder) -> None:
    if order.booked_quantity < order.filled_quantity:
        order.next_check_at = order.next_check_at or now() + MISSING_TRADE_AFTER
    elif order.cancel_wanted:
        order.next_check_at = order.next_check_at or now()
    elif order.status not in (OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN):
        order.next_check_at = None
        if order.status in FINAL and not order.followed_up:
            flag_modified(order, "next_check_at")  # written also over a check that was put down since the row was read


def _settle(session: Session, strategy: GridStrategy, order: GridOrder) -> None:
    """Books the profit of the closing order, or of those that waited for a late trade of this opening one."""
    assert order.cell is not None
    if order.side != order.cell.opening_side:
        _book_round_trip(strategy, order.cell, order)
    elif order.followed_up:
        waiting = select(GridOrder).where(
            GridOrder.cell_id == order.cell_id,
            GridOrder.side != order.side,
            GridOrder.status.in_(FINAL),
            GridOrder.profit.is_(None),
        )
        for closing in session.scalars(waiting.order_by(GridOrder.sequence)):
            _book_round_trip(strategy, order.cell, closing)


def _book_round_trip(strategy: GridStrategy, cell: GridCell, closing: GridOrder) -> None:
    """Books the profit of a closing order that has ended, once every trade of both legs is known."""
    quantity = closing.booked_quantity
    complete = closing.status in FINAL and 0 < quantity == closing.filled_quantity <= cell.cost_quantity
    if not complete or closing.profit is not None:
        return
    rest, profit = cell.ledger.close(Side(closing.side), quantity, closing.booked_quote, closing.fee)
    cell.ledger, closing.profit = rest, profit
    strategy.ledger = strategy.ledger.add_grid_profit(profit, round_trips=0 if rest.held else 1)


def _next_of_cell(
    session: Session, strategy: GridStrategy, order: GridOrder, cell: GridCell, rules: SymbolRules
) -> list[GridOrder]:
    """A filled order brings its counterpart at once; one that ended otherwise comes back after a pause."""
    intent = next_order(_shape(cell), Side(order.side), order.quantity - order.filled_quantity, rules)
    cell.next_side, cell.next_quantity = intent.side, intent.quantity
    cell.next_purpose = order.purpose if intent.side == order.side else Purpose.COUNTER
    if order.status != OrderStatus.FILLED:
        cell.gap_reason = _why_bare(order, carry_quantity(_shape(cell), rules))
        cell.next_try_at = cell.next_try_at or now() + REPLACE_AFTER
        return []
    if cell.frozen or cell.changing or cell.generation != strategy.generation or not may_open(strategy):
        return []
    return [next_cell_order(session, strategy, cell)]


def _why_bare(order: GridOrder, carried: Decimal) -> str:
    """`carried`: what the cell holds and can't close by itself, base."""
    reason = order.last_error or f"the order was {order.status.lower()} at the venue"
    return f"{reason}; {carried.normalize():f} is carried into the cell's next closing order" if carried else reason


def _next_of_inventory(
    session: Session, strategy: GridStrategy, order: GridOrder, rules: SymbolRules
) -> list[GridOrder]:
    remainder = order.quantity - order.filled_quantity
    if may_open(strategy) and order.filled_quantity and remainder >= rules.market_min_quantity:
        again = new_order(session, strategy, side=Side(order.side), quantity=remainder, purpose=Purpose.INVENTORY)
        return [again, *release_inventory(session, strategy, rules)]
    return release_inventory(session, strategy, rules)


def release_inventory(session: Session, strategy: GridStrategy, rules: SymbolRules) -> list[GridOrder]:
    """Gives bought (sold) inventory to the cells that wait for it, nearest to the price first."""
    if not may_open(strategy):
        return []
    waiting = session.scalars(_WAITING_CELLS, run_of(strategy))
    nearest_first = sorted(waiting, key=lambda cell: cell.lower_price, reverse=strategy.strategy_type != "BULLISH")
    no_more_comes = _inventory_is_complete(session, strategy)
    released = []
    for cell in nearest_first:
        if strategy.pool_quantity < cell.quantity - cell.held and not no_more_comes:
            break
        released.append(_give_inventory(session, strategy, cell, rules))
    return released


def _inventory_is_complete(session: Session, strategy: GridStrategy) -> bool:
    session.flush()
    return session.scalars(_OPEN_INVENTORY, run_of(strategy)).first() is None


def _give_inventory(session: Session, strategy: GridStrategy, cell: GridCell, rules: SymbolRules) -> GridOrder:
    """Takes what the cell lacks (or what is left) out of the pool at its average cost."""
    strategy.pool, piece = strategy.pool.release(min(cell.quantity - cell.held, strategy.pool_quantity))
    cell.ledger = cell.ledger.receive(piece)
    cell.held += piece.held
    cell.awaits_inventory = False
    opening = Side(cell.opening_side)
    intent = next_order(_shape(cell), opening, cell.quantity - cell.held, rules)
    cell.next_side, cell.next_quantity, cell.next_purpose = intent.side, intent.quantity, Purpose.OPEN
    return next_cell_order(session, strategy, cell)


def _shape(cell: GridCell) -> Cell:
    return Cell(cell.lower_price, cell.upper_price, cell.quantity, Side(cell.opening_side), cell.held)
