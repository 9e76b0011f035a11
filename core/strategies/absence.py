"""What ends strategies because the venue is not there for them: out of reach, the key refused, or the market halted,
each for longer than its limit. Their orders are taken back and their positions closed as soon as it is there again."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.config import settings
from core.domain.lifecycle import PROTECTED, FinishReason
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import KEY_CODES
from core.execution.intents import end_for, lock_strategies
from core.execution.switches import note_refused_key
from core.models import ExchangeApi, GridStrategy, SymbolRule
from core.strategies.ending import begin_finish

WAITS_FOR_KEY = "the exchange to take the key again; or remove the key, and what is left there is yours to close"


def note_failure(session: OrmSession, account_id: int, error: VenueUnavailable | VenueRefused) -> bool:
    """An account could not be read. Whether it is the key that is refused."""
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)
    if isinstance(error, VenueRefused):
        if error.code not in KEY_CODES:
            return False
        account.refused_since = account.refused_since or now()
        note_refused_key(session, account_id, error.message)
        _judge_key(session, account, error.message)
        return True
    account.unreachable_since = account.unreachable_since or now()
    if _is_over(account.unreachable_since, settings().venue_limit_s):
        because = f"the exchange has not answered since {account.unreachable_since:%Y-%m-%d %H:%M} UTC"
        _end(session, GridStrategy.account_id == account_id, FinishReason.VENUE_UNREACHABLE, because)
    return False


def end_halted(session: OrmSession, exchange: str) -> None:
    """Those on symbols that have not been tradable for too long."""
    halted = select(SymbolRule.symbol, SymbolRule.halted_at).where(
        SymbolRule.exchange == exchange, SymbolRule.halted_at.is_not(None)
    )
    for symbol, since in session.execute(halted).all():
        if since is not None and _is_over(since, settings().halt_limit_s):
            because = f"{symbol} has not been tradable since {since:%Y-%m-%d %H:%M} UTC"
            on_it = (GridStrategy.exchange == exchange) & (GridStrategy.symbol == symbol)
            _end(session, on_it, FinishReason.MARKET_HALT, because)


def _judge_key(session: OrmSession, account: ExchangeApi, words: str) -> None:
    """Nothing can be taken back with a key that is refused: it waits for the key, or for the key's removal."""
    assert account.refused_since is not None
    if not _is_over(account.refused_since, settings().key_limit_s):
        return
    for strategy in _protected(session, GridStrategy.account_id == account.id).values():
        begin_finish(session, strategy, FinishReason.KEY_REVOKED, f"the exchange refuses the key: {words}")
        strategy.waiting_for = WAITS_FOR_KEY


def _end(session: OrmSession, which: ColumnElement[bool], reason: FinishReason, because: str) -> None:
    for strategy in _protected(session, which).values():
        end_for(strategy, reason, because)


def _protected(session: OrmSession, which: ColumnElement[bool]) -> dict[int, GridStrategy]:
    numbers = session.scalars(select(GridStrategy.id).where(which, GridStrategy.status.in_(PROTECTED)))
    locked = lock_strategies(session, numbers)
    return {number: strategy for number, strategy in locked.items() if strategy.status in PROTECTED}


def _is_over(since: datetime, limit_s: float) -> bool:
    return now() - since >= timedelta(seconds=limit_s)
