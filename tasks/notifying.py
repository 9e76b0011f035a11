"""The doors for notifications, in the queue `upkeep`."""

from core.notifications import delivery, telling
from tasks.app import app, ring


@app.task(name="tasks.upkeep.notify")  # type: ignore[untyped-decorator]
def notify() -> None:
    """Rung by beat: makes messages of what is new, and rings for those that are to be sent."""
    telling.make_notifications()
    for notification_id in delivery.due():
        ring("tasks.upkeep.deliver", notification_id)


@app.task(name="tasks.upkeep.deliver")  # type: ignore[untyped-decorator]
def deliver(notification_id: int) -> None:
    delivery.deliver(notification_id)
