"""Which grid was forecast, and why its forecast has no comparison any more"""

import sqlalchemy as sa
from alembic import op

revision = "0009_what_was_forecast"
down_revision = "0008_delistings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("forecasts", sa.Column("grid", sa.JSON(), nullable=True))
    op.add_column("forecasts", sa.Column("ended", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("forecasts", "ended")
    op.drop_column("forecasts", "grid")
