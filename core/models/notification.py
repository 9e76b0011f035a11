"""What a user wants to be told, where, and what was told."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.models.columns import Base


class NotificationSettings(Base):
    """One row per user, made when it is first needed."""

    __tablename__ = "notification_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    language: Mapped[str]
    fills: Mapped[bool] = mapped_column(default=False)
    ends: Mapped[bool] = mapped_column(default=True)
    warnings: Mapped[bool] = mapped_column(default=True)
    alarms: Mapped[bool] = mapped_column(default=True)
    told_at: Mapped[datetime | None]  # when a notification was last made of events
    # Fills up to the first id have been told of, those up to the second are next: by then all of them are committed.
    fills_told: Mapped[int] = mapped_column(default=0)
    fills_seen: Mapped[int] = mapped_column(default=0)
    fills_seen_at: Mapped[datetime | None]


class NotificationTarget(Base):
    __tablename__ = "notification_targets"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    url: Mapped[str]  # encrypted
    masked: Mapped[str]


class Notification(Base):
    """One message: several events, told together."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_state_next_try_at", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]  # the gravest of its events'; or test
    title: Mapped[str]
    body: Mapped[str]
    count: Mapped[int]  # of events and fills
    state: Mapped[str]  # PENDING, SENT, FAILED; NO_TARGET: there was nowhere to send it
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    reached: Mapped[list[int]] = mapped_column(JSON, default=list)  # ids of the targets that have taken it
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
