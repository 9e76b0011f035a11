"""An account's margin from our own books: between two readings of its wallet they know what has changed it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.margin import Holding, liquidation_prices, margin_ratio
from core.domain.parameters import MarginType
from core.exchange.base import Balance
from core.execution.rules import rules_of
from core.models import ExchangeApi, Fill, GridStrategy


@dataclass(frozen=True, slots=True)
class AccountMargin:
    """`wallet` in USDT; `ratio` = maintenance margin / margin balance of what is cross-margined; by symbol, what the
    account holds and where it is liquidated (None: nowhere)."""

    wallet: Decimal
    ratio: Decimal
    holdings: dict[str, Holding]
    liquidations: dict[str, Decimal | None]

    def ratio_of(self, symbol: str) -> Decimal | None:
        """Of what stands behind a position: the account's, or its own where it is isolated. None where it is flat."""
        held = self.holdings.get(symbol)
        if held is None or held.isolated is None:
            return None if held is None else self.ratio
        return margin_ratio(held.isolated, [replace(held, isolated=None)])


def note_balances(session: OrmSession, account_id: int, balances: Iterable[Balance]) -> None:
    """The venue has told the account's balances, when everything else of it has just been read."""
    wallet = next((one.wallet_balance for one in balances if one.asset == SETTLEMENT_ASSET), ZERO)
    account = session.get_one(ExchangeApi, account_id, with_for_update=True)
    account.other_wealth = wallet - _earned(_strategies(session, account_id))


def account_margin(session: OrmSession, account: ExchangeApi) -> AccountMargin | None:
    """As of now. None while its wallet, or the mark price of something that it holds, is not known."""
    strategies = _strategies(session, account.id)
    if account.other_wealth is None:
        return None
    by_symbol: dict[str, list[GridStrategy]] = defaultdict(list)
    for strategy in strategies:
        by_symbol[strategy.symbol].append(strategy)
    holdings = {}
    for symbol, sharing in by_symbol.items():
        fills = _external(session, account.id, symbol)
        quantity = sum((one.position for one in sharing), _position(fills))
        if not quantity:
            continue
        told = bus.mark(account.exchange, symbol)
        if told is None:
            return None
        mark = Decimal(told["mark_price"])
        unrealized = sum((one.ledger.unrealized_pnl(mark) for one in sharing), _unrealized(fills, mark))
        entry_price = mark - PRECISE.divide(unrealized, quantity)
        brackets = rules_of(session, account.exchange, symbol).brackets
        holdings[symbol] = Holding(quantity, entry_price, mark, brackets, _set_aside(sharing, quantity, entry_price))
    wallet = account.other_wealth + _earned(strategies)
    return AccountMargin(
        wallet, margin_ratio(wallet, holdings.values()), holdings, liquidation_prices(wallet, holdings)
    )


def _strategies(session: OrmSession, account_id: int) -> Sequence[GridStrategy]:
    return session.scalars(
        select(GridStrategy).where(GridStrategy.account_id == account_id, GridStrategy.generation > 0)
    ).all()


def _earned(strategies: Iterable[GridStrategy]) -> Decimal:
    """What they have moved the wallet by, USDT."""
    return sum((one.realized_pnl - one.fees + one.funding for one in strategies), ZERO)


def _set_aside(sharing: Sequence[GridStrategy], quantity: Decimal, entry_price: Decimal) -> Decimal | None:
    """All on a symbol have the same margin type and leverage, if they hold at once."""
    latest = max(sharing, key=lambda one: one.id)
    if latest.margin_type != MarginType.ISOLATED:
        return None
    return PRECISE.divide(abs(quantity) * entry_price, Decimal(latest.leverage))


def _external(session: OrmSession, account_id: int, symbol: str) -> Sequence[Fill]:
    return session.scalars(
        select(Fill).where(Fill.account_id == account_id, Fill.symbol == symbol, Fill.strategy_id.is_(None))
    ).all()


def _signed(fill: Fill) -> Decimal:
    return fill.quantity if fill.side == "BUY" else -fill.quantity


def _position(fills: Iterable[Fill]) -> Decimal:
    return sum((_signed(fill) for fill in fills), ZERO)


def _unrealized(fills: Iterable[Fill], mark: Decimal) -> Decimal:
    """The rest of the gross, as in a strategy's ledger."""
    return sum(
        (EXACT.multiply(_signed(fill), mark - fill.price) - fill.realized_pnl for fill in fills),
        ZERO,
    )
