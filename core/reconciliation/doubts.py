"""Orders whose state is not known. The venue is asked; what it does not know must be proved absent.

"Not placed" is believed only when the request can no longer be taken (timestamp + recvWindow + grace), three spaced
answers after that agreed, the id is in none of the account's lists, every trade is explained, and the position equals
the sum of the fills. Until then the order stays UNKNOWN and its cell occupied.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_, bindparam, case, or_, select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.clock import from_ms, now, to_ms
from core.config import settings
from core.credentials import credentials_of
from core.db import Session
from core.domain.order import RESTING, OrderStatus
from core.errors import VenueUnavailable
from core.exchange import account_api
from core.exchange.base import AccountApi
from core.exchange.pool import venue_now_ms
from core.execution.booking import follow_up
from core.execution.events import Consequences, Finding, apply_findings
from core.execution.intents import Cancel, cancel_of, is_in_progress, is_wanted, lock_orders
from core.execution.rules import rules_of
from core.models import NOW, ExchangeApi, GridOrder, Moment
from core.reconciliation import hearing
from core.reconciliation.trades import position_is_explained, read_trades

log = structlog.get_logger()

ANSWER_WITHIN = timedelta(seconds=3)  # an attempt without any reply is asked for after this
ASK_AGAIN = timedelta(seconds=2)
PROOFS_NEEDED = 3
BATCH = 50
EVENTS_MAY_WAIT = timedelta(seconds=10)


def _sent_before() -> int:
    return to_ms(now() - ANSWER_WITHIN)


def _due_before() -> datetime:
    """Of what seems to rest. While workers are behind it may only not be booked yet: asking for it too would keep them
    behind."""
    return now() - (EVENTS_MAY_WAIT if bus.is_behind("orders") else timedelta(0))


_SILENT = and_(
    GridOrder.status == OrderStatus.SUBMITTED,
    GridOrder.sent_at < bindparam("sent_before", callable_=_sent_before, unique=True),
    GridOrder.next_check_at.is_(None) | (GridOrder.next_check_at <= NOW),
)
_RESTING_UNTIL = bindparam("due_before", callable_=_due_before, type_=Moment, unique=True)
# Rows to ask the venue about now.
IN_DOUBT = or_(
    _SILENT,
    and_(
        GridOrder.status != OrderStatus.PENDING,
        GridOrder.next_check_at <= case((GridOrder.status.in_(RESTING), _RESTING_UNTIL), else_=NOW),
    ),
)
_OF_ACCOUNT = select(GridOrder).where(GridOrder.account_id == bindparam("account_id"), IN_DOUBT).limit(BATCH)


@dataclass(frozen=True, slots=True)
class Doubt:
    grid_order_id: int
    symbol: str
    client_order_id: str
    is_conditional: bool
    sent_at: int
    absences: int


def resolve(account_id: int) -> Consequences:
    """Asks the venue about the account's doubtful orders and books the answers. Raises VenueUnavailable."""
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
        doubts = [_doubt(row) for row in session.scalars(_OF_ACCOUNT, {"account_id": account_id})]
    if not doubts:
        return Consequences()
    api = account_api(account.exchange, credentials_of(account))
    findings, absent = _ask(api, doubts)
    provable = {doubt.grid_order_id for doubt in absent if _could_be_proved(account.exchange, doubt)}
    consequences = Consequences()
    if provable:
        findings += _look_elsewhere(api, [doubt for doubt in absent if doubt.grid_order_id in provable])
        for symbol in {doubt.symbol for doubt in absent if doubt.grid_order_id in provable}:
            if not _is_explained(account_id, api, symbol, consequences):
                provable -= {doubt.grid_order_id for doubt in absent if doubt.symbol == symbol}
    with Session.begin() as session:
        consequences.add(apply_findings(session, account_id, findings))
        found = {finding.client_order_id for finding in findings}
        missing = [doubt for doubt in absent if doubt.client_order_id not in found]
        consequences.add(_note_absences(session, account.exchange, missing, provable))
        consequences.cancels += _ask_later(session, [doubt for doubt in doubts if doubt.client_order_id in found])
    hearing.judge(account_id, account.exchange, consequences.new_trades)
    return consequences


def _is_explained(account_id: int, api: AccountApi, symbol: str, consequences: Consequences) -> bool:
    """Whether every trade of the symbol is somebody's, and the position their sum."""
    try:
        consequences.add(read_trades(account_id, api, symbol))
        return position_is_explained(account_id, api, symbol)
    except VenueUnavailable as error:
        log.info("not all is explained", account_id=account_id, symbol=symbol, error=str(error))
        return False


def _doubt(row: GridOrder) -> Doubt:
    return Doubt(row.id, row.symbol, row.client_order_id, row.is_conditional, row.sent_at or 0, row.absences)


def _ask(api: AccountApi, doubts: list[Doubt]) -> tuple[list[Finding], list[Doubt]]:
    findings: list[Finding] = []
    absent: list[Doubt] = []
    for doubt in doubts:
        ask = api.conditional_order if doubt.is_conditional else api.order
        news = ask(doubt.symbol, doubt.client_order_id)
        if news is None:
            absent.append(doubt)
            continue
        findings.append(Finding(doubt.client_order_id, news))
        if news.filled_quantity:
            trades = api.trades_of_order(doubt.symbol, news.order_id)
            findings += [Finding(doubt.client_order_id, trade=trade) for trade in trades]
    return findings, absent


def _earliest_proof_ms(exchange: str, sent_at: int) -> int:
    return sent_at + settings().recv_window_ms(exchange) + int(settings().unknown_grace_s(exchange) * 1000)


def _could_be_proved(exchange: str, doubt: Doubt) -> bool:
    """Whether this absence could be the last one needed."""
    in_time = venue_now_ms(exchange) > _earliest_proof_ms(exchange, doubt.sent_at)
    return in_time and doubt.absences + 1 >= PROOFS_NEEDED


def _look_elsewhere(api: AccountApi, doubts: list[Doubt]) -> list[Finding]:
    """The ids in the account's lists of open and recent orders, which know of orders sooner than a query may."""
    wanted = {doubt.client_order_id for doubt in doubts}
    findings = []
    for symbol in {doubt.symbol for doubt in doubts}:
        start = min(doubt.sent_at for doubt in doubts if doubt.symbol == symbol) - 60_000
        resting = [*api.open_orders(symbol), *api.open_conditional_orders(symbol)]
        for news in (*resting, *api.recent_orders(symbol, start)):
            if news.client_order_id in wanted:
                findings.append(Finding(news.client_order_id, news))
    return findings


def _note_absences(session: OrmSession, exchange: str, absent: list[Doubt], provable: set[int]) -> Consequences:
    consequences = Consequences()
    if not absent:
        return consequences
    by_id = {doubt.grid_order_id: doubt for doubt in absent}
    for strategy, order in lock_orders(session, by_id):
        doubt = by_id[order.id]
        if order.sent_at != doubt.sent_at or order.status not in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN):
            _ask_order_later(order)
            continue
        order.status = OrderStatus.UNKNOWN
        if venue_now_ms(exchange) <= _earliest_proof_ms(exchange, doubt.sent_at):
            order.next_check_at = from_ms(_earliest_proof_ms(exchange, doubt.sent_at))
            continue
        order.absences += 1
        order.next_check_at = now() + timedelta(seconds=settings().absence_spacing_s(exchange))
        if order.id in provable:
            log.info("proved absent", client_order_id=order.client_order_id, attempts=order.attempts)
            order.status, order.next_check_at = OrderStatus.PENDING, None
            if not is_wanted(strategy, order):
                order.status = OrderStatus.CANCELED
                follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
        if is_in_progress(strategy):
            consequences.in_progress.add(strategy.id)
    return consequences


def _ask_later(session: OrmSession, doubts: list[Doubt]) -> list[Cancel]:
    """What the venue knew but is not whole yet (a trade still missing) is asked for again after a pause; what still
    rests and should not is cancelled once more."""
    ids = [doubt.grid_order_id for doubt in doubts]
    cancels = []
    for order in session.scalars(select(GridOrder).where(GridOrder.id.in_(ids))):
        if order.cancel_wanted and order.status in RESTING:
            cancels.append(cancel_of(order))
            _ask_order_later(order)
        elif order.next_check_at is not None:
            _ask_order_later(order)
    return cancels


def _ask_order_later(order: GridOrder) -> None:
    order.next_check_at = now() + ASK_AGAIN
