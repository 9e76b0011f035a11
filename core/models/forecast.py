"""Forecasts made at creation, kept to be compared with what came."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, sql
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.domain.expectation import Checkpoint
from core.models.columns import Base
from core.models.strategy import GridStrategy

_DECIDING = (
    "grid_type",
    "strategy_type",
    "grid_number",
    "lines",
    "total_investment",
    "leverage",
    "reserve",
    "sizing",
    "stop_loss",
    "take_profit",
    "stop_loss_pct",
    "take_profit_pct",
    "trigger_price",
    "trailing_up",
    "trailing_down",
)


class Parting(StrEnum):
    """Why what comes is not compared with the forecast."""

    NOT_MADE = "NOT_MADE"  # no forecast: there was nothing to make it from
    NOT_STARTED = "NOT_STARTED"
    CHANGED = "CHANGED"  # another grid than was forecast
    STARTED_AGAIN = "STARTED_AGAIN"  # it was made for the first run
    OVER = "OVER"  # its time


def grid_of(row: GridStrategy) -> dict[str, Any]:
    """What decides the course of a strategy's grid, its range being the one that it trails from. Name, options, margin
    type and the loss limit of a cell have no part in a forecast."""
    ladder = {"lower_price": row.ladder_lower or row.lower_price, "upper_price": row.ladder_upper or row.upper_price}
    deciding = {name: getattr(row, name) for name in _DECIDING} | ladder
    return {
        name: format(value.normalize(), "f") if isinstance(value, Decimal) else value
        for name, value in deciding.items()
    }


class Forecast(Base):
    """Of a strategy's first run with the `grid` (as `grid_of` tells it) of its `version`; it outlives the strategy, as
    nobody's.

    `band`: rows of days, low, median, high (total PnL, quote). Once judged: what came (`actual`), what was expected by
    then, and whether it was inside; `inside` stays None where there is nothing to compare, `ended` then says why.
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
    grid: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    ended: Mapped[str] = mapped_column(default="", server_default=sql.text("''"))  # a Parting

    def parted_from(self, row: GridStrategy) -> Parting | None:
        """Why its strategy is not what was forecast any more; a change that was undone does not mend it once seen."""
        if self.ended:
            return Parting(self.ended)
        if row.generation > 1:
            return Parting.STARTED_AGAIN
        is_same = row.version == self.version if self.grid is None else grid_of(row) == self.grid
        return None if is_same else Parting.CHANGED

    @property
    def checkpoints(self) -> list[Checkpoint]:
        return [Checkpoint(*map(Decimal, row)) for row in self.band]
