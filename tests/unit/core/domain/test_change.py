"""What an update of a running grid keeps, cancels, places and trades."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.change import Change, Fate, Standing, change
from core.domain.exact import ZERO
from core.domain.grid import StrategyType
from core.domain.order import Side
from core.domain.plan import PlannedCell, Running, plan
from core.errors import Invalid
from tests.unit.core.domain.examples import grid, rules, sizings, strategy_types

D = Decimal


def standing(target: tuple[PlannedCell, ...]) -> list[Standing]:
    """The grid right after its start, every inventory given."""
    return [
        Standing(
            key=number,
            lower=cell.lower,
            upper=cell.upper,
            quantity=cell.quantity,
            opening_side=cell.opening_side,
            next_side=cell.first_side,
            held=cell.quantity if cell.needs_inventory else ZERO,
        )
        for number, cell in enumerate(target)
    ]


def running(cells: tuple[PlannedCell, ...], **keeps: bool) -> Running:
    return Running(
        tuple(replace(cell, needs_inventory=False) for cell in cells),
        keeps.get("keeps_lines", False),
        keeps.get("keeps_quantities", False),
    )


def update(entry: str, price: str, kind: StrategyType, **changes: Any) -> Change:
    """Of an ETH grid of ten cells, 2000 to 3000, that started at `entry` and has not traded."""
    before = plan(grid(strategy_type=kind), rules(), D(entry)).cells
    after = plan(grid(strategy_type=kind, **changes), rules(), D(price), running(before))
    return change(standing(before), after.cells, kind.inventory_side)


def applied(made: Change) -> list[Standing]:
    """The cells when the change is done."""
    kept = [
        replace(one.cell, quantity=one.quantity, held=one.cell.held - one.surplus + one.missing)
        for one in made.outcomes
        if one.fate is not Fate.DROPPED
    ]
    return kept + [replace(cell, key=-number) for number, cell in enumerate(standing(made.new), 1)]


def position(cells: list[Standing]) -> Decimal:
    return sum((cell.opening_side.sign * cell.held for cell in cells), ZERO)


@pytest.mark.parametrize("kind", StrategyType)
def test_the_same_parameters_at_another_price_change_nothing(kind: StrategyType) -> None:
    assert update("2500", "2750", kind).is_empty


def test_a_range_moved_by_two_cells_keeps_the_eight_that_both_have() -> None:
    made = update("2500", "2500", StrategyType.NEUTRAL, lower_price="2200", upper_price="3200")
    assert [one.cell.lower for one in made.of(Fate.DROPPED)] == [2000, 2100]
    assert [cell.lower for cell in made.new] == [3000, 3100]
    assert len(list(made.of(Fate.KEPT))) + len(list(made.of(Fate.RESIZED))) == 8
    assert made.trade == 0, "nothing was held, and a neutral grid buys nothing"


def test_a_bullish_grid_that_grows_buys_more_for_what_waits_to_be_sold() -> None:
    made = update("2500", "2500", StrategyType.BULLISH, total_investment="2000")
    closing = [one for one in made.outcomes if one.cell.is_closing]
    assert {one.fate for one in made.outcomes} == {Fate.RESIZED}
    assert made.trade == sum(one.missing for one in closing) > 0


def test_a_bullish_grid_that_shrinks_sells_what_is_too_much() -> None:
    made = update("2500", "2500", StrategyType.BULLISH, total_investment="500")
    assert made.trade == -sum(one.surplus for one in made.outcomes) < 0


def test_a_bearish_grid_buys_back_what_it_gives_up() -> None:
    made = update("2500", "2500", StrategyType.BEARISH, lower_price="2300")
    assert made.trade == position(applied(made)) - position([one.cell for one in made.outcomes]) > 0


def test_what_a_neutral_grid_has_opened_closes_at_its_own_line_untouched() -> None:
    cell = Standing(1, D(2400), D(2500), D("0.04"), Side.BUY, Side.SELL, D("0.04"))
    target = plan(grid(lower_price="2400", upper_price="2500", grid_number=2, total_investment="500"), rules(), D(2450))
    larger = replace(target.cells[0], upper=D(2500), quantity=D("0.1"))
    made = change([cell], [larger], None)
    assert [(one.fate, one.quantity, one.missing) for one in made.outcomes] == [(Fate.KEPT, D("0.1"), ZERO)]
    assert made.trade == 0


def test_long_and_short_that_are_given_up_cancel_each_other() -> None:
    long = Standing(1, D(2400), D(2500), D(3), Side.BUY, Side.SELL, D(3))
    short = Standing(2, D(2500), D(2600), D(2), Side.SELL, Side.BUY, D(2))
    assert change([long, short], [], None).trade == -1


def test_what_lies_beside_the_cells_is_used_first() -> None:
    made = change([], plan(grid(strategy_type=StrategyType.BULLISH), rules(), D(2500)).cells, Side.BUY, pool=D("0.05"))
    assert made.trade == sum(cell.quantity for cell in made.new if cell.needs_inventory) - D("0.05")


@st.composite
def updates(draw: st.DrawFn) -> tuple[list[Standing], tuple[PlannedCell, ...], Side | None, Decimal]:
    """A grid in the middle of its life, and what it is to become."""
    kind = draw(strategy_types)

    def asked() -> Any:
        low = draw(st.integers(15, 24)) * 100
        return grid(
            strategy_type=kind,
            sizing=draw(sizings),
            lower_price=D(low),
            upper_price=D(low + 1000),
            grid_number=draw(st.sampled_from([5, 10, 20])),
            total_investment=D(draw(st.integers(2000, 9000))),
        )

    try:
        before = plan(asked(), rules(), D(draw(st.integers(1500, 3500)))).cells
        after = plan(asked(), rules(), D(draw(st.integers(1500, 3500))), running(before)).cells
    except Invalid:
        assume(False)
        raise
    return [lived(draw, cell) for cell in standing(before)], after, kind.inventory_side, draw(pools(kind))


def pools(kind: StrategyType) -> st.SearchStrategy[Decimal]:
    least = -3 if kind is StrategyType.NEUTRAL else 0
    return st.integers(least, 3).map(lambda steps: steps * D("0.001"))


def lived(draw: st.DrawFn, cell: Standing) -> Standing:
    """Flat, full, or a part of the way between."""
    held = draw(st.sampled_from([cell.held, ZERO, cell.quantity, cell.quantity - D("0.001")]))
    closing = held == cell.quantity or (held > 0 and draw(st.booleans()))
    return replace(cell, held=held, next_side=cell.opening_side.opposite if closing else cell.opening_side)


@given(updates())
def test_nothing_is_lost_and_what_is_held_is_what_the_cells_want(made_of: Any) -> None:
    before, target, inventory_side, pool = made_of
    made = change(before, target, inventory_side, pool)
    after = applied(made)
    beside = pool * (1 if inventory_side is None else inventory_side.sign)
    assert position(after) == position(before) + beside + made.trade
    assert {(cell.lower, cell.upper, cell.quantity) for cell in after} == {
        (cell.lower, cell.upper, cell.quantity) for cell in target
    }
    for cell in after:
        assert 0 <= cell.held <= max(cell.quantity, ZERO)
        if inventory_side is not None and cell.is_closing and cell.key < 0:
            assert cell.held == cell.quantity


@given(updates())
def test_the_plan_of_an_applied_plan_is_empty(made_of: Any) -> None:
    before, target, inventory_side, pool = made_of
    done = applied(change(before, target, inventory_side, pool))
    again = change(done, target, inventory_side)
    assert again.is_empty
    assert {one.quantity for one in again.outcomes} == {cell.quantity for cell in target}


@given(updates())
def test_a_cell_with_the_same_lines_and_quantity_is_never_touched(made_of: Any) -> None:
    before, target, inventory_side, pool = made_of
    wanted = {(cell.lower, cell.upper, cell.quantity) for cell in target}
    for one in change(before, target, inventory_side, pool).outcomes:
        if (one.cell.lower, one.cell.upper, one.cell.quantity) in wanted:
            assert one.fate is Fate.KEPT
            assert not one.surplus
            assert not one.missing


@given(
    strategy_types,
    sizings,
    st.integers(1900, 3100),
    st.integers(1900, 3100),
    st.integers(300, 5000),
    st.integers(5, 20),
)
def test_what_full_cells_gain_counts_at_the_price_of_now(  # noqa: PLR0917 - one grid and what it becomes
    kind: StrategyType, sizing: Any, entry: int, price: int, investment: int, number: int
) -> None:
    """The budget pays for what was held at its own price, and for what is bought now at the price of now."""
    before = plan(grid(strategy_type=kind, sizing=sizing), rules(), D(entry)).cells
    asked = grid(strategy_type=kind, sizing=sizing, total_investment=str(investment), grid_number=number)
    after = plan(asked, rules(), D(price), running(before))
    made = change(standing(before), after.cells, kind.inventory_side)
    grown = {one.cell.between: one for one in made.outcomes if one.missing}
    old = {cell.between: cell.opening_price for cell in before}
    spent = [
        grown[cell.between].cell.held * old[cell.between] + grown[cell.between].missing * price
        if cell.between in grown
        else cell.quantity * cell.opening_price
        for cell in after.cells
    ]
    a_step_of_each = sum((rules().step_size * max(cell.upper, D(price)) for cell in after.cells), ZERO)
    assert after.budget - a_step_of_each <= sum(spent, ZERO) <= after.budget
    assert abs(sum((cell.quantity * cell.opening_price for cell in after.cells), ZERO) - sum(spent, ZERO)) < D("1e-15")
