"""The exchange's lines of trades, as read: what it has booked for each of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from core.domain.amounts import Amounts
from core.models import Fill, Income

OF_TRADES = ("COMMISSION", "REALIZED_PNL")
OF_THE_FILL = and_(Income.account_id == Fill.account_id, Income.symbol == Fill.symbol, Income.trade_id == Fill.trade_id)
_NEWEST = 50  # lines: trades of one moment need not be in order


def last_known_trade(session: Session, account_id: int, symbol: str) -> int:
    """The last trade of the symbol that the exchange's lines tell of."""
    lines = select(Income.trade_id).where(Income.account_id == account_id, Income.symbol == symbol)
    newest = session.scalars(lines.order_by(Income.at.desc()).limit(_NEWEST))
    return max((int(trade_id) for trade_id in newest if trade_id), default=0)


def by_trade(lines: Iterable[Row[Any]]) -> Mapping[str, list[Amounts]]:
    """The lines' amounts, by trade id."""
    found: dict[str, list[Amounts]] = defaultdict(list)
    for line in lines:
        found[line.trade_id].append({line.asset: line.amount})
    return found
