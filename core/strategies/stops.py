"""Which strategies the mark price starts or ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain.lifecycle import FinishReason, StrategyStatus
from core.domain.parameters import Parameters, StrategyType
from core.domain.risk import stop_hit, stop_prices
from core.execution.intents import lock_strategies
from core.execution.rules import rules_of
from core.models import GridStrategy
from core.strategies.parameters import parameters_of
from core.strategies.requests import begin_start


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A strategy that waits for its trigger; `above`: where the mark was when it began, None before the first mark."""

    strategy_id: int
    symbol: str
    trigger_price: Decimal
    above: bool | None

    def is_due(self, mark: Decimal) -> bool:
        """Whether this mark says something new: it is the first, or it is at or past the trigger."""
        return self.above is None or has_crossed(self.trigger_price, self.above, mark)


def waiting(session: Session, exchange: str) -> list[Waiting]:
    rows = session.scalars(
        select(GridStrategy).where(GridStrategy.exchange == exchange, GridStrategy.status == StrategyStatus.WAITING)
    )
    return [Waiting(row.id, row.symbol, row.trigger_price, row.waited_above) for row in rows if row.trigger_price]


def has_crossed(trigger_price: Decimal, above: bool, mark: Decimal) -> bool:
    return mark <= trigger_price if above else mark >= trigger_price


def judge_trigger(session: Session, strategy_id: int, mark: Decimal) -> None:
    """The first mark tells from which side the trigger is awaited; the one that crosses it begins the start."""
    strategy = lock_strategies(session, [strategy_id]).get(strategy_id)
    if strategy is None or strategy.status != StrategyStatus.WAITING or strategy.trigger_price is None:
        return
    if strategy.waited_above is None:
        strategy.waited_above = mark > strategy.trigger_price
    if mark == strategy.trigger_price or has_crossed(strategy.trigger_price, strategy.waited_above, mark):
        begin_start(strategy)


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
