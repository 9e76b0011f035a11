"""Streams that push: an account's order events, and mark prices."""

from collections.abc import Iterator
from typing import Any

from core import clock
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import MarkPrice, UserEvent
from core.exchange.binance import parse
from core.exchange.binance.link import Link, LinkLost, NotConnected
from core.exchange.binance.listen_key import create_listen_key, extend_listen_key
from core.exchange.binance.numbers import loads
from core.exchange.binance.rest import RestClient
from core.exchange.binance.signing import query_of

MAX_AGE = 23 * 3600 + 50 * 60  # seconds; the venue cuts at 24 h
EXTEND_EVERY = 25 * 60.0  # seconds; the key lives an hour
EXTEND_AGAIN = 60.0  # seconds after an extension that failed
RENEW_AGAIN = 60.0
_MARK_PATH = "/market/stream?streams=!markPrice@arr@1s"
_USDT_MARGINED = (None, 1)  # `st`; the array carries the coin-margined contracts too (2)


class BinanceUserStream:
    """Implements `base.UserStream`. Open once constructed. Never deletes the listen key: the account shares it."""

    def __init__(self, rest: RestClient, streams: str, api_key: str) -> None:
        """Raises VenueUnavailable, and VenueRefused for a key the venue does not know."""
        self._rest = rest
        self._streams = streams
        self._api_key = api_key
        self._listen_key = create_listen_key(rest, api_key)
        self._extend_at = clock.monotonic() + EXTEND_EVERY
        self._link = self._connect()
        self._renew_at = clock.monotonic() + MAX_AGE

    def read(self, timeout: float) -> list[UserEvent]:
        deadline = clock.monotonic() + timeout
        while True:
            self._extend_when_due()
            events = self._renew() if clock.monotonic() >= self._renew_at else []
            events += self._receive(0 if events else max(deadline - clock.monotonic(), 0))
            if events or clock.monotonic() >= deadline:
                return events

    def close(self) -> None:
        self._link.close()

    def _connect(self) -> Link:
        return _open(f"{self._streams}/private/ws?{query_of({'listenKey': self._listen_key})}")

    def _receive(self, timeout: float) -> list[UserEvent]:
        return [event for message in _messages(self._link, timeout) for event in self._events(message)]

    def _events(self, message: Any) -> list[UserEvent]:
        payload = parse.parsed(_payload, message)
        kind = payload.get("e")
        if kind == "ORDER_TRADE_UPDATE":
            return [parse.parsed(parse.stream_event, payload)]
        if kind == "ALGO_UPDATE":
            return parse.parsed(parse.conditional_event, payload)
        if kind == "ACCOUNT_UPDATE":
            return parse.parsed(parse.account_update, payload)
        if kind == "listenKeyExpired" and payload.get("listenKey", self._listen_key) == self._listen_key:
            self.close()
            raise VenueUnavailable("the listen key expired", "listen_key_expired")
        return []  # TRADE_LITE and other account updates: the order events say it all

    def _extend_when_due(self) -> None:
        now = clock.monotonic()
        if now < self._extend_at:
            return
        self._extend_at = now + EXTEND_AGAIN
        try:
            extend_listen_key(self._rest, self._api_key)
        except VenueRefused as refused:  # -1125: the key is gone, and no more events come
            self.close()
            raise VenueUnavailable(f"the listen key was not extended: {refused}", "listen_key_expired") from None
        except VenueUnavailable:
            return  # it lives for half an hour yet
        self._extend_at = now + EXTEND_EVERY

    def _renew(self) -> list[UserEvent]:
        """A second connection before the venue cuts the first, then what the first still held: nothing is missed."""
        try:
            fresh = self._connect()
        except VenueUnavailable:
            self._renew_at = clock.monotonic() + RENEW_AGAIN
            return []
        old, self._link = self._link, fresh
        self._renew_at = clock.monotonic() + MAX_AGE
        try:
            messages = old.receive(0)
        except LinkLost:
            messages = []
        old.close()
        return [event for message in messages for event in self._events(parse.parsed(loads, message))]


class BinanceMarkStream:
    """Implements `base.MarkStream`: the mark prices of all symbols, about each second."""

    def __init__(self, streams: str) -> None:
        """Raises VenueUnavailable."""
        self._link = _open(f"{streams}{_MARK_PATH}")

    def read(self, timeout: float) -> Iterator[MarkPrice]:
        """Waits at most `timeout` seconds for a message. Raises VenueUnavailable when the stream ended."""
        messages = _messages(self._link, timeout)
        return iter([mark for message in messages for mark in parse.parsed(_marks, message)])

    def close(self) -> None:
        self._link.close()


def _open(url: str) -> Link:
    try:
        return Link(url)
    except NotConnected as error:
        raise VenueUnavailable(f"stream not connected: {error}", "not_connected") from None


def _messages(link: Link, timeout: float) -> list[Any]:
    try:
        return [parse.parsed(loads, message) for message in link.receive(timeout)]
    except LinkLost as lost:
        raise VenueUnavailable(f"the stream ended: {lost}", "stream_ended") from None


def _payload(message: Any) -> parse.Row:
    """The event itself: a stream may or may not wrap it in an envelope."""
    return dict(message.get("data", message))


def _marks(message: Any) -> list[MarkPrice]:
    payload = message["data"] if isinstance(message, dict) and "data" in message else message
    rows = payload if isinstance(payload, list) else [payload]
    return [parse.streamed_mark(row) for row in rows if _is_ours(row)]


def _is_ours(row: parse.Row) -> bool:
    return row.get("e") == "markPriceUpdate" and row.get("st") in _USDT_MARGINED
