"""What the installation knows of itself and of the venues."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.models.columns import Base


class Installation(Base):
    """One row, made by the first migration: what makes our client order ids ours."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # four characters, in every client order id
    era: Mapped[int]  # bumped after every restore from a backup
    id_key: Mapped[str]  # hex; signs client order ids


class Lease(Base):
    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]


class SymbolRule(Base):
    """A symbol's rules as last read from the venue; `leverage_brackets` a list of the venue's tiers."""

    __tablename__ = "symbol_rules"
    __table_args__ = (UniqueConstraint("exchange", "symbol", name="uix_exchange_symbol"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exchange: Mapped[str]
    symbol: Mapped[str]
    price_precision: Mapped[int]
    quantity_precision: Mapped[int]
    tick_size: Mapped[Decimal]
    min_price: Mapped[Decimal]
    max_price: Mapped[Decimal]
    step_size: Mapped[Decimal]
    min_quantity: Mapped[Decimal]
    max_quantity: Mapped[Decimal]
    market_step_size: Mapped[Decimal]
    market_min_quantity: Mapped[Decimal]
    market_max_quantity: Mapped[Decimal]
    min_notional: Mapped[Decimal]
    max_num_orders: Mapped[int]
    percent_price_up: Mapped[Decimal]
    percent_price_down: Mapped[Decimal]
    max_leverage: Mapped[int | None]
    leverage_brackets: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    taker_fee: Mapped[Decimal]
    maker_fee: Mapped[Decimal]
    contract_value: Mapped[Decimal | None]
    tradable: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(default=now)
