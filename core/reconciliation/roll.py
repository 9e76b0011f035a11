"""Roll calls: whether the orders that we believe to rest still do.

An event may be lost while the price is back before anybody has seen it there. The full reading of an account would find
that after minutes; its open orders are cheap enough to be listed every few seconds.
"""

import math
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import ACTIVE
from core.domain.order import RESTING
from core.exchange import account_api
from core.models import ExchangeApi, GridOrder, GridStrategy

EVERY_S = 5
CALLS_A_SECOND = 2  # over all accounts, two requests of weight 1 each: a tenth of what an address may ask
NEWS_WITHIN = timedelta(seconds=2)

_ACTIVE = (
    select(GridStrategy.account_id, GridStrategy.symbol)
    .join(ExchangeApi, ExchangeApi.id == GridStrategy.account_id)
    .where(GridStrategy.status.in_(ACTIVE), ExchangeApi.status == "OK")
    .distinct()
)
_RESTING = select(GridOrder.client_order_id, GridOrder.id).where(
    GridOrder.account_id == bindparam("account_id"),
    GridOrder.symbol == bindparam("symbol"),
    GridOrder.status.in_(RESTING),
)


def due(session: OrmSession) -> list[tuple[int, str]]:
    """(account id, symbol) of those whose turn is this second. With many of them the turns come less often."""
    pairs = sorted((row.account_id, row.symbol) for row in session.execute(_ACTIVE))
    # Odd, so that sweeps which come only every other second reach them all.
    period = max(EVERY_S, math.ceil(len(pairs) / CALLS_A_SECOND)) | 1
    return pairs[int(now().timestamp()) % period :: period]


def call(account_id: int, symbol: str) -> None:
    """Puts down to be asked for what the venue lists no more, unless its news comes first. Raises VenueUnavailable."""
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
        believed = believed_to_rest(session, account_id, symbol)
    if not believed:
        return
    api = account_api(account.exchange, credentials_of(account), routine=True)
    listed = {news.client_order_id for news in (*api.open_orders(symbol), *api.open_conditional_orders(symbol))}
    with Session.begin() as session:
        ask_for(session, [number for name, number in believed.items() if name not in listed], NEWS_WITHIN)


def believed_to_rest(session: OrmSession, account_id: int, symbol: str) -> dict[str, int]:
    """Client order ids with the ids of their rows."""
    resting = session.execute(_RESTING, {"account_id": account_id, "symbol": symbol})
    return {row.client_order_id: row.id for row in resting}


def ask_for(session: OrmSession, order_ids: Collection[int], after: timedelta = timedelta(0)) -> None:
    """Those that still seem to rest are asked for, `after` a while."""
    if not order_ids:
        return
    due_at = now() + after
    session.execute(
        update(GridOrder)
        .where(
            GridOrder.id.in_(order_ids),
            GridOrder.status.in_(RESTING),
            GridOrder.next_check_at.is_(None) | (GridOrder.next_check_at > due_at),
        )
        .values(next_check_at=due_at)
    )
