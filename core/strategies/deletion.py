"""The end of a strategy that does not run."""

from sqlalchemy import delete as sql_delete
from sqlalchemy import update
from sqlalchemy.orm import Session as OrmSession

from core.accounts import REMOVED
from core.domain.lifecycle import DELETABLE, FinishReason
from core.errors import Conflict
from core.models import (
    EquitySnapshot,
    Event,
    ExchangeApi,
    Fill,
    Forecast,
    Funding,
    GridCell,
    GridOrder,
    GridStrategy,
    Operation,
)


def delete(session: OrmSession, row: GridStrategy) -> None:
    """Removes a strategy that doesn't run. Its trades and funding stay in the account's books as nobody's.

    Raises Conflict (bad_state, orders_left).
    """
    if row.status not in DELETABLE:
        raise Conflict("bad_state", f"The strategy is {row.status}: stop it before deleting it.")
    if _waits_for_key(session, row):
        raise Conflict("orders_left", "Its orders are left at the exchange: give a key that works, or remove the key.")
    nobody = {"strategy_id": None}
    session.execute(update(Fill).where(Fill.strategy_id == row.id).values(strategy_id=None, grid_order_id=None))
    for kept in (Funding, Operation, Event, Forecast):
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


def _waits_for_key(session: OrmSession, row: GridStrategy) -> bool:
    """While there is a key, what it has left at the venue is still to be taken back."""
    if row.finish_reason != FinishReason.KEY_REVOKED or not row.waiting_for:
        return False
    return session.get_one(ExchangeApi, row.account_id).status != REMOVED
