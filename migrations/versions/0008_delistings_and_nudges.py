"""Delistings seen early, and grids that may be nudged"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0008_delistings"
down_revision = "0007_forecasts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("symbol_rules", sa.Column("delists_at", core.models.columns.Moment(timezone=True), nullable=True))
    op.add_column("grid_strategies", sa.Column("nudge", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("grid_strategies", "nudge")
    op.drop_column("symbol_rules", "delists_at")
