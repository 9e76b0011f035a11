"""One symbol's market: its rules, its one price, what waits for it, who holds it."""

from dataclasses import dataclass, field
from decimal import Decimal

from core.paper.engine.accounts import Holding
from core.paper.engine.book import Waiting, conditional_orders, resting_orders
from core.paper.engine.candles import Candle
from core.paper.engine.numbers import ZERO
from core.paper.engine.orders import Algo, Order
from core.paper.engine.rules import Rules

FUNDING_INTERVAL_MS = 8 * 3_600_000
DEFAULT_FUNDING_RATE = Decimal("0.0001")


@dataclass(slots=True, eq=False)
class Market:
    """`price` is bid, ask, last, mark and index in one (quote). Times in ms."""

    rules: Rules
    price: Decimal
    moved: int
    next_funding: int
    funding_rate: Decimal = DEFAULT_FUNDING_RATE
    halted: bool = False
    last_trade_id: int = 0
    update_id: int = 0
    candle: Candle | None = None
    volume: Decimal = ZERO
    resting: Waiting[Order] = field(default_factory=resting_orders)
    conditional: Waiting[Algo] = field(default_factory=conditional_orders)
    holders: dict[int, Holding] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        return self.rules.symbol

    @property
    def status(self) -> str:
        return "TRADING_HALT" if self.halted else str(self.rules.listing["status"])

    @property
    def listing(self) -> dict[str, object]:
        """Its exchangeInfo object as of now."""
        return {**self.rules.listing, "status": self.status}

    def next_trade_id(self) -> int:
        """Rising, with gaps: other people trade here too."""
        self.last_trade_id += 1 + self.last_trade_id % 3
        return self.last_trade_id


def next_funding_after(moment: int) -> int:
    """The first funding time after `moment` (ms), on the venue's 8-hour clock."""
    return (moment // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
