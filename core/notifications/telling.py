"""From the event log to messages: grouped, at most so many a minute, each event once, whatever dies in between."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.models import Event, Fill, GridStrategy, Notification, NotificationSettings
from core.notifications.catalogue import Kind, kind_of, text_of, word
from core.notifications.preferences import settings_of, targets_of

log = structlog.get_logger()

SPACING = {
    Kind.FILLS: timedelta(seconds=60),
    Kind.WARNINGS: timedelta(seconds=60),
    Kind.ENDS: timedelta(seconds=10),
    Kind.ALARMS: timedelta(seconds=10),
}
FILLS_EVERY = timedelta(seconds=60)
MOST_EVENTS = 1000
MOST_LINES = 20
_GRAVITY = list(Kind)


def make_notifications() -> None:
    """One pass over everybody of whom there is something to tell."""
    with Session.begin() as session:
        session.execute(update(Event).where(~Event.noticed, Event.user_id.is_(None)).values(noticed=True))
        users = set(session.scalars(select(Event.user_id).where(~Event.noticed).distinct()))
        due = or_(
            NotificationSettings.fills_seen_at.is_(None), NotificationSettings.fills_seen_at <= now() - FILLS_EVERY
        )
        users |= set(session.scalars(select(NotificationSettings.user_id).where(NotificationSettings.fills, due)))
    for user_id in sorted(user_id for user_id in users if user_id is not None):
        try:
            with Session.begin() as session:
                tell_user(session, user_id)
        except Exception:
            log.exception("a user could not be told", user_id=user_id)  # the others are, all the same


def tell_user(session: OrmSession, user_id: int) -> None:
    """Makes one message of all that is new, or waits: the last one was too short a time ago."""
    settings = settings_of(session, user_id, lock=True)
    events = session.scalars(
        select(Event).where(Event.user_id == user_id, ~Event.noticed).order_by(Event.id).limit(MOST_EVENTS)
    ).all()
    wanted = []
    for event in events:
        event.noticed = not _is_wanted(settings, event)
        if not event.noticed:
            wanted.append(event)
    kinds = [kind for event in wanted if (kind := kind_of(event.level, event.code)) is not None]
    if kinds and _is_too_soon(settings, kinds):
        return
    fills = _new_fills(session, settings) if settings.fills else Counter()
    if fills:
        kinds.append(Kind.FILLS)
    if kinds:
        lines = _lines(session, settings.language, wanted, fills)
        _make(session, settings, max(kinds, key=_GRAVITY.index), lines, len(wanted) + fills.total())
    for event in wanted:
        event.noticed = True


def _is_wanted(settings: NotificationSettings, event: Event) -> bool:
    kind = kind_of(event.level, event.code)
    return kind is not None and bool(getattr(settings, kind))


def _is_too_soon(settings: NotificationSettings, kinds: Iterable[Kind]) -> bool:
    return settings.told_at is not None and now() - settings.told_at < min(SPACING[kind] for kind in kinds)


def _new_fills(session: OrmSession, settings: NotificationSettings) -> "Counter[int]":
    """By strategy, of the last minute but one: an id that has been seen for a minute has no uncommitted one below."""
    if settings.fills_seen_at is not None and now() - settings.fills_seen_at < FILLS_EVERY:
        return Counter()
    first_time, last = settings.fills_seen_at is None, session.scalar(select(func.max(Fill.id))) or 0
    told, seen = settings.fills_told, settings.fills_seen
    settings.fills_told, settings.fills_seen, settings.fills_seen_at = (last if first_time else seen), last, now()
    if first_time:
        return Counter()
    found = session.execute(
        select(Fill.strategy_id, func.count())
        .join(GridStrategy, GridStrategy.id == Fill.strategy_id)
        .where(GridStrategy.user_id == settings.user_id, Fill.id > told, Fill.id <= seen)
        .group_by(Fill.strategy_id)
    )
    return Counter({strategy_id: count for strategy_id, count in found if strategy_id is not None})


def _lines(session: OrmSession, language: str, events: Sequence[Event], fills: "Counter[int]") -> list[str]:
    """One for each strategy and code, in the order in which they first came; fills last."""
    ids = {event.strategy_id for event in events} | set(fills)
    rows = session.execute(select(GridStrategy.id, GridStrategy.symbol).where(GridStrategy.id.in_(ids - {None})))
    names = {row.id: word("strategy", language, id=row.id, symbol=row.symbol) for row in rows}
    account = word("account", language)
    groups = Counter((event.strategy_id, event.code) for event in events)
    messages = {(event.strategy_id, event.code): event.message for event in events if event.level != "INFO"}
    lines = []
    for (strategy_id, code), times in groups.items():
        detail = f" ({messages[strategy_id, code]})" if (strategy_id, code) in messages else ""
        often = f" ×{times}" if times > 1 else ""
        lines.append(f"{names.get(strategy_id, account)}: {text_of(code, language)}{detail}{often}")
    for strategy_id, count in fills.items():
        lines.append(f"{names.get(strategy_id, account)}: {word('fills', language, count=count)}")
    return lines


def _make(session: OrmSession, settings: NotificationSettings, kind: Kind, lines: list[str], count: int) -> None:
    rest = len(lines) - MOST_LINES
    shown = lines if rest <= 0 else [*lines[:MOST_LINES], word("more", settings.language, count=rest)]
    has_target = bool(targets_of(session, settings.user_id))
    settings.told_at = now()
    session.add(
        Notification(
            user_id=settings.user_id,
            kind=kind,
            title=word("title", settings.language, count=count),
            body="\n".join(shown),
            count=count,
            state="PENDING" if has_target else "NO_TARGET",
            next_try_at=now() if has_target else None,
        )
    )
