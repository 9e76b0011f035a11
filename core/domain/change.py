"""A running grid against the grid that it is to become: what stays untouched, what goes, what comes, and what has to
be bought or sold at market for it.

A cell between the same two lines stays the same cell, with whatever it holds. Only a grid of one direction is given
inventory; what a NEUTRAL one has opened closes at its own line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.domain.exact import ZERO
from core.domain.grid import Between
from core.domain.order import Side
from core.domain.plan import PlannedCell


class Fate(StrEnum):
    KEPT = "KEPT"  # its order is not touched
    RESIZED = "RESIZED"  # its order is cancelled and placed anew
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell as it stands. `next_side` is that of the order it has, or will have; `held` in its opening direction."""

    key: int
    lower: Decimal
    upper: Decimal
    quantity: Decimal
    opening_side: Side
    next_side: Side
    held: Decimal

    @property
    def between(self) -> Between:
        return self.lower, self.upper

    @property
    def is_closing(self) -> bool:
        return self.next_side is not self.opening_side


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a cell: its quantity, what it gives up of what it holds, and what it is to be given (base)."""

    cell: Standing
    fate: Fate
    quantity: Decimal
    surplus: Decimal = ZERO
    missing: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Change:
    """`new` cells are not there yet. `trade` is what is bought (sold, where negative) at market, base."""

    outcomes: tuple[Outcome, ...]
    new: tuple[PlannedCell, ...]
    trade: Decimal

    def of(self, fate: Fate) -> Iterator[Outcome]:
        return (outcome for outcome in self.outcomes if outcome.fate is fate)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be cancelled, placed or traded."""
        return not self.new and not self.trade and all(outcome.fate is Fate.KEPT for outcome in self.outcomes)


def change(
    standing: Sequence[Standing], target: Sequence[PlannedCell], inventory_side: Side | None, pool: Decimal = ZERO
) -> Change:
    """`inventory_side`: of a grid of one direction. `pool`: held (base) beside the cells, in its direction; without
    one, signed."""
    wanted = {cell.between: cell.quantity for cell in target}
    outcomes = tuple(_outcome(cell, wanted.get(cell.between), inventory_side) for cell in standing)
    known = {cell.between for cell in standing}
    new = tuple(cell for cell in target if cell.between not in known)
    direction = 1 if inventory_side is None else inventory_side.sign
    missing = sum((cell.quantity for cell in new if cell.needs_inventory), ZERO)
    trade = direction * (missing - pool)
    for outcome in outcomes:
        trade += outcome.cell.opening_side.sign * (outcome.missing - outcome.surplus)
    return Change(outcomes, new, trade)


def _outcome(cell: Standing, quantity: Decimal | None, inventory_side: Side | None) -> Outcome:
    if quantity is None:
        return Outcome(cell, Fate.DROPPED, ZERO, surplus=cell.held)
    if quantity == cell.quantity:
        return Outcome(cell, Fate.KEPT, quantity)
    surplus = max(ZERO, cell.held - quantity)
    is_full = cell.is_closing and cell.held == cell.quantity
    missing = max(ZERO, quantity - cell.held) if is_full and cell.opening_side is inventory_side else ZERO
    closes_as_it_is = cell.is_closing and not surplus and not missing
    return Outcome(cell, Fate.KEPT if closes_as_it_is else Fate.RESIZED, quantity, surplus, missing)
