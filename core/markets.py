"""A symbol's market as people look at it: prices now, and candles. Every read is bounded in time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import TypeVar

from core import bus
from core.clock import monotonic, now_ms
from core.deadline import PATIENCE_S, Deadline
from core.errors import NotFound, Unavailable, VenueRefused
from core.exchange import public_api
from core.exchange.base import Candle, MarketView
from core.symbols import rules_of

MARK_IS_FRESH_MS = 5000
_KEPT_FOR_S = 1.0
_MOST_KEPT = 1000
_UNKNOWN_SYMBOL = -1121
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark price (quote) and when it was so, ms."""

    price: Decimal
    at: int


def market_of(exchange: str, symbol: str) -> MarketView:
    """Raises NotFound (unknown_symbol) and VenueUnavailable."""
    deadline = Deadline()
    rules_of(exchange, symbol, deadline=deadline)
    return _kept(("market", exchange, symbol), lambda: _asked(partial(public_api(exchange).market, symbol), deadline))


def candles_of(
    exchange: str, symbol: str, interval: str, *, start: int | None, end: int | None, limit: int
) -> list[Candle]:
    """At most `limit` candles, oldest first; `start` and `end` in ms. Raises NotFound and VenueUnavailable."""
    deadline = Deadline()
    rules_of(exchange, symbol, deadline=deadline)
    read = partial(public_api(exchange).candles, symbol, interval, start, end, limit)
    return _kept(("candles", exchange, symbol, interval, start, end, limit), lambda: _asked(read, deadline))


def last_price(exchange: str, symbol: str) -> Decimal:
    """The venue's last price, never a cached one. Raises NotFound and VenueUnavailable."""
    return _asked(partial(public_api(exchange).last_price, symbol), Deadline())


def published_mark(exchange: str, symbol: str) -> Mark | None:
    """The last mark that the market process published, however old."""
    found = bus.mark(exchange, symbol)
    return None if found is None else Mark(Decimal(found["mark_price"]), int(found["at"]))


def mark_of(exchange: str, symbol: str) -> Mark | None:
    """The mark price now: published, else asked of the venue, else the last that was published, else None."""
    published = published_mark(exchange, symbol)
    if published is not None and abs(now_ms() - published.at) < MARK_IS_FRESH_MS:
        return published
    try:
        market = market_of(exchange, symbol)
    except (Unavailable, NotFound):
        return published
    return Mark(market.mark_price, market.at)


def ask_venue(exchange: str) -> None:
    """Raises VenueUnavailable where the venue does not answer."""
    public_api(exchange, read_timeout=PATIENCE_S).server_time()


def _asked(read: Callable[[], T], deadline: Deadline) -> T:
    try:
        return deadline.read(read)
    except VenueRefused as refused:
        if refused.code == _UNKNOWN_SYMBOL:
            raise NotFound("unknown_symbol", "The exchange does not know this symbol.") from None
        raise


class _Recent:
    """What was read, and when."""

    def __init__(self) -> None:
        self.values: dict[tuple[object, ...], tuple[float, object]] = {}
        self.lock = threading.Lock()


@cache
def _recent() -> _Recent:
    return _Recent()


def _kept(key: tuple[object, ...], read: Callable[[], T]) -> T:
    """What was read less than a second ago, or read now."""
    recent = _recent()
    with recent.lock:
        known = recent.values.get(key)
    if known is not None and monotonic() - known[0] < _KEPT_FOR_S:
        return known[1]  # type: ignore[return-value]  # the key says what it is
    value = read()
    with recent.lock:
        if len(recent.values) >= _MOST_KEPT:
            recent.values.clear()
        recent.values[key] = (monotonic(), value)
    return value
