"""The processes that listen: an account's listener and the market's watch, with what their streams do to events."""

from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import orjson

from core import clock
from core.db import Session
from core.errors import DatabaseUnavailable, VenueUnavailable
from core.exchange.base import MarkPrice, UserEvent
from core.exchange.binance.numbers import loads
from core.exchange.binance.streams import BinanceUserStream
from core.models import ExchangeApi
from core.paper.engine.exchange import Event
from core.paper.server.venue import Venue
from tasks.listener import Forwarder
from tasks.market import VenueWatch
from tests.sim.faults import Faults
from tests.sim.world import Absence, World

LATE = 6  # seconds that an event may be late
EVERY = 2.0  # seconds, a mark
JUMPS = (Decimal("0.8"), Decimal("1.25"))


class Stream:
    """Implements `base.UserStream`."""

    def __init__(self) -> None:
        self._arrived: list[UserEvent] = []
        self.is_open = True

    def arrive(self, events: list[UserEvent]) -> None:
        self._arrived += events if self.is_open else []

    def read(self, timeout: float) -> list[UserEvent]:
        if not self.is_open:
            raise VenueUnavailable("the stream ended", "stream_ended")
        arrived, self._arrived = self._arrived, []
        return arrived

    def close(self) -> None:
        self.is_open = False


class Listener:
    """One account's listener process: connects, forwards, and is killed or cut off now and then."""

    def __init__(self, world: World, faults: Faults, account_id: int) -> None:
        self._world = world
        self._faults = faults
        self._account_id = account_id
        self._connect()
        world.every(1.0, self._pass_on)
        world.every(2.0, self.replace_if_deaf)

    def _connect(self) -> None:
        self._connected_at = clock.now()
        self._stream = Stream()
        self._forwarder = Forwarder(self._account_id)

    def hear(self, event: Event) -> None:
        """An event of the account leaves the venue."""
        if self._world.happens(self._faults.event_dropped):
            self._world.tell(f"event lost: {_said(event)}")
            return
        stream = self._stream
        for _ in range(2 if self._world.happens(self._faults.event_doubled) else 1):
            late = self._world.happens(self._faults.event_delayed)
            events = _parsed(self._changed(event))
            self._world.after(self._world.span(0.001, LATE if late else 0.01), lambda e=events: self._arrive(stream, e))

    def _changed(self, event: Event) -> Event:
        """As it may come: a trade without its fee."""
        if event["e"] == "ORDER_TRADE_UPDATE" and self._world.happens(self._faults.event_without_fee):
            order = {name: value for name, value in event["o"].items() if name not in ("n", "N")}
            return {**event, "o": order}
        return event

    def _arrive(self, stream: Stream, events: list[UserEvent]) -> None:
        stream.arrive(events)
        if self._world.happens(0.5):  # else it waits for others, in one message
            self._pass_on()

    def _pass_on(self) -> None:
        try:
            self._forwarder.pass_on(self._stream)
        except VenueUnavailable:
            self._connect()

    def replace_if_deaf(self) -> None:
        """What the supervisor does with a listener that is older than the moment at which it was found deaf."""
        with suppress(DatabaseUnavailable), Session.reading() as session:
            deaf_at = session.get_one(ExchangeApi, self._account_id).deaf_at
            if deaf_at is not None and deaf_at > self._connected_at:
                self._world.tell(f"the listener of {self._account_id} is replaced")
                self._connect()

    def disturb(self) -> None:
        """The stream is cut, or the process is killed with what it held."""
        if not self._world.happens(self._faults.event_dropped / 3):
            return
        self._world.tell(f"the listener of {self._account_id} is cut off")
        self._stream.close()
        self._world.after(self._world.span(0.1, 5), self._connect)


def _parsed(event: Event) -> list[UserEvent]:
    """As the adapter's stream reads it."""
    return BinanceUserStream._events(cast(BinanceUserStream, None), loads(orjson.dumps(event)))


def _said(event: Event) -> str:
    order = event.get("o")
    return f"{order.get('c', order.get('caid'))[:-9]} {order['X']}" if order else str(event["e"])


class Market:
    """The market process: publishes the venue's marks each second, and rings for what they start or end. Now and then
    they jump and come back, or stop coming."""

    def __init__(self, world: World, venue: Venue, symbols: tuple[str, ...]) -> None:
        self._world = world
        self._venue = venue
        self._symbols = symbols
        self._jumps: dict[str, Decimal] = {}  # factors
        self._silent = Absence()
        self._watch = VenueWatch("paper")
        self._watch.active = True
        world.every(EVERY, self._publish)

    def turn_odd(self, symbol: str) -> None:
        """For two marks at most: of a third that stays where they jumped to, nobody can say that it is odd, nor of the
        first that comes."""
        if self._world.seconds < 2 * EVERY:
            return
        if self._world.happens(0.5):
            self._world.tell("no marks come")
            self._silent = self._world.away(self._world.random.uniform(5, 20))
            return
        self._jumps[symbol] = self._world.random.choice(JUMPS)
        self._world.tell(f"the mark of {symbol} jumps by {self._jumps[symbol]}")
        self._world.after(EVERY * 1.5, self._jumps.clear)

    def _publish(self) -> None:
        with suppress(DatabaseUnavailable):
            self._watch.load()
        self._watch.take([] if self._silent else [self._mark(symbol) for symbol in self._symbols])

    def _mark(self, symbol: str) -> MarkPrice:
        market: Any = self._venue.exchange.markets[symbol]
        price = market.price * self._jumps.get(symbol, 1)
        return MarkPrice(symbol, price, price, market.funding_rate, market.next_funding, self._venue.now())
