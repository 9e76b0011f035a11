"""The venue as its sockets see it: the engine, its memory, its limits and faults, and who listens."""

from collections import Counter
from typing import Protocol

from core import clock
from core.paper.engine.exchange import Exchange
from core.paper.engine.orders import Order
from core.paper.server.faults import Faults
from core.paper.server.history import History
from core.paper.server.hub import Hub
from core.paper.server.limits import Limits
from core.paper.server.market_data import MarketData
from core.paper.server.restart import restore
from core.paper.server.store import Store


class Cuttable(Protocol):
    """An open ws-fapi connection."""

    def cut(self) -> None: ...


class Venue:
    def __init__(self, store: Store, weight_limit: int, *, admin: bool) -> None:
        """`admin` opens the admin surface."""
        self.store = store
        self.admin = admin
        self.faults = Faults(clock.monotonic)
        self.limits = Limits(weight_limit)
        self.exchange = Exchange(self.now, self._pieces)
        restore(self.exchange, store)
        self.data = MarketData(self.exchange, History(self.exchange, store))
        self.hub = Hub(self.exchange, self.data, self.faults)
        self.trade_connections: set[Cuttable] = set()
        self.asked: Counter[tuple[str, str]] = Counter()  # requests since the start, by address and what they ask for
        self._hidden_until: dict[int, float] = {}

    def now(self) -> int:
        """The venue's time, ms."""
        skew = self.faults.peek("clock_skew")
        return clock.now_ms() + (skew.parameters["ms"] if skew else 0)

    def commit(self) -> None:
        """Ends a call: keeps what it changed, then tells it. An answer may leave only after this."""
        changes = self.exchange.take_changes()
        if changes:
            self.store.write(changes)
        self.hub.publish_user(changes.events)

    def accepted(self, order: Order) -> None:
        """Hides a new order from queries for a while, where the fault `late_query` asks for it."""
        fault = self.faults.strike("late_query")
        if fault is not None:
            self._hidden_until[order.id] = clock.monotonic() + fault.parameters["lag_ms"] / 1000

    def hides(self, order_id: int) -> bool:
        until = self._hidden_until.get(order_id)
        if until is not None and clock.monotonic() >= until:
            del self._hidden_until[order_id]
            return False
        return until is not None

    def show_everything(self) -> None:
        """Ends all faults, and what they still hold back."""
        self.faults.clear()
        self._hidden_until.clear()

    def cut_connections(self, kind: str) -> None:
        """Drops the connections of a kind: user, market or trade; all where it is empty."""
        if kind in ("", "trade"):
            for one in list(self.trade_connections):
                one.cut()
        if kind != "trade":
            self.hub.cut(kind)

    def _pieces(self) -> int:
        fault = self.faults.strike("partial_fills")
        return max(1, fault.parameters["pieces"]) if fault else 1
