"""Whether a strategy's running sums, its fills and the exchange's lines agree, to the last digit and in every asset.

A fill is compared once, as soon as the exchange's lines of its trade are known, and then counted in a running sum. What
that can't see is a row behind it that was changed or lost: a second walk looks at them again, so many rows a check.
Wherever anything differs the whole is compared from the start, page by page, and a difference is believed only when a
second, later check still shows it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.domain.agreement import Booked, compare, gain_of, in_words
from core.domain.amounts import Amounts, as_json, from_json, less, total
from core.domain.exact import ZERO
from core.domain.ledger import SETTLEMENT_ASSET
from core.execution.intents import lock_strategies
from core.models import ExchangeApi, Fill, Funding, GridStrategy, Income
from core.reconciliation import unowned
from core.reconciliation.lines import OF_THE_FILL, by_trade, last_known_trade

PAGE = 2000  # rows a transaction
AUDITED = 1000  # rows a check
TRADES = "the fills come to {} than the exchange's lines of the same trades"
ROWS = "the running sums come to {} than the fills"
FUNDING = "the funding booked comes to {} than its payments"


def check(account_id: int) -> None:
    """Of every strategy of the account that has run, and of what belongs to none."""
    with Session.reading() as session:
        ran = select(GridStrategy.id).where(GridStrategy.account_id == account_id, GridStrategy.generation > 0)
        numbers = session.scalars(ran.order_by(GridStrategy.id)).all()
    for number in numbers:
        if not _judge(number, may_restart=True):
            _judge(number, may_restart=False)
    with Session.begin() as session:
        account = session.get_one(ExchangeApi, account_id, with_for_update=True)
        _note(account, unowned.differences(session, account))


def _judge(strategy_id: int, *, may_restart: bool) -> bool:
    """False where the whole is to be compared once more, from the start: then nothing has been said yet."""
    while True:
        with Session.begin() as session:
            strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
            if strategy is None:
                return True
            rest = _walk_on(session, strategy)
            if rest is None:
                continue
            found = _differences(session, strategy, rest)
            if may_restart and (any(found.values()) or not _is_audited(session, strategy)):
                strategy.books_fill_id, strategy.books_sums, strategy.books_apart = 0, {}, {}
                return False
            _note(strategy, found)
            return True


def _note(books: GridStrategy | ExchangeApi, found: Mapping[str, Amounts]) -> None:
    was_seen = bool(books.books_explanation)
    books.books_difference = total(found.values()).get(SETTLEMENT_ASSET, ZERO)
    books.books_explanation = in_words(found)
    if not books.books_explanation or was_seen:
        books.books_balance = not books.books_explanation
        books.books_checked_at = now()


def _walk_on(session: OrmSession, strategy: GridStrategy) -> Amounts | None:
    """Compares and counts the next page; returns what the rows behind it have brought, None where more pages wait."""
    start, last_known = strategy.books_fill_id, last_known_trade(session, strategy.account_id, strategy.symbol)
    rows = list(_booked(session, strategy, Fill.id > start, PAGE))
    page = compare(rows, last_known, start)
    if len(rows) == PAGE and page.until == start:  # all of them wait for their lines
        page = compare(list(_booked(session, strategy, Fill.id > start)), last_known, start)
    strategy.books_fill_id = page.until
    strategy.books_sums = as_json(total((from_json(strategy.books_sums), page.gain)))
    strategy.books_apart = as_json(total((from_json(strategy.books_apart), page.apart)))
    return None if len(rows) == PAGE and page.until > start else page.rest


def _differences(session: OrmSession, strategy: GridStrategy, rest: Amounts) -> dict[str, Amounts]:
    shares = session.execute(select(Funding.asset, Funding.amount).where(Funding.strategy_id == strategy.id))
    paid = total({asset: amount} for asset, amount in shares)
    return {
        TRADES: from_json(strategy.books_apart),
        ROWS: less(_running(strategy), total((from_json(strategy.books_sums), rest))),
        FUNDING: less({SETTLEMENT_ASSET: strategy.funding}, {SETTLEMENT_ASSET: paid.get(SETTLEMENT_ASSET, ZERO)}),
    }


def _running(strategy: GridStrategy) -> dict[str, Decimal]:
    """What the ledger says all trades have moved."""
    other_fees = strategy.ledger.other_fees
    return total(
        ({SETTLEMENT_ASSET: strategy.realized_pnl - strategy.fees}, {asset: -fee for asset, fee in other_fees.items()})
    )


def _is_audited(session: OrmSession, strategy: GridStrategy) -> bool:
    """Walks on over the rows behind the running sum; False where they don't come to it any more."""
    start, end = strategy.audit_fill_id, strategy.books_fill_id
    rows = list(_booked(session, strategy, and_(Fill.id > start, Fill.id <= end), AUDITED))
    page = compare(rows, max((row.trade for row in rows), default=0))
    sums = total((from_json(strategy.audit_sums), page.gain))
    if len(rows) < AUDITED:
        strategy.audit_fill_id, strategy.audit_sums = 0, {}
        return not page.apart and sums == from_json(strategy.books_sums)
    strategy.audit_fill_id, strategy.audit_sums = rows[-1].row, as_json(sums)
    return not page.apart


def _booked(
    session: OrmSession, strategy: GridStrategy, which: ColumnElement[bool], limit: int | None = None
) -> Iterator[Booked]:
    """Fills by number. One without an order of ours may be shared with others: all its shares are compared with the
    account's (core.reconciliation.unowned)."""
    mine = and_(Fill.strategy_id == strategy.id, which)
    columns = (Fill.id, Fill.trade_id, Fill.realized_pnl, Fill.fee, Fill.fee_asset, Fill.grid_order_id)
    fills = session.execute(select(*columns).where(mine).order_by(Fill.id).limit(limit)).all()
    if not fills:
        return
    lines = select(Income.trade_id, Income.asset, Income.amount).join(Fill, OF_THE_FILL)
    theirs = by_trade(session.execute(lines.where(mine, Fill.id <= fills[-1].id)))
    for fill in fills:
        gain = gain_of(fill.realized_pnl, fill.fee, fill.fee_asset)
        shared = fill.grid_order_id is None
        yield Booked(fill.id, int(fill.trade_id), gain, None if shared else total(theirs[fill.trade_id]))
