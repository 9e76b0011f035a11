"""An account's trades of a symbol, read by cursor. The cursor moves only with a page that was read, in the same
transaction: the venue's trade ids have gaps, so that only a complete list shows what is missing."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.db import Session
from core.domain.liquidation import closed_by_venue
from core.domain.order import OrderNews, OrderStatus, Trade
from core.errors import VenueUnavailable
from core.exchange.base import AccountApi
from core.execution.events import Consequences, Finding, apply_findings
from core.models import Fill, GridOrder, GridStrategy, TradeCursor
from core.reconciliation import restored
from core.reconciliation.foreign import book_closed_by_venue, book_external, external_position

PAGE = 1000


def read_trades(account_id: int, api: AccountApi, symbol: str) -> Consequences:
    """Books every trade after the cursor, page by page. Raises VenueUnavailable, also where the order behind a trade
    can't be read yet; what was booked until then stays."""
    consequences = Consequences()
    while True:
        with Session.reading() as session:
            cursor = session.get(TradeCursor, (account_id, symbol))
            last = 0 if cursor is None else cursor.trade_id
        page = api.trades(symbol, last + 1 if last else 0)
        if page:
            orders = _orders_behind(account_id, api, symbol, page)
            known = _as_far_as_known(page, orders)
            if not restored.knows_all(account_id, set(orders.values())):
                consequences.add(restored.take_in(account_id, api, symbol))
            with Session.begin() as session:
                consequences.add(_book_page(session, account_id, symbol, known, orders))
            if len(known) < len(page):
                raise VenueUnavailable("the order behind a trade can't be read yet")
        if len(page) < PAGE:
            return consequences


def position_is_explained(account_id: int, api: AccountApi, symbol: str) -> bool:
    """Whether the venue's position is the sum of the strategies' and of the external trades."""
    with Session.reading() as session:
        known = booked_position(session, account_id, symbol)
    at_venue = sum((position.quantity for position in api.positions(symbol)), Decimal(0))
    return at_venue == known


def booked_position(session: OrmSession, account_id: int, symbol: str) -> Decimal:
    """Signed, base: of all strategies and external trades of the account."""
    strategies = session.scalars(
        select(GridStrategy.position).where(GridStrategy.account_id == account_id, GridStrategy.symbol == symbol)
    )
    return sum(strategies, external_position(session, account_id, symbol))


def _orders_behind(account_id: int, api: AccountApi, symbol: str, page: Sequence[Trade]) -> dict[str, str]:
    """Venue order id -> client order id, of every trade of the page. Orders nobody here knows are read first: only
    the client id shows whose a trade is. One that can't be read is missing here while it may be one of ours in doubt;
    else it is not ours."""
    order_ids = {trade.order_id for trade in page}
    with Session.reading() as session:
        may_be_ours = _has_doubts(session, account_id, symbol)
        known = session.execute(
            select(GridOrder.order_id, GridOrder.client_order_id).where(
                GridOrder.account_id == account_id, GridOrder.symbol == symbol, GridOrder.order_id.in_(order_ids)
            )
        )
        behind = {row.order_id: row.client_order_id for row in known if row.order_id is not None}
        booked = session.scalars(
            select(Fill.order_id).where(
                Fill.account_id == account_id,
                Fill.symbol == symbol,
                Fill.order_id.in_(order_ids - set(behind)),
                Fill.strategy_id.is_(None),
            )
        )
        behind |= dict.fromkeys(booked, "")
    for order_id in order_ids - set(behind):
        news: OrderNews | None = api.order_by_id(symbol, order_id)
        if news is not None or not may_be_ours:
            behind[order_id] = "" if news is None else news.client_order_id
    return behind


def _as_far_as_known(page: Sequence[Trade], orders: dict[str, str]) -> list[Trade]:
    return list(takewhile(lambda trade: trade.order_id in orders, page))


def _has_doubts(session: OrmSession, account_id: int, symbol: str) -> bool:
    doubtful = select(GridOrder.id).where(
        GridOrder.account_id == account_id,
        GridOrder.symbol == symbol,
        GridOrder.status.in_((OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)),
    )
    return session.scalars(doubtful.limit(1)).first() is not None


def _book_page(
    session: OrmSession, account_id: int, symbol: str, page: Sequence[Trade], orders: dict[str, str]
) -> Consequences:
    ours = set(
        session.scalars(
            select(GridOrder.client_order_id).where(
                GridOrder.account_id == account_id, GridOrder.client_order_id.in_(set(orders.values()))
            )
        )
    )
    booked = _booked(session, account_id, symbol, page)
    findings = [
        Finding(orders[trade.order_id], trade=trade)
        for trade in page
        if orders[trade.order_id] in ours and (trade.trade_id, trade.order_id) not in booked
    ]
    foreign = [(trade, closed_by_venue(orders[trade.order_id])) for trade in page if orders[trade.order_id] not in ours]
    consequences = apply_findings(session, account_id, findings)
    book_external(session, account_id, [trade for trade, reason in foreign if reason is None])
    for trade, reason in foreign:
        if reason is not None:
            book_closed_by_venue(session, account_id, trade, reason)
    if page:
        _move_cursor(session, account_id, symbol, max(int(trade.trade_id) for trade in page))
    return consequences


def _booked(session: OrmSession, account_id: int, symbol: str, page: Sequence[Trade]) -> set[tuple[str, str]]:
    """(trade id, order id) of those that were booked as an order's of ours: nothing more can come of them."""
    booked = select(Fill.trade_id, Fill.order_id).where(
        Fill.account_id == account_id,
        Fill.symbol == symbol,
        Fill.trade_id.in_({trade.trade_id for trade in page}),
        Fill.grid_order_id.is_not(None),
    )
    return {(row.trade_id, row.order_id) for row in session.execute(booked)}


def _move_cursor(session: OrmSession, account_id: int, symbol: str, trade_id: int) -> None:
    cursor = session.get(TradeCursor, (account_id, symbol), with_for_update=True)
    if cursor is None:
        session.add(TradeCursor(account_id=account_id, symbol=symbol, trade_id=trade_id))
    else:
        cursor.trade_id = max(cursor.trade_id, trade_id)
