"""What follows from an account's margin: warnings near a liquidation, no new exposure past a limit, and in the end an
end of our own before the venue's."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.config import settings
from core.db import Session
from core.domain.exact import PRECISE
from core.domain.lifecycle import PROTECTED, FinishReason
from core.domain.margin import Holding
from core.domain.parameters import MarginType
from core.execution import switches
from core.execution.intents import end_for, lock_strategies
from core.execution.telling import tell
from core.models import ExchangeApi, GridStrategy, Switch
from core.reconciliation.margin import AccountMargin, account_margin

RELEASED_AT = Decimal("0.9")  # of the limit: so that a ratio at it does not throw and release by turns


def judge_all() -> None:
    """Every account with running strategies; one of which something follows, or may, in a transaction of its own."""
    with Session.reading() as session:
        running = select(GridStrategy.account_id).where(GridStrategy.status.in_(PROTECTED)).distinct()
        concerned = [number for number in session.scalars(running).all() if _is_concerned(session, number)]
    for account_id in concerned:
        with Session.begin() as session:
            judge(session, account_id)


def _is_concerned(session: OrmSession, account_id: int) -> bool:
    account = session.get_one(ExchangeApi, account_id)
    margin = account_margin(session, account)
    if margin is None:
        return False
    is_thrown = session.get(Switch, f"margin:{account_id}") is not None
    return is_thrown or margin.ratio >= settings().margin_refuse_at or _levels(margin) != account.margin_warned


def judge(session: OrmSession, account_id: int) -> None:
    account = session.get_one(ExchangeApi, account_id)
    margin = account_margin(session, account)
    if margin is None:
        return
    _warn(session, account, margin)
    name, limit = f"margin:{account_id}", settings().margin_refuse_at
    if margin.ratio >= limit:
        switches.throw(session, name, f"the margin ratio is {_pct(margin.ratio)}, the limit {_pct(limit)}")
    elif margin.ratio < limit * RELEASED_AT and session.get(Switch, name) is not None:
        switches.release(session, name)
    if margin.ratio >= settings().margin_end_at:
        _end(session, account, margin)


def _warn(session: OrmSession, account: ExchangeApi, margin: AccountMargin) -> None:
    """Once for each distance that is crossed, and again when the price has been farther away meanwhile."""
    levels = _levels(margin)
    for symbol, level in levels.items():
        warned = account.margin_warned.get(symbol)
        if warned is not None and Decimal(level) >= Decimal(warned):
            continue
        message = f"{symbol} is less than {level} % from its liquidation at about {margin.liquidations[symbol]:.8g}"
        told = {"distance_pct": level, "margin_ratio": format(margin.ratio, "f")}
        for strategy in _trading(session, account.id, symbol):
            tell(session, strategy, "liquidation_near", message, level="WARNING", **told)
    if levels != account.margin_warned:
        account.margin_warned = levels


def _levels(margin: AccountMargin) -> dict[str, str]:
    """By symbol, the smallest of the distances to warn at that the mark is within."""
    found = {
        symbol: _level(margin.holdings[symbol], liquidation)
        for symbol, liquidation in margin.liquidations.items()
        if liquidation is not None
    }
    return {symbol: format(level, "f") for symbol, level in found.items() if level is not None}


def _level(holding: Holding, liquidation: Decimal) -> Decimal | None:
    distance = PRECISE.divide(abs(holding.mark_price - liquidation) * 100, holding.mark_price)
    return min((level for level in settings().liquidation_warn_pct if distance < level), default=None)


def _end(session: OrmSession, account: ExchangeApi, margin: AccountMargin) -> None:
    """Those that hold something with the account's common margin behind it."""
    running = select(GridStrategy.id).where(
        GridStrategy.account_id == account.id,
        GridStrategy.status.in_(PROTECTED),
        GridStrategy.margin_type == MarginType.CROSSED,
    )
    for strategy in lock_strategies(session, session.scalars(running)).values():
        if strategy.position and strategy.status in PROTECTED:
            end_for(strategy, FinishReason.MARGIN, f"the account's margin ratio is {_pct(margin.ratio)}")


def _trading(session: OrmSession, account_id: int, symbol: str) -> list[GridStrategy]:
    running = select(GridStrategy).where(
        GridStrategy.account_id == account_id, GridStrategy.symbol == symbol, GridStrategy.status.in_(PROTECTED)
    )
    return list(session.scalars(running))


def _pct(ratio: Decimal) -> str:
    return f"{ratio * 100:.1f} %"
