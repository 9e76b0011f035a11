"""Every losing bound also rests at the venue, as a conditional order on the mark price: it closes the position while
our hosts are away. Kept as orders are: what is missing is placed, what is out of date is cancelled."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from core.clock import now
from core.db import Session as Sessions
from core.domain.lifecycle import ACTIVE, PROTECTED
from core.domain.order import LIVE, Purpose, Side
from core.domain.parameters import StrategyType
from core.domain.plan import market_orders
from core.domain.risk import losing_bounds, stop_prices
from core.execution.intents import Cancel, lock_strategies, new_order
from core.execution.rules import rules_of
from core.models import GridCell, GridOrder, GridStrategy
from core.reconciliation.foreign import external_position
from core.strategies.parameters import parameters_of
from core.strategies.stopping import take_back

_SAME_SYMBOL = (
    GridStrategy.account_id == bindparam("account_id"),
    GridStrategy.symbol == bindparam("symbol"),
    GridStrategy.id != bindparam("strategy_id"),
)
_OTHERS = select(GridStrategy.status, GridStrategy.position).where(*_SAME_SYMBOL)
_NEIGHBOURS = select(GridStrategy.id).where(*_SAME_SYMBOL, GridStrategy.status.in_(PROTECTED))
_LIVE = (
    select(GridOrder)
    .where(
        GridOrder.strategy_id.in_(bindparam("strategy_ids", expanding=True)),
        GridOrder.trigger_price.is_not(None),
        GridOrder.status.in_(LIVE),
    )
    .order_by(GridOrder.id)
    .options(joinedload(GridOrder.cell))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Bound:
    """One conditional order: the side that closes, its trigger (quote), and how much (base) or all there is."""

    side: Side
    trigger_price: Decimal
    quantity: Decimal
    close_position: bool
    purpose: Purpose


def keep(session: Session, strategy: GridStrategy) -> list[Cancel]:
    """Makes the strategy's conditional orders those that it needs now; returns what is to be cancelled."""
    if strategy.entry_price is None:
        return []
    strategy.alone = is_alone(session, strategy)
    missing = Counter(_bounds(session, strategy))
    outdated = []
    for order in live(session, [strategy]):
        bound = _bound_of(order)
        if missing[bound]:
            missing[bound] -= 1
        else:
            outdated.append(order)
    for bound in missing.elements():
        new_order(
            session,
            strategy,
            side=bound.side,
            quantity=bound.quantity,
            purpose=bound.purpose,
            trigger_price=bound.trigger_price,
            reduce_only=not bound.close_position,
            close_position=bound.close_position,
        )
    return take_back(session, strategy, outdated)


def is_alone(session: Session, strategy: GridStrategy) -> bool:
    """Whether nothing else of the account trades or holds the symbol, as far as is known."""
    others = session.execute(_OTHERS, _beside(strategy))
    if any(other.status in ACTIVE or other.position for other in others):
        return False
    return not external_position(session, strategy.account_id, strategy.symbol)


def _beside(strategy: GridStrategy) -> dict[str, Any]:
    return {"account_id": strategy.account_id, "symbol": strategy.symbol, "strategy_id": strategy.id}


def look_at_neighbours(strategy: GridStrategy) -> None:
    """Those on the same symbol may have come to share it, or to be alone on it: in a transaction of its own, as two
    that start at once would wait for each other's locks."""
    with Sessions.begin() as session:
        for other in lock_strategies(session, session.scalars(_NEIGHBOURS, _beside(strategy))).values():
            other.look_at = other.look_at or now()


def live(session: Session, strategies: Sequence[GridStrategy]) -> Sequence[GridOrder]:
    """Their conditional orders that rest at the venue, may rest there, or are about to."""
    return session.scalars(_LIVE, {"strategy_ids": [strategy.id for strategy in strategies]}).all()


def _bounds(session: Session, strategy: GridStrategy) -> Iterator[Bound]:
    """Alone on its symbol one order closes whatever there is; else each closes what the grid can hold there."""
    rules = rules_of(session, strategy.exchange, strategy.symbol)
    stops = stop_prices(parameters_of(strategy), strategy.lower_price, strategy.upper_price, rules)
    for exposed, price in losing_bounds(StrategyType(strategy.strategy_type), *stops).items():
        most = _most_held(session, strategy, exposed)
        purpose = Purpose.STOP_LOSS if price == stops[0] else Purpose.TAKE_PROFIT
        if strategy.alone and most:
            yield Bound(exposed.opposite, price, most, True, purpose)
        elif most:
            for quantity in market_orders(most, Decimal("Infinity"), rules):
                yield Bound(exposed.opposite, price, quantity, False, purpose)


def _most_held(session: Session, strategy: GridStrategy, opening_side: Side) -> Decimal:
    """What all cells that open with this side hold together once each is full, base."""
    quantities = select(GridCell.quantity).where(
        GridCell.strategy_id == strategy.id,
        GridCell.generation == strategy.generation,
        GridCell.opening_side == opening_side,
        ~GridCell.dropped,
    )
    return sum(session.scalars(quantities), Decimal(0))


def _bound_of(order: GridOrder) -> Bound:
    assert order.trigger_price is not None
    return Bound(Side(order.side), order.trigger_price, order.quantity, order.close_position, Purpose(order.purpose))
