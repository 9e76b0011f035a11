"""Orders, conditional orders, trades and income lines, as the venue keeps them."""

from dataclasses import dataclass
from decimal import Decimal

from core.paper.engine.numbers import ZERO

OPEN_STATUSES = ("NEW", "PARTIALLY_FILLED")
DEFAULT_STP = "EXPIRE_MAKER"


@dataclass(slots=True, eq=False)
class Order:
    """Prices in quote, quantities in base, times in ms. `quote` is what the fills came to; `price` is 0 for MARKET."""

    id: int
    account_id: int
    symbol: str
    client_id: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    reduce_only: bool
    time: int
    updated: int
    stp: str = DEFAULT_STP
    status: str = "NEW"
    filled: Decimal = ZERO
    quote: Decimal = ZERO
    original_type: str = ""
    stop_price: Decimal = ZERO
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    resting: bool = False

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A parsed request to place. `price` is None for MARKET."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal | None
    client_id: str
    reduce_only: bool = False
    stp: str = DEFAULT_STP
    position_side: str = "BOTH"
    original_type: str = ""
    stop_price: Decimal = ZERO
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1


@dataclass(slots=True, eq=False)
class Algo:
    """A conditional order. Triggers when the price rises to (`rises`) or falls to `trigger_price`."""

    id: int
    account_id: int
    symbol: str
    client_id: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    trigger_price: Decimal
    reduce_only: bool
    close_position: bool
    working_type: str
    price_protect: bool
    stp: str
    time: int
    updated: int
    status: str = "NEW"
    triggered: int = 0
    order_id: int = 0
    actual_price: Decimal = ZERO
    actual_quantity: Decimal = ZERO
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.status == "NEW"

    @property
    def rises(self) -> bool:
        """A stop BUY and a take-profit SELL wait for a higher price."""
        return (self.side == "BUY") == self.type.startswith("STOP")


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill. `realized` is before fees, `fee` positive when paid, both in USDT."""

    id: int
    order_id: int
    account_id: int
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    realized: Decimal
    fee: Decimal
    maker: bool
    time: int


@dataclass(frozen=True, slots=True)
class Income:
    """One line of an account's ledger in USDT; their sum is its wallet balance."""

    id: int
    account_id: int
    symbol: str
    type: str
    amount: Decimal
    info: str
    trade_id: str
    time: int
