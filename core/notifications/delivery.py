"""Brings messages to their targets: claimed before they leave, tried again where one fails, given up after a while."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.errors import ConfigurationError
from core.models import Notification
from core.notifications.preferences import address_of, targets_of
from core.notifications.sending import Result, send

MOST_AT_ONCE = 4  # of those that are due: one that hangs holds a thread of the worker for some seconds
MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=30)  # doubles; longer than an attempt takes, so that none is made twice at a time


@dataclass(frozen=True, slots=True)
class Parcel:
    title: str
    body: str
    addresses: dict[int, str]  # by target id


def due() -> list[int]:
    """Ids of what is to be sent now, those first that have failed least often."""
    waiting = select(Notification.id).where(Notification.state == "PENDING", Notification.next_try_at <= now())
    with Session.reading() as session:
        return list(session.scalars(waiting.order_by(Notification.attempts, Notification.id).limit(MOST_AT_ONCE)))


def deliver(notification_id: int) -> None:
    """Once, however often it is called: whoever claims it sends it. After a crash it is tried again."""
    with Session.begin() as session:
        parcel = _claim(session, notification_id)
    if parcel is None:
        return
    results = send(list(parcel.addresses.values()), parcel.title, parcel.body)
    with Session.begin() as session:
        _note(session, notification_id, dict(zip(parcel.addresses, results, strict=True)))


def notifications(session: OrmSession, user_id: int, page: int, page_size: int) -> tuple[list[Notification], int]:
    """A page, oldest first, and the total."""
    mine = select(Notification).where(Notification.user_id == user_id).order_by(Notification.id)
    count = select(func.count()).select_from(Notification).where(Notification.user_id == user_id)
    rows = session.scalars(mine.offset((page - 1) * page_size).limit(page_size))
    return list(rows), session.scalar(count) or 0


def _claim(session: OrmSession, notification_id: int) -> Parcel | None:
    row = session.get(Notification, notification_id, with_for_update=True)
    if row is None or row.state != "PENDING" or row.next_try_at is None or row.next_try_at > now():
        return None
    row.attempts += 1
    row.next_try_at = now() + FIRST_PAUSE * 2 ** (row.attempts - 1)
    addresses = {}
    for target in targets_of(session, row.user_id):
        if target.id not in row.reached:
            try:
                addresses[target.id] = address_of(target).reveal()
            except ConfigurationError as error:
                row.last_error = str(error)
    return Parcel(row.title, row.body, addresses)


def _note(session: OrmSession, notification_id: int, results: dict[int, Result]) -> None:
    row = session.get_one(Notification, notification_id, with_for_update=True)
    row.reached = [*row.reached, *(number for number, result in results.items() if not result.error)]
    errors = [result.error for result in results.values() if result.error]
    row.last_error = "; ".join(errors)
    if not errors:
        row.state, row.sent_at, row.next_try_at = "SENT", now(), None
    elif row.attempts >= MOST_ATTEMPTS:
        row.state, row.next_try_at = "FAILED", None
