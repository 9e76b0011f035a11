"""What a user wants to be told, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import now
from core.errors import Conflict, Invalid
from core.models import Notification, NotificationSettings, NotificationTarget, User
from core.notifications.catalogue import LANGUAGES, word
from core.notifications.sending import check
from core.vault import Secret, encrypt, mask

MOST_TARGETS = 5
TEST = "test"
_TEST_EVERY_S = 10


@dataclass(frozen=True, slots=True)
class Preferences:
    settings: NotificationSettings
    targets: list[NotificationTarget]


def settings_of(session: Session, user_id: int, *, lock: bool = False) -> NotificationSettings:
    """Made with what everybody begins with, where there is none."""
    user = session.get_one(User, user_id, with_for_update=lock)
    row = session.get(NotificationSettings, user_id, populate_existing=lock)
    if row is None:
        language = user.locale if user.locale in LANGUAGES else LANGUAGES[0]
        row = NotificationSettings(
            user_id=user_id,
            language=language,
            fills=False,
            ends=True,
            warnings=True,
            alarms=True,
            fills_told=0,
            fills_seen=0,
        )
        if lock:
            session.add(row)
    return row


def preferences_of(session: Session, user_id: int) -> Preferences:
    return Preferences(settings_of(session, user_id), targets_of(session, user_id))


def targets_of(session: Session, user_id: int) -> list[NotificationTarget]:
    mine = select(NotificationTarget).where(NotificationTarget.user_id == user_id)
    return list(session.scalars(mine.order_by(NotificationTarget.id)))


def address_of(target: NotificationTarget) -> Secret:
    return Secret(target.url, _place(target))


def check_targets(targets: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid (url_not_allowed) for an address that nothing can be sent to, and Unavailable."""
    new = [(number, str(target["url"])) for number, target in enumerate(targets) if "url" in target]
    results = check([url for _, url in new])
    errors = [f"[{number}] {result.error}" for (number, _), result in zip(new, results, strict=True) if result.error]
    if errors:
        raise Invalid("url_not_allowed", "Some addresses can't be used; errors says why.", {"targets": errors})


def change(session: Session, user_id: int, changes: Mapping[str, Any]) -> Preferences:
    """`changes`: language, kinds (name -> bool), targets: those kept by `id`, new ones by `url`, which have been
    checked. What is left out stays. Raises Invalid."""
    settings = settings_of(session, user_id, lock=True)
    settings.language = changes.get("language", settings.language)
    for kind, wanted in changes.get("kinds", {}).items():
        setattr(settings, kind, wanted)
    if not settings.fills:
        settings.fills_seen_at = None
    if "targets" in changes:
        _replace_targets(session, user_id, changes["targets"])
    session.flush()
    return preferences_of(session, user_id)


def ask_for_test(session: Session, user_id: int) -> Notification:
    """A notification that only says that it arrives. Raises Conflict."""
    settings = settings_of(session, user_id, lock=True)
    if not targets_of(session, user_id):
        raise Conflict("no_target", "There is nowhere to send it: add a target first.")
    last = session.scalar(
        select(func.max(Notification.created_at)).where(Notification.user_id == user_id, Notification.kind == TEST)
    )
    if last is not None and (now() - last).total_seconds() < _TEST_EVERY_S:
        raise Conflict("too_soon", f"One test every {_TEST_EVERY_S} seconds.")
    made = Notification(
        user_id=user_id,
        kind=TEST,
        title=word("test_title", settings.language),
        body=word("test", settings.language),
        count=0,
        state="PENDING",
        next_try_at=now(),
    )
    session.add(made)
    session.flush()
    return made


def _replace_targets(session: Session, user_id: int, wanted: Sequence[Mapping[str, Any]]) -> None:
    existing = {target.id: target for target in targets_of(session, user_id)}
    kept = {int(target["id"]) for target in wanted if "id" in target}
    if not kept <= existing.keys():
        raise Invalid("no_such_target", "Some targets are not there.", {"targets": ["No target has this id."]})
    for number in existing.keys() - kept:
        session.delete(existing[number])
    for target in wanted:
        if "url" in target:
            _add(session, user_id, str(target["url"]))


def _add(session: Session, user_id: int, url: str) -> None:
    scheme = url.partition("://")[0].lower()
    row = NotificationTarget(user_id=user_id, url="-", masked=f"{scheme}://{mask(url)}")
    session.add(row)
    session.flush()  # a ciphertext is bound to its row, so the row comes first
    row.url = encrypt(url, _place(row))


def _place(target: NotificationTarget) -> str:
    return f"notification_targets:{target.id}:url"
