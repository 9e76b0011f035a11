"""A grid that follows the market: each step is a change of the running grid, of one cell at either end."""

from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.orm import Session

from core.clock import now
from core.domain.lifecycle import StrategyStatus
from core.domain.parameters import Parameters
from core.domain.plan import PlannedCell
from core.domain.symbol_rules import SymbolRules
from core.domain.trailing import step_prices, trailing_step
from core.execution.intents import lock_strategies, may_open
from core.execution.rules import rules_of
from core.models import GridStrategy
from core.strategies.parameters import parameters_of
from core.strategies.standing import cell_rows, planned_of
from core.strategies.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Trail:
    """The marks (quote) from which on a strategy's range is to move; None where it may not."""

    above: Decimal | None
    below: Decimal | None

    def is_due(self, mark: Decimal) -> bool:
        return (self.above is not None and mark >= self.above) or (self.below is not None and mark <= self.below)


def trail_of(strategy: GridStrategy, rules: SymbolRules) -> Trail:
    if strategy.change is not None or strategy.status != StrategyStatus.RUNNING:
        return Trail(None, None)
    return Trail(*step_prices(_on_ladder(strategy), rules, strategy.trailed))


def take_step(session: Session, strategy_id: int, mark: Decimal) -> None:
    """Begins one step, where it is due at this mark and the cell that the grid would lose is flat."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is None or strategy.status != StrategyStatus.RUNNING or not may_open(strategy):
        return
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    if strategy.change is not None or not trail_of(strategy, rules).is_due(mark):
        return
    cells = cell_rows(session, strategy)
    ladder = _on_ladder(strategy)
    rises = mark > strategy.upper_price
    lost = cells[0] if rises else cells[-1]
    added = trailing_step(
        ladder,
        rules,
        strategy.trailed,
        mark,
        per_grid_amount=strategy.per_grid_amount,
        dropped_quantity=lost.quantity,
    )
    if added is None or lost.held or lost.next_side != lost.opening_side:
        return
    kept = [planned_of(strategy, cell) for cell in cells if cell is not lost]
    strategy.change = _wanted(strategy, [*kept, added] if rises else [added, *kept], mark, 1 if rises else -1).as_json()
    strategy.look_at = now()


def _wanted(strategy: GridStrategy, cells: list[PlannedCell], mark: Decimal, steps: int) -> Wanted:
    parameters = replace(
        parameters_of(strategy),
        lower_price=cells[0].lower,
        upper_price=cells[-1].upper,
        grid_number=len(cells),
        grid_spacing=None,  # the number says it now: rounded to the tick, a spacing might not fit as often any more
        grid_spacing_pct=None,
    )
    way = "up" if steps > 0 else "down"
    return Wanted(
        parameters=parameters,
        cells=tuple(cells),
        price=mark,
        budget=strategy.budget,
        per_grid_amount=strategy.per_grid_amount,
        keeps_lines=True,
        because=f"Trailing {way} to {cells[0].lower} - {cells[-1].upper}, the mark price is {mark}",
        steps=steps,
    )


def _on_ladder(strategy: GridStrategy) -> Parameters:
    """The parameters with the range from which its lines are counted."""
    now_there = parameters_of(strategy)
    return replace(
        now_there,
        lower_price=strategy.ladder_lower or now_there.lower_price,
        upper_price=strategy.ladder_upper or now_there.upper_price,
    )
