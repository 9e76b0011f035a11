"""An account's ledger in lines, asset by asset: strategies, the user's own trades, and whatever else has moved it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.domain.agreement import gain_of
from core.domain.amounts import Amounts, less, total
from core.domain.ledger import SETTLEMENT_ASSET
from core.models import NOT_OF_TRADES, Fill, Funding, GridStrategy, Income, TradeCursor

FUNDING = "FUNDING_FEE"
OF_TRADES = ("COMMISSION", "REALIZED_PNL")


@dataclass(frozen=True, slots=True)
class Line:
    """`kind`: STRATEGIES and EXTERNAL (trades less fees), their _FUNDING, OTHER_SYMBOLS (that no strategy has traded),
    or the exchange's own word, such as TRANSFER and INSURANCE_CLEAR. Signed as it moved the wallet."""

    kind: str
    asset: str
    amount: Decimal


def lines(session: Session, account_id: int, strategies: Sequence[GridStrategy]) -> list[Line]:
    """`strategies`: all of the account's."""
    kinds: dict[str, Amounts] = {
        "STRATEGIES": total(_traded(row) for row in strategies),
        "STRATEGIES_FUNDING": total({SETTLEMENT_ASSET: row.funding} for row in strategies),
        "EXTERNAL": total(_external(session, account_id)),
        "EXTERNAL_FUNDING": total(_external_funding(session, account_id)),
        "OTHER_SYMBOLS": total(_elsewhere(session, account_id)),
    }
    for kind, asset, amount in _others(session, account_id):
        kinds[kind] = total((kinds.get(kind, {}), {asset: amount}))
    return [Line(kind, asset, amount) for kind, amounts in kinds.items() for asset, amount in sorted(amounts.items())]


def _traded(row: GridStrategy) -> Amounts:
    return less({SETTLEMENT_ASSET: row.realized_pnl - row.fees}, row.ledger.other_fees)


def _external(session: Session, account_id: int) -> Iterator[Amounts]:
    """Of the symbols that strategies trade."""
    query = select(Fill.realized_pnl, Fill.fee, Fill.fee_asset).where(
        Fill.account_id == account_id, Fill.grid_order_id.is_(None), Fill.strategy_id.is_(None)
    )
    return (gain_of(*row) for row in session.execute(query))


def _external_funding(session: Session, account_id: int) -> Iterator[Amounts]:
    shares = select(Funding.asset, Funding.amount).join(Income, Income.id == Funding.income_id)
    nobodys = shares.where(Funding.strategy_id.is_(None), Income.account_id == account_id)
    return ({asset: amount} for asset, amount in session.execute(nobodys))


def _elsewhere(session: Session, account_id: int) -> Iterator[Amounts]:
    ours = set(session.scalars(select(TradeCursor.symbol).where(TradeCursor.account_id == account_id)))
    for symbol in set(_symbols(session, account_id)) - ours:
        found = select(Income.asset, Income.amount).where(Income.account_id == account_id, Income.symbol == symbol)
        of_trades = found.where(Income.income_type.in_(OF_TRADES))
        yield from ({asset: amount} for asset, amount in session.execute(of_trades))


def _symbols(session: Session, account_id: int) -> Iterator[str]:
    """Of its lines, each found by one step in the index."""
    query = select(Income.symbol).where(Income.account_id == account_id).order_by(Income.symbol).limit(1)
    symbol = session.scalar(query)
    while symbol is not None:
        yield symbol
        symbol = session.scalar(query.where(Income.symbol > symbol))


def _others(session: Session, account_id: int) -> Iterator[tuple[str, str, Decimal]]:
    query = select(Income.income_type, Income.asset, Income.amount).where(
        Income.account_id == account_id, text(NOT_OF_TRADES), Income.income_type != FUNDING
    )
    return ((row.income_type, row.asset, row.amount) for row in session.execute(query.order_by(Income.id)))
