"""Creating, previewing, changing and deleting strategies that don't run.

What is asked of the venue is asked first, within two seconds and outside of any transaction; what is then saved is
saved by the caller's session.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from core.accounts import REMOVED, account_of
from core.config import settings
from core.credentials import credentials_of
from core.db import Session
from core.deadline import Deadline
from core.domain.guards import Range, Review, SymbolUse, raise_for_errors, review
from core.domain.lifecycle import ACTIVE, DELETABLE, StrategyStatus
from core.domain.lines import resolve
from core.domain.parameters import GridType, MarginType, Parameters, StrategyType
from core.domain.plan import Running
from core.errors import Conflict, Invalid, NotFound
from core.exchange import account_api, public_api
from core.exchange.base import Balance
from core.execution.telling import tell
from core.models import (
    EquitySnapshot,
    Event,
    ExchangeApi,
    Fill,
    Funding,
    GridCell,
    GridOrder,
    GridStrategy,
    Installation,
    Operation,
)
from core.strategies import capital
from core.strategies.parameters import apply_parameters, parameters_of
from core.strategies.reading import own
from core.strategies.requests import begin_run
from core.symbols import RulesView, rules_of

OPTIONS = ("name", "close_position_on_stop", "profit_collection", "adaptive")
SETTLEMENT_ASSET = "USDT"
# How old a symbol's rules may be: it may have been halted a moment ago. A preview may follow each key that is pressed.
JUST_READ, READ_LATELY = timedelta(seconds=1), timedelta(minutes=1)
# Ways to say one thing: who gives one of them takes back the others.
_ALTERNATIVES = (
    ("grid_number", "grid_spacing", "grid_spacing_pct"),
    ("stop_loss", "stop_loss_pct"),
    ("take_profit", "take_profit_pct"),
)


class NotAllowed(Invalid):
    """The guards' refusal, with the allowed range of every field."""

    def __init__(self, refused: Invalid, ranges: Mapping[str, Range]) -> None:
        super().__init__(refused.reason, refused.message, refused.fields)
        self.ranges = ranges


@dataclass(frozen=True, slots=True)
class Checked:
    """Parameters that passed the guards, `settled`: with the range and the number of cells that follow from them."""

    settled: Parameters
    rules: RulesView
    entry_price: Decimal
    review: Review
    account: ExchangeApi | None
    wallet: Decimal | None = None  # of the account at that moment, USDT


@dataclass(frozen=True, slots=True)
class Stake:
    """What a grid that runs brings along to its own change: its cells, and the `margin` (quote) that it has in use."""

    running: Running
    margin: Decimal


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the database knows beside the parameters."""

    account: ExchangeApi | None
    other_orders: int
    symbol_use: SymbolUse | None
    committed: Decimal = Decimal(0)  # what the account's other strategies may still need, USDT
    has_orders: bool = False  # the strategy itself: what it needs is missing from what is available


def parameters_from(fields: Mapping[str, Any]) -> Parameters:
    """Of a new strategy; what is missing or None takes its default."""
    given = {name: value for name, value in fields.items() if value is not None and name not in OPTIONS}
    return Parameters(**{"strategy_type": StrategyType.NEUTRAL, "reserve": settings().grid_reserve, **given})


def merged(row: GridStrategy, changes: Mapping[str, Any]) -> Parameters:
    """The strategy's parameters with `changes`, of which None takes a parameter away."""
    changed = {name: value for name, value in changes.items() if name not in OPTIONS}
    for ways in _ALTERNATIVES:
        if any(changed.get(name) is not None for name in ways):
            changed = {name: None for name in ways if name not in changed} | changed
    if changed.get("grid_type", GridType.CUSTOM) is not GridType.CUSTOM:
        changed.setdefault("lines", None)
    return replace(parameters_of(row), **changed)


def check(
    user_id: int,
    exchange: str,
    parameters: Parameters,
    *,
    needs_account: bool,
    strategy_id: int | None = None,
    stake: Stake | None = None,
) -> Checked:
    """The guards' verdict at the price of this moment.

    `strategy_id` is the strategy that the parameters are for, if it exists, `stake` what it has if it runs. Raises
    NotAllowed, Conflict, VenueUnavailable.
    """
    with Session.reading() as session:
        around = _surroundings(session, user_id, exchange, parameters.symbol, strategy_id)
    if around.account is None and needs_account:
        raise Conflict("no_exchange_key", f"There is no key for {exchange}: add one first.")
    deadline = Deadline()
    price = deadline.begin(lambda: public_api(exchange).last_price(parameters.symbol))
    balance = _balance(exchange, around.account, deadline)
    rules = _rules(exchange, parameters.symbol, around.account, deadline, JUST_READ if needs_account else READ_LATELY)
    free, running = _free(balance(), around, stake), None if stake is None else stake.running
    verdict = review(parameters, rules.rules, price(), free, around.other_orders, around.symbol_use, running=running)
    _raise_for_errors(verdict)
    settled, wallet = resolve(parameters, rules.rules), balance()
    return Checked(settled, rules, price(), verdict, around.account, None if wallet is None else wallet.wallet_balance)


def check_changes(user_id: int, row: GridStrategy, changes: Mapping[str, Any], stake: Stake | None = None) -> Checked:
    """The verdict on a strategy's parameters with `changes`. Raises as `check` does, and Conflict (symbol_is_fixed)."""
    parameters = merged(row, changes)
    if row.generation > 0 and parameters.symbol != row.symbol:
        # The books of a strategy that has run are of one symbol.
        raise Conflict("symbol_is_fixed", f"The strategy has traded {row.symbol}: make another one for another symbol.")
    checked = check(user_id, row.exchange, parameters, needs_account=True, strategy_id=row.id, stake=stake)
    if checked.account is None or checked.account.id != row.account_id:
        raise _key_is_gone()
    return checked


def create(
    session: OrmSession, user_id: int, exchange: str, checked: Checked, options: Mapping[str, Any]
) -> GridStrategy:
    """Saves a new strategy."""
    if checked.account is None:
        raise Conflict("no_exchange_key", f"There is no key for {exchange}: add one first.")
    row = GridStrategy(user_id=user_id, account_id=checked.account.id, exchange=exchange, version=1)
    row.era = session.scalars(select(Installation.era)).one()
    _apply(row, checked)
    set_options(row, options)
    session.add(row)
    session.flush()
    tell(session, row, "strategy_created", f"Created: {row.strategy_type} {row.symbol}.", version=row.version)
    return row


def require_key(session: OrmSession, row: GridStrategy) -> None:
    """Raises Conflict (no_exchange_key) where the key that the strategy was made with has been removed.

    Holds the key's row until the end of the transaction, so that it is not removed in between.
    """
    if session.get_one(ExchangeApi, row.account_id, with_for_update=True).status == REMOVED:
        raise _key_is_gone()


def _key_is_gone() -> Conflict:
    return Conflict("no_exchange_key", "The key that this strategy was made with has been removed.")


def require_not_running(row: GridStrategy) -> None:
    """Raises Conflict (bad_state)."""
    if row.status in ACTIVE - {StrategyStatus.WAITING}:
        raise Conflict("bad_state", f"The strategy is {row.status}: stop it before changing its parameters.")


def set_options(row: GridStrategy, options: Mapping[str, Any]) -> None:
    """What may change at any time: nothing of the plan depends on it."""
    for name in OPTIONS:
        if options.get(name) is not None:
            setattr(row, name, options[name])


def change(session: OrmSession, row: GridStrategy, checked: Checked | None, options: Mapping[str, Any]) -> None:
    """Saves new parameters, if any, and options. Raises Conflict (bad_state) where there is a grid: that is another
    matter (core.strategies.updating)."""
    if checked is not None:
        require_not_running(row)
        _apply(row, checked)
        if row.status == StrategyStatus.WAITING:
            begin_run(row)
    set_options(row, options)
    row.version += 1
    session.flush()
    tell(session, row, "strategy_changed", "Changed.", version=row.version)


def delete(session: OrmSession, row: GridStrategy) -> None:
    """Removes a strategy that doesn't run. Its trades and funding stay in the account's books as nobody's.

    Raises Conflict (bad_state).
    """
    if row.status not in DELETABLE:
        raise Conflict("bad_state", f"The strategy is {row.status}: stop it before deleting it.")
    nobody = {"strategy_id": None}
    session.execute(update(Fill).where(Fill.strategy_id == row.id).values(strategy_id=None, grid_order_id=None))
    for kept in (Funding, Operation, Event):
        session.execute(update(kept).where(kept.strategy_id == row.id).values(nobody))
    for gone in (EquitySnapshot, GridOrder, GridCell):
        session.execute(sql_delete(gone).where(gone.strategy_id == row.id))
    session.delete(row)
    session.flush()
    session.add(
        Event(
            user_id=row.user_id,
            account_id=row.account_id,
            level="INFO",
            code="strategy_deleted",
            message=f"Deleted: strategy {row.id}, {row.strategy_type} {row.symbol}.",
        )
    )


def _surroundings(
    session: OrmSession, user_id: int, exchange: str, symbol: str, strategy_id: int | None
) -> _Surroundings:
    account = account_of(session, user_id, exchange)
    own_row = None if strategy_id is None else own(session, user_id, exchange, strategy_id)
    if account is None:
        return _Surroundings(None, 0, None)
    others = GridStrategy.account_id == account.id, GridStrategy.symbol == symbol, GridStrategy.id != (strategy_id or 0)
    user = session.scalars(select(GridStrategy).where(*others, GridStrategy.status.in_(ACTIVE)).limit(1)).first()
    return _Surroundings(
        account,
        capital.orders_of_others(session, account.id, symbol, strategy_id),
        None if user is None else SymbolUse(user.leverage, MarginType(user.margin_type)),
        capital.committed(session, account.id, strategy_id),
        own_row is not None and own_row.status in ACTIVE and own_row.entry_price is not None,
    )


def _rules(
    exchange: str, symbol: str, account: ExchangeApi | None, deadline: Deadline, kept_for: timedelta
) -> RulesView:
    try:
        return rules_of(exchange, symbol, account, deadline=deadline, kept_for=kept_for)
    except NotFound as unknown:
        if unknown.reason != "unknown_symbol":
            raise
        raise Invalid(unknown.reason, unknown.message, {"symbol": [unknown.message]}) from None


def _balance(exchange: str, account: ExchangeApi | None, deadline: Deadline) -> Callable[[], Balance | None]:
    """The account's, USDT; None without an account."""
    if account is None:
        return lambda: None
    read = deadline.begin(account_api(exchange, credentials_of(account)).balances)
    nothing = Balance(SETTLEMENT_ASSET, Decimal(0), Decimal(0))
    return lambda: next((one for one in read() if one.asset == SETTLEMENT_ASSET), nothing)


def _free(balance: Balance | None, around: _Surroundings, stake: Stake | None) -> Decimal | None:
    """What may back a grid, USDT: also when every order of the others fills."""
    if balance is None:
        return None
    left = max(Decimal(0), balance.wallet_balance - around.committed)
    if stake is not None:
        return min(balance.available_balance + stake.margin, left)
    return left if around.has_orders else min(balance.available_balance, left)


def _raise_for_errors(verdict: Review) -> None:
    try:
        raise_for_errors(verdict)
        if settings().refuse_liquidation_inside_range:
            _refuse_liquidation(verdict)
    except Invalid as refused:
        raise NotAllowed(refused, verdict.ranges) from None


def _refuse_liquidation(verdict: Review) -> None:
    for warning in verdict.warnings:
        if warning.code == "liquidation_inside_range":
            raise Invalid(warning.code, warning.message, {"leverage": [warning.message]})


def _apply(row: GridStrategy, checked: Checked) -> None:
    rules, plan = checked.rules.rules, checked.review.plan
    assert plan is not None, "a review without errors has a plan"
    apply_parameters(row, checked.settled)
    row.grid_number = len(plan.cells)
    row.budget, row.per_grid_amount = plan.budget, plan.per_grid_amount
    row.symbol_price_precision, row.symbol_qty_precision = rules.price_precision, rules.quantity_precision
    row.symbol_min_qty, row.symbol_min_notional = rules.min_quantity, rules.min_notional
    row.symbol_max_leverage = rules.max_leverage
