"""Forecasts"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0007_forecasts"
down_revision = "0006_candles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("investment", core.models.columns.Exact(), nullable=False),
        sa.Column("band", sa.JSON(), nullable=False),
        sa.Column("made_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("judged_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("actual", core.models.columns.Exact(), nullable=True),
        sa.Column("expected", core.models.columns.Exact(), nullable=True),
        sa.Column("inside", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_forecasts_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("strategy_id", name=op.f("uq_forecasts_strategy_id")),
    )
    op.create_index("ix_forecasts_judged_at", "forecasts", ["judged_at"])


def downgrade() -> None:
    op.drop_table("forecasts")
