"""Notifications"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0005_notifications"
down_revision = "0004_money"
branch_labels = None
depends_on = None

_UNNOTICED = sa.text("NOT noticed")


def upgrade() -> None:
    op.add_column("events", sa.Column("noticed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_events_unnoticed", "events", ["id"], postgresql_where=_UNNOTICED, sqlite_where=_UNNOTICED)
    op.create_table(
        "notification_settings",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("fills", sa.Boolean(), nullable=False),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.Column("warnings", sa.Boolean(), nullable=False),
        sa.Column("alarms", sa.Boolean(), nullable=False),
        sa.Column("told_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("fills_told", sa.Integer(), nullable=False),
        sa.Column("fills_seen", sa.Integer(), nullable=False),
        sa.Column("fills_seen_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notification_settings_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_settings")),
    )
    op.create_table(
        "notification_targets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("masked", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notification_targets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_targets")),
    )
    op.create_index("ix_notification_targets_user_id", "notification_targets", ["user_id"])
    op.create_table(
        "notifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("reached", sa.JSON(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("sent_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_user_id_id", "notifications", ["user_id", "id"])
    op.create_index("ix_notifications_state_next_try_at", "notifications", ["state", "next_try_at"])


def downgrade() -> None:
    for table in ("notifications", "notification_targets", "notification_settings"):
        op.drop_table(table)
    op.drop_index("ix_events_unnoticed", "events")
    with op.batch_alter_table("events") as batch_op:
        batch_op.drop_column("noticed")
