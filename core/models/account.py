"""A user's account at an exchange, and what the account's listener and reconciliation know."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.models.columns import Base

NOT_OF_TRADES = "income_type NOT IN ('COMMISSION', 'REALIZED_PNL')"  # funding, transfers, the insurance fund


class ExchangeApi(Base):
    """A user's keys on one exchange. Times in ms are venue time."""

    __tablename__ = "exchange_apis"
    __table_args__ = (UniqueConstraint("user_id", "exchange"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    exchange: Mapped[str]
    label: Mapped[str] = mapped_column(default="")
    api_key: Mapped[str]  # encrypted
    api_secret: Mapped[str]  # encrypted
    api_key_masked: Mapped[str]
    api_key_fingerprint: Mapped[str] = mapped_column(unique=True)
    key_type: Mapped[str]  # HMAC, ED25519
    status: Mapped[str] = mapped_column(default="OK")  # OK, KEY_INVALID
    created_at: Mapped[datetime] = mapped_column(default=now)
    reconcile_due_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]
    deaf_at: Mapped[datetime | None]  # when its stream was found to have missed a fill: a listener older than this goes
    income_cursor: Mapped[int | None] = mapped_column(BigInteger)
    unreachable_since: Mapped[datetime | None]  # it could not be read since; None: the last reading succeeded
    refused_since: Mapped[datetime | None]  # the venue has refused the key since
    other_wealth: Mapped[Decimal | None]  # the wallet, less what the strategies have earned, when last read: USDT
    margin_warned: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # symbol -> percent left
    # the books of all its trades, as of a strategy; income lines up to this one have their trades
    books_balance: Mapped[bool | None]
    books_difference: Mapped[Decimal | None]
    books_explanation: Mapped[str] = mapped_column(default="")
    books_checked_at: Mapped[datetime | None]
    books_income_id: Mapped[int] = mapped_column(default=0)


class TradeCursor(Base):
    """The last trade id of a symbol that was read from the venue's own list; stream events never move it."""

    __tablename__ = "trade_cursors"

    account_id: Mapped[int] = mapped_column(ForeignKey("exchange_apis.id"), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    trade_id: Mapped[int] = mapped_column(BigInteger)


class Income(Base):
    """One line of the venue's own ledger, as read."""

    __tablename__ = "incomes"
    __table_args__ = (
        UniqueConstraint("account_id", "income_type", "tran_id", "asset"),
        Index("ix_incomes_account_id_symbol_trade_id", "account_id", "symbol", "trade_id"),
        Index("ix_incomes_account_id_symbol_at", "account_id", "symbol", "at"),
        Index(
            "ix_incomes_not_of_trades",
            "account_id",
            postgresql_where=text(NOT_OF_TRADES),
            sqlite_where=text(NOT_OF_TRADES),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("exchange_apis.id"))
    symbol: Mapped[str]
    income_type: Mapped[str]
    amount: Mapped[Decimal]
    asset: Mapped[str]
    tran_id: Mapped[str]
    trade_id: Mapped[str]
    at: Mapped[datetime]


class Funding(Base):
    """A strategy's share of one funding payment, signed as it moved the wallet."""

    __tablename__ = "fundings"
    __table_args__ = (UniqueConstraint("income_id", "strategy_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    income_id: Mapped[int] = mapped_column(ForeignKey("incomes.id"))
    strategy_id: Mapped[int | None] = mapped_column(ForeignKey("grid_strategies.id"), index=True)
    amount: Mapped[Decimal]
    asset: Mapped[str]
    at: Mapped[datetime]
