"""The venue's own ledger as read, and each strategy's share of its funding."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as OrmSession

from core.clock import from_ms, to_ms
from core.db import Session
from core.domain.ledger import SETTLEMENT_ASSET, split_funding
from core.exchange.base import AccountApi
from core.exchange.base import Income as IncomeLine
from core.execution.intents import lock_strategies
from core.models import ExchangeApi, Fill, Funding, GridStrategy, Income

PAGE = 1000
LATE_MS = 60_000
HISTORY = timedelta(hours=1)  # before the account came to us, where its lines begin
FUNDING = "FUNDING_FEE"

_NEW_LINES = {
    "postgresql": postgresql.insert(Income).on_conflict_do_nothing().returning(Income.id),
    "sqlite": sqlite.insert(Income).on_conflict_do_nothing().returning(Income.id),
}
_FUNDING_LINES = select(Income).where(Income.id.in_(bindparam("ids", expanding=True)), Income.income_type == FUNDING)


def read_incomes(account_id: int, api: AccountApi) -> None:
    """Books the account's income after the cursor, page by page. What a page ended in is read again: its last
    millisecond may have had more lines."""
    start = _first_unread(account_id)
    while True:
        page = api.incomes(start)
        if page:
            with Session.begin() as session:
                _book_page(session, account_id, page)
        if len(page) < PAGE:
            return
        start = page[-1].at


def _first_unread(account_id: int) -> int:
    """Venue time, ms. Lines may show up late or, where the venue's clock was put back, behind others."""
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
        if account.income_cursor is None:
            return to_ms(account.created_at - HISTORY)
        return account.income_cursor - LATE_MS


def _book_page(session: OrmSession, account_id: int, page: Sequence[IncomeLine]) -> None:
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)  # one reader's lines at a time
    rows = [
        {
            "account_id": account_id,
            "symbol": line.symbol,
            "income_type": line.income_type,
            "amount": line.amount,
            "asset": line.asset,
            "tran_id": line.tran_id,
            "trade_id": line.trade_id,
            "at": from_ms(line.at),
        }
        for line in page
    ]
    connection = session.connection()
    new = connection.scalars(_NEW_LINES[connection.dialect.name], rows).all()
    for line in session.scalars(_FUNDING_LINES, {"ids": new}).all() if new else ():
        _share_funding(session, line)
    account.income_cursor = max(account.income_cursor or 0, page[-1].at)


def _share_funding(session: OrmSession, line: Income) -> None:
    """Each strategy's part, by its signed position at the funding time; the user's own trades have theirs."""
    numbers = session.scalars(
        select(GridStrategy.id).where(
            GridStrategy.account_id == line.account_id,
            GridStrategy.symbol == line.symbol,
            GridStrategy.generation > 0,
        )
    )
    strategies = lock_strategies(session, numbers)
    positions: dict[int | None, Decimal] = {
        number: strategy.position - _traded_after(session, line, number) for number, strategy in strategies.items()
    }
    positions[None] = _traded_before(session, line)
    held = {number: position for number, position in positions.items() if position}
    nobody: dict[int | None, Decimal] = {None: Decimal(1)}
    for number, amount in split_funding(line.amount, held or nobody).items():
        session.add(Funding(income_id=line.id, strategy_id=number, amount=amount, asset=line.asset, at=line.at))
        if number is not None and line.asset == SETTLEMENT_ASSET:
            strategies[number].ledger = strategies[number].ledger.add_funding(amount)


def _signed(rows: Sequence[tuple[str, Decimal]]) -> Decimal:
    return sum((quantity if side == "BUY" else -quantity for side, quantity in rows), Decimal(0))


def _traded_after(session: OrmSession, line: Income, strategy_id: int | None) -> Decimal:
    later = select(Fill.side, Fill.quantity).where(Fill.strategy_id == strategy_id, Fill.traded_at > line.at)
    return _signed([(row.side, row.quantity) for row in session.execute(later)])


def _traded_before(session: OrmSession, line: Income) -> Decimal:
    external = select(Fill.side, Fill.quantity).where(
        Fill.account_id == line.account_id,
        Fill.symbol == line.symbol,
        Fill.grid_order_id.is_(None),
        Fill.strategy_id.is_(None),
        Fill.traded_at <= line.at,
    )
    return _signed([(row.side, row.quantity) for row in session.execute(external)])
