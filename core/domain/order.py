"""Orders and trades as the ledger knows them, and how news of an order is merged."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """What a fill of this side does to a signed position: +1 or -1."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_MARKET = "STOP_MARKET"  # conditional: rests at the venue, and goes to market at its trigger price


class Purpose(StrEnum):
    OPEN = "OPEN"  # a grid order placed at the start, or again for the same leg
    COUNTER = "COUNTER"  # the other leg of a cell, after a fill
    INVENTORY = "INVENTORY"  # market order that buys (sells) what the opening closing-legs need
    CLOSE = "CLOSE"
    STOP_LOSS = "STOP_LOSS"
    TAKE_PROFIT = "TAKE_PROFIT"


CLOSING = (Purpose.CLOSE, Purpose.STOP_LOSS, Purpose.TAKE_PROFIT)


class OrderStatus(StrEnum):
    PENDING = "PENDING"  # committed, nothing sent
    SUBMITTED = "SUBMITTED"  # committed before the bytes leave, with the signed timestamp
    UNKNOWN = "UNKNOWN"  # sent, outcome not known
    PLACED = "PLACED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"  # a definite, final refusal

    @property
    def is_live(self) -> bool:
        """Occupies its cell: it rests at the venue, may rest there, or is about to."""
        return self in LIVE


RESTING = (OrderStatus.PLACED, OrderStatus.PARTIALLY_FILLED)
LIVE = (OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, *RESTING)
FINAL = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)

# News never takes an order to a lower rank, so the merge is a maximum: commutative and idempotent.
_RANK = {
    OrderStatus.PENDING: 0,
    OrderStatus.SUBMITTED: 1,
    OrderStatus.UNKNOWN: 1,
    OrderStatus.REJECTED: 1,  # the venue's word that an order exists beats our belief that it does not
    OrderStatus.PLACED: 2,
    OrderStatus.PARTIALLY_FILLED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.CANCELED: 5,
    OrderStatus.FILLED: 6,
}


@dataclass(frozen=True, slots=True)
class OrderNews:
    """What the venue said of an order once: an acknowledgement, a stream event, or the answer to a query.

    Quantities in base units, prices in quote per base, times in ms. `filled_quantity` is cumulative.
    `status` is PLACED, PARTIALLY_FILLED, FILLED, CANCELED or EXPIRED.

    A conditional order has an `algo_id`, its trigger as `price`, and no `order_id` until the trigger makes an ordinary
    order of it, under the same client order id.
    """

    symbol: str
    client_order_id: str
    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    filled_quantity: Decimal
    status: OrderStatus
    updated_at: int
    algo_id: str = ""


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade at the venue. `fee` is positive when paid, in `fee_asset`; `realized_pnl` is the venue's, before fees.

    `client_order_id` is known from the stream only, not from the trade list.
    """

    symbol: str
    trade_id: str
    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    realized_pnl: Decimal
    is_maker: bool
    traded_at: int
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order has come: its status and the largest cumulative filled quantity (base) seen."""

    status: OrderStatus
    filled_quantity: Decimal


def merge(known: Progress, news: Progress, quantity: Decimal) -> Progress:
    """The progress after `news`, for an order of `quantity`: never less than before, whatever the order of arrival."""
    filled = max(known.filled_quantity, news.filled_quantity)
    status = max(known.status, news.status, key=_RANK.__getitem__)
    if _RANK[status] < _RANK[OrderStatus.PLACED]:
        return replace(known, filled_quantity=filled)
    if filled >= quantity:
        status = OrderStatus.FILLED
    elif status is OrderStatus.PLACED and filled > 0:
        status = OrderStatus.PARTIALLY_FILLED
    return Progress(status, filled)
