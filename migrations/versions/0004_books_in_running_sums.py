"""Books in running sums"""

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0004_money"
down_revision = "0003_risk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("books_explanation", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("books_fill_id", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("books_sums", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("books_apart", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("audit_fill_id", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("audit_sums", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("ran_ms", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("first_entry_price", core.models.columns.Exact(), nullable=True))
        batch_op.add_column(
            sa.Column("reinvested", core.models.columns.Exact(), nullable=False, server_default=sa.text("'0'"))
        )
        batch_op.add_column(
            sa.Column("profit_settled", core.models.columns.Exact(), nullable=False, server_default=sa.text("'0'"))
        )
    # What was earned under the old rules stays set aside.
    op.execute("UPDATE grid_strategies SET profit_settled = grid_profit, first_entry_price = entry_price")
    with op.batch_alter_table("exchange_apis", schema=None) as batch_op:
        batch_op.add_column(sa.Column("books_balance", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("books_difference", core.models.columns.Exact(), nullable=True))
        batch_op.add_column(sa.Column("books_explanation", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("books_checked_at", core.models.columns.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("books_income_id", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("incomes", schema=None) as batch_op:
        batch_op.create_index("ix_incomes_account_id_symbol_at", ["account_id", "symbol", "at"], unique=False)
        batch_op.create_index(
            "ix_incomes_not_of_trades",
            ["account_id"],
            unique=False,
            postgresql_where=sa.text("income_type NOT IN ('COMMISSION', 'REALIZED_PNL')"),
            sqlite_where=sa.text("income_type NOT IN ('COMMISSION', 'REALIZED_PNL')"),
        )
    with op.batch_alter_table("fills", schema=None) as batch_op:
        batch_op.create_index(
            "ix_fills_of_no_order",
            ["account_id", "symbol", "traded_at"],
            unique=False,
            postgresql_where=sa.text("grid_order_id IS NULL"),
            sqlite_where=sa.text("grid_order_id IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("fills", schema=None) as batch_op:
        batch_op.drop_index("ix_fills_of_no_order")
    with op.batch_alter_table("incomes", schema=None) as batch_op:
        batch_op.drop_index("ix_incomes_not_of_trades")
        batch_op.drop_index("ix_incomes_account_id_symbol_at")
    with op.batch_alter_table("exchange_apis", schema=None) as batch_op:
        for name in (
            "books_income_id",
            "books_checked_at",
            "books_explanation",
            "books_difference",
            "books_balance",
        ):
            batch_op.drop_column(name)
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        for name in (
            "profit_settled",
            "reinvested",
            "first_entry_price",
            "ran_ms",
            "audit_sums",
            "audit_fill_id",
            "books_apart",
            "books_sums",
            "books_fill_id",
            "books_explanation",
        ):
            batch_op.drop_column(name)
