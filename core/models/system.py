"""What the installation knows of itself and of the venues."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.domain.symbol_rules import Bracket, SymbolRules
from core.models.columns import Base


class Installation(Base):
    """One row, made by the first migration: what makes our client order ids ours."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # four characters, in every client order id
    era: Mapped[int]  # bumped after every restore from a backup
    id_key: Mapped[str]  # hex; signs client order ids


class Switch(Base):
    """A switch that is thrown: nothing new is placed for what its name covers (core.execution.switches)."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    thrown_at: Mapped[datetime] = mapped_column(default=now)


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
    halted_at: Mapped[datetime | None]  # since when it has been found not tradable
    delists_at: Mapped[datetime | None]  # when the venue settles it, as announced
    updated_at: Mapped[datetime] = mapped_column(default=now)

    def as_rules(self) -> SymbolRules:
        """The domain's view of the row."""
        return SymbolRules(
            symbol=self.symbol,
            price_precision=self.price_precision,
            quantity_precision=self.quantity_precision,
            tick_size=self.tick_size,
            min_price=self.min_price,
            max_price=self.max_price,
            step_size=self.step_size,
            min_quantity=self.min_quantity,
            max_quantity=self.max_quantity,
            market_step_size=self.market_step_size,
            market_min_quantity=self.market_min_quantity,
            market_max_quantity=self.market_max_quantity,
            min_notional=self.min_notional,
            max_num_orders=self.max_num_orders,
            percent_price_up=self.percent_price_up,
            percent_price_down=self.percent_price_down,
            brackets=tuple(
                Bracket(
                    notional_floor=Decimal(tier["notional_floor"]),
                    notional_cap=Decimal(tier["notional_cap"]),
                    max_leverage=int(tier["max_leverage"]),
                    maintenance_rate=Decimal(tier["maintenance_rate"]),
                    cum=Decimal(tier["cum"]),
                )
                for tier in self.leverage_brackets
            ),
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            contract_value=self.contract_value or Decimal(1),
            tradable=self.tradable,
            delists_at=self.delists_at,
        )
