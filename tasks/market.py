"""One process: each venue's mark prices into Redis, and the stops that they reach into the queue `control`."""

import signal
import sys
import threading
from decimal import Decimal

import structlog
from setproctitle import setproctitle

from core import bus, clock
from core.config import settings
from core.db import Session
from core.errors import DatabaseUnavailable, VenueUnavailable
from core.exchange import mark_stream
from core.exchange.base import MarkPrice
from core.logs import configure_logging
from core.strategies.stops import Armed, Waiting, armed, hits, waiting
from core.upkeep import exchanges_in_use
from tasks.app import ring

log = structlog.get_logger()

READ_FOR = 1.0  # seconds
LOAD_EVERY = 1.0  # seconds: how old the list of armed strategies may be
RECONNECT_AFTER = 1.0  # seconds
RING_AGAIN_AFTER = 1.5  # seconds, while a stop stays reached and the strategy runs on


class VenueWatch:
    """One venue's marks and stops, in a thread of its own."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._armed: list[Armed] = []
        self._waiting: list[Waiting] = []
        self._loaded_at = float("-inf")
        self._rung_at: dict[int, float] = {}

    def run(self) -> None:
        while True:
            try:
                stream = mark_stream(self._exchange)
                while True:
                    self._take(list(stream.read(READ_FOR)))
            except VenueUnavailable as error:
                log.warning("mark stream ended", exchange=self._exchange, error=str(error))
            clock.sleep(RECONNECT_AFTER)

    def _take(self, marks: list[MarkPrice]) -> None:
        bus.publish_marks(self._exchange, {mark.symbol: _plain(mark) for mark in marks})
        self._load()
        prices = {mark.symbol: mark.mark_price for mark in marks}
        for hit in hits(self._armed, prices):
            self._ring("tasks.strategies.stop", hit.strategy_id, hit.reason, hit.message)
        for strategy in self._waiting:
            price = prices.get(strategy.symbol)
            if price is not None and strategy.is_due(price):
                self._ring("tasks.strategies.start", strategy.strategy_id, format(price, "f"))

    def _ring(self, task_name: str, strategy_id: int, *arguments: str) -> None:
        """Again and again while the strategy is still there to be rung for, but not at every mark."""
        if clock.monotonic() - self._rung_at.get(strategy_id, float("-inf")) >= RING_AGAIN_AFTER:
            self._rung_at[strategy_id] = clock.monotonic()
            ring(task_name, strategy_id, *arguments)

    def _load(self) -> None:
        if clock.monotonic() - self._loaded_at < LOAD_EVERY:
            return
        try:
            with Session.reading() as session:
                self._armed = armed(session, self._exchange)
                self._waiting = waiting(session, self._exchange)
            self._loaded_at = clock.monotonic()
        except DatabaseUnavailable as error:
            log.warning("stops not loaded", error=str(error))


def _plain(mark: MarkPrice) -> dict[str, str | int]:
    def text(number: Decimal) -> str:
        return format(number, "f")

    return {
        "mark_price": text(mark.mark_price),
        "index_price": text(mark.index_price),
        "funding_rate": text(mark.funding_rate),
        "next_funding_at": mark.next_funding_at,
        "at": mark.at,
    }


def main() -> None:
    configure_logging()
    setproctitle("gridkeeper: market")
    settings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    watched: set[str] = set()
    while True:
        bus.show_life("market")
        try:
            in_use = {"paper", *exchanges_in_use()}
        except DatabaseUnavailable:
            in_use = {"paper"}
        for exchange in in_use - watched:
            threading.Thread(target=VenueWatch(exchange).run, name=f"market-{exchange}", daemon=True).start()
            watched.add(exchange)
        clock.sleep(1.0)


if __name__ == "__main__":
    main()
