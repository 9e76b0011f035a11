"""The venue's own ledger against ours: funding shares, and whether every digit agrees."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as OrmSession

from core.clock import from_ms, now, to_ms
from core.db import Session
from core.domain.ledger import SETTLEMENT_ASSET, split_funding
from core.exchange.base import AccountApi
from core.exchange.base import Income as IncomeLine
from core.execution.intents import lock_strategies
from core.models import ExchangeApi, Fill, Funding, GridStrategy, Income

PAGE = 1000
LATE_MS = 60_000
FUNDING = "FUNDING_FEE"
OF_TRADES = ("COMMISSION", "REALIZED_PNL")


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
            return to_ms(account.created_at - timedelta(hours=1))
        return account.income_cursor - LATE_MS


def _book_page(session: OrmSession, account_id: int, page: Sequence[IncomeLine]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
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
    new = session.scalars(insert(Income).values(rows).on_conflict_do_nothing().returning(Income.id)).all()
    lines = session.scalars(select(Income).where(Income.id.in_(new), Income.income_type == FUNDING))
    for line in lines.all():
        _share_funding(session, line)
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)
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
        Fill.strategy_id.is_(None),
        Fill.traded_at <= line.at,
    )
    return _signed([(row.side, row.quantity) for row in session.execute(external)])


def check(session: OrmSession, account_id: int) -> None:
    """Compares each strategy's fills with the venue's income of the same trades, and its funding with its shares.

    A difference is believed only when a second, later reading still shows it.
    """
    numbers = select(GridStrategy.id).where(GridStrategy.account_id == account_id, GridStrategy.generation > 0)
    for strategy in lock_strategies(session, session.scalars(numbers)).values():
        difference = _difference(session, strategy)
        if difference and not strategy.books_difference:
            strategy.books_difference = difference
            continue
        strategy.books_balance = not difference
        strategy.books_difference = difference
        strategy.books_checked_at = now()


def _difference(session: OrmSession, strategy: GridStrategy) -> Decimal:
    """Ledger minus venue, USDT, over the trades up to the last one that both know."""
    fills = {
        int(row.trade_id): row
        for row in session.execute(
            select(Fill.trade_id, Fill.realized_pnl, Fill.fee, Fill.fee_asset).where(Fill.strategy_id == strategy.id)
        )
    }
    incomes = session.execute(
        select(Income.trade_id, Income.amount).where(
            Income.account_id == strategy.account_id,
            Income.symbol == strategy.symbol,
            Income.income_type.in_(OF_TRADES),
            Income.asset == SETTLEMENT_ASSET,
            Income.trade_id != "",
        )
    ).all()
    split = _split_trades(session, strategy)
    last_known = min(max(fills, default=0), max((int(row.trade_id) for row in incomes), default=0))
    own = fills.keys() - split
    venue = sum(
        (row.amount for row in incomes if int(row.trade_id) in own and int(row.trade_id) <= last_known), Decimal(0)
    )
    gains = {
        trade_id: fill.realized_pnl - (fill.fee if fill.fee_asset == SETTLEMENT_ASSET else 0)
        for trade_id, fill in fills.items()
    }
    rows = sum(gains.values(), Decimal(0))
    of_both = sum((gain for trade_id, gain in gains.items() if trade_id in own and trade_id <= last_known), Decimal(0))
    running_sums = strategy.realized_pnl - strategy.fees
    shares = session.scalars(
        select(Funding.amount).where(Funding.strategy_id == strategy.id, Funding.asset == SETTLEMENT_ASSET)
    )
    return (of_both - venue) + (running_sums - rows) + (strategy.funding - sum(shares, Decimal(0)))


def _split_trades(session: OrmSession, strategy: GridStrategy) -> set[int]:
    """Liquidations that were shared with others: the venue's line is of the whole, and the shares sum to it."""
    shared = select(Fill.trade_id).where(
        Fill.account_id == strategy.account_id, Fill.symbol == strategy.symbol, Fill.share > 0
    )
    return {int(trade_id) for trade_id in session.scalars(shared)}
