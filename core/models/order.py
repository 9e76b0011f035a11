"""Orders and fills, with the walls that keep them single."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.clock import now
from core.domain.order import OrderStatus
from core.models.columns import Base
from core.models.strategy import ZERO, GridCell

# Written out: a partial index needs literals, the same ones as in the migration (a test compares them).
LIVE_IN_SQL = "status IN ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')"
NO_ORDER = "grid_order_id IS NULL"


class GridOrder(Base):
    """One intent and all its attempts. Prices in quote, quantities in base, `sent_at` in ms of venue time."""

    __tablename__ = "grid_orders"
    __table_args__ = (
        Index(
            "uq_grid_orders_live_cell_id",
            "cell_id",
            unique=True,
            postgresql_where=text(LIVE_IN_SQL),
            sqlite_where=text(LIVE_IN_SQL),
        ),
        UniqueConstraint("strategy_id", "sequence"),
        Index("ix_grid_orders_strategy_id_status", "strategy_id", "status"),
        Index("ix_grid_orders_exchange_symbol_status", "exchange", "symbol", "status"),
        Index("ix_grid_orders_account_id_order_id", "account_id", "order_id"),
        Index("ix_grid_orders_status_next_check_at", "status", "next_check_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[int] = mapped_column(ForeignKey("grid_strategies.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("exchange_apis.id"))
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("grid_cells.id"))
    generation: Mapped[int]
    sequence: Mapped[int]
    exchange: Mapped[str]
    symbol: Mapped[str]
    purpose: Mapped[str]
    type: Mapped[str]
    side: Mapped[str]
    grid_index: Mapped[int | None]
    cell_index: Mapped[int | None]
    price: Mapped[Decimal | None]  # None where it goes to market
    quantity: Mapped[Decimal]
    reduce_only: Mapped[bool] = mapped_column(default=False)
    trigger_price: Mapped[Decimal | None]  # of a conditional order; its quantity is what is meant until the trigger
    close_position: Mapped[bool] = mapped_column(default=False)  # closes all there is at the trigger, whatever it is
    client_order_id: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[str | None]
    algo_id: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=OrderStatus.PENDING)
    # the attempt
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    absences: Mapped[int] = mapped_column(default=0)
    next_check_at: Mapped[datetime | None]
    cancel_wanted: Mapped[bool] = mapped_column(default=False)
    last_error: Mapped[str] = mapped_column(default="")
    # progress: what the news says, and what of it has been booked from fills
    filled_quantity: Mapped[Decimal] = mapped_column(default=ZERO)
    booked_quantity: Mapped[Decimal] = mapped_column(default=ZERO)
    booked_quote: Mapped[Decimal] = mapped_column(default=ZERO)
    fee: Mapped[Decimal] = mapped_column(default=ZERO)
    followed_up: Mapped[bool] = mapped_column(default=False)  # its end has led to the cell's next order
    profit: Mapped[Decimal | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    filled_at: Mapped[datetime | None]

    cell: Mapped[GridCell | None] = relationship(lazy="raise")

    @property
    def is_conditional(self) -> bool:
        return self.trigger_price is not None

    @property
    def average_price(self) -> Decimal | None:
        return self.booked_quote / self.booked_quantity if self.booked_quantity else None


class Fill(Base):
    """One exchange trade of the account. Those of no strategy are the user's own: external.

    `share`: a liquidation is split over the strategies that held the symbol, and its rows counted from 0.
    """

    __tablename__ = "fills"
    __table_args__ = (
        UniqueConstraint("account_id", "symbol", "trade_id", "order_id", "share"),
        Index("ix_fills_strategy_id_id", "strategy_id", "id"),
        Index("ix_fills_account_id_order_id", "account_id", "order_id"),
        Index(
            "ix_fills_of_no_order",
            "account_id",
            "symbol",
            "traded_at",
            postgresql_where=text(NO_ORDER),
            sqlite_where=text(NO_ORDER),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("exchange_apis.id"))
    strategy_id: Mapped[int | None] = mapped_column(ForeignKey("grid_strategies.id"))
    grid_order_id: Mapped[int | None] = mapped_column(ForeignKey("grid_orders.id"))
    exchange: Mapped[str]
    symbol: Mapped[str]
    order_id: Mapped[str]
    trade_id: Mapped[str]
    grid_index: Mapped[int | None]
    cell_index: Mapped[int | None]
    side: Mapped[str]
    price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    fee: Mapped[Decimal]
    fee_asset: Mapped[str]
    realized_pnl: Mapped[Decimal]
    is_maker: Mapped[bool]
    share: Mapped[int] = mapped_column(default=0)
    traded_at: Mapped[datetime]
