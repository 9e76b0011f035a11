"""The venue's rate limits: request weight per address, orders per account, in windows on the clock."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.paper.engine.refusals import VenueError, refusal

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
ORDERS_A_MINUTE = 1200
ORDERS_IN_TEN_SECONDS = 300
ORDER_LIMITS: list[dict[str, Any]] = [
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_IN_TEN_SECONDS},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": ORDERS_A_MINUTE},
]
_PATIENCE = 50  # refused requests in one window before an address is banned
_BAN_MS = 120_000


class Overrun(VenueError):
    """429 or 418; `retry_after` in seconds."""

    def __init__(self, error: VenueError, retry_after: int) -> None:
        super().__init__(error.code, error.message, error.status)
        self.retry_after = retry_after


@dataclass(slots=True)
class _Window:
    """A counter that starts again with each window of the clock."""

    length_ms: int
    started: int = 0
    used: int = 0
    refused: int = 0

    def at(self, now: int) -> "_Window":
        start = now - now % self.length_ms
        if start != self.started:
            self.started, self.used, self.refused = start, 0, 0
        return self

    def seconds_left(self, now: int) -> int:
        return max(1, -(-(self.started + self.length_ms - now) // 1000))


@dataclass(slots=True)
class _Orders:
    ten_seconds: _Window = field(default_factory=lambda: _Window(TEN_SECONDS_MS))
    minute: _Window = field(default_factory=lambda: _Window(MINUTE_MS))


class Limits:
    def __init__(self, weight_limit: int) -> None:
        self.weight_limit = weight_limit
        self._weights: dict[str, _Window] = {}
        self._banned_until: dict[str, int] = {}
        self._orders: dict[int, _Orders] = {}
        self.crossed: Counter[str] = Counter()  # requests refused, by address, or by `account <id>` for orders

    def used_weight(self, address: str, now: int) -> int:
        return self._weight(address, now).used

    def orders(self, account_id: int, now: int) -> tuple[int, int]:
        """How many in the last (10 seconds, minute) windows."""
        counts = self._orders.setdefault(account_id, _Orders())
        return counts.ten_seconds.at(now).used, counts.minute.at(now).used

    def order_counts(self, account_id: int, now: int) -> list[dict[str, Any]]:
        """The order limits as the venue lists them, with what the account has used."""
        counts = self.orders(account_id, now)
        return [{**one, "count": count} for one, count in zip(ORDER_LIMITS, counts, strict=True)]

    def spend_weight(self, address: str, weight: int, now: int) -> None:
        """Raises Overrun where the address has no weight left, or is banned. What is refused counts too."""
        banned_until = self._banned_until.get(address, 0)
        if now < banned_until:
            self.crossed[address] += 1
            raise _banned(address, banned_until, now)
        window = self._weight(address, now)
        window.used += weight
        if window.used <= self.weight_limit:
            return
        window.refused += 1
        self.crossed[address] += 1
        if window.refused >= _PATIENCE:
            self._banned_until[address] = now + _BAN_MS
            raise _banned(address, now + _BAN_MS, now)
        raise Overrun(refusal(-1003, address=address, limit=self.weight_limit), window.seconds_left(now))

    def spend_orders(self, account_id: int, count: int, now: int) -> None:
        """Raises Overrun where the account has placed too many orders."""
        counts = self._orders.setdefault(account_id, _Orders())
        for window, limit, interval in (
            (counts.ten_seconds.at(now), ORDERS_IN_TEN_SECONDS, "10 SECOND"),
            (counts.minute.at(now), ORDERS_A_MINUTE, "1 MINUTE"),
        ):
            if window.used + count > limit:
                self.crossed[f"account {account_id}"] += 1
                raise Overrun(refusal(-1015, limit=limit, interval=interval), window.seconds_left(now))
        counts.ten_seconds.used += count
        counts.minute.used += count

    def _weight(self, address: str, now: int) -> _Window:
        return self._weights.setdefault(address, _Window(MINUTE_MS)).at(now)


def _banned(address: str, until: int, now: int) -> Overrun:
    words = f"Way too many requests; IP({address}) banned until {until}."
    return Overrun(VenueError(-1003, words, 418), max(1, (until - now) // 1000))
