"""What was forecast when a strategy was created, set beside what came: for each of them, and for all together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from statistics import median

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.candles import store
from core.clock import now
from core.db import Session
from core.domain.exact import PRECISE
from core.domain.expectation import expected_after
from core.domain.lifecycle import ACTIVE
from core.errors import Refused, Unavailable, VenueRefused
from core.forecast.calculator import calculator
from core.forecast.funding import funding_of
from core.forecast.questions import LEAST_TO_FORECAST, ForecastQuestion
from core.markets import last_price
from core.models import EquitySnapshot, ExchangeApi, Forecast, GridStrategy
from core.models.forecast import grid_of
from core.strategies.parameters import parameters_of
from core.symbols import rules_of

log = structlog.get_logger()

WINDOW_DAYS, HORIZON_DAYS = 30, 7
_LEAST = timedelta(hours=1)  # of a run that says anything
_MOST = 2000  # judged forecasts that the aggregate looks at, the newest
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of all judged forecasts. Errors in percent of the investment: what came less the median."""

    judged: int
    inside: int
    below: int
    above: int
    inside_pct: Decimal | None
    expected_pct: Decimal
    mean_error_pct: Decimal | None
    median_absolute_error_pct: Decimal | None


def can_be_made(session: OrmSession, exchange: str, symbol: str) -> bool:
    """Whether there are candles to make a forecast from."""
    return sum(day.count for day in store.stored(session, exchange, symbol, 2)) >= LEAST_TO_FORECAST


def remember(strategy_id: int) -> None:
    """Makes and stores the forecast of a new strategy, once. It comes to nothing where anything is missing."""
    with Session.reading() as session:
        row = session.get(GridStrategy, strategy_id)
        made = session.scalars(select(Forecast.id).where(Forecast.strategy_id == strategy_id)).first()
        if row is None or row.generation > 0 or made is not None:
            return
        account = session.get_one(ExchangeApi, row.account_id)
        days = tuple(store.stored(session, row.exchange, row.symbol, WINDOW_DAYS))
    try:
        rules = rules_of(row.exchange, row.symbol, account).rules
        price = rules.round_price(last_price(row.exchange, row.symbol))
        funding = funding_of(row.exchange, row.symbol)
        question = ForecastQuestion(parameters_of(row), rules, price, days, HORIZON_DAYS, funding)
        told = calculator("forecast").ask(question)
    except (Refused, Unavailable, VenueRefused) as error:
        log.info("no forecast", strategy_id=strategy_id, error=str(error))
        return
    band = [
        [point["days"], *(point["total_pnl"][name] for name in ("low", "median", "high"))]
        for point in told["checkpoints"]
    ]
    with Session.begin() as session:
        if session.get(GridStrategy, strategy_id) is not None:
            session.add(
                Forecast(
                    strategy_id=strategy_id,
                    version=row.version,
                    grid=grid_of(row),
                    horizon_days=HORIZON_DAYS,
                    investment=row.total_investment,
                    band=band,
                )
            )


def judge() -> None:
    """Compares every forecast whose time is over, or whose strategy has ended."""
    with Session.begin() as session:
        open_ones = (
            select(Forecast, GridStrategy)
            .join(GridStrategy, GridStrategy.id == Forecast.strategy_id)
            .where(Forecast.judged_at.is_(None), GridStrategy.started_at.is_not(None))
        )
        for forecast, row in session.execute(open_ones).all():
            _judge(session, forecast, row)


def accuracy() -> Accuracy:
    with Session.reading() as session:
        newest = select(Forecast).where(Forecast.inside.is_not(None)).order_by(Forecast.judged_at.desc()).limit(_MOST)
        judged = session.scalars(newest).all()
    errors = list(_errors(judged))
    inside = sum(1 for one in judged if one.inside)
    below = sum(1 for one, error in zip(judged, errors, strict=True) if not one.inside and error < 0)
    with localcontext(PRECISE):
        return Accuracy(
            judged=len(judged),
            inside=inside,
            below=below,
            above=len(judged) - inside - below,
            inside_pct=_HUNDRED * inside / len(judged) if judged else None,
            expected_pct=Decimal(90),
            mean_error_pct=sum(errors, Decimal(0)) / len(errors) if errors else None,
            median_absolute_error_pct=median(map(abs, errors)) if errors else None,
        )


def _errors(judged: Iterable[Forecast]) -> Iterable[Decimal]:
    with localcontext(PRECISE):
        for one in judged:
            assert one.actual is not None
            assert one.expected is not None
            yield (one.actual - one.expected) / one.investment * _HUNDRED


def _judge(session: OrmSession, forecast: Forecast, row: GridStrategy) -> None:
    assert row.started_at is not None
    due = row.started_at + timedelta(days=forecast.horizon_days)
    has_ended, parted = row.status not in ACTIVE, forecast.parted_from(row)
    if not has_ended and now() < due and parted is None:
        return
    until = min(due, row.stopped_at or due) if has_ended else due
    forecast.judged_at, forecast.ended = now(), parted or ""
    lasted = until - row.started_at
    actual = _total(session, row, until, has_ended=has_ended)
    if parted is not None or lasted < _LEAST or actual is None:
        return
    expected = expected_after(Decimal(int(lasted.total_seconds())) / 86_400, forecast.checkpoints)
    forecast.actual, forecast.expected = actual, PRECISE.quantize(expected.median, Decimal("1e-8"))
    forecast.inside = expected.holds(actual)


def _total(session: OrmSession, row: GridStrategy, until: datetime, *, has_ended: bool) -> Decimal | None:
    """Its total PnL then: of a flat one that has ended its books', else as last noted."""
    if has_ended and row.stopped_at is not None and row.stopped_at <= until and not row.position:
        return row.ledger.total_pnl(Decimal(0))
    noted = select(EquitySnapshot).where(EquitySnapshot.strategy_id == row.id, EquitySnapshot.at <= until)
    last = session.scalars(noted.order_by(EquitySnapshot.at.desc()).limit(1)).first()
    return None if last is None else last.total_pnl
