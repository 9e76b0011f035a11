"""Who listens to which stream, and handing events to them.

A user stream is the stream whose name is the account's listen key, so one table serves both kinds.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Event, Exchange
from core.paper.engine.market import Market
from core.paper.engine.refusals import VenueError
from core.paper.server.faults import Faults
from core.paper.server.market_data import MarketData

LISTEN_KEY_MS = 60 * 60_000
_QUIET_MS = 100  # a feed's marks go out at most this often per symbol
_EVERY_THIRD_SECOND = ("markPrice", "!markPrice@arr")
_BY_THE_SECOND = ("kline", "ticker", "miniTicker")  # not with each move: they cost a look at the last day


class Listener(Protocol):
    """An open stream connection."""

    streams: set[str]

    def takes(self, stream: str, event: str) -> bool: ...

    def send(self, stream: str, payload: bytes) -> None: ...

    def cut(self) -> None: ...


class Hub:
    def __init__(self, exchange: Exchange, data: MarketData, faults: Faults) -> None:
        self._exchange = exchange
        self._data = data
        self._faults = faults
        self._connections: set[Listener] = set()
        self._listeners: dict[str, set[Listener]] = {}
        self._keys: dict[str, Account] = {one.listen_key: one for one in exchange.accounts.values() if one.listen_key}
        self._marked: dict[str, int] = {}
        self._seconds = 0
        self._ticked = exchange.now()

    # --- who listens

    def join(self, listener: Listener, streams: Iterable[str]) -> None:
        self._connections.add(listener)
        self.subscribe(listener, streams)

    def leave(self, listener: Listener) -> None:
        self._connections.discard(listener)
        self.unsubscribe(listener, listener.streams)

    def subscribe(self, listener: Listener, streams: Iterable[str]) -> None:
        for stream in streams:
            listener.streams.add(stream)
            self._listeners.setdefault(stream, set()).add(listener)

    def unsubscribe(self, listener: Listener, streams: Iterable[str]) -> None:
        for stream in list(streams):
            listener.streams.discard(stream)
            others = self._listeners.get(stream, set())
            others.discard(listener)
            if not others:
                self._listeners.pop(stream, None)

    def is_listen_key(self, stream: str) -> bool:
        return stream in self._keys

    def cut(self, kind: str) -> None:
        """Drops the connections of a kind, user or market; all where it is empty."""
        for one in list(self._connections):
            is_user = any(self.is_listen_key(stream) for stream in one.streams)
            if kind in ("", "user" if is_user else "market"):
                one.cut()

    # --- listen keys

    def open_key(self, account: Account, fresh: str) -> str:
        """The account's listen key, good for another hour; `fresh` becomes it where there is none."""
        if not account.listen_key:
            account.listen_key = fresh
            self._keys[fresh] = account
        account.listen_key_until = self._exchange.now() + LISTEN_KEY_MS
        self._exchange.changes.accounts[account.id] = account
        return account.listen_key

    def close_key(self, account: Account) -> None:
        """Nothing more is sent on it."""
        self._keys.pop(account.listen_key, None)
        for listener in list(self._listeners.get(account.listen_key, ())):
            self.unsubscribe(listener, [account.listen_key])
        account.listen_key = ""
        self._exchange.changes.accounts[account.id] = account

    def expire_key(self, account: Account) -> None:
        key = account.listen_key
        self._send(key, {"e": "listenKeyExpired", "E": self._exchange.now(), "listenKey": key}, "user")
        self.close_key(account)

    def expire_old_keys(self) -> None:
        now = self._exchange.now()
        for account in [one for one in self._keys.values() if one.listen_key_until <= now]:
            self.expire_key(account)

    def expire_all_keys(self) -> None:
        for account in list(self._keys.values()):
            self.expire_key(account)

    # --- user events

    def publish_user(self, events: list[tuple[int, Event]]) -> None:
        """Hands events to their accounts' streams, in order; here the faults of event delivery strike."""
        if events and self._faults.strike("reorder_events"):
            events = events[::-1]
        for account_id, event in events:
            self._publish_one(self._exchange.accounts[account_id].listen_key, event)

    def _publish_one(self, key: str, event: Event) -> None:
        if key not in self._listeners or self._faults.strike("drop_events"):
            return
        copies = 2 if self._faults.strike("duplicate_events") else 1
        delay = self._faults.strike("delay_events")
        for _ in range(copies):
            if delay is None:
                self._send(key, event, "user")
            else:
                asyncio.get_running_loop().call_later(delay.parameters["ms"] / 1000, self._send, key, event, "user")

    # --- market events

    def publish_move(self, market: Market, *, at_once: bool) -> None:
        """Tells the market's streams its new price. With `at_once` all of them; else no oftener than makes sense."""
        now = self._exchange.now()
        if not at_once and now - self._marked.get(market.symbol, 0) < _QUIET_MS:
            return
        self._marked[market.symbol] = now
        for stream in self._streams_of(market):
            if at_once or not stream.partition("@")[2].startswith(_BY_THE_SECOND):
                self._send_kind(stream, market)
        for stream in ("!markPrice@arr", "!markPrice@arr@1s"):
            if stream in self._listeners:
                self._send(stream, [self._data.mark_event(market)], "market")
        if "!bookTicker" in self._listeners:
            self._send("!bookTicker", self._data.book_event(market), "market")

    def tick(self) -> None:
        """Once a second: the streams that speak on the clock."""
        self._seconds += 1
        for stream in list(self._listeners):
            if stream.endswith(_EVERY_THIRD_SECOND) and self._seconds % 3:
                continue
            self._speak(stream)
        self._ticked = self._exchange.now()

    def _speak(self, stream: str) -> None:
        markets = [one for one in self._exchange.markets.values() if one.status == "TRADING"]
        if stream.startswith("!markPrice@arr"):
            self._send(stream, [self._data.mark_event(one) for one in markets], "market")
        elif stream == "!ticker@arr":
            self._send(stream, [self._data.day_event(one) for one in markets], "market")
        elif stream == "!miniTicker@arr":
            self._send(stream, [self._data.event("miniTicker", one) for one in markets], "market")
        else:
            symbol, _, kind = stream.partition("@")
            market = self._exchange.markets.get(symbol.upper())
            if market and kind.startswith(("markPrice", *_BY_THE_SECOND)):
                self._send_kind(stream, market)

    def _streams_of(self, market: Market) -> list[str]:
        prefix = f"{market.symbol.lower()}@"
        return [stream for stream in self._listeners if stream.startswith(prefix)]

    def _send_kind(self, stream: str, market: Market) -> None:
        kind = stream.partition("@")[2]
        name, _, interval = kind.partition("_")
        try:
            if name == "kline":
                events = self._data.kline_events(market, interval, self._ticked)
            else:
                events = [self._data.event(kind, market)]
        except (KeyError, VenueError):
            return  # the venue takes a subscription to a stream that does not exist, and is silent
        for event in events:
            self._send(stream, event, "market")

    def _send(self, stream: str, event: Any, kind: str) -> None:
        listeners = self._listeners.get(stream)
        if not listeners:
            return
        payload = orjson.dumps(event)
        name = event.get("e", "") if isinstance(event, dict) else ""
        for one in list(listeners):
            if one.takes(stream, name) and not self._faults.strike("mute_stream", kind):
                one.send(stream, payload)
