"""How a strategy has done: totals from its books and the mark price, and its equity over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.risk import liquidation_price, maintenance_margin
from core.domain.symbol_rules import SymbolRules
from core.errors import VenueUnavailable
from core.markets import Mark, mark_of
from core.models import EquitySnapshot, GridStrategy, SymbolRule

MOST_POINTS = 500
_YEAR = Decimal(365 * 24 * 3600)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Performance:
    """Quote amounts, percentages as 1 for 1 %, `position` signed in base; None where there is nothing to tell.

    `liquidation_price` and `margin_ratio` (maintenance margin / margin balance) are those of this strategy with its
    investment behind it alone.
    """

    grid_profit: Decimal
    round_trips: int
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    total_pnl: Decimal
    roi_pct: Decimal
    grid_apr_pct: Decimal | None
    total_apr_pct: Decimal | None
    max_drawdown: Decimal
    position: Decimal
    average_entry_price: Decimal | None
    mark_price: Decimal
    liquidation_price: Decimal | None
    margin_ratio: Decimal | None
    buy_and_hold_pnl: Decimal | None
    books_balance: bool | None
    books_difference: Decimal | None
    books_checked_at: datetime | None
    equity: Sequence["Point"] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of the equity series; `equity` = investment + total_pnl."""

    at: datetime
    equity: Decimal
    total_pnl: Decimal
    grid_profit: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    position: Decimal
    mark_price: Decimal


def performance(row: GridStrategy, start: datetime | None = None, end: datetime | None = None) -> Performance:
    """The totals as of now, and the equity series from `start` to `end`, thinned to 500 points.

    Raises VenueUnavailable where the mark price is needed and nobody knows it.
    """
    with Session.reading() as session:
        series = _series(session, row, start, end)
        rules = _stored_rules(session, row)
    return totals(row, _mark(row, series), rules, series, now())


def totals(
    row: GridStrategy, mark: Decimal, rules: SymbolRules | None, series: Sequence[Point], moment: datetime
) -> Performance:
    """Pure: `mark` is the mark price, `moment` the present."""
    ledger = row.ledger
    total = ledger.total_pnl(mark)
    liquidation, ratio = _margin(row, mark, rules)
    return Performance(
        grid_profit=ledger.grid_profit,
        round_trips=ledger.round_trips,
        realized_pnl=ledger.realized_pnl,
        unrealized_pnl=ledger.unrealized_pnl(mark),
        fees=ledger.fees,
        funding=ledger.funding,
        total_pnl=total,
        roi_pct=PRECISE.divide(total * _HUNDRED, row.total_investment),
        grid_apr_pct=_apr(ledger.grid_profit, row, moment),
        total_apr_pct=_apr(total, row, moment),
        max_drawdown=max(row.max_drawdown, EXACT.subtract(row.peak_equity, total)),
        position=ledger.position,
        average_entry_price=ledger.average_entry_price,
        mark_price=mark,
        liquidation_price=liquidation,
        margin_ratio=ratio,
        buy_and_hold_pnl=_buy_and_hold(row, mark),
        books_balance=row.books_balance,
        books_difference=row.books_difference,
        books_checked_at=row.books_checked_at,
        equity=series,
    )


def _mark(row: GridStrategy, series: Sequence[Point]) -> Decimal:
    """Now; where nobody knows it, as last noted. A flat strategy's totals don't depend on it."""
    mark: Mark | None = mark_of(row.exchange, row.symbol)
    if mark is not None:
        return mark.price
    if series:
        return series[-1].mark_price
    if row.position:
        raise VenueUnavailable("no mark price is known")
    return row.entry_price or ZERO


def _apr(profit: Decimal, row: GridStrategy, moment: datetime) -> Decimal | None:
    """What `profit` would be in a year, in percent of the investment."""
    if row.started_at is None:
        return None
    lasted = (row.stopped_at or moment) - row.started_at
    if lasted <= timedelta(0):
        return None
    seconds = Decimal(lasted // timedelta(milliseconds=1)) / 1000
    with localcontext(PRECISE):
        return profit / row.total_investment * _HUNDRED * _YEAR / seconds if seconds else None


def _buy_and_hold(row: GridStrategy, mark: Decimal) -> Decimal | None:
    """Of the investment put into the symbol at the entry price, without leverage."""
    if row.entry_price is None:
        return None
    with localcontext(PRECISE):
        return row.total_investment * (mark - row.entry_price) / row.entry_price


def _margin(row: GridStrategy, mark: Decimal, rules: SymbolRules | None) -> tuple[Decimal | None, Decimal | None]:
    """(liquidation price, margin ratio)."""
    ledger = row.ledger
    entry = ledger.average_entry_price
    if rules is None or entry is None:
        return None, None
    with localcontext(EXACT):
        wallet = row.total_investment + ledger.realized_pnl - ledger.fees + ledger.funding
        balance = wallet + ledger.unrealized_pnl(mark)
        needed = maintenance_margin(abs(ledger.position) * mark, rules.brackets)
    price = liquidation_price(ledger.position, entry, wallet, rules.brackets)
    ratio = PRECISE.divide(needed, balance) if balance > 0 else None
    return None if price is None else rules.round_price(price), ratio


def _stored_rules(session: OrmSession, row: GridStrategy) -> SymbolRules | None:
    stored = select(SymbolRule).where(SymbolRule.exchange == row.exchange, SymbolRule.symbol == row.symbol)
    found = session.scalars(stored).one_or_none()
    return None if found is None else found.as_rules()


def _series(session: OrmSession, row: GridStrategy, start: datetime | None, end: datetime | None) -> tuple[Point, ...]:
    query = select(EquitySnapshot).where(EquitySnapshot.strategy_id == row.id)
    if start is not None:
        query = query.where(EquitySnapshot.at >= start)
    if end is not None:
        query = query.where(EquitySnapshot.at <= end)
    return tuple(_point(snapshot, row) for snapshot in session.scalars(_thinned(session, query)))


def _thinned(session: OrmSession, query: Select[EquitySnapshot]) -> Select[EquitySnapshot]:
    """Evenly, and always with the last one."""
    count = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    step = -(-count // MOST_POINTS) or 1
    numbered = query.add_columns(func.row_number().over(order_by=(EquitySnapshot.at, EquitySnapshot.id)).label("place"))
    places = numbered.subquery()
    wanted = select(places.c.id).where((count - places.c.place) % step == 0)
    return select(EquitySnapshot).where(EquitySnapshot.id.in_(wanted)).order_by(EquitySnapshot.at, EquitySnapshot.id)


def _point(snapshot: EquitySnapshot, row: GridStrategy) -> Point:
    return Point(
        at=snapshot.at,
        equity=EXACT.add(row.total_investment, snapshot.total_pnl),
        total_pnl=snapshot.total_pnl,
        grid_profit=snapshot.grid_profit,
        unrealized_pnl=snapshot.unrealized_pnl,
        fees=snapshot.fees,
        funding=snapshot.funding,
        position=snapshot.position,
        mark_price=snapshot.mark_price,
    )
