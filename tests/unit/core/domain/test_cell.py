"""A cell's next order, from every history of fills, cancels and expiries."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.cell import Cell, Intent, carry_quantity, next_order
from core.domain.order import Side
from core.domain.symbol_rules import SymbolRules
from tests.unit.core.domain.examples import rules

BUY, SELL = Side.BUY, Side.SELL
RULES = rules(min_quantity="1", step_size="1", min_notional="0")


def long_cell(held: str, quantity: str = "10") -> Cell:
    return Cell(Decimal(100), Decimal(110), Decimal(quantity), BUY, Decimal(held))


def short_cell(held: str, quantity: str = "10") -> Cell:
    return replace(long_cell(held, quantity), opening_side=SELL)


def said(intent: Intent) -> str:
    return f"{intent.side} {intent.quantity} at {intent.price}"


@pytest.mark.parametrize(
    ("held", "ended", "remainder", "expected"),
    [
        ("10", BUY, "0", "SELL 10 at 110"),  # opened whole
        ("0", SELL, "0", "BUY 10 at 100"),  # closed whole
        ("0", BUY, "10", "BUY 10 at 100"),  # cancelled untouched
        ("10", SELL, "10", "SELL 10 at 110"),
        ("3", BUY, "7", "BUY 7 at 100"),  # the unfilled rest, on the same side
        ("6", SELL, "6", "SELL 6 at 110"),
        ("4", BUY, "0", "SELL 4 at 110"),  # a part is held and nothing is missing: close it
        ("11", BUY, "0", "SELL 11 at 110"),  # a carried part joins the closing order
        ("4", SELL, "0", "BUY 6 at 100"),
    ],
)
def test_a_long_cell_goes_on_where_its_order_ended(held: str, ended: Side, remainder: str, expected: str) -> None:
    assert said(next_order(long_cell(held), ended, Decimal(remainder), RULES)) == expected


@pytest.mark.parametrize(
    ("held", "ended", "remainder", "expected"),
    [
        ("10", SELL, "0", "BUY 10 at 100"),
        ("0", BUY, "0", "SELL 10 at 110"),
        ("3", SELL, "7", "SELL 7 at 110"),
        ("6", BUY, "6", "BUY 6 at 100"),
    ],
)
def test_a_short_cell_mirrors_it(held: str, ended: Side, remainder: str, expected: str) -> None:
    assert said(next_order(short_cell(held), ended, Decimal(remainder), RULES)) == expected


FIVE_AT_LEAST = rules(min_quantity="5", step_size="1", min_notional="0")


@pytest.mark.parametrize(
    ("held", "ended", "remainder", "expected", "carried"),
    [
        ("7", BUY, "3", "SELL 7 at 110", "0"),  # the rest is too small: close what was filled
        ("4", BUY, "4", "BUY 8 at 100", "4"),  # so is that: carry it into the next closing order
        ("3", SELL, "3", "BUY 5 at 100", "3"),  # what could not be closed counts towards the next opening
        ("4", SELL, "4", "BUY 8 at 100", "4"),  # opening only the rest is too small as well
    ],
)
def test_parts_below_the_minimum_are_closed_or_carried(
    held: str, ended: Side, remainder: str, expected: str, carried: str
) -> None:
    cell = long_cell(held, quantity="10" if held == "7" else "8")
    assert said(next_order(cell, ended, Decimal(remainder), FIVE_AT_LEAST)) == expected
    assert carry_quantity(cell, FIVE_AT_LEAST) == Decimal(carried)


def test_a_closing_order_never_takes_more_than_is_held() -> None:
    assert said(next_order(long_cell("4"), SELL, Decimal(9), RULES)) == "SELL 4 at 110"


@st.composite
def symbols_and_cells(draw: st.DrawFn) -> tuple[SymbolRules, Cell]:
    """A cell whose whole quantity is orderable on both legs, often only just."""
    symbol_rules = rules(
        step_size="1", min_quantity=str(draw(st.integers(1, 20))), min_notional=str(draw(st.integers(0, 4000)))
    )
    lower = Decimal(draw(st.integers(50, 200)))
    upper = lower + draw(st.integers(1, 300))
    quantity = symbol_rules.smallest_quantity(lower) + draw(st.integers(0, 40))
    return symbol_rules, Cell(lower, upper, quantity, draw(st.sampled_from(Side)), Decimal(0))


@given(symbols_and_cells(), st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_every_history_keeps_the_cell_sound(
    subject: tuple[SymbolRules, Cell], history: list[tuple[float, bool]]
) -> None:
    """Each step: the live order is filled to some part (whole where the flag says so), then it ends."""
    symbol_rules, cell = subject
    live = Intent(cell.opening_side, cell.price(cell.opening_side), cell.quantity)
    smallest = symbol_rules.smallest_quantity(cell.price(cell.closing_side))
    opened = closed = Decimal(0)
    for part, whole in history:
        assert symbol_rules.is_orderable(live.quantity, live.price)
        assert live.price == cell.price(live.side)
        filled = live.quantity if whole else Decimal(int(float(live.quantity) * part))
        if live.side is cell.opening_side:
            opened += filled
        else:
            closed += filled
        cell = replace(cell, held=opened - closed)
        assert 0 <= cell.held < cell.quantity + smallest
        live = next_order(cell, live.side, live.quantity - filled, symbol_rules)
    for _ in range(4):  # and left alone, it finds back to being flat with its opening order live
        cell = replace(cell, held=cell.held + (1 if live.side is cell.opening_side else -1) * live.quantity)
        live = next_order(cell, live.side, Decimal(0), symbol_rules)
        if not cell.held:
            break
    assert (cell.held, live) == (0, Intent(cell.opening_side, cell.price(cell.opening_side), cell.quantity))


@given(symbols_and_cells(), st.integers(0, 100), st.integers(0, 100), st.sampled_from(Side))
def test_even_after_a_late_fill_there_is_one_order_of_a_size_that_is_allowed(
    subject: tuple[SymbolRules, Cell], held: int, remainder: int, ended: Side
) -> None:
    """`held` and `remainder` need not fit each other: a trade may have been booked late."""
    symbol_rules, cell = subject
    cell = replace(cell, held=Decimal(held))
    rest = min(Decimal(remainder), cell.quantity)
    intent = next_order(cell, ended, rest, symbol_rules)
    assert symbol_rules.is_orderable(intent.quantity, intent.price)
    assert intent.side is cell.opening_side or intent.quantity <= cell.held
