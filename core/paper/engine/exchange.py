"""The state of the venue, and what the call in progress has changed in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.paper.engine.accounts import Account, Holding
from core.paper.engine.candles import Candle, flat, minute_of, roll
from core.paper.engine.market import Market, next_funding_after
from core.paper.engine.orders import Algo, Income, Order, Trade
from core.paper.engine.refusals import refusal
from core.paper.engine.rules import Rules

MAKER_FEE = Decimal("0.0002")
TAKER_FEE = Decimal("0.0005")
ASSET = "USDT"
_FIRST_ORDER_ID = 8_389_765_000_000  # the venue's ids have left 32 bits behind
_FIRST_ALGO_ID = 4_000_001_000_000_000
_FIRST_TRANSACTION_ID = 9_000_000_000_000

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Funding:
    """One funding time of a symbol; rate as a fraction, mark in quote, time in ms."""

    symbol: str
    rate: Decimal
    mark: Decimal
    time: int


@dataclass(slots=True)
class Changes:
    """What to keep and what to tell, since the last `take_changes`. Events are (account id, payload), in order."""

    orders: dict[int, Order] = field(default_factory=dict)
    algos: dict[int, Algo] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    holdings: dict[tuple[int, str], Holding] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    incomes: list[Income] = field(default_factory=list)
    fundings: list[Funding] = field(default_factory=list)
    candles: list[tuple[str, Candle]] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to keep; an event never comes alone."""
        return any((self.orders, self.algos, self.accounts, self.holdings, self.markets, self.fundings, self.candles))


@dataclass(slots=True)
class Counters:
    """The last id given out of each kind."""

    account: int = 0
    order: int = _FIRST_ORDER_ID
    algo: int = _FIRST_ALGO_ID
    transaction: int = _FIRST_TRANSACTION_ID


def _one_piece() -> int:
    return 1


class Exchange:
    """`now` gives the venue's time in ms; `pieces` says in how many parts the next order fills."""

    def __init__(self, now: Callable[[], int], pieces: Callable[[], int] = _one_piece) -> None:
        self.now = now
        self.pieces = pieces
        self.markets: dict[str, Market] = {}
        self.accounts: dict[int, Account] = {}
        self.keys: dict[str, Account] = {}
        self.counters = Counters()
        self.changes = Changes()

    def take_changes(self) -> Changes:
        taken, self.changes = self.changes, Changes()
        return taken

    def list_symbol(self, rules: Rules, price: Decimal) -> Market:
        """Opens a market, or changes the rules of one that is open."""
        market = self.markets.get(rules.symbol)
        if market is None:
            market = Market(rules, price, self.now(), next_funding_after(self.now()))
            self.markets[rules.symbol] = market
        market.rules = rules
        self.changes.markets[rules.symbol] = market
        return market

    def market(self, symbol: str) -> Market:
        market = self.markets.get(symbol)
        if market is None:
            raise refusal(-1121)
        return market

    def open_account(self, api_key: str, secret: str, public_key: str, balance: Decimal) -> Account:
        """`balance` (USDT) arrives as a TRANSFER, the first line of its ledger."""
        self.counters.account += 1
        account = Account(self.counters.account, api_key, secret, public_key, self.now())
        self.add_account(account)
        if balance:
            self.book(account, "", "TRANSFER", balance)
        self.changes.accounts[account.id] = account
        return account

    def add_account(self, account: Account) -> None:
        self.accounts[account.id] = account
        self.keys[account.api_key] = account

    def book(self, account: Account, symbol: str, kind: str, amount: Decimal, *, trade_id: str = "") -> None:
        """Moves the wallet and writes the line that says so; there is no other way to move it."""
        self.counters.transaction += 1
        account.wallet += amount
        account.version += 1
        line = Income(
            id=self.counters.transaction,
            account_id=account.id,
            symbol=symbol,
            type=kind,
            amount=amount,
            info=trade_id or kind,
            trade_id=trade_id,
            time=self.now(),
        )
        self.changes.incomes.append(line)
        self.changes.accounts[account.id] = account

    def next_order_id(self) -> int:
        self.counters.order += 1
        return self.counters.order

    def next_algo_id(self) -> int:
        self.counters.algo += 1
        return self.counters.algo

    def keep_order(self, order: Order) -> None:
        self.changes.orders[order.id] = order

    def keep_holding(self, account: Account, holding: Holding) -> None:
        """Whoever changed a holding says so; its account's liquidation check starts afresh."""
        account.version += 1
        self.changes.holdings[account.id, holding.symbol] = holding
        holders = self.markets[holding.symbol].holders
        if holding.quantity:
            holders[account.id] = holding
        else:
            holders.pop(account.id, None)

    def tell(self, account: Account, event: Event) -> None:
        self.changes.events.append((account.id, event))

    def candle(self, market: Market) -> Candle:
        """The open candle of now; those that time has closed are handed over."""
        if market.candle is None:
            market.candle = flat(minute_of(self.now()), market.price)
        closed, market.candle = roll(market.candle, self.now())
        self.changes.candles += [(market.symbol, one) for one in closed]
        return market.candle

    def seat(self, account: Account, symbol: str) -> "Seat":
        market = self.market(symbol)
        return Seat(self, account, account.holding(symbol, market.rules), market)


@dataclass(frozen=True, slots=True)
class Seat:
    """An account at one symbol's market, with what it holds there."""

    exchange: Exchange
    account: Account
    holding: Holding
    market: Market

    def keep(self) -> None:
        """The holding has changed."""
        self.exchange.keep_holding(self.account, self.holding)

    def tell(self, event: Event) -> None:
        self.exchange.tell(self.account, event)
