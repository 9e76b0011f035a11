"""How a strategy has done: totals from its books and the mark price, and its equity over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.domain.amounts import Amounts
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.expectation import expected_after
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.risk import liquidation_price, maintenance_margin
from core.domain.symbol_rules import SymbolRules
from core.equity import series as equity_series
from core.errors import VenueUnavailable
from core.markets import Mark, mark_of
from core.models import EquitySnapshot, ExchangeApi, Forecast, GridStrategy, SymbolRule
from core.models.forecast import Parting
from core.reconciliation.margin import AccountMargin, account_margin

_YEAR = Decimal(365 * 24 * 3600)
_DAY = Decimal(24 * 3600)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Performance:
    """Quote amounts, percentages as 1 for 1 %, `position` signed in base; None where there is nothing to tell.

    `other_fees` were paid in other assets and are in no other figure; `other_fees_value` is what they are worth now,
    None where that is not known. `reinvested` is the part of the investment that was profit. Rates and buy-and-hold
    are of the time since the first start, less the pauses between runs.
    `liquidation_price` and `margin_ratio` (maintenance margin / margin balance) are the account's on the symbol; while
    they are not known, those of this strategy with its investment behind it alone.
    """

    grid_profit: Decimal
    round_trips: int
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    other_fees: Mapping[str, Decimal]
    other_fees_value: Decimal | None
    funding: Decimal
    total_pnl: Decimal
    reinvested: Decimal
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
    books_explanation: str
    books_checked_at: datetime | None
    forecast: "Expectation | None" = None
    forecast_missing: Parting | None = None
    equity: Sequence["Point"] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was forecast at creation for a run of so many `days`, in quote; `inside`: whether the total is within it."""

    made_at: datetime
    horizon_days: int
    days: Decimal
    low: Decimal
    median: Decimal
    high: Decimal
    inside: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of the equity series; `equity` = the user's own investment + total_pnl."""

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
    """The totals as of now, and the equity series from `start` to `end`, of at most 500 points.

    Raises VenueUnavailable where the mark price is needed and nobody knows it.
    """
    with Session.reading() as session:
        series = tuple(_point(snapshot, row) for snapshot in equity_series(session, row.id, start, end))
        rules = _stored_rules(session, row)
        margin = account_margin(session, session.get_one(ExchangeApi, row.account_id))
        made = session.scalars(select(Forecast).where(Forecast.strategy_id == row.id)).first()
    worth = value_of(row.exchange, row.ledger.other_fees)
    moment = now()
    found = totals(row, _mark(row, series), rules, series, moment, worth, margin)
    missing = _parted(row, made, moment)
    if made is None or missing is not None:
        return replace(found, forecast_missing=missing)
    return replace(found, forecast=_expectation(row, made, found.total_pnl, moment))


def _parted(row: GridStrategy, made: Forecast | None, moment: datetime) -> Parting | None:
    if made is None:
        return Parting.NOT_MADE
    parted = made.parted_from(row)
    if parted is not None:
        return parted
    days = _ran_days(row, moment)
    return Parting.NOT_STARTED if days <= 0 else Parting.OVER if days > made.horizon_days else None


def _expectation(row: GridStrategy, made: Forecast, total: Decimal, moment: datetime) -> Expectation:
    days = _ran_days(row, moment)
    band = expected_after(days, made.checkpoints)
    return Expectation(
        made.made_at, made.horizon_days, days, band.low, band.median, band.high, inside=band.holds(total)
    )


def _ran_days(row: GridStrategy, moment: datetime) -> Decimal:
    return PRECISE.divide(_ran_s(row, moment), _DAY)


def totals(  # noqa: PLR0917 - a strategy, and what is known of its surroundings
    row: GridStrategy,
    mark: Decimal,
    rules: SymbolRules | None,
    series: Sequence[Point],
    moment: datetime,
    other_fees_value: Decimal | None = None,
    margin: AccountMargin | None = None,
) -> Performance:
    """Pure: `mark` is the mark price, `moment` the present."""
    ledger = row.ledger
    total = ledger.total_pnl(mark)
    ran_s = _ran_s(row, moment)
    liquidation, ratio = _margin(row, mark, rules, margin)
    return Performance(
        grid_profit=ledger.grid_profit,
        round_trips=ledger.round_trips,
        realized_pnl=ledger.realized_pnl,
        unrealized_pnl=ledger.unrealized_pnl(mark),
        fees=ledger.fees,
        other_fees=ledger.other_fees,
        other_fees_value=other_fees_value,
        funding=ledger.funding,
        total_pnl=total,
        reinvested=row.reinvested,
        roi_pct=_roi(total, row),
        grid_apr_pct=_apr(ledger.grid_profit, row, ran_s),
        total_apr_pct=_apr(total, row, ran_s),
        max_drawdown=max(row.max_drawdown, EXACT.subtract(row.peak_equity, total)),
        position=ledger.position,
        average_entry_price=ledger.average_entry_price,
        mark_price=mark,
        liquidation_price=liquidation,
        margin_ratio=ratio,
        buy_and_hold_pnl=_buy_and_hold(row, mark),
        books_balance=row.books_balance,
        books_difference=row.books_difference,
        books_explanation=row.books_explanation,
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


def value_of(exchange: str, amounts: Amounts) -> Decimal | None:
    """In quote, at the mark prices of now; None where one of them is not known. For people to look at only."""
    if not amounts:
        return ZERO
    marks = {asset: mark_of(exchange, f"{asset}{SETTLEMENT_ASSET}") for asset in amounts}
    with localcontext(EXACT):
        values = [mark.price * amounts[asset] for asset, mark in marks.items() if mark is not None]
        return sum(values, ZERO) if len(values) == len(marks) else None


def _own_investment(row: GridStrategy) -> Decimal:
    """What the user has put in: the rest of the investment is profit, which the total contains already."""
    return EXACT.subtract(row.total_investment, row.reinvested)


def _roi(profit: Decimal, row: GridStrategy) -> Decimal:
    with localcontext(PRECISE):
        return profit / _own_investment(row) * _HUNDRED


def _ran_s(row: GridStrategy, moment: datetime) -> Decimal:
    """For how many seconds it has run, all runs together."""
    lasted = timedelta(0) if row.started_at is None else (row.stopped_at or moment) - row.started_at
    return Decimal(row.ran_ms + max(lasted, timedelta(0)) // timedelta(milliseconds=1)) / 1000


def _apr(profit: Decimal, row: GridStrategy, ran_s: Decimal) -> Decimal | None:
    """What `profit` would be in a year, in percent of the user's own investment."""
    with localcontext(PRECISE):
        return _roi(profit, row) * _YEAR / ran_s if ran_s else None


def _buy_and_hold(row: GridStrategy, mark: Decimal) -> Decimal | None:
    """Of the user's own investment put into the symbol when he first started, without leverage."""
    entry = row.first_entry_price or row.entry_price
    if entry is None:
        return None
    with localcontext(PRECISE):
        return _own_investment(row) * (mark - entry) / entry


def _margin(
    row: GridStrategy, mark: Decimal, rules: SymbolRules | None, account: AccountMargin | None
) -> tuple[Decimal | None, Decimal | None]:
    """(liquidation price, margin ratio)."""
    ledger = row.ledger
    entry = ledger.average_entry_price
    if rules is None or entry is None:
        return None, None
    if account is not None and row.symbol in account.holdings:
        price = account.liquidations[row.symbol]
        return None if price is None else rules.round_price(price), account.ratio_of(row.symbol)
    with localcontext(EXACT):
        wallet = _own_investment(row) + ledger.realized_pnl - ledger.fees + ledger.funding
        balance = wallet + ledger.unrealized_pnl(mark)
        needed = maintenance_margin(abs(ledger.position) * mark, rules.brackets)
    price = liquidation_price(ledger.position, entry, wallet, rules.brackets)
    ratio = PRECISE.divide(needed, balance) if balance > 0 else None
    return None if price is None else rules.round_price(price), ratio


def _stored_rules(session: OrmSession, row: GridStrategy) -> SymbolRules | None:
    stored = select(SymbolRule).where(SymbolRule.exchange == row.exchange, SymbolRule.symbol == row.symbol)
    found = session.scalars(stored).one_or_none()
    return None if found is None else found.as_rules()


def _point(snapshot: EquitySnapshot, row: GridStrategy) -> Point:
    return Point(
        at=snapshot.at,
        equity=EXACT.add(_own_investment(row), snapshot.total_pnl),
        total_pnl=snapshot.total_pnl,
        grid_profit=snapshot.grid_profit,
        unrealized_pnl=snapshot.unrealized_pnl,
        fees=snapshot.fees,
        funding=snapshot.funding,
        position=snapshot.position,
        mark_price=snapshot.mark_price,
    )
