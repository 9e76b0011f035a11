"""Each venue's mark prices into Redis, and the stops that they reach into the queue `control`.

Of several such processes one is active at a venue, by a lease; the others hear the same and keep silent.
"""

import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import structlog
from setproctitle import setproctitle

from core import bus, clock, leases
from core.config import settings
from core.db import Session, follow_its_clock
from core.errors import DatabaseUnavailable, VenueUnavailable
from core.exchange import mark_stream
from core.exchange.base import MarkPrice
from core.logs import configure_logging
from core.strategies.stops import Armed, Waiting, armed, hits, waiting
from core.strategies.trailing import Trail, due, trails
from core.upkeep import exchanges_in_use
from tasks.app import ring

log = structlog.get_logger()

CLAIM_EVERY = 2.0  # seconds
READ_FOR = 1.0  # seconds
LOAD_EVERY = 1.0  # seconds: how old the list of armed strategies may be
RECONNECT_AFTER = 1.0  # seconds
REMEMBERED_FOR = 3.0  # seconds, more than a sweep may be late
RING_AGAIN_AFTER = 1.5  # seconds, while a stop stays reached and the strategy runs on


@dataclass(slots=True)
class Span:
    """The lowest and the highest mark of a time."""

    low: MarkPrice
    high: MarkPrice

    def widen(self, mark: MarkPrice) -> None:
        if mark.mark_price < self.low.mark_price:
            self.low = mark
        if mark.mark_price > self.high.mark_price:
            self.high = mark


Spans = dict[str, Span]  # by symbol


def spans_of(marks: Iterable[MarkPrice], known: Spans | None = None) -> Spans:
    """`known` widened, or new ones."""
    spans = {} if known is None else known
    for mark in marks:
        spans.setdefault(mark.symbol, Span(mark, mark)).widen(mark)
    return spans


class Recent:
    """Each symbol's span of the last seconds, twice REMEMBERED_FOR at most: a price may come and go between sweeps."""

    def __init__(self) -> None:
        self._now: Spans = {}
        self._before: Spans = {}
        self._begun_at = float("-inf")

    def note(self, marks: Iterable[MarkPrice]) -> None:
        if clock.monotonic() - self._begun_at >= REMEMBERED_FOR:
            self._before, self._now, self._begun_at = self._now, {}, clock.monotonic()
        spans_of(marks, self._now)

    def of(self, mark: MarkPrice) -> Span:
        """The span of the mark's symbol, which has been noted."""
        span = Span(mark, mark)
        for noted in (self._before.get(mark.symbol), self._now.get(mark.symbol)):
            if noted is not None:
                span.widen(noted.low)
                span.widen(noted.high)
        return span


class VenueWatch:
    """One venue's marks and stops, in a thread of its own; while it is not `active` it only listens."""

    def __init__(self, exchange: str) -> None:
        self.active = False
        self._exchange = exchange
        self._armed: list[Armed] = []
        self._waiting: list[Waiting] = []
        self._loaded_at = float("-inf")
        self._trails: list[Trail] = []
        self._rung_at: dict[tuple[str, int], float] = {}
        self._recent = Recent()

    def run(self) -> None:
        while True:
            try:
                stream = mark_stream(self._exchange)
                while True:
                    self.take(list(stream.read(READ_FOR)))
            except VenueUnavailable as error:
                log.warning("mark stream ended", exchange=self._exchange, error=str(error))
            clock.sleep(RECONNECT_AFTER)

    def take(self, marks: list[MarkPrice]) -> None:
        """Of several marks of a symbol the last is published, and each extreme may reach a stop or a trigger."""
        self._recent.note(marks)
        if not self.active:
            return
        published = {mark.symbol: _plain(mark, self._recent.of(mark)) for mark in marks}
        bus.publish_marks(self._exchange, published)
        self._load()
        spans = spans_of(marks)
        for extreme in ("low", "high"):
            self._judge({symbol: getattr(span, extreme).mark_price for symbol, span in spans.items()})

    def _judge(self, prices: dict[str, Decimal]) -> None:
        for hit in hits(self._armed, prices):
            self._ring("tasks.strategies.stop", hit.strategy_id, hit.reason, hit.message)
        for strategy in self._waiting:
            price = prices.get(strategy.symbol)
            if price is not None and strategy.is_due(price):
                self._ring("tasks.strategies.start", strategy.strategy_id, format(price, "f"))
        for trail in due(self._trails, prices):
            self._ring("tasks.strategies.update", trail.strategy_id, format(prices[trail.symbol], "f"))

    def _ring(self, task_name: str, strategy_id: int, *arguments: str) -> None:
        """Again and again while the strategy is still there to be rung for, but not at every mark."""
        key = task_name, strategy_id
        if clock.monotonic() - self._rung_at.get(key, float("-inf")) >= RING_AGAIN_AFTER:
            self._rung_at[key] = clock.monotonic()
            ring(task_name, strategy_id, *arguments)

    def _load(self) -> None:
        if clock.monotonic() - self._loaded_at < LOAD_EVERY:
            return
        try:
            with Session.reading() as session:
                self._armed = armed(session, self._exchange)
                self._waiting = waiting(session, self._exchange)
                self._trails = trails(session, self._exchange)
            self._loaded_at = clock.monotonic()
        except DatabaseUnavailable as error:
            log.warning("stops not loaded", error=str(error))


def _plain(mark: MarkPrice, recent: Span) -> dict[str, str | int]:
    def text(number: Decimal) -> str:
        return format(number, "f")

    return {
        "mark_price": text(mark.mark_price),
        "index_price": text(mark.index_price),
        "funding_rate": text(mark.funding_rate),
        "next_funding_at": mark.next_funding_at,
        "at": mark.at,
        "low": text(recent.low.mark_price),
        "low_at": recent.low.at,
        "high": text(recent.high.mark_price),
        "high_at": recent.high.at,
    }


class Market:
    """All venues that are in use, each with its watch."""

    def __init__(self) -> None:
        self._watches: dict[str, VenueWatch] = {}
        self._owner = leases.host_id()

    def claim(self) -> None:
        """Where the database is away all stays as it is: without it nobody else can have taken a lease over."""
        try:
            in_use = {"paper", *exchanges_in_use()}
            with Session.begin() as session:
                held = leases.claim(session, map(_lease, in_use), self._owner)
        except DatabaseUnavailable as error:
            log.warning("the database is away", error=str(error))
            return
        for exchange in in_use - set(self._watches):
            self._watches[exchange] = VenueWatch(exchange)
            threading.Thread(target=self._watches[exchange].run, name=f"market-{exchange}", daemon=True).start()
        for exchange, watch in self._watches.items():
            watch.active = _lease(exchange) in held

    def release(self) -> None:
        with suppress(DatabaseUnavailable), Session.begin() as session:
            leases.release(session, map(_lease, self._watches), self._owner)


def _lease(exchange: str) -> str:
    return f"market:{exchange}"


def main() -> None:
    configure_logging()
    setproctitle("gridkeeper: market")
    settings()
    follow_its_clock()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    market = Market()
    try:
        while True:
            bus.show_life("market")
            market.claim()
            clock.sleep(CLAIM_EVERY)
    finally:
        market.release()


if __name__ == "__main__":
    main()
