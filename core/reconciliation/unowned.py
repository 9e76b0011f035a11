"""The books of trades that no order of ours made: the user's own, and the exchange's, whose shares sum to the trade.

And of those that it has lines of and we have no fill of, although its list of trades has been read past them.
"""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain.agreement import Booked, compare, gain_of
from core.domain.amounts import Amounts, less, total
from core.models import ExchangeApi, Fill, Income, TradeCursor
from core.reconciliation.books import HISTORY
from core.reconciliation.lines import OF_THE_FILL, OF_TRADES, by_trade, last_known_trade

TRADES = "trades without an order of ours come to {} than the exchange's lines of them"
MISSING = "trades that the exchange has lines of were never booked: {}"


def differences(session: Session, account: ExchangeApi) -> dict[str, Amounts]:
    symbols = session.scalars(select(TradeCursor.symbol).where(TradeCursor.account_id == account.id))
    compared = (_difference(session, account, symbol) for symbol in symbols.all())
    return {TRADES: total(compared), MISSING: _missing(session, account)}


def _difference(session: Session, account: ExchangeApi, symbol: str) -> Amounts:
    rows = sorted(_booked(session, account, symbol), key=lambda row: row.trade)
    return compare(rows, last_known_trade(session, account.id, symbol)).apart if rows else {}


def _booked(session: Session, account: ExchangeApi, symbol: str) -> Iterator[Booked]:
    """A row per trade, since the exchange's lines have been read."""
    mine = (
        Fill.account_id == account.id,
        Fill.symbol == symbol,
        Fill.grid_order_id.is_(None),
        Fill.traded_at >= account.created_at - HISTORY,
    )
    fills = session.execute(
        select(Fill.trade_id, Fill.realized_pnl, Fill.fee, Fill.fee_asset).where(*mine).order_by(Fill.trade_id)
    )
    lines = select(Income.id, Income.trade_id, Income.asset, Income.amount).join(Fill, OF_THE_FILL).where(*mine)
    theirs = by_trade(session.execute(lines.distinct()))  # a trade has as many fills as shares
    for trade_id, shares in groupby(fills, key=lambda fill: fill.trade_id):
        gain = total(gain_of(share.realized_pnl, share.fee, share.fee_asset) for share in shares)
        yield Booked(int(trade_id), int(trade_id), gain, total(theirs[trade_id]))


def _missing(session: Session, account: ExchangeApi) -> Amounts:
    """Of the lines behind those that have their fills: what the ones without would have moved, by how much it is less.

    The account's symbols that no strategy trades have no cursor, and are the user's own business.
    """
    bare = (
        select(Income.id, Income.asset, Income.amount, Income.trade_id, TradeCursor.trade_id.label("read_to"))
        .join(TradeCursor, (TradeCursor.account_id == Income.account_id) & (TradeCursor.symbol == Income.symbol))
        .outerjoin(Fill, OF_THE_FILL)
        .where(
            Income.account_id == account.id,
            Income.id > account.books_income_id,
            Income.income_type.in_(OF_TRADES),
            Income.trade_id != "",
            Fill.id.is_(None),
        )
        .order_by(Income.id)
    )
    rows = session.execute(bare).all()
    since = select(func.max(Income.id)).where(Income.account_id == account.id, Income.id > account.books_income_id)
    account.books_income_id = rows[0].id - 1 if rows else session.scalar(since) or account.books_income_id
    return less({}, total({row.asset: row.amount} for row in rows if int(row.trade_id) <= row.read_to))
