"""What each venue's mark prices reach is rung for in the queue `control`, and the marks go into Redis.

Of several such processes one is active at a venue, by a lease; the others hear the same and keep silent.
"""

import gc
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog
from setproctitle import setproctitle

from core import bus, clock, leases
from core.config import settings
from core.db import Session, follow_its_clock
from core.domain.anomaly import MarkWatch
from core.domain.triggers import Trigger, TriggerBook
from core.errors import DatabaseUnavailable, VenueRefused, VenueUnavailable
from core.exchange import mark_stream, public_api
from core.exchange.base import MarkPrice
from core.logs import configure_logging
from core.strategies.stops import next_armed, noted_changes, triggers_of
from core.upkeep import exchanges_in_use
from tasks.ringing import answer_within, ring

log = structlog.get_logger()

CLAIM_EVERY = 2.0  # seconds
READ_FOR = 1.0  # seconds
LOAD_EVERY = 1.0  # seconds: how old what is known of the strategies may be
COMPARE_EVERY = 5.0  # seconds, the marks with the last prices
FIRST_PAGE = 500  # strategies read at once, until all have been
PAGE = 50  # read again each time, whether they have changed or not: few, because a mark may have to wait for it
RECONNECT_AFTER = 1.0  # seconds
REMEMBERED_FOR = 3.0  # seconds, more than a sweep may be late
RING_AGAIN_AFTER = 1.5  # seconds, while nothing has come of it; doubled each time where one touch is enough
LONGEST_PAUSE = 12.0


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


@dataclass(slots=True)
class _Touch:
    """A trigger that a mark has reached: that mark, and when to ring (again), seconds."""

    mark: Decimal
    ring_at: float
    pause: float = RING_AGAIN_AFTER


class VenueWatch:
    """One venue's marks and triggers: the marks are taken in one thread, the triggers loaded in another. While it is
    not `active` it only listens."""

    def __init__(self, exchange: str) -> None:
        self.active = False
        self._exchange = exchange
        self._book = TriggerBook()
        self._book_lock = threading.Lock()
        self._loaded_at: datetime | None = None
        self._seen: dict[int, datetime] = {}  # the latest changes that have been read, by strategy id
        self._read_until = 0  # the id up to which this pass through all has come
        self._is_complete = False
        self._touched: dict[Trigger, _Touch] = {}
        self._marks: dict[str, Decimal] = {}
        self._recent = Recent()
        self._watches: dict[str, MarkWatch] = defaultdict(MarkWatch)
        self._odd: set[str] = set()  # the symbols of which this has been told

    def run(self) -> None:
        threading.Thread(target=self._load_for_ever, name=f"triggers-{self._exchange}", daemon=True).start()
        threading.Thread(target=self._compare_for_ever, name=f"last-prices-{self._exchange}", daemon=True).start()
        while True:
            try:
                stream = mark_stream(self._exchange)
                while True:
                    self.take(list(stream.read(READ_FOR)))
            except VenueUnavailable as error:
                log.warning("mark stream ended", exchange=self._exchange, error=str(error))
            self.take([])
            clock.sleep(RECONNECT_AFTER)

    def take(self, marks: list[MarkPrice]) -> None:
        """Each mark may reach triggers, but for an odd one; of several of a symbol the last is published, with the
        extremes."""
        self._recent.note(marks)
        self._meet({mark.symbol for mark in marks} - self._watches.keys())
        for mark in marks:
            self._watches[mark.symbol].take(mark.mark_price, clock.monotonic())
        self._marks |= {mark.symbol: mark.mark_price for mark in marks}
        if not self.active:
            return
        self._tell_oddities()
        with self._book_lock:
            for mark in marks:
                if self._watches[mark.symbol].odd:
                    continue
                for trigger in self._book.reached(mark.symbol, mark.mark_price):
                    self._touched.setdefault(trigger, _Touch(mark.mark_price, clock.monotonic()))
        self._ring()
        published = {
            mark.symbol: _plain(mark, self._recent.of(mark)) | {"odd": self._watches[mark.symbol].odd} for mark in marks
        }
        bus.publish_marks(self._exchange, published)

    def _meet(self, symbols: Collection[str]) -> None:
        """The mark that was published last comes before the first that is heard: it may have jumped in between."""
        for symbol, known in bus.marks(self._exchange, list(symbols)).items():
            self._watches[symbol].take(Decimal(known["mark_price"]), clock.monotonic())

    def _tell_oddities(self) -> None:
        """Of what has become odd, and of what is no longer."""
        moment = clock.monotonic()
        for watch in self._watches.values():
            watch.look(moment)
        odd = {symbol: words for symbol, watch in self._watches.items() if (words := watch.odd)}
        calm = dict.fromkeys(self._odd - odd.keys(), "")
        news = calm | {symbol: words for symbol, words in odd.items() if symbol not in self._odd}
        if news and ring("tasks.upkeep.note_markets", self._exchange, news):
            self._odd = set(odd)

    def _ring(self) -> None:
        """For what has been reached: again and again, after growing pauses, until its strategy has other triggers."""
        for trigger, touch in list(self._touched.items()):
            if clock.monotonic() < touch.ring_at:
                continue
            if trigger not in self._book or not (trigger.lasting or trigger.is_reached(self._marks[trigger.symbol])):
                del self._touched[trigger]
                continue
            mark = touch.mark if trigger.lasting else self._marks[trigger.symbol]
            if not ring(trigger.task, trigger.strategy_id, *trigger.arguments, format(mark, "f")):
                return  # the broker is away: the next marks ring
            touch.ring_at = clock.monotonic() + touch.pause
            if trigger.lasting:
                touch.pause = min(2 * touch.pause, LONGEST_PAUSE)

    def _compare_for_ever(self) -> None:
        while True:
            with suppress(VenueUnavailable, VenueRefused):
                for symbol, price in public_api(self._exchange).last_prices().items():
                    if symbol in self._watches:
                        self._watches[symbol].compare(price)
            clock.sleep(COMPARE_EVERY)

    def _load_for_ever(self) -> None:
        while True:
            try:
                while self.load():
                    pass
            except DatabaseUnavailable as error:
                log.warning("triggers not loaded", error=str(error))
            clock.sleep(LOAD_EVERY)

    def load(self) -> bool:
        """Some of what has been noted as changed; and the next page of all, so that whatever was missed is found.

        Whether there is more to read at once: changes, or until the first pass is over. Raises DatabaseUnavailable.
        """
        moment, after = clock.now(), self._read_until
        count = PAGE if self._is_complete else FIRST_PAGE
        with Session.reading() as session:
            noted = noted_changes(session, self._exchange, self._loaded_at or moment)
            changed = [number for number, at in noted.items() if self._seen.get(number) != at]
            page = next_armed(session, self._exchange, after, count)
            triggers = triggers_of(session, {*changed[:count], *page})
        is_last = len(page) < count
        with self._book_lock:
            gone = self._book.ids_between(after, float("inf") if is_last else page[-1]) - triggers.keys()
            self._book.replace(dict.fromkeys(gone, ()) | triggers)
        rest = set(changed[count:])
        self._seen = {number: at for number, at in noted.items() if number not in rest}
        self._loaded_at = self._loaded_at if rest else moment
        self._read_until = 0 if is_last else page[-1]
        if is_last and not self._is_complete:
            self._is_complete = True
            gc.freeze()  # to look through all triggers at each full collection would hold a mark up for 0.2 s
        return bool(rest) or not self._is_complete


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
    answer_within(1.0)
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
