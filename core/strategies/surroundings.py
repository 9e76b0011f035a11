"""What surrounds a grid when it is judged: its account, as the database knows it and as the venue tells of it now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.accounts import account_of
from core.credentials import credentials_of
from core.deadline import Deadline
from core.domain.backing import Backing, Resting
from core.domain.checks import SymbolUse
from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.lifecycle import ACTIVE
from core.domain.order import OrderNews, Side
from core.domain.parameters import MarginType
from core.exchange import account_api
from core.exchange.base import Balance, Position
from core.execution.identity import Identity, identity
from core.models import ExchangeApi, GridStrategy
from core.strategies import capital
from core.strategies.reading import own


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the database knows beside the parameters. `strategies`: of the account, that run or hold something."""

    account: ExchangeApi | None
    symbol: str
    ours: Identity
    other_orders: int = 0
    symbol_use: SymbolUse | None = None
    committed: Decimal = ZERO  # what the account's other strategies may still need, USDT
    row: GridStrategy | None = None  # the strategy itself, where it exists
    strategies: Sequence[GridStrategy] = ()

    @property
    def has_orders(self) -> bool:
        """The strategy itself: what it needs is missing from what is available."""
        return self.row is not None and self.row.status in ACTIVE and self.row.entry_price is not None


@dataclass(frozen=True, slots=True)
class AtVenue:
    """What the venue tells of the account: its USDT, every symbol that it holds or has orders on, and its orders on the
    grid's own symbol and on those that its other strategies trade."""

    balance: Balance
    positions: Mapping[str, Position]
    orders: Mapping[str, Sequence[OrderNews]]


def surroundings(
    session: OrmSession, user_id: int, exchange: str, symbol: str, strategy_id: int | None
) -> Surroundings:
    account = account_of(session, user_id, exchange)
    row = None if strategy_id is None else own(session, user_id, exchange, strategy_id)
    if account is None:
        return Surroundings(None, symbol, identity(session), row=row)
    mine = session.scalars(select(GridStrategy).where(GridStrategy.account_id == account.id)).all()
    others = [one for one in mine if one.symbol == symbol and one.id != strategy_id and one.status in ACTIVE]
    use = None if not others else SymbolUse(others[0].leverage, MarginType(others[0].margin_type))
    return Surroundings(
        account,
        symbol,
        identity(session),
        capital.orders_of_others(session, account.id, symbol, strategy_id),
        use,
        capital.committed(session, account.id, strategy_id),
        row,
        [one for one in mine if one.status in ACTIVE or one.position],
    )


def ask(around: Surroundings, deadline: Deadline) -> Callable[[], AtVenue | None]:
    """Begins to; None without an account. The result raises VenueUnavailable, VenueRefused."""
    if around.account is None:
        return lambda: None
    api = account_api(around.account.exchange, credentials_of(around.account))
    balances, positions = deadline.begin(api.balances), deadline.begin(api.positions)
    symbols = {around.symbol, *(row.symbol for row in around.strategies)}
    orders = {symbol: deadline.begin(partial(api.open_orders, symbol)) for symbol in symbols}
    nothing = Balance(SETTLEMENT_ASSET, ZERO, ZERO)

    def told() -> AtVenue:
        balance = next((one for one in balances() if one.asset == SETTLEMENT_ASSET), nothing)
        return AtVenue(
            balance, {one.symbol: one for one in positions()}, {symbol: read() for symbol, read in orders.items()}
        )

    return told


def backing_of(around: Surroundings, told: AtVenue | None, *, leaves_position: bool) -> Backing | None:
    """All of the account but the grid's own; with `leaves_position` what it holds now stays beside what it becomes."""
    if told is None:
        return None
    with localcontext(EXACT):
        spare = told.balance.wallet_balance
        for one in told.positions.values():
            spare -= one.isolated_wallet
            if not one.isolated_wallet and one.symbol != around.symbol:
                spare += one.unrealized_pnl - one.maintenance_margin
        here = told.positions.get(around.symbol)
        beside_it = (order for order in told.orders[around.symbol] if not _is_own(around, order))
        whole = Backing(spare, orders=[*_resting(beside_it)])
        if here is None or not here.quantity:
            return whole
        beside = whole.without(-here.quantity, here.unrealized_pnl - here.quantity * here.mark_price)
        return beside if leaves_position or around.row is None else beside.without(*held(around.row, here.mark_price))


def held(row: GridStrategy, mark: Decimal) -> tuple[Decimal, Decimal]:
    """A strategy's position (base) and what it cost (quote), both signed."""
    with localcontext(EXACT):
        return row.position, row.position * mark - row.ledger.unrealized_pnl(mark)


def orders_of_user(around: Surroundings, told: AtVenue | None, symbol: str) -> list[OrderNews]:
    """On a symbol that the account's strategies trade, those that none of them has placed."""
    orders = () if told is None else told.orders[symbol]
    return [order for order in orders if around.ours.strategy_of(order.client_order_id) is None]


def margin_of_user(around: Surroundings, told: AtVenue, leverage: int) -> Decimal:
    """What the user's own positions and orders take of the account's margin, USDT; on the grid's symbol with its
    `leverage`."""
    leverages = {row.symbol: row.leverage for row in around.strategies} | {around.symbol: leverage}
    with localcontext(PRECISE):
        margin = ZERO
        for symbol, one in told.positions.items():
            if symbol not in leverages:
                margin += one.initial_margin
                continue
            his = one.quantity - sum((row.position for row in around.strategies if row.symbol == symbol), ZERO)
            margin += _worst(his * one.mark_price, orders_of_user(around, told, symbol)) / leverages[symbol]
        return margin


def _worst(position: Decimal, orders: Iterable[OrderNews]) -> Decimal:
    """The notional (quote) of the heavier side once all of it has filled."""
    sides = dict.fromkeys(Side, ZERO)
    for order in _resting(orders):
        sides[order.side] += order.quantity * order.price
    return max(abs(position + sides[Side.BUY]), abs(position - sides[Side.SELL]))


def _resting(orders: Iterable[OrderNews]) -> Iterable[Resting]:
    return (Resting(order.side, order.quantity - order.filled_quantity, order.price) for order in orders if order.price)


def _is_own(around: Surroundings, order: OrderNews) -> bool:
    return around.row is not None and around.ours.strategy_of(order.client_order_id) == around.row.id
