"""An account's trades of a symbol, read by cursor. The cursor moves only with a page that was read, in the same
transaction: the venue's trade ids have gaps, so that only a complete list shows what is missing."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as OrmSession

from core.clock import from_ms
from core.db import Session
from core.domain.order import OrderNews, Trade
from core.exchange.base import AccountApi
from core.execution.events import Consequences, Finding, apply_findings
from core.models import ExchangeApi, Fill, GridOrder, GridStrategy, TradeCursor

PAGE = 1000


def read_trades(account_id: int, api: AccountApi, symbol: str) -> Consequences:
    """Books every trade after the cursor, page by page. Raises VenueUnavailable; pages read so far are kept."""
    consequences = Consequences()
    while True:
        with Session.reading() as session:
            cursor = session.get(TradeCursor, (account_id, symbol))
            last = 0 if cursor is None else cursor.trade_id
        page = api.trades(symbol, last + 1 if last else 0)
        if page:
            orders = _orders_behind(account_id, api, symbol, page)
            with Session.begin() as session:
                consequences.add(_book_page(session, account_id, symbol, page, orders))
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


def external_position(session: OrmSession, account_id: int, symbol: str) -> Decimal:
    """Signed, base: of the trades that belong to no strategy."""
    external = session.execute(
        select(Fill.side, Fill.quantity).where(
            Fill.account_id == account_id, Fill.symbol == symbol, Fill.strategy_id.is_(None)
        )
    )
    return sum((row.quantity if row.side == "BUY" else -row.quantity for row in external), Decimal(0))


def _orders_behind(account_id: int, api: AccountApi, symbol: str, page: Sequence[Trade]) -> dict[str, str]:
    """Venue order id -> client order id, of every trade of the page. Orders nobody here knows are read first: only
    the client id shows whose a trade is."""
    order_ids = {trade.order_id for trade in page}
    with Session.reading() as session:
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
        behind[order_id] = "" if news is None else news.client_order_id
    return behind


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
    findings = [Finding(orders[trade.order_id], trade=trade) for trade in page if orders[trade.order_id] in ours]
    external = [trade for trade in page if orders[trade.order_id] not in ours]
    consequences = apply_findings(session, account_id, findings)
    _book_external(session, account_id, external)
    _move_cursor(session, account_id, symbol, max(int(trade.trade_id) for trade in page))
    return consequences


def _book_external(session: OrmSession, account_id: int, trades: Sequence[Trade]) -> None:
    """The user's own trades: a line of their own in the account's books."""
    if not trades:
        return
    exchange = session.get_one(ExchangeApi, account_id).exchange
    rows = [
        {
            "account_id": account_id,
            "exchange": exchange,
            "symbol": trade.symbol,
            "order_id": trade.order_id,
            "trade_id": trade.trade_id,
            "side": trade.side,
            "price": trade.price,
            "quantity": trade.quantity,
            "fee": trade.fee,
            "fee_asset": trade.fee_asset,
            "realized_pnl": trade.realized_pnl,
            "is_maker": trade.is_maker,
            "traded_at": from_ms(trade.traded_at),
        }
        for trade in trades
    ]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Fill).values(rows).on_conflict_do_nothing())


def _move_cursor(session: OrmSession, account_id: int, symbol: str, trade_id: int) -> None:
    cursor = session.get(TradeCursor, (account_id, symbol), with_for_update=True)
    if cursor is None:
        session.add(TradeCursor(account_id=account_id, symbol=symbol, trade_id=trade_id))
    else:
        cursor.trade_id = max(cursor.trade_id, trade_id)
