"""The plan of an update, for the user to see before or as it is made; that of a reset is in resetting.py."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.db import Session
from core.domain.backing import Backing
from core.domain.change import Change, Fate
from core.domain.lifecycle import CHANGEABLE
from core.domain.lines import resolve
from core.domain.order import LIVE, Side
from core.domain.outlook import outlook
from core.domain.parameters import Parameters
from core.domain.plan import Plan, PlannedCell, Running, Warning
from core.errors import Invalid
from core.models import GridCell, GridOrder, GridStrategy
from core.strategies.parameters import merged, parameters_of
from core.strategies.reading import own
from core.strategies.standing import cell_rows, planned_of
from core.strategies.updating import change_to
from core.strategies.verdict import Checked, Stake, check_changes
from core.strategies.wanted import Wanted

FIXED = ("symbol", "strategy_type", "margin_type", "trigger_price")  # for as long as the grid runs
_SHAPE = ("grid_type", "lower_price", "upper_price", "grid_number", "grid_spacing", "grid_spacing_pct", "lines")
_LIMITS = ("trailing_up", "trailing_down")
_MONEY = ("total_investment", "leverage", "sizing")


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """`quantity` in base. What is new has no `client_order_id` yet, and no `cell_index` where its cell is new."""

    cell_index: int | None
    side: Side
    price: Decimal
    quantity: Decimal
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A grid before or after, in quote. None where it is not liquidated."""

    lower_price: Decimal
    upper_price: Decimal
    grid_number: int
    margin: Decimal
    liquidation_lower: Decimal | None
    liquidation_upper: Decimal | None
    maximum_loss: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """`inventory_quantity` (base) is bought or sold at market, and the position of `closed_quantity` (signed) closed
    before, for about `fees` (quote) together; `before` is None where no grid runs yet."""

    wanted: Wanted
    checked: Checked
    kept: tuple[PlannedOrder, ...]
    cancelled: tuple[PlannedOrder, ...]
    new: tuple[PlannedOrder, ...]
    inventory_side: Side | None
    inventory_quantity: Decimal
    fees: Decimal
    before: Facts | None
    after: Facts
    warnings: tuple[Warning, ...]
    closed_quantity: Decimal = Decimal(0)

    @property
    def untouched(self) -> int:
        """How many orders stay as they are at the venue."""
        return len(self.kept)


def propose(user_id: int, exchange: str, strategy_id: int, changes: Mapping[str, Any]) -> Proposal:
    """Raises NotFound, and Invalid, Conflict and VenueUnavailable as the checks of a creation do."""
    with Session.reading() as session:
        row = own(session, user_id, exchange, strategy_id)
        cells = cell_rows(session, row) if row.status in CHANGEABLE else []
        orders = live_orders(session, cells)
    now, asked = parameters_of(row), merged(row, changes)
    if cells:
        _require_changeable(now, asked)
    running = _running(row, cells, now, asked) if cells else None
    stake = None if running is None else Stake(running, _margin_in_use(row, orders.values()))
    checked = check_changes(user_id, row, changes, stake)
    return _proposal(row, cells, orders, checked, running, _said(changes))


def _said(changes: Mapping[str, Any]) -> str:
    """For the event log."""
    return f"Updated ({', '.join(f'{name} {value}' for name, value in changes.items())})"


def _require_changeable(now: Parameters, asked: Parameters) -> None:
    changed = [name for name in FIXED if getattr(now, name) != getattr(asked, name)]
    if changed:
        message = "it can't be changed while the grid runs: stop it, or reset it"
        raise Invalid("fixed_while_running", f"{changed[0]}: {message}", {name: [message] for name in changed})


def _running(row: GridStrategy, cells: Sequence[GridCell], now: Parameters, asked: Parameters) -> Running:
    lines, money, limits = (
        all(getattr(now, name) == getattr(asked, name) for name in names) for names in (_SHAPE, _MONEY, _LIMITS)
    )
    return Running(tuple(planned_of(row, cell) for cell in cells), lines, lines and money, limits)


def live_orders(session: OrmSession, cells: Sequence[GridCell]) -> dict[int, GridOrder]:
    """By cell id: a cell has one at most."""
    live = select(GridOrder).where(GridOrder.cell_id.in_([cell.id for cell in cells]), GridOrder.status.in_(LIVE))
    return {order.cell_id: order for order in session.scalars(live) if order.cell_id is not None}


def _margin_in_use(row: GridStrategy, orders: Iterable[GridOrder]) -> Decimal:
    """What the venue holds back for the grid as it is, quote: for its position and its orders on the worse side."""
    sides = {side: Decimal(0) for side in Side}
    for order in orders:
        sides[Side(order.side)] += (order.quantity - order.filled_quantity) * (order.price or 0)
    position = row.position * (row.ledger.average_entry_price or 0)
    return max(abs(position + sides[Side.BUY]), abs(position - sides[Side.SELL])) / row.leverage


def _proposal(  # noqa: PLR0917 - what there is, what is asked, and why
    row: GridStrategy,
    cells: Sequence[GridCell],
    orders: Mapping[int, GridOrder],
    checked: Checked,
    running: Running | None,
    because: str,
) -> Proposal:
    after = checked.review.plan
    assert after is not None, "a review without errors has a plan"
    wanted = Wanted(
        parameters=checked.settled,
        cells=after.cells,
        price=checked.entry_price,
        budget=after.budget,
        per_grid_amount=row.per_grid_amount if running and running.keeps_quantities else after.per_grid_amount,
        keeps_lines=running is not None and running.keeps_lines,
        because=because,
    )
    made = change_to(row, cells, wanted)
    rules = checked.rules.rules
    return Proposal(
        wanted=wanted,
        checked=checked,
        kept=tuple(resting(_keys(made, Fate.KEPT), orders)),
        cancelled=tuple(resting(_keys(made, Fate.DROPPED, Fate.RESIZED), orders)),
        new=tuple(_coming(made)),
        inventory_side=(Side.BUY if made.trade > 0 else Side.SELL) if made.trade else None,
        inventory_quantity=abs(made.trade),
        fees=abs(made.trade) * checked.entry_price * rules.taker_fee,
        before=None if running is None else _facts_now(row, as_plan(after, running.cells), checked),
        after=facts_of(checked.settled, after, checked, checked.backing),
        warnings=checked.review.warnings,
    )


def as_plan(after: Plan, cells: Sequence[PlannedCell]) -> Plan:
    """The grid as it is, lowest cell first."""
    return replace(after, lines=(cells[0].lower, *(cell.upper for cell in cells)), cells=tuple(cells))


def _facts_now(row: GridStrategy, standing: Plan, checked: Checked) -> Facts:
    return facts_of(parameters_of(row), standing, checked, checked.backing)


def facts_of(parameters: Parameters, planned: Plan, checked: Checked, backing: Backing | None) -> Facts:
    """`planned` with these parameters, beside what else the account has."""
    rules = checked.rules.rules
    seen = outlook(resolve(parameters, rules), planned, rules, backing=backing)
    return Facts(
        lower_price=planned.lines[0],
        upper_price=planned.lines[-1],
        grid_number=len(planned.cells),
        margin=parameters.total_investment,
        liquidation_lower=seen.liquidation_lower,
        liquidation_upper=seen.liquidation_upper,
        maximum_loss=seen.maximum_loss,
    )


def resting(cell_ids: Iterable[int], orders: Mapping[int, GridOrder]) -> Iterator[PlannedOrder]:
    """The live orders of cells."""
    for cell_id in cell_ids:
        order = orders.get(cell_id)
        if order is not None and order.price is not None:
            rest = order.quantity - order.filled_quantity
            yield PlannedOrder(order.cell_index, Side(order.side), order.price, rest, order.client_order_id)


def first_orders(cells: Iterable[PlannedCell]) -> Iterator[PlannedOrder]:
    """Those that new cells begin with."""
    for cell in cells:
        yield PlannedOrder(None, cell.first_side, cell.price(cell.first_side), cell.quantity)


def _coming(made: Change) -> Iterator[PlannedOrder]:
    for outcome in made.of(Fate.RESIZED):
        cell, held = outcome.cell, outcome.cell.held - outcome.surplus + outcome.missing
        quantity = held if cell.is_closing else outcome.quantity - held
        yield PlannedOrder(None, cell.next_side, cell.lower if cell.next_side is Side.BUY else cell.upper, quantity)
    yield from first_orders(made.new)


def _keys(made: Change, *fates: Fate) -> Iterator[int]:
    return (outcome.cell.key for fate in fates for outcome in made.of(fate))
