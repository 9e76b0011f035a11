"""Looks at the market's last day for every grid that runs: a strong trend is warned of, the range of an `adaptive` grid
follows volatility, and that of one that may be nudged (`nudge`) its slow orders; seldom, and only where that pays for
its own fees."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.domain.adaptive import PERIOD, Bar, adapted_range, expected_profit, trend
from core.domain.lifecycle import StrategyStatus
from core.domain.parameters import GridType
from core.domain.plan import PlannedCell
from core.errors import Refused
from core.execution.intents import lock_strategies
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.markets import candles_of
from core.models import Event, GridStrategy
from core.strategies.liquidity import liquidity_of
from core.strategies.proposals import Proposal, propose
from core.strategies.requests import request_update
from core.strategies.standing import cell_rows, planned_of

log = structlog.get_logger()

ADAPT_EVERY = timedelta(hours=4)  # at most, and never sooner after any other change or the start
WARN_EVERY = timedelta(hours=24)


def running() -> Sequence[int]:
    """Ids of the strategies to look at."""
    with Session.reading() as session:
        return session.scalars(
            select(GridStrategy.id).where(GridStrategy.status == StrategyStatus.RUNNING, GridStrategy.change.is_(None))
        ).all()


def look(strategy_id: int) -> bool:
    """Whether a change of the grid has been asked for. Raises VenueUnavailable."""
    with Session.reading() as session:
        row = session.get(GridStrategy, strategy_id)
    if row is None:
        return False
    candles = candles_of(row.exchange, row.symbol, "1h", start=None, end=None, limit=PERIOD + 1)
    return consider(row, [Bar(candle.open, candle.high, candle.low, candle.close) for candle in candles])


def consider(row: GridStrategy, bars: Sequence[Bar]) -> bool:
    """`bars` are of an hour each, oldest first. Whether a change of the grid has been asked for."""
    reason = trend(bars, row.lower_price, row.upper_price)
    if reason is not None:
        _warn(row.id, reason)
    if row.grid_type == GridType.CUSTOM:
        return False
    return (row.adaptive and _adapt(row, bars)) or (row.nudge and _nudge(row, bars))


def _warn(strategy_id: int, reason: str) -> None:
    with Session.begin() as session:
        strategy = lock_strategies(session, [strategy_id])[strategy_id]
        said_at = _last(session, strategy, "consider_reset")
        if strategy.status == StrategyStatus.RUNNING and (said_at is None or said_at < now() - WARN_EVERY):
            tell(session, strategy, "consider_reset", f"Consider a reset: {reason}.", level="WARNING")


def _adapt(row: GridStrategy, bars: Sequence[Bar]) -> bool:
    with Session.reading() as session:
        rules = rules_of(session, row.exchange, row.symbol)
    found = adapted_range(row.lower_price, row.upper_price, row.grid_number, bars[-1].close, bars, rules)
    return found is not None and _move(row, bars, found, f"Adapted to the volatility of {PERIOD} hours")


def _nudge(row: GridStrategy, bars: Sequence[Bar]) -> bool:
    with Session.reading() as session:
        liquidity = liquidity_of(session, row)
    found = liquidity.suggestion
    if found is None:
        return False
    because = f"Nudged, {found.kind}: {len(liquidity.slow)} orders were slow, {found.effect}"
    return _move(row, bars, (found.lower_price, found.upper_price), because)


def _move(row: GridStrategy, bars: Sequence[Bar], found: tuple[Decimal, Decimal], because: str) -> bool:
    """To another range, where that pays."""
    with Session.reading() as session:
        rules = rules_of(session, row.exchange, row.symbol)
        before = [planned_of(row, cell) for cell in cell_rows(session, row)]
        changed_at = [_last(session, row, code) for code in ("updated", "trailed")]
    if any(moment is not None and moment > now() - ADAPT_EVERY for moment in (*changed_at, row.started_at)):
        return False
    changes = {"lower_price": found[0], "upper_price": found[1], "grid_number": row.grid_number}
    try:
        proposal = propose(row.user_id, row.exchange, row.id, changes)
    except Refused as error:
        log.info("not moved", strategy_id=row.id, error=error.message)
        return False
    gain = _share(_expected(proposal.wanted.cells, bars, rules.maker_fee) - _expected(before, bars, rules.maker_fee))
    return gain > proposal.fees and _request(row, proposal, gain, because)


def _request(row: GridStrategy, proposal: Proposal, gain: Decimal, because: str) -> bool:
    hours = ADAPT_EVERY.total_seconds() / 3600
    plan = (
        f"{because}: {proposal.after.lower_price} - {proposal.after.upper_price}, "
        f"{gain:.4f} more to expect in {hours:.0f} hours, {proposal.fees:.4f} of fees"
    )
    try:
        with Session.begin() as session:
            strategy = lock_strategies(session, [row.id])[row.id]
            if strategy.version != row.version or strategy.status != StrategyStatus.RUNNING:
                return False
            request_update(session, strategy, replace(proposal.wanted, because=plan))
    except Refused as error:
        log.info("not moved", strategy_id=row.id, error=error.message)
        return False
    return True


def _expected(cells: Sequence[PlannedCell], bars: Sequence[Bar], fee: Decimal) -> Decimal:
    """Over the bars, quote."""
    lines = [cells[0].lower, *(cell.upper for cell in cells)]
    quantity = sum((cell.quantity for cell in cells), Decimal(0)) / len(cells)
    return expected_profit(lines, quantity, bars, fee)


def _share(profit_of_a_period: Decimal) -> Decimal:
    """Until the range may move again."""
    part = Fraction(int(ADAPT_EVERY.total_seconds()), PERIOD * 3600)
    return profit_of_a_period * part.numerator / part.denominator


def _last(session: OrmSession, strategy: GridStrategy, code: str) -> datetime | None:
    """When it was last said of a strategy."""
    said = select(func.max(Event.created_at)).where(Event.strategy_id == strategy.id, Event.code == code)
    return session.scalars(said).one()
