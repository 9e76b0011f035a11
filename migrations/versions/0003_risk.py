"""What risk is judged on"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0003_risk"
down_revision = "0002_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grid_strategies", sa.Column("rearmed_at", core.models.columns.Moment(timezone=True), nullable=True))
    op.create_index("ix_grid_strategies_rearmed_at", "grid_strategies", ["rearmed_at"])
    op.add_column("exchange_apis", sa.Column("other_wealth", core.models.columns.Exact(), nullable=True))
    op.add_column("exchange_apis", sa.Column("margin_warned", sa.JSON(), server_default="{}", nullable=False))
    for name in ("unreachable_since", "refused_since"):
        op.add_column("exchange_apis", sa.Column(name, core.models.columns.Moment(timezone=True), nullable=True))
    op.add_column("symbol_rules", sa.Column("halted_at", core.models.columns.Moment(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("symbol_rules", "halted_at")
    for name in ("refused_since", "unreachable_since", "margin_warned", "other_wealth"):
        op.drop_column("exchange_apis", name)
    op.drop_index("ix_grid_strategies_rearmed_at", "grid_strategies")
    op.drop_column("grid_strategies", "rearmed_at")
