"""Switches: while one is thrown, nothing new is opened for what it covers. Cancels, closes and stops go on.

A switch is a row; what it means stands in each strategy it covers (`halted`), under the strategy's lock: whoever claims
an order holds that lock, so that no order is claimed after the transaction that throws a switch.

    all               everything: the operator's
    venue:<exchange>  everything at a venue: the operator's
    account:<id>      an account: its user's
    key:<id>          an account whose key the venue refuses; released when the venue takes it again
    margin:<id>       an account whose margin ratio is past its limit; released when it is well below it
    unread:<id>       an account that must be compared with the venue first; released when it has been
"""

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from core.clock import now
from core.errors import Halted
from core.execution.intents import lock_strategies
from core.models import Event, ExchangeApi, GridStrategy, Switch

ALL = "all"
KEY_INVALID = "KEY_INVALID"
_OWN = ("account", "key", "margin", "unread")  # switches of one account


def throw(session: Session, name: str, reason: str) -> None:
    """Nothing new is claimed for what it covers once this transaction has committed. Thrown already: the first reason
    stays."""
    if session.get(Switch, name, with_for_update=True) is None:
        session.add(Switch(name=name, reason=reason))
        session.flush()
        _tell(session, name, "switch_thrown", reason, "ALARM")
    _apply(session, name)


def release(session: Session, name: str) -> None:
    """What other switches cover stays halted."""
    switch = session.get(Switch, name, with_for_update=True)
    if switch is None:
        return
    session.delete(switch)
    session.flush()
    _tell(session, name, "switch_released", "trading goes on", "INFO")
    _apply(session, name)


def thrown(session: Session, exchange: str, account_id: int) -> Switch | None:
    """A switch that covers the account, if one is thrown."""
    names = (ALL, f"venue:{exchange}", *(f"{kind}:{account_id}" for kind in _OWN))
    return session.scalars(select(Switch).where(Switch.name.in_(names)).order_by(Switch.thrown_at).limit(1)).first()


def is_unread(session: Session, account_id: int) -> bool:
    return session.get(Switch, f"unread:{account_id}") is not None


def throw_unread(session: Session, account_id: int) -> None:
    throw(session, f"unread:{account_id}", "the account is being compared with the exchange")


def note_refused_key(session: Session, account_id: int, words: str) -> None:
    """The venue does not take the account's key: nothing is sent with it but a routine check, the first of them at
    once, until it does again."""
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)
    if account.status == "OK":
        account.status, account.reconcile_due_at = KEY_INVALID, now()
        throw(session, f"key:{account_id}", f"the exchange refuses the key: {words}")


def note_read(session: Session, account_id: int) -> None:
    """The venue has answered with the account's key, and the account has been compared with it."""
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)
    account.reconciled_at = now()
    account.unreachable_since = account.refused_since = None
    if account.status == KEY_INVALID:
        account.status = "OK"
    release(session, f"key:{account_id}")
    release(session, f"unread:{account_id}")


def require_released(session: Session, strategy: GridStrategy) -> None:
    """Raises Halted. To be asked under the strategy's lock."""
    switch = thrown(session, strategy.exchange, strategy.account_id)
    if switch is not None:
        raise Halted("halted", f"Trading is halted: {switch.reason}.")


def _apply(session: Session, name: str) -> None:
    """To every strategy, running or not: one that is being started at this moment holds its lock, and is met here."""
    covered = select(GridStrategy.id).where(_covered_by(name))
    for strategy in lock_strategies(session, session.scalars(covered)).values():
        switch = thrown(session, strategy.exchange, strategy.account_id)
        strategy.halted = "" if switch is None else switch.reason


def _covered_by(name: str) -> ColumnElement[bool]:
    kind, _, whose = name.partition(":")
    if kind == ALL:
        return true()
    return GridStrategy.exchange == whose if kind == "venue" else GridStrategy.account_id == int(whose)


def _tell(session: Session, name: str, code: str, message: str, level: str) -> None:
    kind, _, whose = name.partition(":")
    account = session.get(ExchangeApi, int(whose)) if kind in _OWN else None
    session.add(
        Event(
            user_id=None if account is None else account.user_id,
            account_id=None if account is None else account.id,
            level=level,
            code=code,
            message=message,
            data={"switch": name},
        )
    )
