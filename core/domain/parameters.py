"""What a user asks for: the parameters of one grid strategy."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.domain.exact import ZERO
from core.domain.order import Side


class GridType(StrEnum):
    ARITHMETIC = "ARITHMETIC"  # the same amount between any two lines
    GEOMETRIC = "GEOMETRIC"  # the same ratio
    CUSTOM = "CUSTOM"  # the user's own lines


class StrategyType(StrEnum):
    BULLISH = "BULLISH"
    NEUTRAL = "NEUTRAL"
    BEARISH = "BEARISH"

    @property
    def inventory_side(self) -> Side | None:
        """The side of the market order that its start may need."""
        return {"BULLISH": Side.BUY, "BEARISH": Side.SELL}.get(self.value)


class Sizing(StrEnum):
    EQUAL_NOTIONAL = "EQUAL_NOTIONAL"
    EQUAL_QUANTITY = "EQUAL_QUANTITY"


class MarginType(StrEnum):
    CROSSED = "CROSSED"
    ISOLATED = "ISOLATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Prices in quote per base, `total_investment` and `cell_loss_limit` in quote, percentages as 1 for 1 %.

    The number of cells is one of `grid_number`, `grid_spacing` (an amount, ARITHMETIC) and `grid_spacing_pct`; CUSTOM
    has `lines` instead, which also stand for the range. `stop_loss_pct` and `take_profit_pct` count from the edge of
    the range outwards. `trailing_up` and `trailing_down` are the prices that the range must not move past.
    """

    symbol: str
    grid_type: GridType
    strategy_type: StrategyType
    lower_price: Decimal = ZERO
    upper_price: Decimal = ZERO
    grid_number: int | None = None
    grid_spacing: Decimal | None = None
    grid_spacing_pct: Decimal | None = None
    lines: tuple[Decimal, ...] | None = None
    total_investment: Decimal
    leverage: int = 1
    reserve: Decimal = Decimal("0.02")
    sizing: Sizing = Sizing.EQUAL_NOTIONAL
    margin_type: MarginType = MarginType.CROSSED
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss_pct: Decimal | None = None
    take_profit_pct: Decimal | None = None
    trigger_price: Decimal | None = None
    cell_loss_limit: Decimal | None = None
    trailing_up: Decimal | None = None
    trailing_down: Decimal | None = None

    @property
    def count_field(self) -> str:
        """The field that decides the number of cells: where a wrong number is reported."""
        if self.grid_type is GridType.CUSTOM:
            return "lines"
        if self.grid_spacing is not None:
            return "grid_spacing"
        return "grid_number" if self.grid_spacing_pct is None else "grid_spacing_pct"
