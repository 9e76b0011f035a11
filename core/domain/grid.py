"""A grid's cells: which order each keeps live first, and which of its sides opens exposure.

Parameters and lines are re-exported, so that this is the one module to ask about a grid's shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from core.domain.lines import MAX_CELLS, MIN_CELLS, grid_lines, ladder, resolve
from core.domain.order import Side
from core.domain.parameters import GridType, MarginType, Parameters, Sizing, StrategyType

__all__ = [
    "MAX_CELLS",
    "MIN_CELLS",
    "CellShape",
    "GridType",
    "MarginType",
    "Parameters",
    "Sizing",
    "StrategyType",
    "cells",
    "grid_index",
    "grid_lines",
    "ladder",
    "resolve",
]


@dataclass(frozen=True, slots=True)
class CellShape:
    """A cell between two lines. `opening_side` opens its exposure, for its whole life; `first_side` is live first.

    They differ where `needs_inventory`: the exposure is then opened by a market order at the start. `opening_price` o_k
    (quote per base) is where it opens: the cell's own line, or the market.
    """

    cell_index: int
    lower: Decimal
    upper: Decimal
    opening_side: Side
    first_side: Side
    needs_inventory: bool
    opening_price: Decimal

    @property
    def between(self) -> tuple[Decimal, Decimal]:
        return self.lower, self.upper

    def price(self, side: Side) -> Decimal:
        """The line at which an order of this side rests."""
        return self.lower if side is Side.BUY else self.upper


Between = tuple[Decimal, Decimal]  # a cell's two lines


def cells(
    lines: Sequence[Decimal],
    strategy_type: StrategyType,
    entry_price: Decimal,
    standing: Mapping[Between, CellShape] | None = None,
) -> tuple[CellShape, ...]:
    """The N cells between `lines`, lowest first, for a start at `entry_price`; those that are `standing` already keep
    their shape."""
    known = standing or {}
    return tuple(
        replace(known[between], cell_index=index)
        if between in known
        else _shape(index, *between, strategy_type, entry_price)
        for index, between in enumerate(pairwise(lines))
    )


def grid_index(cell_index: int, side: Side) -> int:
    """The line (0..N) of a cell's order: the cell's own for a BUY, the next for a SELL."""
    return cell_index if side is Side.BUY else cell_index + 1


def _shape(index: int, lower: Decimal, upper: Decimal, strategy_type: StrategyType, entry: Decimal) -> CellShape:
    if strategy_type is StrategyType.NEUTRAL:
        opening, needs_inventory = Side.SELL if lower >= entry else Side.BUY, False
    elif strategy_type is StrategyType.BULLISH:
        opening, needs_inventory = Side.BUY, lower >= entry
    else:
        opening, needs_inventory = Side.SELL, upper <= entry
    line = lower if opening is Side.BUY else upper
    if needs_inventory:
        return CellShape(index, lower, upper, opening, opening.opposite, needs_inventory, entry)
    return CellShape(index, lower, upper, opening, opening, needs_inventory, line)
