"""Forecasts made at creation, kept to be compared with what came."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.domain.expectation import Checkpoint
from core.models.columns import Base


class Forecast(Base):
    """Of a strategy's first run with the parameters of its `version`; it outlives the strategy, as nobody's.

    `band`: rows of days, low, median, high (total PnL, quote). Once judged: what came (`actual`), what was expected by
    then, and whether it was inside; `inside` stays None where there is nothing to compare.
    """

    __tablename__ = "forecasts"
    __table_args__ = (Index("ix_forecasts_judged_at", "judged_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[int | None] = mapped_column(ForeignKey("grid_strategies.id"), unique=True)
    version: Mapped[int]
    horizon_days: Mapped[int]
    investment: Mapped[Decimal]
    band: Mapped[list[Any]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(default=now)
    judged_at: Mapped[datetime | None]
    actual: Mapped[Decimal | None]
    expected: Mapped[Decimal | None]
    inside: Mapped[bool | None]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        return [Checkpoint(*map(Decimal, row)) for row in self.band]
