"""What ends strategies because the venue is not there for them: the symbol delisted, the venue out of reach, the key
refused, or the market halted, each of these for longer than its limit. Their orders are taken back and their positions
closed as soon as it is there again; of a refused key nobody knows when that is, so that they end at once, and say what
they have left (docs/adr/0016)."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.config import settings
from core.domain.lifecycle import ACTIVE, PROTECTED, FinishReason, StrategyStatus
from core.domain.order import LIVE
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import KEY_CODES
from core.execution.intents import end_for, lock_strategies
from core.execution.switches import note_refused_key
from core.execution.telling import tell
from core.models import Event, ExchangeApi, GridOrder, GridStrategy, SymbolRule
from core.strategies.ending import begin_finish, conclude, end
from core.strategies.requests import begin_stop
from core.strategies.stopping import drop_unsent

# Of an account: what ended without its key and has left something at the exchange.
_LEFT = select(GridStrategy.id).where(
    GridStrategy.account_id == bindparam("account_id"),
    GridStrategy.status == StrategyStatus.FINISHED,
    GridStrategy.finish_reason == FinishReason.KEY_REVOKED,
    GridStrategy.waiting_for != "",
)


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


def end_delisted(session: OrmSession, exchange: str) -> None:
    """Those on symbols that the venue settles soon, while positions can still be closed; before that each is warned."""
    announced = select(SymbolRule.symbol, SymbolRule.delists_at).where(
        SymbolRule.exchange == exchange, SymbolRule.delists_at.is_not(None)
    )
    for symbol, moment in session.execute(announced).all():
        assert moment is not None
        because = f"{symbol} is delisted at {moment:%Y-%m-%d %H:%M} UTC"
        on_it = (GridStrategy.exchange == exchange) & (GridStrategy.symbol == symbol)
        if moment - now() <= timedelta(seconds=settings().delist_lead_s):
            _end(session, on_it, FinishReason.DELISTED, because)
        else:
            _warn_of_delisting(session, on_it, because)


def _warn_of_delisting(session: OrmSession, on_it: ColumnElement[bool], because: str) -> None:
    for strategy in _protected(session, on_it).values():
        said = select(Event.id).where(
            Event.strategy_id == strategy.id, Event.code == "delisting", Event.message.startswith(because)
        )
        if session.scalars(said.limit(1)).first() is None:
            tell(session, strategy, "delisting", f"{because}: the grid ends before that.", level="WARNING")


def _judge_key(session: OrmSession, account: ExchangeApi, words: str) -> None:
    """Past the limit all that is active ends, what is stopping too: nothing can be taken back with such a key."""
    assert account.refused_since is not None
    if not _is_over(account.refused_since, settings().key_limit_s):
        return
    active = select(GridStrategy.id).where(GridStrategy.account_id == account.id, GridStrategy.status.in_(ACTIVE))
    for strategy in lock_strategies(session, session.scalars(active)).values():
        if strategy.status in ACTIVE:
            _end_without_key(session, strategy, f"the exchange refuses the key: {words}")


def _end_without_key(session: OrmSession, strategy: GridStrategy, because: str) -> None:
    if strategy.status != StrategyStatus.STOPPING:
        begin_finish(session, strategy, FinishReason.KEY_REVOKED, because)
    strategy.end_status, strategy.finish_reason = StrategyStatus.FINISHED, FinishReason.KEY_REVOKED
    drop_unsent(session, strategy)
    conclude(session, strategy, because)
    end(session, strategy)
    orders = _orders_left(session, strategy)
    if not orders and not strategy.position:
        return
    left = f"{orders} orders and a position of {strategy.position} on {strategy.symbol}"
    strategy.waiting_for = f"a key that works, to take back what is left at the exchange: {left}"
    message = f"ended without its key; {left} are left at the exchange: they are taken back when it takes the key again"
    position = format(strategy.position, "f")
    tell(session, strategy, "left_at_exchange", message, level="ALARM", orders=orders, position=position)


def go_on(session: OrmSession, account_id: int) -> None:
    """The account's key works: what ended without it goes on to its end, its orders taken back and its position closed
    if that was wanted."""
    for strategy in lock_strategies(session, session.scalars(_LEFT, {"account_id": account_id})).values():
        if strategy.status == StrategyStatus.FINISHED and strategy.waiting_for:
            begin_stop(strategy, StrategyStatus.FINISHED, strategy.close_on_end)
            strategy.waiting_for = ""


def _orders_left(session: OrmSession, strategy: GridStrategy) -> int:
    """That rest at the venue, or may."""
    live = select(func.count(GridOrder.id)).where(GridOrder.strategy_id == strategy.id, GridOrder.status.in_(LIVE))
    return session.execute(live).scalar_one()


def _end(session: OrmSession, which: ColumnElement[bool], reason: FinishReason, because: str) -> None:
    for strategy in _protected(session, which).values():
        end_for(strategy, reason, because)


def _protected(session: OrmSession, which: ColumnElement[bool]) -> dict[int, GridStrategy]:
    numbers = session.scalars(select(GridStrategy.id).where(which, GridStrategy.status.in_(PROTECTED)))
    locked = lock_strategies(session, numbers)
    return {number: strategy for number, strategy in locked.items() if strategy.status in PROTECTED}


def _is_over(since: datetime, limit_s: float) -> bool:
    return now() - since >= timedelta(seconds=limit_s)
