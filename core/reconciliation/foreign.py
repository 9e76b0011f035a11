"""Trades that are not our orders': the user's own, and those by which the venue closes positions by itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as OrmSession

from core.clock import from_ms, now
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.lifecycle import ACTIVE, FinishReason, StrategyStatus, move
from core.domain.liquidation import split_trade
from core.domain.order import Trade
from core.execution.intents import end_for, lock_strategies
from core.execution.rules import rules_of
from core.execution.telling import tell
from core.models import ExchangeApi, Fill, GridStrategy

_EXTERNAL = select(Fill.side, Fill.quantity).where(
    Fill.account_id == bindparam("account_id"),
    Fill.symbol == bindparam("symbol"),
    Fill.grid_order_id.is_(None),  # for the index of these few
    Fill.strategy_id.is_(None),
)


def external_position(session: OrmSession, account_id: int, symbol: str) -> Decimal:
    """Signed, base: of the trades that belong to no strategy."""
    external = session.execute(_EXTERNAL, {"account_id": account_id, "symbol": symbol})
    return sum((row.quantity if row.side == "BUY" else -row.quantity for row in external), Decimal(0))


def book_external(session: OrmSession, account_id: int, trades: Sequence[Trade]) -> None:
    """The user's own trades: a line of their own in the account's books."""
    if not trades:
        return
    account = session.get_one(ExchangeApi, account_id)
    if _insert(session, [_row(account, trade) for trade in trades]):
        _stop_new_exposure(session, account, trades[0].symbol)


def book_closed_by_venue(session: OrmSession, account_id: int, trade: Trade, reason: FinishReason) -> None:
    """A liquidation, an automatic deleveraging or a settlement: booked to those who held the symbol, who end."""
    account = session.get_one(ExchangeApi, account_id)
    strategies = _strategies(session, account_id, trade.symbol)
    if _is_booked(session, account_id, trade):
        return
    positions: dict[int | None, Decimal] = {None: external_position(session, account_id, trade.symbol)}
    positions |= {number: strategy.position for number, strategy in strategies.items()}
    shares = split_trade(trade, positions, rules_of(session, account.exchange, trade.symbol).step_size)
    _insert(session, [_row(account, share, key, number) for number, (key, share) in enumerate(shares.items())])
    for key, share in shares.items():
        if key is not None:
            strategies[key].ledger = strategies[key].ledger.apply(share)
    because = f"the exchange has closed {trade.quantity} {trade.symbol} at {trade.price}"
    for strategy in strategies.values():
        if strategy.status in ACTIVE and strategy.must_end != reason:
            _outrank(session, strategy, reason, because)


def _outrank(session: OrmSession, strategy: GridStrategy, reason: FinishReason, because: str) -> None:
    """What the venue has done outranks an end that we had only decided. Where that end is under way the user is told,
    and a margin that we saw run out is a liquidation now."""
    strategy.must_end = None
    end_for(strategy, reason, because)
    if strategy.status == StrategyStatus.STOPPING:
        if strategy.finish_reason == FinishReason.MARGIN:
            strategy.finish_reason = reason
        tell(session, strategy, reason.lower(), because, level="WARNING")


def _is_booked(session: OrmSession, account_id: int, trade: Trade) -> bool:
    booked = select(Fill.id).where(
        Fill.account_id == account_id,
        Fill.symbol == trade.symbol,
        Fill.trade_id == trade.trade_id,
        Fill.order_id == trade.order_id,
    )
    return session.scalars(booked.limit(1)).first() is not None


def _strategies(session: OrmSession, account_id: int, symbol: str) -> dict[int, GridStrategy]:
    ran = select(GridStrategy.id).where(
        GridStrategy.account_id == account_id, GridStrategy.symbol == symbol, GridStrategy.generation > 0
    )
    return lock_strategies(session, session.scalars(ran))


def _stop_new_exposure(session: OrmSession, account: ExchangeApi, symbol: str) -> None:
    """Trades of the user's have brought the account's position below the sum of ours: what the grids would close is no
    longer there, and what they open is not what they think. They are paused; nothing is mended by trading."""
    strategies = _strategies(session, account.id, symbol)
    ours = sum((strategy.position for strategy in strategies.values()), Decimal(0))
    external = external_position(session, account.id, symbol)
    if ours * external >= 0:
        return
    for strategy in strategies.values():
        if strategy.status != StrategyStatus.RUNNING:
            continue
        strategy.status = move(StrategyStatus.RUNNING, StrategyStatus.PAUSED)
        strategy.look_at = now()
        tell(
            session,
            strategy,
            "external_trade",
            f"trades outside of the grids have taken {-external} of the {ours} {symbol} they hold: paused",
            level="ALARM",
            ours=format(ours, "f"),
            external=format(external, "f"),
        )


def _row(account: ExchangeApi, trade: Trade, strategy_id: int | None = None, share: int = 0) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "strategy_id": strategy_id,
        "exchange": account.exchange,
        "symbol": trade.symbol,
        "order_id": trade.order_id,
        "trade_id": trade.trade_id,
        "side": trade.side,
        "price": trade.price,
        "quantity": trade.quantity,
        "fee": trade.fee,
        "fee_asset": trade.fee_asset or SETTLEMENT_ASSET,
        "realized_pnl": trade.realized_pnl,
        "is_maker": trade.is_maker,
        "share": share,
        "traded_at": from_ms(trade.traded_at),
    }


def _insert(session: OrmSession, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether any of them was not there before."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = session.scalars(insert(Fill).values(list(rows)).on_conflict_do_nothing().returning(Fill.id))
    return new.first() is not None
