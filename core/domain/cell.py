"""What a cell does next, after one of its orders has ended: exactly one order, never one below the minimums."""

from dataclasses import dataclass
from decimal import Decimal

from core.domain.exact import ZERO
from core.domain.order import Side
from core.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Cell:
    """`quantity` is q_k and `held` the exposure in the opening direction, carried part included (base, never negative).

    Prices in quote per base. A BUY of the cell rests at `lower`, a SELL at `upper`.
    """

    lower: Decimal
    upper: Decimal
    quantity: Decimal
    opening_side: Side
    held: Decimal

    @property
    def closing_side(self) -> Side:
        return self.opening_side.opposite

    def price(self, side: Side) -> Decimal:
        return self.lower if side is Side.BUY else self.upper


@dataclass(frozen=True, slots=True)
class Intent:
    """The LIMIT order that a cell should have: price in quote per base, quantity in base."""

    side: Side
    price: Decimal
    quantity: Decimal


def next_order(cell: Cell, ended_side: Side, remainder: Decimal, rules: SymbolRules) -> Intent:
    """The cell's next order after one of `ended_side` ended with `remainder` (base) unfilled, 0 when it was filled.

    `cell.held` counts the ended order's fills already. The unfilled rest comes first; where that is too small, what is
    held is closed; where that is too small too, it is carried: it stays in `held` and joins the next closing order.
    """
    if ended_side is cell.closing_side:
        remainder = min(remainder, cell.held)
    if rules.is_orderable(remainder, cell.price(ended_side)):
        return _intent(cell, ended_side, remainder)
    if cell.held >= cell.quantity:
        return _intent(cell, cell.closing_side, cell.held)
    if ended_side is cell.opening_side:
        return _close_or_carry(cell, rules)
    return _open_the_rest(cell, rules)


def carry_quantity(cell: Cell, rules: SymbolRules) -> Decimal:
    """The part of `held` (base) that is too small for a closing order of its own and waits for the next one."""
    return ZERO if rules.is_orderable(cell.held, cell.price(cell.closing_side)) else cell.held


def _close_or_carry(cell: Cell, rules: SymbolRules) -> Intent:
    if rules.is_orderable(cell.held, cell.price(cell.closing_side)):
        return _intent(cell, cell.closing_side, cell.held)
    return _intent(cell, cell.opening_side, cell.quantity)


def _open_the_rest(cell: Cell, rules: SymbolRules) -> Intent:
    rest = cell.quantity - cell.held
    if rules.is_orderable(rest, cell.price(cell.opening_side)):
        return _intent(cell, cell.opening_side, rest)
    return _close_or_carry(cell, rules)


def _intent(cell: Cell, side: Side, quantity: Decimal) -> Intent:
    return Intent(side, cell.price(side), quantity)
