"""The start: the whole plan in one transaction, from the price at this moment; then orders go out as tokens allow."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.credentials import credentials_of
from core.db import Session
from core.domain.checks import order_count_problems
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, Purpose
from core.domain.plan import Plan, PlannedCell
from core.errors import Conflict, Refused, Unavailable, VenueRefused
from core.exchange import account_api
from core.execution.intents import lock_strategies, new_order, next_cell_order, of_run, run_of
from core.execution.telling import tell
from core.models import ExchangeApi, GridCell, GridOrder, GridStrategy
from core.strategies import capital
from core.strategies.ending import fail, open_operation
from core.strategies.parameters import parameters_of
from core.strategies.protection import is_alone
from core.strategies.surroundings import margin_of_user, orders_of_user
from core.strategies.verdict import Checked, check

_ACCEPTED = exists().where(
    GridOrder.cell_id == GridCell.id, GridOrder.generation == GridCell.generation, GridOrder.order_id.is_not(None)
)
_NOT_ACCEPTED = select(GridCell.id).where(of_run(GridCell), ~_ACCEPTED).limit(1)
_REFUSED = select(GridOrder.last_error).where(of_run(GridOrder), GridOrder.status == OrderStatus.REJECTED).limit(1)


def make_plan(strategy_id: int) -> None:
    """Asks the venue and stores the plan, once. Where the venue is away, the start waits and says so; where the plan
    can't be, it fails and says why."""
    with Session.reading() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        account = session.get_one(ExchangeApi, strategy.account_id)
        if strategy.entry_price is not None:
            return
    odd = (bus.mark(strategy.exchange, strategy.symbol) or {}).get("odd")
    if odd:
        _say(strategy_id, odd)
        return
    try:
        prepared = _prepare(strategy, account)
    except Unavailable as error:
        _say(strategy_id, f"the exchange: {error.message}")
        return
    except (Refused, VenueRefused) as error:
        with Session.begin() as session:
            locked = lock_strategies(session, [strategy_id])[strategy_id]
            if locked.status == StrategyStatus.STARTING and locked.generation == strategy.generation:
                fail(session, locked, error.message)
        return
    with Session.begin() as session:
        locked = capital.lock(session, strategy)
        unplanned = locked.entry_price is None and locked.generation == strategy.generation
        if locked.status != StrategyStatus.STARTING or not unplanned:
            return
        lack = _lack(session, locked, prepared)
        if lack is None:
            _store(session, locked, prepared)
        else:
            fail(session, locked, lack)


def is_done(session: OrmSession, strategy: GridStrategy) -> bool:
    """Every cell has had its order accepted by the venue; one that has been cancelled since is RUNNING's to replace."""
    if strategy.entry_price is None:
        return False
    return session.scalars(_NOT_ACCEPTED, run_of(strategy)).first() is None


def refusal(session: OrmSession, strategy: GridStrategy) -> str | None:
    """The venue's words, where it has refused an order of this start for good."""
    return session.scalars(_REFUSED, run_of(strategy)).first()


def _prepare(strategy: GridStrategy, account: ExchangeApi) -> Checked:
    """The guards' verdict at this moment's price, on an account that is set up for it.

    Raises Unavailable, Refused, VenueRefused.
    """
    api = account_api(strategy.exchange, credentials_of(account))
    mode = api.check_key()
    if mode.hedge_mode or mode.multi_assets_mode:
        raise Conflict("account_mode", "the account is in hedge or multi-assets mode: switch it off at the exchange")
    setting = api.symbol_setting(strategy.symbol)
    if setting.margin_type != strategy.margin_type:
        api.set_margin_type(strategy.symbol, strategy.margin_type)
    if setting.leverage != strategy.leverage:
        api.set_leverage(strategy.symbol, strategy.leverage)
    return check(
        strategy.user_id,
        strategy.exchange,
        parameters_of(strategy),
        needs_account=True,
        strategy_id=strategy.id,
    )


def _lack(session: OrmSession, strategy: GridStrategy, checked: Checked) -> str | None:
    """What other strategies have taken since the check: two may have been checked at once."""
    assert checked.review.plan is not None
    assert checked.told is not None, "a start has an account"
    wallet = checked.told.balance.wallet_balance - margin_of_user(checked.around, checked.told, strategy.leverage)
    free = wallet - capital.committed(session, strategy.account_id, strategy.id)
    if strategy.total_investment > free:
        return f"the grid needs {strategy.total_investment} USDT of margin, available are {free} USDT"
    taken = capital.orders_of_others(session, strategy.account_id, strategy.symbol, strategy.id)
    taken += len(orders_of_user(checked.around, checked.told, strategy.symbol))
    problems = order_count_problems(checked.settled, len(checked.review.plan.cells), checked.rules.rules, taken)
    return problems[0].message if problems else None


def _store(session: OrmSession, strategy: GridStrategy, checked: Checked) -> None:
    plan, rules = checked.review.plan, checked.rules.rules
    assert plan is not None, "a review without errors has a plan"
    strategy.entry_price = checked.entry_price
    strategy.first_entry_price = strategy.first_entry_price or checked.entry_price
    strategy.budget, strategy.per_grid_amount = plan.budget, plan.per_grid_amount
    strategy.grid_number = len(plan.cells)
    strategy.symbol_price_precision, strategy.symbol_qty_precision = rules.price_precision, rules.quantity_precision
    strategy.symbol_min_qty, strategy.symbol_min_notional = rules.min_quantity, rules.min_notional
    strategy.symbol_max_leverage = rules.max_leverage
    strategy.waiting_for = ""
    strategy.alone = is_alone(session, strategy)
    _tell_reset(session, strategy, plan)
    cells = [_first_cell(strategy, planned, bool(plan.inventory_orders)) for planned in plan.cells]
    session.add_all(cells)
    session.flush()
    for quantity in plan.inventory_orders:
        assert plan.inventory_side is not None
        new_order(session, strategy, side=plan.inventory_side, quantity=quantity, purpose=Purpose.INVENTORY)
    for cell in cells:
        if not cell.awaits_inventory:
            next_cell_order(session, strategy, cell)


def _tell_reset(session: OrmSession, strategy: GridStrategy, plan: Plan) -> None:
    """The plan of a reset, once it is known; of any other start nothing is said."""
    operation = open_operation(session, strategy)
    if operation is None or operation.kind != "reset":
        return
    cancelled, new = operation.arguments.get("cancelled", 0), len(plan.cells)
    trade = plan.inventory_quantity * (plan.inventory_side.sign if plan.inventory_side else 1)
    tell(
        session,
        strategy,
        "reset",
        f"Reset to {plan.lines[0]} - {plan.lines[-1]} at {strategy.entry_price}: 0 orders kept, {cancelled} cancelled, "
        f"{new} new; {trade.normalize():f} traded at market.",
        kept=0,
        cancelled=cancelled,
        new=new,
        trade=format(trade, "f"),
        lower_price=format(plan.lines[0], "f"),
        upper_price=format(plan.lines[-1], "f"),
    )


def _first_cell(strategy: GridStrategy, planned: PlannedCell, inventory_comes: bool) -> GridCell:
    """A cell whose inventory is too small to be bought at market starts with its opening order instead."""
    cell = cell_of(strategy, planned, planned.cell_index)
    if planned.needs_inventory and not inventory_comes:
        cell.awaits_inventory, cell.next_side = False, planned.opening_side
    return cell


def cell_of(strategy: GridStrategy, planned: PlannedCell, cell_index: int) -> GridCell:
    """The row of a cell that holds nothing yet."""
    return GridCell(
        strategy_id=strategy.id,
        generation=strategy.generation,
        cell_index=cell_index,
        lower_price=planned.lower,
        upper_price=planned.upper,
        quantity=planned.quantity,
        opening_side=planned.opening_side,
        opening_price=planned.opening_price,
        next_side=planned.first_side,
        next_quantity=planned.quantity,
        next_purpose=Purpose.OPEN,
        awaits_inventory=planned.needs_inventory,
    )


def _say(strategy_id: int, waiting_for: str) -> None:
    with Session.begin() as session:
        strategy = lock_strategies(session, [strategy_id])[strategy_id]
        if strategy.status == StrategyStatus.STARTING:
            strategy.waiting_for = waiting_for
