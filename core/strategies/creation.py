"""Creating strategies, and changing those that don't run, once the verdict on them is known."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.domain.lifecycle import ACTIVE, StrategyStatus
from core.errors import Conflict
from core.execution.telling import tell
from core.models import GridStrategy, Installation
from core.strategies.parameters import OPTIONS, apply_parameters
from core.strategies.requests import begin_run
from core.strategies.verdict import Checked


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


def _apply(row: GridStrategy, checked: Checked) -> None:
    rules, plan = checked.rules.rules, checked.review.plan
    assert plan is not None, "a review without errors has a plan"
    apply_parameters(row, checked.settled)
    row.grid_number = len(plan.cells)
    row.budget, row.per_grid_amount = plan.budget, plan.per_grid_amount
    row.symbol_price_precision, row.symbol_qty_precision = rules.price_precision, rules.quantity_precision
    row.symbol_min_qty, row.symbol_min_notional = rules.min_quantity, rules.min_notional
    row.symbol_max_leverage = rules.max_leverage
