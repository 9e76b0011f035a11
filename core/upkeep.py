"""What keeps everything going: finding committed work that is not done yet, tending an account."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, union, update
from sqlalchemy.orm import Session as OrmSession

from core import bus, leases, symbols
from core.accounts import REMOVED
from core.clock import now
from core.db import Session
from core.domain.lifecycle import PROTECTED
from core.errors import VenueRefused, VenueUnavailable
from core.execution.claiming import IS_DUE
from core.execution.events import Consequences
from core.models import NOW, ExchangeApi, GridOrder, GridStrategy, Lease
from core.reconciliation import crossed, roll
from core.reconciliation.account import halt_until_read, request_all
from core.reconciliation.cells import BARE_CELLS, refill
from core.reconciliation.doubts import IN_DOUBT, resolve
from core.strategies import absence, progress

log = structlog.get_logger()

SWEEP = "sweep"
TRY_AGAIN = timedelta(seconds=3)
TRY_KEY_AGAIN = timedelta(seconds=60)
LONG_SILENCE = timedelta(seconds=60)

_SWEPT_UNTIL = select(Lease.until).where(Lease.name == SWEEP)
_WITH_WORK = union(
    select(GridOrder.account_id).join(GridStrategy, GridStrategy.id == GridOrder.strategy_id).where(IS_DUE),
    select(GridOrder.account_id).where(IN_DOUBT),
    progress.TO_ADVANCE.with_only_columns(GridStrategy.account_id),
    BARE_CELLS.with_only_columns(GridStrategy.account_id),
)
# Without those whose key is refused: for them there is the routine check only.
_TO_TEND = select(ExchangeApi.id).where(ExchangeApi.id.in_(_WITH_WORK), ExchangeApi.status == "OK")
_TO_RECONCILE = select(ExchangeApi.id).where(
    ExchangeApi.reconcile_due_at <= NOW,
    ExchangeApi.id.in_(select(GridStrategy.account_id).where(GridStrategy.generation > 0)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """Account ids; `to_call`: with the symbol."""

    to_tend: list[int]
    to_reconcile: list[int]
    to_call: list[tuple[int, str]]


def find_work() -> Work:
    """One pass over all accounts. Where sweeps have been missing for long, or the broker has lost what it held, nobody
    knows what was lost with it: every active account is reconciled. A few seconds only show that the workers are busy,
    and a worker that starts asks for that by itself."""
    lost = bus.losses()
    with Session.begin() as session:
        silence = _silence(session)
        were_away = silence > LONG_SILENCE
        leases.claim(session, [SWEEP], SWEEP)
        if were_away:
            halt_until_read(session)
            session.execute(update(ExchangeApi).values(unreachable_since=None))  # not the venue
        if lost.forgotten or were_away:
            log.warning("reconciling every account", broker_lost_data=lost.forgotten, silence_s=silence.total_seconds())
            request_all(session)
        elif lost.account_ids:
            request_all(session, list(lost.account_ids))
        work = Work(sorted(session.scalars(_TO_TEND)), sorted(session.scalars(_TO_RECONCILE)), roll.due(session))
        crossed.watch(session)
    bus.acknowledge(lost)
    return work


def halt_after_silence() -> None:
    """For a worker that starts, before it takes its first message."""
    with Session.begin() as session:
        if _silence(session) > LONG_SILENCE:
            halt_until_read(session)
            request_all(session)


def _silence(session: OrmSession) -> timedelta:
    """For how long sweeps have been missing."""
    until = session.scalar(_SWEPT_UNTIL)
    return timedelta(0) if until is None else max(timedelta(0), now() - until)


def tend(account_id: int) -> Iterator[Consequences]:
    """Everything of an account whose key works that is due, step by step; each step is committed when it is yielded."""
    with Session.begin() as session:
        refill(session, account_id)
        absence.go_on(session, account_id)
    try:
        yield resolve(account_id)
    except (VenueUnavailable, VenueRefused) as error:
        log.warning("doubts not resolved", account_id=account_id, error=str(error))
    yield from progress.advance_all(account_id)
    yield progress.send_due(account_id)


def put_off_reconciliation(account_id: int, error: VenueUnavailable | VenueRefused) -> None:
    """A key that the venue refuses halts the account, and is tried seldom; what fails for too long ends strategies."""
    with Session.begin() as session:
        is_key_refused = absence.note_failure(session, account_id, error)
        pause = TRY_KEY_AGAIN if is_key_refused else TRY_AGAIN
        session.execute(update(ExchangeApi).where(ExchangeApi.id == account_id).values(reconcile_due_at=now() + pause))


def watch_halts() -> None:
    """Ends what runs on symbols that the venues have halted for too long, or settle soon."""
    with Session.reading() as session:
        running = select(GridStrategy.exchange).where(GridStrategy.status.in_(PROTECTED)).distinct()
        exchanges = session.scalars(running).all()
    for exchange in exchanges:
        try:
            symbols.refresh_all(exchange)
        except (VenueUnavailable, VenueRefused) as error:
            log.warning("symbol rules not refreshed", exchange=exchange, error=str(error))
        with Session.begin() as session:
            absence.end_halted(session, exchange)
            absence.end_delisted(session, exchange)


def exchanges_in_use() -> list[str]:
    with Session.reading() as session:
        return sorted(set(session.scalars(select(ExchangeApi.exchange).where(ExchangeApi.status != REMOVED))))
