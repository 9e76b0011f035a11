"""A running grid may be changed: what it is to become, and the cells that come and go"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0002_changes"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("change", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("ladder_lower", core.models.columns.Exact(), nullable=True))
        batch_op.add_column(sa.Column("ladder_upper", core.models.columns.Exact(), nullable=True))
        batch_op.add_column(sa.Column("trailed", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("grid_cells", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opening_price", core.models.columns.Exact(), nullable=True))
        batch_op.add_column(sa.Column("changing", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("dropped", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("grid_cells", schema=None) as batch_op:
        for name in ("dropped", "changing", "opening_price"):
            batch_op.drop_column(name)
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        for name in ("trailed", "ladder_upper", "ladder_lower", "change"):
            batch_op.drop_column(name)
