"""A running grid's cells, as the domain sees them when the grid is to change."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain.change import Standing
from core.domain.grid import cells as shapes
from core.domain.order import Side
from core.domain.parameters import StrategyType
from core.domain.plan import PlannedCell
from core.models import GridCell, GridStrategy


def cell_rows(session: Session, strategy: GridStrategy) -> Sequence[GridCell]:
    """Those of the present run that have not been dropped, lowest first."""
    rows = session.scalars(
        select(GridCell)
        .where(GridCell.strategy_id == strategy.id, GridCell.generation == strategy.generation, ~GridCell.dropped)
        .execution_options(populate_existing=True)
    )
    return sorted(rows, key=lambda cell: cell.lower_price)


def standing_of(cell: GridCell) -> Standing:
    return Standing(
        key=cell.id,
        lower=cell.lower_price,
        upper=cell.upper_price,
        quantity=cell.quantity,
        opening_side=Side(cell.opening_side),
        next_side=Side(cell.next_side),
        held=cell.held,
    )


def planned_of(strategy: GridStrategy, cell: GridCell) -> PlannedCell:
    """The cell as it would stand in a plan that it is a part of already."""
    return PlannedCell(
        cell_index=cell.cell_index,
        lower=cell.lower_price,
        upper=cell.upper_price,
        opening_side=Side(cell.opening_side),
        first_side=Side(cell.next_side),
        needs_inventory=False,
        opening_price=_opening_price(strategy, cell),
        quantity=cell.quantity,
    )


def _opening_price(strategy: GridStrategy, cell: GridCell) -> Decimal:
    if cell.opening_price is not None:
        return cell.opening_price
    assert strategy.entry_price is not None, "its grid has been planned"
    (shape,) = shapes((cell.lower_price, cell.upper_price), StrategyType(strategy.strategy_type), strategy.entry_price)
    return shape.opening_price
