"""Grid strategies, their cells, and the operations asked of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint, sql
from sqlalchemy.orm import Mapped, mapped_column, validates

from core.clock import now
from core.domain.ledger import CellLedger, Ledger
from core.domain.lifecycle import OperationState, StrategyStatus
from core.models.columns import Base

ZERO = Decimal(0)
_LEDGER_FIELDS = (
    "position",
    "bought_quote",
    "sold_quote",
    "realized_pnl",
    "fees",
    "funding",
    "grid_profit",
    "round_trips",
)
_TRIGGERS_FOLLOW_FROM = (
    "status",
    "lower_price",
    "upper_price",
    "stop_loss",
    "take_profit",
    "stop_loss_pct",
    "take_profit_pct",
    "trigger_price",
    "waited_above",
    "trailing_up",
    "trailing_down",
    "cell_loss_limit",
    "change",
    "trailed",
    "ladder_lower",
    "ladder_upper",
)


class GridStrategy(Base):
    """Parameters, state, and the running sums of its ledger (quote amounts unless said otherwise)."""

    __tablename__ = "grid_strategies"
    __table_args__ = (
        Index("ix_grid_strategies_account_id_status", "account_id", "status"),
        Index("ix_grid_strategies_rearmed_at", "rearmed_at"),
        {"sqlite_autoincrement": True},  # the id is in client order ids: a deleted strategy's must not come back
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("exchange_apis.id"))
    exchange: Mapped[str]
    symbol: Mapped[str]
    market_type: Mapped[str] = mapped_column(default="FUTURES")
    name: Mapped[str] = mapped_column(default="")

    # parameters
    grid_type: Mapped[str]
    strategy_type: Mapped[str]
    upper_price: Mapped[Decimal]
    lower_price: Mapped[Decimal]
    grid_number: Mapped[int]
    grid_spacing: Mapped[Decimal | None]
    grid_spacing_pct: Mapped[Decimal | None]
    lines: Mapped[list[str] | None] = mapped_column(JSON)
    total_investment: Mapped[Decimal]
    leverage: Mapped[int]
    sizing: Mapped[str]
    margin_type: Mapped[str]
    reserve: Mapped[Decimal]
    stop_loss: Mapped[Decimal | None]
    take_profit: Mapped[Decimal | None]
    stop_loss_pct: Mapped[Decimal | None]
    take_profit_pct: Mapped[Decimal | None]
    trigger_price: Mapped[Decimal | None]
    cell_loss_limit: Mapped[Decimal | None]
    close_position_on_stop: Mapped[bool] = mapped_column(default=False)
    profit_collection: Mapped[bool] = mapped_column(default=False)
    trailing_up: Mapped[Decimal | None]
    trailing_down: Mapped[Decimal | None]
    adaptive: Mapped[bool] = mapped_column(default=False)
    nudge: Mapped[bool] = mapped_column(default=False, server_default=sql.false())
    version: Mapped[int] = mapped_column(default=1)  # of the parameters: the ETag

    # state
    status: Mapped[str] = mapped_column(default=StrategyStatus.CREATED)
    finish_reason: Mapped[str | None]
    waiting_for: Mapped[str] = mapped_column(default="")  # why a start or stop is not further, for people
    rearmed_at: Mapped[datetime | None]  # when something that its triggers follow from was last set
    change: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # under way (core.strategies.updating)
    look_at: Mapped[datetime | None]  # when to drive it on, although it is not on its way to another status
    must_end: Mapped[str | None]  # a FinishReason that the venue has brought about; no orders go out any more
    must_end_because: Mapped[str] = mapped_column(default="")  # for people
    halted: Mapped[str] = mapped_column(default="")  # why it places nothing now, by a switch; empty where it may
    alone: Mapped[bool] = mapped_column(default=False)  # on its symbol: nothing else of the account trades or holds it
    generation: Mapped[int] = mapped_column(default=0)  # of the run: claims of older ones are void
    era: Mapped[int] = mapped_column(default=1)  # of the installation: in client order ids
    next_sequence: Mapped[int] = mapped_column(default=1)  # never reused, so that no client order id is
    budget: Mapped[Decimal | None]
    per_grid_amount: Mapped[Decimal | None]
    entry_price: Mapped[Decimal | None]
    # the range whose lines its cells lie on, where trailing has moved it, and by how many cells (up positive)
    ladder_lower: Mapped[Decimal | None]
    ladder_upper: Mapped[Decimal | None]
    trailed: Mapped[int] = mapped_column(default=0, server_default="0")
    waited_above: Mapped[bool | None]  # while WAITING: whether the mark was above the trigger when it began
    close_on_end: Mapped[bool] = mapped_column(default=False)  # of the stop in progress
    end_status: Mapped[str] = mapped_column(default=StrategyStatus.STOPPED)  # what the stop in progress ends in
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    started_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    ran_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # all its earlier runs together
    first_entry_price: Mapped[Decimal | None]  # of its first run
    reinvested: Mapped[Decimal] = mapped_column(default=ZERO)  # profit of earlier runs that total_investment contains
    profit_settled: Mapped[Decimal] = mapped_column(default=ZERO)  # of earlier runs, reinvested or set aside

    # the symbol's rules when it was created or last started
    symbol_price_precision: Mapped[int | None]
    symbol_qty_precision: Mapped[int | None]
    symbol_min_qty: Mapped[Decimal | None]
    symbol_min_notional: Mapped[Decimal | None]
    symbol_max_leverage: Mapped[int | None]

    # ledger: running sums over all its fills
    position: Mapped[Decimal] = mapped_column(default=ZERO)  # signed, base
    bought_quote: Mapped[Decimal] = mapped_column(default=ZERO)
    sold_quote: Mapped[Decimal] = mapped_column(default=ZERO)
    realized_pnl: Mapped[Decimal] = mapped_column(default=ZERO)
    fees: Mapped[Decimal] = mapped_column(default=ZERO)  # USDT
    other_fees: Mapped[dict[str, Any]] = mapped_column(default=dict)  # asset -> decimal string
    funding: Mapped[Decimal] = mapped_column(default=ZERO)
    grid_profit: Mapped[Decimal] = mapped_column(default=ZERO)
    round_trips: Mapped[int] = mapped_column(default=0)
    # inventory bought (sold) at market that no cell has taken yet: base, quote, USDT
    pool_quantity: Mapped[Decimal] = mapped_column(default=ZERO)
    pool_cost: Mapped[Decimal] = mapped_column(default=ZERO)
    pool_fees: Mapped[Decimal] = mapped_column(default=ZERO)
    books_balance: Mapped[bool | None]
    books_difference: Mapped[Decimal | None]
    books_checked_at: Mapped[datetime | None]
    books_explanation: Mapped[str] = mapped_column(default="")  # of a difference, in words
    # fills up to this one have been compared, have brought this, and this more than the exchange's lines say:
    # asset -> decimal string
    books_fill_id: Mapped[int] = mapped_column(default=0)
    books_sums: Mapped[dict[str, Any]] = mapped_column(default=dict)
    books_apart: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # how far the slow walk is that looks at them once more
    audit_fill_id: Mapped[int] = mapped_column(default=0)
    audit_sums: Mapped[dict[str, Any]] = mapped_column(default=dict)
    peak_equity: Mapped[Decimal] = mapped_column(default=ZERO)
    max_drawdown: Mapped[Decimal] = mapped_column(default=ZERO)

    @validates(*_TRIGGERS_FOLLOW_FROM)
    def _note_rearming(self, _name: str, value: Any) -> Any:
        """The market process looks for rows that say so: nothing else tells it."""
        self.rearmed_at = now()
        return value

    @property
    def ledger(self) -> Ledger:
        """The running sums, as the domain books them."""
        other_fees = {asset: Decimal(paid) for asset, paid in self.other_fees.items()}
        return Ledger(**{name: getattr(self, name) for name in _LEDGER_FIELDS}, other_fees=other_fees)

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        for name in _LEDGER_FIELDS:
            setattr(self, name, getattr(ledger, name))
        if ledger.other_fees:
            self.other_fees = {asset: format(paid, "f") for asset, paid in ledger.other_fees.items()}

    @property
    def pool(self) -> CellLedger:
        return CellLedger(self.pool_quantity, self.pool_cost, self.pool_fees)

    @pool.setter
    def pool(self, pool: CellLedger) -> None:
        self.pool_quantity, self.pool_cost, self.pool_fees = pool.held, pool.cost_quote, pool.open_fees


class GridCell(Base):
    """One cell of a run: between two lines, exactly one live order. It outlives its orders, not its run.

    A `dropped` one is the grid's no more; one that is `changing` gets no order until its change has been made.
    """

    __tablename__ = "grid_cells"
    __table_args__ = (UniqueConstraint("strategy_id", "generation", "cell_index"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[int] = mapped_column(ForeignKey("grid_strategies.id"))
    generation: Mapped[int]
    cell_index: Mapped[int]
    lower_price: Mapped[Decimal]
    upper_price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    opening_side: Mapped[str]
    opening_price: Mapped[Decimal | None]  # where its exposure opens, quote per base; None: as the entry price tells
    changing: Mapped[bool] = mapped_column(default=False, server_default=sql.false())
    dropped: Mapped[bool] = mapped_column(default=False, server_default=sql.false())
    # the order it should have now
    next_side: Mapped[str]
    next_quantity: Mapped[Decimal]
    next_purpose: Mapped[str]
    awaits_inventory: Mapped[bool] = mapped_column(default=False)
    # what it holds, in its opening direction: base; then quote paid (or got) for it and USDT fees
    held: Mapped[Decimal] = mapped_column(default=ZERO)
    cost_quantity: Mapped[Decimal] = mapped_column(default=ZERO)  # the part of held whose trades are known
    held_cost: Mapped[Decimal] = mapped_column(default=ZERO)
    held_fees: Mapped[Decimal] = mapped_column(default=ZERO)
    frozen: Mapped[bool] = mapped_column(default=False)
    refusals: Mapped[int] = mapped_column(default=0)  # definite ones since the last order that was accepted
    gap_reason: Mapped[str] = mapped_column(default="")
    next_try_at: Mapped[datetime | None]

    @property
    def ledger(self) -> CellLedger:
        """Of the part of `held` whose trades are known."""
        return CellLedger(self.cost_quantity, self.held_cost, self.held_fees)

    @ledger.setter
    def ledger(self, ledger: CellLedger) -> None:
        self.cost_quantity, self.held_cost, self.held_fees = ledger.held, ledger.cost_quote, ledger.open_fees


class Operation(Base):
    """Something a user asked for that takes time: the API's task resource."""

    __tablename__ = "operations"
    __table_args__ = (Index("ix_operations_state", "state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    strategy_id: Mapped[int | None] = mapped_column(ForeignKey("grid_strategies.id"), index=True)
    kind: Mapped[str]  # start, stop, reset, ...
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default=OperationState.PENDING)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]

    @property
    def progress_pct(self) -> int | None:
        """Of what tells how far it is."""
        return self.arguments.get("progress_pct")


class EquitySnapshot(Base):
    __tablename__ = "equity_snapshots"
    __table_args__ = (Index("ix_equity_snapshots_strategy_id_at", "strategy_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[int] = mapped_column(ForeignKey("grid_strategies.id"))
    at: Mapped[datetime]
    mark_price: Mapped[Decimal]
    position: Mapped[Decimal]
    total_pnl: Mapped[Decimal]
    grid_profit: Mapped[Decimal]
    unrealized_pnl: Mapped[Decimal]
    fees: Mapped[Decimal]
    funding: Mapped[Decimal]
