"""An account in full: what the venue says of it, and then the grid itself."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import ACTIVE
from core.exchange import account_api
from core.exchange.base import AccountApi
from core.execution.events import Consequences, Finding, apply_findings
from core.execution.identity import identity
from core.execution.switches import is_unread, note_read, throw_unread
from core.models import ExchangeApi, GridStrategy, TradeCursor
from core.reconciliation import audit, books, cells, hearing, margin, restored, roll
from core.reconciliation.trades import read_trades

INTERVAL = timedelta(minutes=5)


def read_orders(account_id: int) -> Consequences:
    """The first half of a reconciliation: reads orders and trades, and books what it finds, so that what follows can be
    sent before the rest is read. Raises VenueUnavailable; what was booked until then stays."""
    with Session.begin() as session:
        account = session.get_one(ExchangeApi, account_id)
        account.reconcile_due_at = now() + INTERVAL
        symbols, unread = _symbols(session, account_id), is_unread(session, account_id)
    api = _api(account)
    consequences = Consequences()
    for symbol in symbols:
        if unread:
            consequences.add(restored.take_in(account_id, api, symbol))
        consequences.add(_read_open_orders(account_id, api, symbol))
        consequences.add(read_trades(account_id, api, symbol))
    hearing.judge(account_id, account.exchange, consequences.new_trades)
    with Session.begin() as session:
        cells.refill(session, account_id)
    return consequences


def read_books(account_id: int) -> None:
    """The second half: income and balances, and what they say of the books. Then the account counts as read."""
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
    api = _api(account)
    books.read_incomes(account_id, api)
    balances = api.balances()
    with Session.begin() as session:
        margin.note_balances(session, account_id, balances)
        note_read(session, account_id)
    audit.check(account_id)


def read_incomes(account_id: int) -> None:
    """The account's income alone, and what it says of the books. Raises VenueUnavailable, VenueRefused."""
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
    books.read_incomes(account_id, _api(account))
    audit.check(account_id)


def halt_until_read(session: OrmSession) -> None:
    """After a long silence, and above all after a restore from a backup, the rows may be far from what the venue has:
    no account that trades opens anything before it has been compared."""
    active = select(GridStrategy.account_id).where(GridStrategy.status.in_(ACTIVE)).distinct()
    for account_id in session.scalars(active).all():
        throw_unread(session, account_id)


def request_all(session: OrmSession, account_ids: list[int] | None = None) -> None:
    """Asks for a reconciliation, as soon as possible, of the accounts named or of all that trade."""
    active = select(GridStrategy.account_id).where(GridStrategy.status.in_(ACTIVE))
    wanted = ExchangeApi.id.in_(active if account_ids is None else account_ids)
    session.execute(update(ExchangeApi).where(wanted).values(reconcile_due_at=now()))


def _api(account: ExchangeApi) -> AccountApi:
    return account_api(account.exchange, credentials_of(account), routine=True)


def _symbols(session: OrmSession, account_id: int) -> list[str]:
    """Where strategies trade, or have traded: also of those that were deleted, whose trades are in the books."""
    started = select(GridStrategy.symbol).where(GridStrategy.account_id == account_id, GridStrategy.generation > 0)
    read = select(TradeCursor.symbol).where(TradeCursor.account_id == account_id)
    return sorted({*session.scalars(started), *session.scalars(read)})


def _read_open_orders(account_id: int, api: AccountApi, symbol: str) -> Consequences:
    """Adopts ours among the venue's open orders; those we believe open and the venue does not list are asked for."""
    with Session.reading() as session:
        believed = roll.believed_to_rest(session, account_id, symbol)
        ours = identity(session)
    listed = {
        news.client_order_id: news
        for news in (*api.open_orders(symbol), *api.open_conditional_orders(symbol))
        if ours.strategy_of(news.client_order_id) is not None
    }
    gone = [order_id for client_order_id, order_id in believed.items() if client_order_id not in listed]
    consequences = Consequences()
    if not restored.knows_all(account_id, listed):
        consequences.add(restored.take_in(account_id, api, symbol))
    with Session.begin() as session:
        findings = [Finding(client_order_id, news) for client_order_id, news in listed.items()]
        consequences.add(apply_findings(session, account_id, findings))
        roll.ask_for(session, gone)
    return consequences
