"""All strategies of an account together: exposure by symbol, margin, PnL, capital in use and free, and its books."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.account_books import Line, lines
from core.accounts import account_of
from core.credentials import credentials_of
from core.db import Session
from core.deadline import Deadline
from core.domain.amounts import Amounts, total
from core.domain.capital import Leg, margin_in_use, margin_needed, worst_notionals
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.lifecycle import ACTIVE
from core.domain.order import Side
from core.domain.risk import maintenance_margin
from core.domain.symbol_rules import Bracket
from core.errors import NotFound, VenueRefused, VenueUnavailable
from core.exchange import account_api
from core.exchange.base import Balance, Position
from core.markets import published_mark
from core.models import ExchangeApi, GridCell, GridStrategy, SymbolRule
from core.reconciliation.foreign import external_position


@dataclass(frozen=True, slots=True)
class Exposure:
    """On one symbol: positions in base, signed, the rest in quote; None where the mark price or the tiers are not
    known. `capital_needed` is the margin when every order of the grids has filled."""

    symbol: str
    strategies: Sequence[int]
    position: Decimal
    external_position: Decimal
    mark_price: Decimal | None
    notional: Decimal | None
    maintenance_margin: Decimal | None
    capital_in_use: Decimal | None
    capital_needed: Decimal | None


@dataclass(frozen=True, slots=True)
class Share:
    """What one strategy adds; None where the mark price is not known."""

    row: GridStrategy
    unrealized_pnl: Decimal | None
    total_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class Books:
    """`wallet_before`: what the wallet held before the first of the lines; while trades are on their way to us it is
    off by these. `balance` is of the strategies and of the account's other trades."""

    lines: Sequence[Line]
    balance: bool | None
    difference: Decimal
    explanation: str
    checked_at: datetime | None
    wallet_before: Decimal | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Sums over all strategies that ever ran; listed are those that run or hold something. What only the exchange
    tells (USDT) is None where it does not answer, and `exchange_error` says why."""

    exchange: str
    grid_profit: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    fees: Decimal
    other_fees: Amounts
    funding: Decimal
    total_pnl: Decimal | None
    wallet_balance: Decimal | None
    available_balance: Decimal | None
    margin_balance: Decimal | None
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    capital_in_use: Decimal | None
    capital_needed: Decimal | None
    capital_free: Decimal | None
    exposures: Sequence[Exposure]
    strategies: Sequence[Share]
    books: Books
    exchange_error: str


@dataclass(frozen=True, slots=True)
class _AtExchange:
    """What it said of the account just now."""

    wallet: Balance | None = None
    positions: Mapping[str, Position] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows."""

    account: ExchangeApi
    strategies: Sequence[GridStrategy]
    legs: Mapping[int, Sequence[Leg]]
    external: Mapping[str, Decimal]
    brackets: Mapping[str, Sequence[Bracket]]
    lines: Sequence[Line]


def portfolio(user_id: int, exchange: str) -> Portfolio:
    """Raises NotFound (no_exchange_key)."""
    with Session.reading() as session:
        account = account_of(session, user_id, exchange)
    if account is None:
        raise NotFound("no_exchange_key", f"There is no key for {exchange}.")
    told = _ask(account)
    with Session.reading() as session:
        known = _read(session, account.id)
    symbols = sorted({row.symbol for row in known.strategies})
    marks = {symbol: _mark(exchange, symbol, told) for symbol in symbols}
    return _assembled(known, told, marks, [_exposure(known, symbol, marks[symbol]) for symbol in symbols])


def _ask(account: ExchangeApi) -> _AtExchange:
    api, deadline = account_api(account.exchange, credentials_of(account)), Deadline()
    balances, positions = deadline.begin(api.balances), deadline.begin(api.positions)
    try:
        wallet = next((one for one in balances() if one.asset == SETTLEMENT_ASSET), None)
        return _AtExchange(wallet, {one.symbol: one for one in positions()})
    except (VenueUnavailable, VenueRefused) as error:
        return _AtExchange(error=error.message)


def _read(session: OrmSession, account_id: int) -> _Known:
    ran = select(GridStrategy).where(GridStrategy.account_id == account_id, GridStrategy.generation > 0)
    rows = session.scalars(ran.order_by(GridStrategy.id)).all()
    account = session.get_one(ExchangeApi, account_id, populate_existing=True)
    symbols = {row.symbol for row in rows}
    rules = select(SymbolRule).where(SymbolRule.exchange == account.exchange, SymbolRule.symbol.in_(symbols))
    return _Known(
        account=account,
        strategies=rows,
        legs=_legs(session, [row for row in rows if row.status in ACTIVE]),
        external={symbol: external_position(session, account_id, symbol) for symbol in symbols},
        brackets={one.symbol: one.as_rules().brackets for one in session.scalars(rules)},
        lines=lines(session, account_id, rows),
    )


def _legs(session: OrmSession, rows: Sequence[GridStrategy]) -> dict[int, list[Leg]]:
    """The opening orders of each grid that runs, filled or not."""
    found: dict[int, list[Leg]] = defaultdict(list)
    runs = {row.id: row.generation for row in rows}
    for cell in session.scalars(select(GridCell).where(GridCell.strategy_id.in_(runs), ~GridCell.dropped)):
        if cell.generation == runs[cell.strategy_id]:
            side = Side(cell.opening_side)
            price = cell.opening_price or (cell.lower_price if side is Side.BUY else cell.upper_price)
            found[cell.strategy_id].append(Leg(side, cell.quantity, price))
    return found


def _mark(exchange: str, symbol: str, told: _AtExchange) -> Decimal | None:
    position, published = told.positions.get(symbol), published_mark(exchange, symbol)
    if position is not None:
        return position.mark_price
    return None if published is None else published.price


def _exposure(known: _Known, symbol: str, mark: Decimal | None) -> Exposure:
    rows = [row for row in known.strategies if row.symbol == symbol]
    listed = [row for row in rows if _is_listed(row)]
    with localcontext(EXACT):
        position = sum((row.position for row in rows), ZERO)
        whole = position + known.external[symbol]
        price = ZERO if mark is None and not whole else mark
        notional = None if price is None else abs(whole) * price
    brackets = known.brackets.get(symbol)
    leverage = (listed or rows)[-1].leverage
    worst = worst_notionals(leg for row in rows for leg in known.legs.get(row.id, ()))
    return Exposure(
        symbol=symbol,
        strategies=[row.id for row in listed],
        position=position,
        external_position=known.external[symbol],
        mark_price=mark,
        notional=notional,
        maintenance_margin=maintenance_margin(notional, brackets) if notional is not None and brackets else None,
        capital_in_use=None if price is None else margin_in_use(whole, price, leverage),
        capital_needed=None if price is None else margin_needed(worst, known.external[symbol], price, leverage),
    )


def _assembled(
    known: _Known, told: _AtExchange, marks: Mapping[str, Decimal | None], exposures: Sequence[Exposure]
) -> Portfolio:
    ledgers = [row.ledger for row in known.strategies]
    shares = [_share(row, marks[row.symbol]) for row in known.strategies]
    in_use, needed = (_sum([getattr(one, name) for one in exposures]) for name in ("capital_in_use", "capital_needed"))
    wallet = None if told.wallet is None else told.wallet.wallet_balance
    margin_balance = (
        None if wallet is None else _sum([wallet, *(one.unrealized_pnl for one in told.positions.values())])
    )
    maintenance = _sum([_maintenance(known, one) for one in told.positions.values()]) if not told.error else None
    return Portfolio(
        exchange=known.account.exchange,
        grid_profit=_total([ledger.grid_profit for ledger in ledgers]),
        realized_pnl=_total([ledger.realized_pnl for ledger in ledgers]),
        unrealized_pnl=_sum([share.unrealized_pnl for share in shares]),
        fees=_total([ledger.fees for ledger in ledgers]),
        other_fees=total(ledger.other_fees for ledger in ledgers),
        funding=_total([ledger.funding for ledger in ledgers]),
        total_pnl=_sum([share.total_pnl for share in shares]),
        wallet_balance=wallet,
        available_balance=None if told.wallet is None else told.wallet.available_balance,
        margin_balance=margin_balance,
        maintenance_margin=maintenance,
        margin_ratio=_ratio(maintenance, margin_balance),
        capital_in_use=in_use,
        capital_needed=needed,
        capital_free=_free(margin_balance, exposures),
        exposures=[one for one in exposures if one.strategies or one.position or one.external_position],
        strategies=[share for share in shares if _is_listed(share.row)],
        books=_books(known, wallet),
        exchange_error=told.error,
    )


def _is_listed(row: GridStrategy) -> bool:
    return row.status in ACTIVE or bool(row.position)


def _share(row: GridStrategy, mark: Decimal | None) -> Share:
    """A flat one needs no mark price."""
    price = ZERO if mark is None and not row.position else mark
    if price is None:
        return Share(row, None, None)
    return Share(row, row.ledger.unrealized_pnl(price), row.ledger.total_pnl(price))


def _maintenance(known: _Known, position: Position) -> Decimal | None:
    """None where the symbol's tiers are not known: one that no strategy has traded."""
    brackets = known.brackets.get(position.symbol)
    notional = EXACT.multiply(abs(position.quantity), position.mark_price)
    return maintenance_margin(notional, brackets) if brackets else None


def _free(margin_balance: Decimal | None, exposures: Sequence[Exposure]) -> Decimal | None:
    """What no grid uses and none could come to need."""
    claims = _sum([_larger(one.capital_in_use, one.capital_needed) for one in exposures])
    return None if margin_balance is None or claims is None else max(ZERO, margin_balance - claims)


def _larger(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else max(first, second)


def _books(known: _Known, wallet: Decimal | None) -> Books:
    """A verdict of none yet is told before a good one, and a bad one before both."""
    checked: list[ExchangeApi | GridStrategy] = [known.account, *known.strategies]
    verdicts = {one.books_balance for one in checked}
    return Books(
        lines=known.lines,
        balance=False if False in verdicts else None if None in verdicts else True,
        difference=_total([one.books_difference or ZERO for one in checked]),
        explanation="; ".join(one.books_explanation for one in checked if one.books_explanation),
        checked_at=known.account.books_checked_at,
        wallet_before=None
        if wallet is None
        else _total([wallet, *(-line.amount for line in known.lines if line.asset == SETTLEMENT_ASSET)]),
    )


def _ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if part is None or whole is None or whole <= 0 else PRECISE.divide(part, whole)


def _total(amounts: Sequence[Decimal]) -> Decimal:
    with localcontext(EXACT):
        return sum(amounts, ZERO)


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """None where one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return None
    with localcontext(PRECISE):
        return sum(known, ZERO)
