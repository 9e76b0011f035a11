"""That a task was rung for is not noted: the sweep rings again for whatever is open"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0010_when_rung"
down_revision = "0009_what_was_forecast"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("operations", "rung_at")


def downgrade() -> None:
    op.add_column("operations", sa.Column("rung_at", core.models.columns.Moment(timezone=True), nullable=True))
