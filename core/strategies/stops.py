"""Which running strategies the mark price ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain.lifecycle import FinishReason, StrategyStatus
from core.domain.parameters import Parameters, StrategyType
from core.domain.risk import stop_hit, stop_prices
from core.execution.rules import rules_of
from core.models import GridStrategy
from core.strategies.parameters import parameters_of


@dataclass(frozen=True, slots=True)
class Armed:
    """A strategy with its stops as prices."""

    strategy_id: int
    symbol: str
    parameters: Parameters
    stop_loss: Decimal | None
    take_profit: Decimal | None


@dataclass(frozen=True, slots=True)
class Hit:
    strategy_id: int
    reason: FinishReason
    message: str


def armed(session: Session, exchange: str) -> list[Armed]:
    """Every running strategy of a venue that has a stop."""
    rows = session.scalars(
        select(GridStrategy).where(
            GridStrategy.exchange == exchange,
            GridStrategy.status.in_((StrategyStatus.RUNNING, StrategyStatus.PAUSED)),
        )
    )
    found = []
    for row in rows:
        parameters = parameters_of(row)
        loss, profit = stop_prices(
            parameters, row.lower_price, row.upper_price, rules_of(session, row.exchange, row.symbol)
        )
        if loss is not None or profit is not None:
            found.append(Armed(row.id, row.symbol, parameters, loss, profit))
    return found


def hits(strategies: Sequence[Armed], marks: Mapping[str, Decimal]) -> Iterator[Hit]:
    """`marks`: symbol -> mark price, quote."""
    for strategy in strategies:
        mark = marks.get(strategy.symbol)
        if mark is None:
            continue
        parameters = strategy.parameters
        reason = stop_hit(
            StrategyType(parameters.strategy_type),
            parameters.lower_price,
            parameters.upper_price,
            strategy.stop_loss,
            strategy.take_profit,
            mark,
        )
        if reason is not None:
            yield Hit(strategy.strategy_id, reason, f"the mark price {mark} has reached the {reason.lower()} price")
