"""What the mark price starts and ends: the triggers that follow from strategies' rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, load_only

from core.clock import now
from core.domain.exact import PRECISE
from core.domain.lifecycle import ACTIVE, FinishReason, StrategyStatus, move
from core.domain.order import Side
from core.domain.risk import exceeds_loss, exposure_pnl, loss_price, outwards, stop_prices
from core.domain.symbol_rules import SymbolRules
from core.domain.triggers import ABOVE, BELOW, Trigger
from core.execution.intents import lock_strategies
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import GridCell, GridStrategy
from core.strategies.parameters import COLUMNS, parameters_of
from core.strategies.requests import begin_start
from core.strategies.trailing import trail_of

Triggers = dict[int, tuple[Trigger, ...]]  # by strategy id

STOP, START = "tasks.strategies.stop", "tasks.strategies.start"
PAUSE, UPDATE = "tasks.strategies.pause", "tasks.strategies.update"
STOPPABLE = (StrategyStatus.RUNNING, StrategyStatus.PAUSED)
ARMED = (*STOPPABLE, StrategyStatus.WAITING)
# A transaction is over, or aborted, this long after it has noted a change; hosts' clocks may differ by some seconds.
OVERLAP = timedelta(seconds=30)
_STATE = ("exchange", "status", "generation", "waited_above", "change", "trailed", "ladder_lower", "ladder_upper")
_READ = load_only(*(getattr(GridStrategy, name) for name in (*COLUMNS, *_STATE)))

_NOTED = select(GridStrategy.id, GridStrategy.rearmed_at).where(
    GridStrategy.exchange == bindparam("exchange"), GridStrategy.rearmed_at >= bindparam("since")
)
_NEXT = (
    select(GridStrategy.id)
    .where(
        GridStrategy.exchange == bindparam("exchange"),
        GridStrategy.status.in_(ARMED),
        GridStrategy.id > bindparam("after"),
    )
    .order_by(GridStrategy.id)
    .limit(bindparam("count"))
)


def noted_changes(session: Session, exchange: str, since: datetime) -> dict[int, datetime]:
    """When each strategy whose triggers may have changed since then has noted it."""
    noted = session.execute(_NOTED, {"exchange": exchange, "since": since - OVERLAP})
    return {row.id: row.rearmed_at for row in noted if row.rearmed_at is not None}


def next_armed(session: Session, exchange: str, after: int, count: int) -> list[int]:
    """The ids of the next `count` strategies that may have triggers."""
    return list(session.scalars(_NEXT, {"exchange": exchange, "after": after, "count": count}))


def triggers_of(session: Session, strategy_ids: Collection[int]) -> Triggers:
    """Empty where a strategy has none, or none any more."""
    if not strategy_ids:
        return {}
    rows = session.scalars(select(GridStrategy).where(GridStrategy.id.in_(strategy_ids)).options(_READ)).all()
    cells = _cells(session, rows)
    rules = {key: rules_of(session, *key) for key in {(row.exchange, row.symbol) for row in rows}}
    return dict.fromkeys(strategy_ids, ()) | {
        row.id: tuple(_triggers_of(row, cells[row.id], rules[row.exchange, row.symbol])) for row in rows
    }


def _cells(session: Session, rows: Iterable[GridStrategy]) -> dict[int, list[GridCell]]:
    """By strategy id, of those whose cells' losses are limited."""
    limited = {row.id: row.generation for row in rows if _is_limited(row)}
    found: dict[int, list[GridCell]] = defaultdict(list)
    for cell in session.scalars(select(GridCell).where(GridCell.strategy_id.in_(limited))) if limited else ():
        if cell.generation == limited[cell.strategy_id]:
            found[cell.strategy_id].append(cell)
    return found


def _is_limited(row: GridStrategy) -> bool:
    return row.cell_loss_limit is not None and row.status == StrategyStatus.RUNNING


def _triggers_of(row: GridStrategy, cells: Sequence[GridCell], rules: SymbolRules) -> Iterator[Trigger]:
    if row.status in STOPPABLE:
        yield from _stops(row, rules)
        yield from _trails(row, rules)
    if row.cell_loss_limit is not None and cells:
        yield from _loss_limits(row, cells, row.cell_loss_limit)
    if row.status == StrategyStatus.WAITING and row.trigger_price is not None:
        yield _start(row, row.trigger_price)


def _stops(row: GridStrategy, rules: SymbolRules) -> Iterator[Trigger]:
    parameters = parameters_of(row)
    prices = stop_prices(parameters, row.lower_price, row.upper_price, rules)
    reasons = (FinishReason.STOP_LOSS, FinishReason.TAKE_PROFIT)
    for reason, price, direction in zip(reasons, prices, outwards(parameters.strategy_type), strict=True):
        if price is not None:
            yield Trigger(row.symbol, direction, price, STOP, row.id, row.generation, (reason.value,))


def _trails(row: GridStrategy, rules: SymbolRules) -> Iterator[Trigger]:
    trail = trail_of(row, rules)
    for direction, price in ((ABOVE, trail.above), (BELOW, trail.below)):
        if price is not None:
            yield Trigger(row.symbol, direction, price, UPDATE, row.id, row.generation, lasting=False)


def _loss_limits(row: GridStrategy, cells: Sequence[GridCell], limit: Decimal) -> Iterator[Trigger]:
    """Where the first cell of each side would have lost the limit, had it opened at its line: what a cell holds and at
    which price changes with each fill, and is looked at when it is rung for."""
    for side, direction, first in ((Side.BUY, BELOW, max), (Side.SELL, ABOVE, min)):
        prices = [
            loss_price(side, cell.quantity, cell.lower_price if side is Side.BUY else cell.upper_price, limit)
            for cell in cells
            if cell.opening_side == side
        ]
        if prices and first(prices) > 0:
            yield Trigger(row.symbol, direction, first(prices), PAUSE, row.id, row.generation, lasting=False)


def _start(row: GridStrategy, trigger_price: Decimal) -> Trigger:
    """Where it is not known yet from which side the price comes, the first mark is news."""
    if row.waited_above is None:
        return Trigger(row.symbol, ABOVE, Decimal(0), START, row.id, row.generation)
    direction = BELOW if row.waited_above else ABOVE
    return Trigger(row.symbol, direction, trigger_price, START, row.id, row.generation)


def judge_trigger(session: Session, strategy_id: int, mark: Decimal) -> None:
    """The first mark tells from which side the trigger is awaited; the one that crosses it begins the start."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is None or strategy.status != StrategyStatus.WAITING or strategy.trigger_price is None:
        return
    if strategy.waited_above is None:
        strategy.waited_above = mark > strategy.trigger_price
    if mark == strategy.trigger_price or _start(strategy, strategy.trigger_price).is_reached(mark):
        begin_start(strategy)


def judge_cells(session: Session, strategy_id: int, mark: Decimal) -> None:
    """Pauses a running strategy of which a cell has lost its limit at this mark."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is None or not _is_limited(strategy):
        return
    cells = session.scalars(
        select(GridCell).where(GridCell.strategy_id == strategy_id, GridCell.generation == strategy.generation)
    )
    losing = [(pnl, cell) for cell in cells if exceeds_loss(pnl := _pnl(cell, mark), strategy.cell_loss_limit)]
    if not losing:
        return
    pnl, cell = min(losing, key=lambda one: one[0])
    strategy.status = move(StrategyStatus.RUNNING, StrategyStatus.PAUSED)
    strategy.look_at = now()
    tell(
        session,
        strategy,
        "cell_loss_limit",
        f"cell {cell.cell_index} has lost {-pnl} USDT at the mark price {mark}: paused",
        level="WARNING",
        cell_index=cell.cell_index,
        loss=format(-pnl, "f"),
        mark_price=format(mark, "f"),
    )


def _pnl(cell: GridCell, mark: Decimal) -> Decimal:
    """Of what it holds, quote, signed."""
    if not cell.cost_quantity:
        return Decimal(0)
    entry_price = PRECISE.divide(cell.held_cost, cell.cost_quantity)
    return exposure_pnl(Side(cell.opening_side), cell.cost_quantity, entry_price, mark)


def note_oddities(session: Session, exchange: str, odd: Mapping[str, str]) -> None:
    """Tells the active strategies on each symbol why nothing is decided on its marks, or (empty) that it is again."""
    concerned = select(GridStrategy).where(
        GridStrategy.exchange == exchange, GridStrategy.symbol.in_(odd), GridStrategy.status.in_(ACTIVE)
    )
    for strategy in session.scalars(concerned):
        words = odd[strategy.symbol]
        if words:
            message = f"{words}: stops, triggers and starts wait"
            tell(session, strategy, "market_odd", message, level="WARNING")
        else:
            tell(session, strategy, "market_calm", "the mark price is as usual again: what waited goes on")
