"""The request weight of an address: what each path costs, and spending no more than the venue allows.

Weights from the venue's documentation of each path; an address has 2,400 a minute (exchangeInfo's rateLimits).
"""

import re
from collections.abc import Callable
from enum import Enum

from core import budget, bus
from core.budget import Window
from core.clock import monotonic
from core.errors import VenueUnavailable

MINUTE_MS = 60_000
LIMIT = 2400  # until exchangeInfo has told
ASK_EVERY = 60.0  # seconds


class Share(Enum):
    """How much of the limit may be used up before a request waits: what can wait leaves the rest to what can't."""

    ROUTINE = 0.5
    NEEDED = 0.9


_WEIGHTS = {
    "/fapi/v1/income": 30,
    "/fapi/v1/commissionRate": 20,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/allOrders": 5,
    "/fapi/v1/accountConfig": 5,
    "/fapi/v1/symbolConfig": 5,
    "/fapi/v3/balance": 5,
    "/fapi/v3/positionRisk": 5,
}
_WITHOUT_SYMBOL = {"/fapi/v1/openOrders": 40, "/fapi/v1/openAlgoOrders": 40, "/fapi/v1/premiumIndex": 10}


_KLINES = ((1000, 10), (499, 5), (99, 2))  # more than so many at once
_LIMIT = re.compile(r"(?:^|&)limit=(\d+)")


def weight_of(path: str, query: str) -> int:
    if path == "/fapi/v1/klines":
        limit = _LIMIT.search(query)
        wanted = int(limit[1]) if limit else 500
        return next((weight for most, weight in _KLINES if wanted > most), 1)
    if path in _WITHOUT_SYMBOL and "symbol=" not in query:
        return _WITHOUT_SYMBOL[path]
    return _WEIGHTS.get(path, 1)


class Weights:
    """Of one host, for all processes together. `read_limit` asks the host for its limit, None where that fails."""

    def __init__(self, host: str, read_limit: Callable[[], int | None] = lambda: None) -> None:
        self._host = host
        self._read_limit = read_limit
        self._limit: int | None = None  # not told yet
        self._asked_at = float("-inf")

    def spend(self, weight: int, share: Share) -> None:
        """Raises VenueUnavailable (rate_limited) where that would be more than the share."""
        if self._take(weight, share):
            return
        # What others use of a limit that nobody has told us may be well inside of it.
        if self._limit is None and self._learn_limit() and self._take(weight, share):
            return
        raise VenueUnavailable("the venue's request limit is used up for now", "rate_limited")

    def correct(self, used: int) -> None:
        """The venue's own count: others may share the address."""
        budget.correct(self._window(Share.NEEDED), used)

    def pause(self, seconds: float) -> None:
        """The venue asked for quiet: no process asks it anything."""
        budget.close_gate(self._host, max(1, int(seconds * 1000)))

    def set_limit(self, limit: int) -> None:
        """As exchangeInfo told one of the processes."""
        self._limit = limit
        bus.publish_weight_limit(self._host, limit)

    def _take(self, weight: int, share: Share) -> bool:
        return budget.take([self._window(share)], weight, whole=True, gates=[self._host]) == weight

    def _window(self, share: Share) -> Window:
        if self._limit is None:
            self._limit = bus.weight_limit(self._host)
        return Window(f"weight:{self._host}", MINUTE_MS, int((self._limit or LIMIT) * share.value))

    def _learn_limit(self) -> bool:
        """From the host itself, unless it has asked for quiet; at most once a minute."""
        if monotonic() - self._asked_at > ASK_EVERY and not budget.is_closed(self._host):
            self._asked_at = monotonic()
            limit = self._read_limit()
            if limit is not None:
                self.set_limit(limit)
        return self._limit is not None
