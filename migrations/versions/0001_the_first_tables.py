"""The first tables"""

import secrets

import sqlalchemy as sa
from alembic import op

import core.models.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("era", sa.Integer(), nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("thrown_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", core.models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "symbol_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("price_precision", sa.Integer(), nullable=False),
        sa.Column("quantity_precision", sa.Integer(), nullable=False),
        sa.Column("tick_size", core.models.columns.Exact(), nullable=False),
        sa.Column("min_price", core.models.columns.Exact(), nullable=False),
        sa.Column("max_price", core.models.columns.Exact(), nullable=False),
        sa.Column("step_size", core.models.columns.Exact(), nullable=False),
        sa.Column("min_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("max_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("market_step_size", core.models.columns.Exact(), nullable=False),
        sa.Column("market_min_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("market_max_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("min_notional", core.models.columns.Exact(), nullable=False),
        sa.Column("max_num_orders", sa.Integer(), nullable=False),
        sa.Column("percent_price_up", core.models.columns.Exact(), nullable=False),
        sa.Column("percent_price_down", core.models.columns.Exact(), nullable=False),
        sa.Column("max_leverage", sa.Integer(), nullable=True),
        sa.Column("leverage_brackets", sa.JSON(), nullable=False),
        sa.Column("taker_fee", core.models.columns.Exact(), nullable=False),
        sa.Column("maker_fee", core.models.columns.Exact(), nullable=False),
        sa.Column("contract_value", core.models.columns.Exact(), nullable=True),
        sa.Column("tradable", sa.Boolean(), nullable=False),
        sa.Column("updated_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_symbol_rules")),
        sa.UniqueConstraint("exchange", "symbol", name="uix_exchange_symbol"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "exchange_apis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("api_key", sa.String(), nullable=False),
        sa.Column("api_secret", sa.String(), nullable=False),
        sa.Column("api_key_masked", sa.String(), nullable=False),
        sa.Column("api_key_fingerprint", sa.String(), nullable=False),
        sa.Column("key_type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("reconcile_due_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("reconciled_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("deaf_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("income_cursor", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exchange_apis_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_apis")),
        sa.UniqueConstraint("api_key_fingerprint", name=op.f("uq_exchange_apis_api_key_fingerprint")),
        sa.UniqueConstraint("user_id", "exchange", name=op.f("uq_exchange_apis_user_id_exchange")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_idempotency_keys_user_id_key")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("expires_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("used_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("revoked_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_refresh_tokens_user_id")),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_refresh_tokens")),
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_refresh_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "grid_strategies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("market_type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("grid_type", sa.String(), nullable=False),
        sa.Column("strategy_type", sa.String(), nullable=False),
        sa.Column("upper_price", core.models.columns.Exact(), nullable=False),
        sa.Column("lower_price", core.models.columns.Exact(), nullable=False),
        sa.Column("grid_number", sa.Integer(), nullable=False),
        sa.Column("grid_spacing", core.models.columns.Exact(), nullable=True),
        sa.Column("grid_spacing_pct", core.models.columns.Exact(), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=True),
        sa.Column("total_investment", core.models.columns.Exact(), nullable=False),
        sa.Column("leverage", sa.Integer(), nullable=False),
        sa.Column("sizing", sa.String(), nullable=False),
        sa.Column("margin_type", sa.String(), nullable=False),
        sa.Column("reserve", core.models.columns.Exact(), nullable=False),
        sa.Column("stop_loss", core.models.columns.Exact(), nullable=True),
        sa.Column("take_profit", core.models.columns.Exact(), nullable=True),
        sa.Column("stop_loss_pct", core.models.columns.Exact(), nullable=True),
        sa.Column("take_profit_pct", core.models.columns.Exact(), nullable=True),
        sa.Column("trigger_price", core.models.columns.Exact(), nullable=True),
        sa.Column("cell_loss_limit", core.models.columns.Exact(), nullable=True),
        sa.Column("close_position_on_stop", sa.Boolean(), nullable=False),
        sa.Column("profit_collection", sa.Boolean(), nullable=False),
        sa.Column("trailing_up", core.models.columns.Exact(), nullable=True),
        sa.Column("trailing_down", core.models.columns.Exact(), nullable=True),
        sa.Column("adaptive", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("finish_reason", sa.String(), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=False),
        sa.Column("look_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("must_end", sa.String(), nullable=True),
        sa.Column("must_end_because", sa.String(), nullable=False),
        sa.Column("halted", sa.String(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("era", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("next_sequence", sa.Integer(), nullable=False),
        sa.Column("budget", core.models.columns.Exact(), nullable=True),
        sa.Column("per_grid_amount", core.models.columns.Exact(), nullable=True),
        sa.Column("entry_price", core.models.columns.Exact(), nullable=True),
        sa.Column("waited_above", sa.Boolean(), nullable=True),
        sa.Column("close_on_end", sa.Boolean(), nullable=False),
        sa.Column("end_status", sa.String(), nullable=False),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("updated_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("started_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("stopped_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("symbol_price_precision", sa.Integer(), nullable=True),
        sa.Column("symbol_qty_precision", sa.Integer(), nullable=True),
        sa.Column("symbol_min_qty", core.models.columns.Exact(), nullable=True),
        sa.Column("symbol_min_notional", core.models.columns.Exact(), nullable=True),
        sa.Column("symbol_max_leverage", sa.Integer(), nullable=True),
        sa.Column("position", core.models.columns.Exact(), nullable=False),
        sa.Column("bought_quote", core.models.columns.Exact(), nullable=False),
        sa.Column("sold_quote", core.models.columns.Exact(), nullable=False),
        sa.Column("realized_pnl", core.models.columns.Exact(), nullable=False),
        sa.Column("fees", core.models.columns.Exact(), nullable=False),
        sa.Column("other_fees", sa.JSON(), nullable=False),
        sa.Column("funding", core.models.columns.Exact(), nullable=False),
        sa.Column("grid_profit", core.models.columns.Exact(), nullable=False),
        sa.Column("round_trips", sa.Integer(), nullable=False),
        sa.Column("pool_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("pool_cost", core.models.columns.Exact(), nullable=False),
        sa.Column("pool_fees", core.models.columns.Exact(), nullable=False),
        sa.Column("books_balance", sa.Boolean(), nullable=True),
        sa.Column("books_difference", core.models.columns.Exact(), nullable=True),
        sa.Column("books_checked_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("peak_equity", core.models.columns.Exact(), nullable=False),
        sa.Column("max_drawdown", core.models.columns.Exact(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_grid_strategies_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grid_strategies_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_strategies")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        batch_op.create_index("ix_grid_strategies_account_id_status", ["account_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_grid_strategies_user_id"), ["user_id"], unique=False)

    op.create_table(
        "incomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("income_type", sa.String(), nullable=False),
        sa.Column("amount", core.models.columns.Exact(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("tran_id", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_incomes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incomes")),
        sa.UniqueConstraint(
            "account_id",
            "income_type",
            "tran_id",
            "asset",
            name=op.f("uq_incomes_account_id_income_type_tran_id_asset"),
        ),
    )
    with op.batch_alter_table("incomes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incomes_account_id_symbol_trade_id", ["account_id", "symbol", "trade_id"], unique=False
        )

    op.create_table(
        "trade_cursors",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("trade_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_trade_cursors_account_id")),
        sa.PrimaryKeyConstraint("account_id", "symbol", name=op.f("pk_trade_cursors")),
    )
    op.create_table(
        "equity_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=False),
        sa.Column("at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("mark_price", core.models.columns.Exact(), nullable=False),
        sa.Column("position", core.models.columns.Exact(), nullable=False),
        sa.Column("total_pnl", core.models.columns.Exact(), nullable=False),
        sa.Column("grid_profit", core.models.columns.Exact(), nullable=False),
        sa.Column("unrealized_pnl", core.models.columns.Exact(), nullable=False),
        sa.Column("fees", core.models.columns.Exact(), nullable=False),
        sa.Column("funding", core.models.columns.Exact(), nullable=False),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_equity_snapshots_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_snapshots")),
    )
    with op.batch_alter_table("equity_snapshots", schema=None) as batch_op:
        batch_op.create_index("ix_equity_snapshots_strategy_id_at", ["strategy_id", "at"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_events_account_id")),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_events_strategy_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_strategy_id"), ["strategy_id"], unique=False)
        batch_op.create_index("ix_events_user_id_id", ["user_id", "id"], unique=False)

    op.create_table(
        "fundings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("income_id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("amount", core.models.columns.Exact(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["income_id"], ["incomes.id"], name=op.f("fk_fundings_income_id")),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_fundings_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fundings")),
        sa.UniqueConstraint("income_id", "strategy_id", name=op.f("uq_fundings_income_id_strategy_id")),
    )
    with op.batch_alter_table("fundings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fundings_strategy_id"), ["strategy_id"], unique=False)

    op.create_table(
        "grid_cells",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("cell_index", sa.Integer(), nullable=False),
        sa.Column("lower_price", core.models.columns.Exact(), nullable=False),
        sa.Column("upper_price", core.models.columns.Exact(), nullable=False),
        sa.Column("quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("opening_side", sa.String(), nullable=False),
        sa.Column("next_side", sa.String(), nullable=False),
        sa.Column("next_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("next_purpose", sa.String(), nullable=False),
        sa.Column("awaits_inventory", sa.Boolean(), nullable=False),
        sa.Column("held", core.models.columns.Exact(), nullable=False),
        sa.Column("cost_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("held_cost", core.models.columns.Exact(), nullable=False),
        sa.Column("held_fees", core.models.columns.Exact(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("gap_reason", sa.String(), nullable=False),
        sa.Column("next_try_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_grid_cells_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_cells")),
        sa.UniqueConstraint(
            "strategy_id", "generation", "cell_index", name=op.f("uq_grid_cells_strategy_id_generation_cell_index")
        ),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("rung_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("finished_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_operations_strategy_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_operations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.create_index("ix_operations_state", ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_operations_strategy_id"), ["strategy_id"], unique=False)

    op.create_table(
        "grid_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("cell_id", sa.Integer(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("grid_index", sa.Integer(), nullable=True),
        sa.Column("cell_index", sa.Integer(), nullable=True),
        sa.Column("price", core.models.columns.Exact(), nullable=True),
        sa.Column("quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("trigger_price", core.models.columns.Exact(), nullable=True),
        sa.Column("close_position", sa.Boolean(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("algo_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("next_check_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("filled_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("booked_quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("booked_quote", core.models.columns.Exact(), nullable=False),
        sa.Column("fee", core.models.columns.Exact(), nullable=False),
        sa.Column("followed_up", sa.Boolean(), nullable=False),
        sa.Column("profit", core.models.columns.Exact(), nullable=True),
        sa.Column("created_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.Column("filled_at", core.models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_grid_orders_account_id")),
        sa.ForeignKeyConstraint(["cell_id"], ["grid_cells.id"], name=op.f("fk_grid_orders_cell_id")),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_grid_orders_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_orders")),
        sa.UniqueConstraint("client_order_id", name=op.f("uq_grid_orders_client_order_id")),
        sa.UniqueConstraint("strategy_id", "sequence", name=op.f("uq_grid_orders_strategy_id_sequence")),
    )
    with op.batch_alter_table("grid_orders", schema=None) as batch_op:
        batch_op.create_index("ix_grid_orders_account_id_order_id", ["account_id", "order_id"], unique=False)
        batch_op.create_index("ix_grid_orders_exchange_symbol_status", ["exchange", "symbol", "status"], unique=False)
        batch_op.create_index("ix_grid_orders_status_next_check_at", ["status", "next_check_at"], unique=False)
        batch_op.create_index("ix_grid_orders_strategy_id_status", ["strategy_id", "status"], unique=False)
        batch_op.create_index(
            "uq_grid_orders_live_cell_id",
            ["cell_id"],
            unique=True,
            postgresql_where=sa.text("status IN ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')"),
            sqlite_where=sa.text("status IN ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')"),
        )

    op.create_table(
        "fills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("grid_order_id", sa.Integer(), nullable=True),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("grid_index", sa.Integer(), nullable=True),
        sa.Column("cell_index", sa.Integer(), nullable=True),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price", core.models.columns.Exact(), nullable=False),
        sa.Column("quantity", core.models.columns.Exact(), nullable=False),
        sa.Column("fee", core.models.columns.Exact(), nullable=False),
        sa.Column("fee_asset", sa.String(), nullable=False),
        sa.Column("realized_pnl", core.models.columns.Exact(), nullable=False),
        sa.Column("is_maker", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("traded_at", core.models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["exchange_apis.id"], name=op.f("fk_fills_account_id")),
        sa.ForeignKeyConstraint(["grid_order_id"], ["grid_orders.id"], name=op.f("fk_fills_grid_order_id")),
        sa.ForeignKeyConstraint(["strategy_id"], ["grid_strategies.id"], name=op.f("fk_fills_strategy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fills")),
        sa.UniqueConstraint(
            "account_id",
            "symbol",
            "trade_id",
            "order_id",
            "share",
            name=op.f("uq_fills_account_id_symbol_trade_id_order_id_share"),
        ),
    )
    with op.batch_alter_table("fills", schema=None) as batch_op:
        batch_op.create_index("ix_fills_account_id_order_id", ["account_id", "order_id"], unique=False)
        batch_op.create_index("ix_fills_strategy_id_id", ["strategy_id", "id"], unique=False)
    op.bulk_insert(
        sa.table("installation", sa.column("id"), sa.column("name"), sa.column("era"), sa.column("id_key")),
        [{"id": 1, "name": secrets.token_hex(2), "era": 1, "id_key": secrets.token_hex(32)}],
    )


def downgrade() -> None:
    with op.batch_alter_table("fills", schema=None) as batch_op:
        batch_op.drop_index("ix_fills_strategy_id_id")
        batch_op.drop_index("ix_fills_account_id_order_id")

    op.drop_table("fills")
    with op.batch_alter_table("grid_orders", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_grid_orders_live_cell_id",
            postgresql_where=sa.text("status IN ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')"),
            sqlite_where=sa.text("status IN ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')"),
        )
        batch_op.drop_index("ix_grid_orders_strategy_id_status")
        batch_op.drop_index("ix_grid_orders_status_next_check_at")
        batch_op.drop_index("ix_grid_orders_exchange_symbol_status")
        batch_op.drop_index("ix_grid_orders_account_id_order_id")

    op.drop_table("grid_orders")
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_operations_strategy_id"))
        batch_op.drop_index("ix_operations_state")

    op.drop_table("operations")
    op.drop_table("grid_cells")
    with op.batch_alter_table("fundings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fundings_strategy_id"))

    op.drop_table("fundings")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_user_id_id")
        batch_op.drop_index(batch_op.f("ix_events_strategy_id"))

    op.drop_table("events")
    with op.batch_alter_table("equity_snapshots", schema=None) as batch_op:
        batch_op.drop_index("ix_equity_snapshots_strategy_id_at")

    op.drop_table("equity_snapshots")
    op.drop_table("trade_cursors")
    with op.batch_alter_table("incomes", schema=None) as batch_op:
        batch_op.drop_index("ix_incomes_account_id_symbol_trade_id")

    op.drop_table("incomes")
    with op.batch_alter_table("grid_strategies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grid_strategies_user_id"))
        batch_op.drop_index("ix_grid_strategies_account_id_status")

    op.drop_table("grid_strategies")
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refresh_tokens_user_id"))
        batch_op.drop_index(batch_op.f("ix_refresh_tokens_family"))

    op.drop_table("refresh_tokens")
    op.drop_table("idempotency_keys")
    op.drop_table("exchange_apis")
    op.drop_table("users")
    op.drop_table("symbol_rules")
    op.drop_table("leases")
    op.drop_table("switches")
    op.drop_table("installation")
