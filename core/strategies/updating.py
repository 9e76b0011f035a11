"""The change of a running grid, as a saga: what is to go or to be resized is cancelled, one by one and to a final
state; then, in one transaction, the cells become those that were planned; then inventory is traded and the new orders
are accepted. What fills meanwhile is booked, and counted when the cells change."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import joinedload

from core.clock import now
from core.credentials import credentials_of
from core.db import Session
from core.domain.cell import Cell, next_order
from core.domain.change import Change, Fate, Outcome, change
from core.domain.order import FINAL, LIVE, Side
from core.domain.parameters import StrategyType
from core.domain.plan import PlannedCell
from core.errors import Unavailable, VenueRefused
from core.exchange import account_api
from core.execution.intents import Cancel, lock_strategies, may_open, next_cell_order
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import ExchangeApi, GridCell, GridOrder, GridStrategy
from core.strategies.ending import conclude
from core.strategies.parameters import apply_parameters
from core.strategies.settling import finish, settle, wait_for_user
from core.strategies.standing import cell_rows, standing_of
from core.strategies.starting import cell_of
from core.strategies.stopping import take_back
from core.strategies.wanted import Stage, Wanted, wanted_from


def change_to(strategy: GridStrategy, cells: Sequence[GridCell], wanted: Wanted) -> Change:
    """What is still to be done to the cells."""
    inventory_side = StrategyType(strategy.strategy_type).inventory_side
    return change([standing_of(cell) for cell in cells], wanted.cells, inventory_side, strategy.pool_quantity)


def step(session: OrmSession, strategy: GridStrategy) -> list[Cancel]:
    """As far as it goes now. Repeatable; under the strategy's lock."""
    if strategy.change is None:
        return []
    wanted = wanted_from(strategy.change)
    strategy.look_at = now()
    if wanted.stage is Stage.SETTLING:
        settle(session, strategy, wanted)
        return []
    cells = {cell.id: cell for cell in cell_rows(session, strategy)}
    made = change_to(strategy, list(cells.values()), wanted)
    if not may_open(strategy) and not made.is_empty:
        wait_for_user(strategy)
        return []
    if wanted.steps and any(outcome.surplus for outcome in made.of(Fate.DROPPED)):
        abandon(session, strategy, "the cell that trailing would drop is not flat any more")
        return []
    return _advance(session, strategy, wanted, cells, made)


def _advance(
    session: OrmSession, strategy: GridStrategy, wanted: Wanted, cells: dict[int, GridCell], made: Change
) -> list[Cancel]:
    changing = [cells[outcome.cell.key] for outcome in (*made.of(Fate.DROPPED), *made.of(Fate.RESIZED))]
    cancels = _take_back(session, strategy, changing)
    if cancels or not _are_quiet(session, changing):
        strategy.waiting_for = "the end of the orders that the change of the grid takes back"
    elif wanted.stage is Stage.CANCELLING and wanted.parameters.leverage != strategy.leverage:
        strategy.change = wanted.at(Stage.LEVERAGE).as_json()
    elif wanted.stage is not Stage.LEVERAGE:
        _apply(session, strategy, wanted, cells, change_to(strategy, list(cells.values()), wanted))
    return cancels


def set_leverage(strategy_id: int) -> None:
    """Tells the venue, where the change has come to that. Where the venue refuses, the grid stays as it was."""
    with Session.reading() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        account = session.get_one(ExchangeApi, strategy.account_id)
    if strategy.change is None or strategy.change["stage"] != Stage.LEVERAGE:
        return
    wanted, refusal, waiting_for = wanted_from(strategy.change), "", ""
    try:
        account_api(strategy.exchange, credentials_of(account)).set_leverage(
            strategy.symbol, wanted.parameters.leverage
        )
    except Unavailable as error:
        waiting_for = f"the exchange: {error.message}"
    except VenueRefused as error:
        refusal = error.message
    with Session.begin() as session:
        locked = lock_strategies(session, [strategy_id])[strategy_id]
        if locked.change != strategy.change:
            return
        if refusal:
            abandon(session, locked, refusal)
        elif waiting_for:
            locked.waiting_for = waiting_for
        else:
            locked.change = wanted.at(Stage.APPLYING).as_json()


def abandon(session: OrmSession, strategy: GridStrategy, why: str) -> None:
    """The grid stays what it was; orders that were taken back come again."""
    for cell in cell_rows(session, strategy):
        cell.changing = False
    strategy.change, strategy.waiting_for = None, ""
    conclude(session, strategy, why, update=True)
    tell(session, strategy, "change_abandoned", f"The grid was not changed: {why}.", level="WARNING")


def _take_back(session: OrmSession, strategy: GridStrategy, changing: Sequence[GridCell]) -> list[Cancel]:
    for cell in changing:
        cell.changing = True
    live = session.scalars(
        select(GridOrder)
        .where(GridOrder.cell_id.in_([cell.id for cell in changing]), GridOrder.status.in_(LIVE))
        .options(joinedload(GridOrder.cell))
        .order_by(GridOrder.id)
        .execution_options(populate_existing=True)
    )
    return take_back(session, strategy, live.all())


def _are_quiet(session: OrmSession, cells: Sequence[GridCell]) -> bool:
    """Nothing of them is live, and every trade is booked."""
    session.flush()
    open_ones = select(GridOrder.id).where(
        GridOrder.cell_id.in_([cell.id for cell in cells]),
        GridOrder.status.not_in(FINAL) | (GridOrder.booked_quantity != GridOrder.filled_quantity),
    )
    return session.scalars(open_ones.limit(1)).first() is None


# --- the cells become those that were planned


def _apply(
    session: OrmSession, strategy: GridStrategy, wanted: Wanted, cells: dict[int, GridCell], made: Change
) -> None:
    opening_prices = {cell.between: cell.opening_price for cell in wanted.cells}
    for outcome in made.outcomes:
        cell = cells[outcome.cell.key]
        cell.opening_price = opening_prices.get(outcome.cell.between, cell.opening_price)
        _become(session, strategy, cell, outcome)
    _add(session, strategy, made.new)
    _take_over(strategy, wanted)
    _tell(session, strategy, wanted, made)
    if made.is_empty:
        finish(session, strategy)
    else:
        strategy.change = wanted.at(Stage.SETTLING).as_json()
        settle(session, strategy, wanted)


def _add(session: OrmSession, strategy: GridStrategy, new: Sequence[PlannedCell]) -> None:
    indices = select(func.max(GridCell.cell_index)).where(
        GridCell.strategy_id == strategy.id, GridCell.generation == strategy.generation
    )
    first = session.scalars(indices).one() + 1
    added = [cell_of(strategy, planned, first + number) for number, planned in enumerate(new)]
    session.add_all(added)
    session.flush()
    for cell in added:
        if not cell.awaits_inventory:
            next_cell_order(session, strategy, cell)


def _tell(session: OrmSession, strategy: GridStrategy, wanted: Wanted, made: Change) -> None:
    kept, dropped = (sum(1 for _ in made.of(fate)) for fate in (Fate.KEPT, Fate.DROPPED))
    tell(
        session,
        strategy,
        "trailed" if wanted.steps else "updated",
        f"{wanted.because}: {kept} cells kept their orders, {len(made.outcomes) - kept - dropped} are resized, "
        f"{dropped} dropped, {len(made.new)} new; {made.trade.normalize():f} traded at market.",
        kept=kept,
        dropped=dropped,
        new=len(made.new),
        trade=format(made.trade, "f"),
        lower_price=format(strategy.lower_price, "f"),
        upper_price=format(strategy.upper_price, "f"),
    )


def _become(session: OrmSession, strategy: GridStrategy, cell: GridCell, outcome: Outcome) -> None:
    cell.quantity = outcome.quantity or cell.quantity
    cell.changing = False
    if outcome.surplus:
        _give_up(strategy, cell, outcome.surplus)
    if outcome.fate is Fate.DROPPED:
        cell.dropped, cell.awaits_inventory = True, False
    elif outcome.missing:
        cell.awaits_inventory = True
    elif outcome.fate is Fate.RESIZED:
        side = Side(cell.next_side)
        shape = Cell(cell.lower_price, cell.upper_price, cell.quantity, Side(cell.opening_side), cell.held)
        remainder = cell.quantity - cell.held if side is shape.opening_side else cell.held
        intent = next_order(shape, side, remainder, rules_of(session, strategy.exchange, strategy.symbol))
        cell.next_side, cell.next_quantity = intent.side, intent.quantity
        if not cell.frozen:
            next_cell_order(session, strategy, cell)


def _give_up(strategy: GridStrategy, cell: GridCell, surplus: Decimal) -> None:
    """Into the pool: from there another cell gets it, or it is traded."""
    cell.ledger, piece = cell.ledger.release(surplus)
    cell.held -= surplus
    if StrategyType(strategy.strategy_type).inventory_side is None:
        strategy.pool_quantity += Side(cell.opening_side).sign * surplus
    else:
        strategy.pool = strategy.pool.receive(piece)


def _take_over(strategy: GridStrategy, wanted: Wanted) -> None:
    if wanted.steps:
        strategy.ladder_lower = strategy.ladder_lower or strategy.lower_price
        strategy.ladder_upper = strategy.ladder_upper or strategy.upper_price
        strategy.trailed += wanted.steps
        strategy.version += 1
    elif not wanted.keeps_lines:
        strategy.ladder_lower = strategy.ladder_upper = None
        strategy.trailed = 0
    apply_parameters(strategy, wanted.parameters)
    strategy.grid_number = len(wanted.cells)
    strategy.budget, strategy.per_grid_amount = wanted.budget, wanted.per_grid_amount
