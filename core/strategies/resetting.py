"""What a reset makes of a grid: checked, and told as a plan. The saga is stopping and starting."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.db import Session
from core.domain.lifecycle import ACTIVE
from core.domain.order import Side
from core.domain.parameters import Parameters
from core.domain.plan import PlannedCell, Warning
from core.models import GridCell, GridOrder, GridStrategy
from core.strategies.parameters import OPTIONS, parameters_of
from core.strategies.proposals import Proposal, as_plan, facts_of, first_orders, live_orders, resting
from core.strategies.reading import own
from core.strategies.requests import closes, require_resettable
from core.strategies.standing import cell_rows, planned_of
from core.strategies.surroundings import backing_of
from core.strategies.verdict import Checked, check_changes
from core.strategies.wanted import Wanted


def reset_parameters(user_id: int, exchange: str, strategy_id: int, changes: Mapping[str, Any]) -> Parameters | None:
    """The checked parameters of the next run, None where they stay. Raises NotFound, and as `check` does."""
    with Session.reading() as session:
        row = own(session, user_id, exchange, strategy_id)
    if not changes.keys() - set(OPTIONS):
        return None
    return check_changes(user_id, row, changes).settled


def propose_reset(
    user_id: int, exchange: str, strategy_id: int, close_position: bool | None, changes: Mapping[str, Any]
) -> Proposal:
    """At the price of this moment; what fills until it is done is not in it. Raises as `propose` does."""
    with Session.reading() as session:
        row = own(session, user_id, exchange, strategy_id)
        require_resettable(row)
        cells = cell_rows(session, row) if row.status in ACTIVE and row.entry_price is not None else []
        orders = live_orders(session, cells)
        standing = [planned_of(row, cell) for cell in cells]
    closed = row.position if closes(row, close_position) else Decimal(0)
    checked = check_changes(user_id, row, _with_profit(row, changes), leaves_position=not closed)
    return _proposal(row, checked, (cells, standing, orders), closed)


def _with_profit(row: GridStrategy, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what a reset invests again."""
    earned = row.ledger.earned(row.profit_settled)
    invested = changes.get("total_investment", row.total_investment)
    if not earned or changes.get("profit_collection", row.profit_collection) or invested != row.total_investment:
        return changes
    return {**changes, "total_investment": invested + earned}


def _proposal(
    row: GridStrategy,
    checked: Checked,
    now_there: tuple[Sequence[GridCell], Sequence[PlannedCell], Mapping[int, GridOrder]],
    closed: Decimal,
) -> Proposal:
    plan = checked.review.plan
    assert plan is not None, "a review without errors has a plan"
    cells, standing, orders = now_there
    bought = sum(plan.inventory_orders, Decimal(0))
    alone = backing_of(checked.around, checked.told, leaves_position=False)
    before = None if not standing else facts_of(parameters_of(row), as_plan(plan, standing), checked, alone)
    return Proposal(
        wanted=Wanted(
            checked.settled, plan.cells, checked.entry_price, plan.budget, plan.per_grid_amount, False, "Reset"
        ),
        checked=checked,
        kept=(),
        cancelled=tuple(resting([cell.id for cell in cells], orders)),
        new=tuple(first_orders(plan.cells)),
        inventory_side=plan.inventory_side if bought else None,
        inventory_quantity=bought,
        fees=(bought + abs(closed)) * checked.entry_price * checked.rules.rules.taker_fee,
        before=before,
        after=facts_of(checked.settled, plan, checked, checked.backing),
        warnings=(*checked.review.warnings, *_left(row, closed)),
        closed_quantity=closed,
    )


def _left(row: GridStrategy, closed: Decimal) -> Sequence[Warning]:
    """A position that no cell of the next run will close."""
    if closed or not row.position:
        return ()
    side = Side.BUY if row.position > 0 else Side.SELL
    message = f"the position of {row.position} stays, and no order of the new grid closes it: close_position would"
    return (Warning("position_stays", message, {"position": row.position, "side": side.value}),)
