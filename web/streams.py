"""One client's event stream: what the record has since the client was last here, then what comes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any, TypeVar

import orjson

from core import clock
from core.db import Session
from core.errors import DatabaseUnavailable
from core.models import Event, Fill
from core.strategies.following import Watched, events_of, fills_of, watched
from core.users import user_of_session
from web.schemas.base import Schema
from web.schemas.events import FillNewsSchema, LoggedSchema, StatusNewsSchema

HEARTBEAT_S = 10.0
LIVES_FOR_S = 900.0  # as an access token; the client comes back by itself
QUEUE = 1000
PAGE = 500
_MARK = re.compile(r"^([0-9]{1,18})-([0-9]{1,18})\Z")

Row = TypeVar("Row", Event, Fill)


@dataclass(frozen=True, slots=True)
class Mark:
    """All rows up to these ids have been told: what `Last-Event-ID` says. Those after them may have been."""

    event_id: int
    fill_id: int

    def __str__(self) -> str:
        return f"{self.event_id}-{self.fill_id}"

    @classmethod
    def parse(cls, text: str) -> "Mark | None":
        """None where it is none of ours."""
        found = _MARK.match(text)
        return None if found is None else cls(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class News:
    """`kind` is order, fill, status, price or warning; `row` what it tells of the record, if that is a row."""

    kind: str
    data: bytes
    row: tuple[str, int] | None = None

    def encoded(self, mark: Mark) -> bytes:
        return b"event: %b\nid: %b\ndata: %b\n\n" % (self.kind.encode(), str(mark).encode(), self.data)


def news_of(kind: str, schema: Schema, found: Any) -> News:
    row = (type(found).__name__, found.id) if isinstance(found, Event | Fill) else None
    return News(kind, orjson.dumps(schema.dump(found)), row)


def news_of_event(event: Event) -> News:
    return news_of("status" if event.level == "INFO" else "warning", LoggedSchema(), event)


def news_of_fill(fill: Fill) -> News:
    return news_of("fill", FillNewsSchema(), fill)


def news_of_status(strategy: Watched) -> News:
    return news_of("status", StatusNewsSchema(), strategy)


class Stream:
    """Of all the user's strategies, or of one. `family` is the session that it ends with."""

    def __init__(self, user_id: int, family: str, strategy_id: int | None) -> None:
        self.user_id, self.strategy_id = user_id, strategy_id
        self._family = family
        self._coming: Queue[tuple[News, Mark]] = Queue(QUEUE)
        self._fell_behind = False

    def follows(self, user_id: int | None, strategy_id: int | None) -> bool:
        return user_id == self.user_id and self.strategy_id in (None, strategy_id)

    def put(self, news: News, mark: Mark) -> None:
        """Never waits: a client that is this far behind loses its stream, and comes back with its mark."""
        try:
            self._coming.put_nowait((news, mark))
        except Full:
            self._fell_behind = True

    def read(self, begun: Mark, since: Mark | None) -> Iterator[bytes]:
        """The bytes for the client. `begun`: what had been told to others when this stream joined them."""
        yield b"retry: 1000\n\n"
        yield from (news.encoded(since or begun) for news in self._statuses())
        told = set()
        for news, mark in self._missed(begun, since) if since is not None else ():
            told.add(news.row)
            yield news.encoded(mark)
        yield from self._live(told - {None})

    def _live(self, told: set[tuple[str, int] | None]) -> Iterator[bytes]:
        ends_at = clock.monotonic() + LIVES_FOR_S
        beats_at = clock.monotonic() + HEARTBEAT_S
        while not self._fell_behind and clock.monotonic() < ends_at:
            try:
                news, mark = self._coming.get(timeout=max(0.01, beats_at - clock.monotonic()))
            except Empty:
                yield b": alive\n\n"
            else:
                if news.row not in told:
                    yield news.encoded(mark)
            if clock.monotonic() >= beats_at:
                beats_at = clock.monotonic() + HEARTBEAT_S
                if self._has_ended():
                    return

    def _statuses(self) -> list[News]:
        with Session.reading() as session:
            mine = watched(session, [self.user_id]).values()
        return [
            news_of_status(strategy)
            for strategy in mine
            if strategy.id == self.strategy_id or (self.strategy_id is None and strategy.is_active)
        ]

    def _missed(self, begun: Mark, since: Mark) -> Iterator[tuple[News, Mark]]:
        """Rows that others have not been told yet may have older ones beside them: no mark goes past those."""
        event_id, fill_id = since.event_id, since.fill_id
        for event in _pages(Event, event_id, events_of(self.user_id, self.strategy_id)):
            event_id = max(since.event_id, min(event.id, begun.event_id))
            yield news_of_event(event), Mark(event_id, fill_id)
        for fill in _pages(Fill, fill_id, fills_of(self.user_id, self.strategy_id)):
            fill_id = max(since.fill_id, min(fill.id, begun.fill_id))
            yield news_of_fill(fill), Mark(event_id, fill_id)

    def _has_ended(self) -> bool:
        """Whether its user has logged out, or may no longer."""
        try:
            with Session.reading() as session:
                return user_of_session(session, self.user_id, self._family) is None
        except DatabaseUnavailable:
            return False


def _pages(table: type[Row], after: int, mine: Any) -> Iterable[Row]:
    """A stretch at a time, so that no session is held while a client is slow."""
    page: list[Row] | None = None
    while page is None or len(page) == PAGE:
        with Session.reading() as session:
            page = list(session.scalars(mine.where(table.id > after).limit(PAGE)))
        yield from page
        after = page[-1].id if page else after
