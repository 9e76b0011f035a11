"""The port: what the product asks of a venue. Adapters live beside it, one folder each.

Errors: a method that reads raises VenueUnavailable (no usable answer in time) or VenueRefused (a definite no, with
the venue's code). Sending an order or a cancel never raises: every way it can end is a `Reply`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from core.domain.order import OrderNews, OrderStatus, OrderType, Side, Trade
from core.domain.symbol_rules import Bracket, SymbolRules


class Outcome(StrEnum):
    """How a send ended. Only REFUSED and RETRY are the venue's definite no; UNKNOWN is anything not proved."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"  # definite and final
    RETRY = "RETRY"  # definite, not executed, worth another attempt later
    EXISTS = "EXISTS"  # the client order id is already open: an earlier attempt succeeded
    NOT_FOUND = "NOT_FOUND"  # a cancel's or query's -2011 / -2013; not a proof of absence
    NOT_SENT = "NOT_SENT"  # failed before the first byte
    UNKNOWN = "UNKNOWN"


# What a venue says of a key, or of its signature, that it does not take.
KEY_CODES = (-1022, -2014, -2015, -2017)


@dataclass(frozen=True, slots=True)
class Reply:
    """How one send ended; `news` where the venue described the order, `code` and `message` where it refused."""

    outcome: Outcome
    news: OrderNews | None = None
    code: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to send. `timestamp` (ms, venue time) is signed; the venue refuses it after timestamp + recvWindow.

    A STOP_MARKET has a `trigger_price` (on the mark price, quote); with `close_position` it closes whatever position
    there is then, and `quantity` is not sent.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    client_order_id: str
    timestamp: int
    reduce_only: bool = False
    trigger_price: Decimal | None = None
    close_position: bool = False


@dataclass(frozen=True, slots=True)
class Candle:
    """Times in ms; prices in quote, volume in base."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_time: int


@dataclass(frozen=True, slots=True)
class MarketView:
    """A symbol's market now: prices in quote, rate as a fraction, times in ms."""

    symbol: str
    last_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    funding_rate: Decimal
    next_funding_at: int
    high_24h: Decimal
    low_24h: Decimal
    at: int


@dataclass(frozen=True, slots=True)
class FundingRate:
    """Of a payment that was made `at` (ms): a fraction of the notional, positive where longs paid."""

    at: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class MarkPrice:
    symbol: str
    mark_price: Decimal
    index_price: Decimal
    funding_rate: Decimal
    next_funding_at: int
    at: int


@dataclass(frozen=True, slots=True)
class Position:
    """One-way position: `quantity` signed (base); entry and liquidation price in quote (liquidation 0 when none).

    Margins in quote: what it must keep, what it and the orders on its symbol take together, and what is set aside for
    it alone (0 where it is cross-margined).
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    liquidation_price: Decimal
    unrealized_pnl: Decimal
    maintenance_margin: Decimal
    initial_margin: Decimal
    isolated_wallet: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one asset: wallet balance, and what may still back new orders."""

    asset: str
    wallet_balance: Decimal
    available_balance: Decimal


@dataclass(frozen=True, slots=True)
class Income:
    """One line of the venue's own ledger, signed as it moved the wallet. `trade_id` is empty where none applies."""

    symbol: str
    income_type: str
    amount: Decimal
    asset: str
    at: int
    tran_id: str
    trade_id: str


@dataclass(frozen=True, slots=True)
class SymbolSetting:
    symbol: str
    leverage: int
    margin_type: str  # CROSSED or ISOLATED


@dataclass(frozen=True, slots=True)
class AccountMode:
    hedge_mode: bool
    multi_assets_mode: bool
    can_withdraw: bool


class PublicApi(Protocol):
    """A venue's public side; needs no key."""

    @property
    def usage(self) -> Mapping[str, int]:
        """The venue's own counters as its last answers told them, e.g. `used-weight-1m`, `order-count-10s`."""
        ...

    def server_time(self) -> int:
        """Venue time, ms."""
        ...

    def symbol_rules(self) -> Mapping[str, SymbolRules]:
        """Every symbol, brackets and fees left at the venue's defaults where they need a key."""
        ...

    def market(self, symbol: str) -> MarketView: ...

    def last_price(self, symbol: str) -> Decimal: ...

    def last_prices(self) -> Mapping[str, Decimal]:
        """Of every symbol."""
        ...

    def candles(
        self, symbol: str, interval: str, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> list[Candle]: ...

    def funding_rates(self, symbol: str, limit: int = 100) -> list[FundingRate]:
        """Of the newest payments, oldest first; none for a contract that has no funding, or none yet."""
        ...


class AccountApi(Protocol):
    """An account's signed REST side."""

    @property
    def usage(self) -> Mapping[str, int]:
        """As of the public side: the host's counters are shared by all that this process asks it."""
        ...

    def check_key(self) -> AccountMode:
        """Raises VenueRefused where the key, its signature or its rights are refused."""
        ...

    def brackets(self, symbol: str) -> tuple[Bracket, ...]: ...

    def commission(self, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) as fractions."""
        ...

    def balances(self) -> list[Balance]: ...

    def positions(self, symbol: str | None = None) -> list[Position]: ...

    def symbol_setting(self, symbol: str) -> SymbolSetting: ...

    def set_leverage(self, symbol: str, leverage: int) -> None: ...

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        """Already set is success."""
        ...

    def order(self, symbol: str, client_order_id: str) -> OrderNews | None:
        """None where the venue answers that it does not exist (-2013): by itself not a proof."""
        ...

    def order_by_id(self, symbol: str, order_id: str) -> OrderNews | None: ...

    def open_orders(self, symbol: str | None = None) -> list[OrderNews]: ...

    def conditional_order(self, symbol: str, client_order_id: str) -> OrderNews | None:
        """A conditional order, or the ordinary one that its trigger has made of it; None as in `order`."""
        ...

    def open_conditional_orders(self, symbol: str) -> list[OrderNews]:
        """Those that wait for their trigger."""
        ...

    def recent_orders(self, symbol: str, start: int) -> list[OrderNews]:
        """All orders of a symbol created at or after `start` (ms), every page."""
        ...

    def trades(self, symbol: str, from_id: int) -> list[Trade]:
        """One page (1,000) of the account's trades with trade id >= from_id, ascending."""
        ...

    def trades_of_order(self, symbol: str, order_id: str) -> list[Trade]: ...

    def incomes(self, start: int, end: int | None = None) -> list[Income]:
        """One page (1,000) of the account's ledger from `start` (ms), ascending."""
        ...

    def listen_key(self) -> str:
        """Creates the account's listen key, or extends and returns the active one."""
        ...


OnReply = Callable[[Reply], None]


class TradingConnection(Protocol):
    """One WebSocket to the venue's order API, shared by all strategies of an account in this process.

    Requests are pipelined and matched by id; `on_reply` is called exactly once for each, from the connection's own
    thread (so it must not block), or before returning where nothing could be sent.
    """

    def place(self, order: NewOrder, on_reply: OnReply) -> None: ...

    def cancel(self, symbol: str, client_order_id: str, on_reply: OnReply) -> None: ...

    def cancel_conditional(self, client_order_id: str, on_reply: OnReply) -> None:
        """An accepted one brings no news: what became of the order is told by the stream, or by a query."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of the user stream that moves an order: its news, and the trade where it carried one."""

    news: OrderNews
    trade: Trade | None
    event_time: int
    expiry_reason: str = ""

    @property
    def only_rests(self) -> bool:
        """Whether it says no more than that the order was accepted."""
        return self.news.status is OrderStatus.PLACED and self.trade is None


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """The stream's word that a funding payment has moved the wallet; the amounts are in the account's income."""

    event_time: int


UserEvent = StreamEvent | FundingPaid


class UserStream(Protocol):
    """An account's stream of order events. Needs the API key only."""

    def read(self, timeout: float) -> list[UserEvent]:
        """Waits at most `timeout` seconds for one message, then returns it with all that are already there.

        Raises VenueUnavailable when the stream ended, its listen key expired, or pings go unanswered.
        """
        ...

    def close(self) -> None: ...


class MarkStream(Protocol):
    def read(self, timeout: float) -> Iterator[MarkPrice]: ...

    def close(self) -> None: ...
