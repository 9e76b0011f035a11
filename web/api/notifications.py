"""What users were told, and where they want to be told."""

from typing import Any

from core.db import Session
from core.models import Notification
from core.notifications import delivery, preferences
from core.notifications.preferences import Preferences
from tasks.app import ring
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.base import PageQuery
from web.schemas.notifications import NewSettingsSchema, NotificationSchema, SettingsSchema

blp = Blueprint("notifications", __name__, url_prefix="/api/v1/notifications", description="Being told without looking")


@blp.route("", methods=["GET"], endpoint="list")
@blp.listing(NotificationSchema, PageQuery)
def list_notifications(query: dict[str, Any]) -> tuple[list[Notification], int]:
    """What there was, whether it arrived, and if not, why"""
    with Session.reading() as session:
        return delivery.notifications(session, current_user_id(), query["page"], query["page_size"])


@blp.route("/settings", methods=["GET"], endpoint="settings")
@blp.response(200, SettingsSchema)
def show_settings() -> Preferences:
    """Which kinds, in which language, and where"""
    with Session.reading() as session:
        return preferences.preferences_of(session, current_user_id())


@blp.route("/settings", methods=["PUT"], endpoint="change")
@blp.arguments(NewSettingsSchema)
@blp.response(200, SettingsSchema)
def change_settings(body: dict[str, Any]) -> Preferences:
    """Change them

    Targets are apprise URLs of encrypted services on the open internet.
    """
    preferences.check_targets(body.get("targets", []))
    with Session.begin() as session:
        return preferences.change(session, current_user_id(), body)


@blp.route("/test", methods=["POST"], endpoint="test")
@blp.response(202, NotificationSchema)
def send_test() -> Notification:
    """Send a test to every target; the list says whether it arrived"""
    with Session.begin() as session:
        made = preferences.ask_for_test(session, current_user_id())
    ring("tasks.upkeep.deliver", made.id)
    return made
