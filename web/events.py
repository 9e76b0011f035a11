"""Who follows what: one thread of the process looks what is new, for all open streams.

The database is the record. Redis only hints when to look, and without it the thread looks by itself.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

import orjson
import structlog
from sqlalchemy.orm import Session as OrmSession

from core import bus, clock
from core.db import Session
from core.errors import DatabaseUnavailable, Unavailable
from core.models import Event, Fill
from core.strategies.following import Orders, Tail, Watched, rows, tail_of_events, tail_of_fills, watched
from web.schemas.events import LoggedSchema, OrderNewsSchema, PriceNewsSchema
from web.streams import Mark, News, Stream, news_of, news_of_event, news_of_fill, news_of_status

log = structlog.get_logger(__name__)

STREAMS = 100  # of this process: each holds one of its threads
STREAMS_OF_A_USER = 60
LOOK_EVERY_S = 1.0  # also without a hint
LOOK_AT_ALL_EVERY_S = 5.0  # at the orders of every strategy, hinted at or not
GATHER_S = 0.1  # after a hint: more may be coming


class TooMany(Exception):
    """As many streams are open as may be."""


class Hub:
    """All open streams of the process, and the thread that feeds them while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: list[Stream] = []
        self._watch: Watch | None = None

    def join(self, stream: Stream) -> Mark:
        """The stream is told everything from now on; returns what had been told before. Raises TooMany and
        DatabaseUnavailable."""
        with self._lock:
            of_the_user = sum(other.user_id == stream.user_id for other in self._streams)
            if len(self._streams) >= STREAMS or of_the_user >= STREAMS_OF_A_USER:
                raise TooMany
            if self._watch is None:
                self._watch = Watch()
                threading.Thread(target=self._feed, args=(self._watch,), name="events", daemon=True).start()
            begun = self._watch.welcome(stream)
            self._streams.append(stream)
            return begun

    def leave(self, stream: Stream) -> None:
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def _feed(self, watch: "Watch") -> None:
        """Until nobody follows any more."""
        while True:
            hints = watch.wait()
            with self._lock:  # nobody joins between what is read and who is told
                if not self._streams:
                    self._watch = None
                    watch.close()
                    return
                try:
                    watch.look(self._streams, hints)
                except Exception:
                    log.exception("events not told")


class Watch:
    """What was known at the last look. Raises DatabaseUnavailable when made without a database."""

    def __init__(self) -> None:
        with Session.reading() as session:
            self._events: Tail[Event] = tail_of_events(session)
            self._fills: Tail[Fill] = tail_of_fills(session)
        self._changes = bus.Changes()
        self._new_events: list[int] = []
        self._new_fills: list[int] = []
        self._strategies: dict[int, Watched] = {}
        self._orders: dict[int, Orders] = {}
        self._priced_at: dict[tuple[str, str], int] = {}
        self._away: set[str] = set()  # broker, database: what does not answer
        self._told_away: set[str] = set()
        self._looked_at_all = float("-inf")

    def wait(self) -> set[str]:
        """Until it is time to look; returns the hints."""
        try:
            hints = self._changes.wait(LOOK_EVERY_S)
            if hints:
                clock.sleep(GATHER_S)
                hints |= self._changes.wait(0.0)
        except Unavailable:
            self._away.add("broker")
            clock.sleep(LOOK_EVERY_S)
            return set()
        self._away.discard("broker")
        return hints

    def close(self) -> None:
        self._changes.close()

    def welcome(self, stream: Stream) -> Mark:
        """Returns what had been told before the stream joined. Orders are news from here on; of what begins to run
        later, all are."""
        with Session.reading() as session:
            mine = watched(session, [stream.user_id])
            self._strategies = mine | self._strategies
            for strategy in mine.values():
                if strategy.is_active and strategy.id not in self._orders:
                    self._orders[strategy.id] = Orders.from_now(session, strategy.id)
        for part in sorted(self._told_away):
            stream.put(_presence(part, away=True), self._mark)
        return self._mark

    def look(self, streams: list[Stream], hints: set[str]) -> None:
        """Tells the streams what is new. `hints`: whose orders to look at before it is their turn."""
        try:
            with Session.reading() as session:
                self._tell_statuses(session, streams)
                self._tell_rows(session, streams)
                self._tell_orders(session, streams, hints)
            self._away.discard("database")
        except DatabaseUnavailable:
            self._away.add("database")
        self._tell_prices(streams)
        for part in sorted(self._away ^ self._told_away):
            self._tell(streams, _presence(part, away=part in self._away))
        self._told_away = set(self._away)

    @property
    def _mark(self) -> Mark:
        return Mark(self._events.settled, self._fills.settled)

    def _tell(self, streams: Iterable[Stream], news: News) -> None:
        for stream in streams:
            stream.put(news, self._mark)

    def _tell_statuses(self, session: OrmSession, streams: list[Stream]) -> None:
        before, self._strategies = self._strategies, watched(session, {stream.user_id for stream in streams})
        for strategy in self._strategies.values():
            if strategy.id in before and before[strategy.id] != strategy:
                self._tell(_followers(streams, strategy), news_of_status(strategy))

    def _tell_rows(self, session: OrmSession, streams: list[Stream]) -> None:
        """What could not be read to its end is told at the next look."""
        self._new_events += self._events.read(session)
        self._new_fills += self._fills.read(session)
        for event in rows(session, Event, self._new_events):
            about = [stream for stream in streams if stream.follows(event.user_id, event.strategy_id)]
            self._tell(about, news_of_event(event))
        self._new_events = []
        for fill in rows(session, Fill, self._new_fills):
            strategy = self._strategies.get(fill.strategy_id or 0)
            if strategy is not None:
                self._tell(_followers(streams, strategy), news_of_fill(fill))
        self._new_fills = []

    def _tell_orders(self, session: OrmSession, streams: list[Stream], hints: set[str]) -> None:
        look_at_all = clock.monotonic() - self._looked_at_all >= LOOK_AT_ALL_EVERY_S
        if look_at_all:
            self._looked_at_all = clock.monotonic()
        for strategy in self._strategies.values():
            followers = _followers(streams, strategy)
            is_new = strategy.is_active and strategy.id not in self._orders
            if is_new and followers:
                self._orders[strategy.id] = Orders.of_this_run(session, strategy.id)
            hinted = not hints.isdisjoint((f"account:{strategy.account_id}", f"strategy:{strategy.id}"))
            if followers and (is_new or ((hinted or look_at_all) and strategy.id in self._orders)):
                for order in self._orders[strategy.id].changed(session, strategy.id):
                    self._tell(followers, news_of("order", OrderNewsSchema(), order))

    def _tell_prices(self, streams: list[Stream]) -> None:
        symbols: dict[str, dict[str, list[Stream]]] = defaultdict(lambda: defaultdict(list))
        for strategy in self._strategies.values():
            if strategy.is_active:
                symbols[strategy.exchange][strategy.symbol] += _followers(streams, strategy)
        for exchange, followers in symbols.items():
            for symbol, mark in bus.marks(exchange, sorted(followers)).items():
                if self._priced_at.get((exchange, symbol)) != mark["at"]:
                    self._priced_at[(exchange, symbol)] = mark["at"]
                    told = {"exchange": exchange, "symbol": symbol, **mark}
                    self._tell(dict.fromkeys(followers[symbol]), news_of("price", PriceNewsSchema(), told))


def _followers(streams: Iterable[Stream], strategy: Watched) -> list[Stream]:
    return [stream for stream in streams if stream.follows(strategy.user_id, strategy.id)]


def _presence(part: str, *, away: bool) -> News:
    """That the broker or the database does not answer, or answers again: nothing of the record is lost by it."""
    message = f"the {part} does not answer: news come late" if away else f"the {part} answers again"
    code = f"{part}_{'away' if away else 'back'}"
    event = Event(level="WARNING" if away else "INFO", code=code, message=message, data={}, created_at=clock.now())
    return News("warning", orjson.dumps(LoggedSchema().dump(event)))


@cache
def hub() -> Hub:
    """The process's own."""
    return Hub()
