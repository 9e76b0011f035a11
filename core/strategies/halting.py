"""A user's kill switch: what the API asks of core.execution.switches."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.execution import switches
from core.models import ExchangeApi


@dataclass(frozen=True, slots=True)
class Halt:
    """Whether trading is halted on an account, and by which switch first."""

    halted: bool
    switch: str | None = None
    reason: str | None = None
    since: datetime | None = None


def halt(session: Session, account: ExchangeApi, reason: str) -> None:
    switches.throw(session, f"account:{account.id}", reason)


def resume(session: Session, account: ExchangeApi) -> None:
    """Releases the user's own switch; any other stays thrown."""
    switches.release(session, f"account:{account.id}")


def halt_of(session: Session, account: ExchangeApi) -> Halt:
    switch = switches.thrown(session, account.exchange, account.id)
    if switch is None:
        return Halt(False)
    return Halt(True, switch.name.partition(":")[0], switch.reason, switch.thrown_at)
